"""Build the model objects that the sections of a model file describe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from ..emission import Component, GalaxyModel
from ..numerics.memo import Last
from .schema import ModelFile
from .sections.galaxy import AbsorptionSection, GalaxySection

__all__ = [
    "Builder",
]


class Builder:
    """Build models of files that differ in a few sections, one after another.

    What was built of the same section objects the last time is taken again: discs and grids keep their columns, maps
    are not read twice.

    Parameters
    ----------
    folder
        Where paths in the files begin.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = Last()
        self._last_of: defaultdict[str, Last] = defaultdict(Last)

    def __call__(
        self,
        file: ModelFile,
        provenance: Mapping[str, str] | None = None,
        made: Mapping[str, Component] | None = None,
    ) -> GalaxyModel:
        """Build the model of a file.

        Parameters
        ----------
        file
            The file, checked.
        provenance
            What the model's maps and tables say of where it comes from.
        made
            Components that are taken as they are, by name.

        Returns
        -------
        GalaxyModel
            Components, Sun and absorber.

        Raises
        ------
        InputError
            For values that do not go together, or a file of a map or grid that cannot be read.
        """
        made = made or {}
        sun = self._last(GalaxySection.build, file.galaxy)
        parts: list[Component] = []
        for name, section in file.components.items():
            if name in made:
                parts.append(made[name])
                continue
            last = self._last_of[name]
            build: Callable[..., Component] = type(section).build
            parts.append(last(build, section, name, sun, file.interactions, self._folder, last))
        absorption = self._last(AbsorptionSection.build, file.absorption)
        return GalaxyModel(tuple(parts), sun, absorption, provenance or {})
