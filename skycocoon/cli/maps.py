"""Options for what a map's file does not say itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import click

from .options import Command, Source

if TYPE_CHECKING:
    from ..sky import Region, SkyMap
    from ..sky.formats import Statements

__all__ = ["MapSource", "map_options"]


def map_options(command: Command) -> Command:
    """Give a command options that say of a map what its file does not."""
    for option in (
        click.option("--negative", help="Of a map: zero, if negative values are to be 0."),
        click.option("--outside-sky", help="Of a map: zero, if the sky is 0 where it has no pixels or masked ones."),
        click.option("--column", metavar="NAME|NUMBER", help="Of a table: the column that is the map; or several."),
        click.option("--energies-of-map", help='Of a map: energies of its planes in their order, "1 TeV, 10 TeV".'),
        click.option("--ordering", help="Of a map: RING or NESTED."),
        click.option("--frame", help="Of a map: galactic, celestial or ecliptic."),
        click.option("--unit", help='Of a map that does not say it: what its numbers are in, "cm-2 s-1 sr-1 MeV-1".'),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class MapSource:
    """What a command is told of a map.

    Attributes
    ----------
    unit, frame, ordering
        As in :class:`~skycocoon.sky.formats.Statements`.
    energies_of_map
        Energies of the planes, joined by commas.
    column
        Names or numbers of columns, joined by commas.
    outside_sky, negative
        As in :class:`~skycocoon.sky.formats.Statements`.
    """

    unit: str | None = None
    frame: str | None = None
    ordering: str | None = None
    energies_of_map: str | None = None
    column: str | None = None
    outside_sky: str | None = None
    negative: str | None = None

    def check_model(self) -> None:
        """Refuse with `InputError` what goes with a map alone, where a model is asked for."""
        from ..errors import InputError

        if given := [field.name for field in fields(self) if getattr(self, field.name) is not None]:
            raise InputError(f"--{given[0].replace('_', '-')} goes with a map's FITS file, not with a model")

    def statements(self, source: Source) -> Statements:
        """What the file is expected to say, or does not."""
        from ..sky.convention import check_flavour
        from ..sky.formats import Statements

        energies = self.energies_of_map
        return Statements(
            self.unit,
            self.frame,
            self.ordering,
            None if energies is None else [part.strip() for part in energies.split(",") if part.strip()],
            source.messenger,
            column=self.column,
            outside_sky=self.outside_sky,
            negative=self.negative,
            usual_flavour=None if source.flavour is None else check_flavour(source.flavour),
        )

    def read(self, source: Source, region: Region | None = None) -> SkyMap:
        """Read what a region or, without one, a figure needs of the map, in the flavour convention that is asked for.

        Parameters
        ----------
        source
            The map's file, and what it is asked for.
        region
            Region of a spectrum.

        Returns
        -------
        SkyMap
            The map, or a part of it.

        Raises
        ------
        InputError
            For settings, which go with a model, and for a file of another messenger.
        """
        from ..errors import InputError
        from ..sky import SkyMap

        if source.settings:
            raise InputError("--set goes with a model, not with a map")
        statements = self.statements(source)
        sky = (
            SkyMap.read_stated(source.model, statements, region)
            if region
            else SkyMap.read_drawn(source.model, statements)
        )
        return sky if source.flavour is None else sky.in_flavour(source.flavour)
