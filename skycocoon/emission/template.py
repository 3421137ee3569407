"""Somebody else's sky: a component that is a map already."""

from __future__ import annotations

import math
from dataclasses import dataclass

import astropy.units as u
import numpy as np

from ..errors import InputError, check_name
from ..sky import SkyMap
from ..sky.convention import flavour_factor
from ..units import INTENSITY, to_quantity, within
from .component import Term

__all__ = ["OUTSIDE", "Template"]

OUTSIDE = ("error", "zero")
"""What a template is at energies that its map does not have."""


@dataclass(frozen=True, eq=False)
class Template:
    """A map of HERMES, GALPROP or anyone as a component.

    It is taken as it is: nothing is integrated, and no absorption is applied, which whoever made it may have done.

    Parameters
    ----------
    name
        What the component is called.
    sky
        The map; all its components together are this one.
    scale
        Multiplies it.
    outside
        At energies that the map does not have: ``"error"``, or ``"zero"``.

    Raises
    ------
    InputError
        For a scale that is negative or not finite, or an unknown ``outside``.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from skycocoon import SkyMap, Template
    >>> intensity = np.full((2, 12), 1e-12) / (u.GeV * u.cm**2 * u.s * u.sr)
    >>> theirs = Template("theirs", SkyMap([1, 10] * u.TeV, {"map": intensity}), scale=2.0)
    >>> print(f"{theirs.template('gamma', [3] * u.TeV).intensity[0, 0]:.4g}")
    2e-12 1 / (GeV s sr cm2)
    """

    name: str
    sky: SkyMap
    scale: float = 1.0
    outside: str = "error"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale >= 0):
            raise InputError(f"{self.name}: scale {self.scale:g} is out of range; allowed: >= 0")
        check_name("choice for energies outside the map", self.outside, OUTSIDE)

    @property
    def messengers(self) -> tuple[str, ...]:
        """What the map is of."""
        return (self.sky.messenger,)

    def terms(self, messenger: str, flavour: str = "per-flavour") -> tuple[Term, ...]:
        """None: nothing is left to integrate.

        Parameters
        ----------
        messenger, flavour
            As in :class:`~skycocoon.emission.Component`.

        Returns
        -------
        tuple
            Empty.
        """
        return ()

    def template(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> SkyMap:
        """The map at other energies; see :meth:`SkyMap.at <skycocoon.SkyMap.at>`.

        Parameters
        ----------
        messenger
            Messenger of the map.
        energy
            (n,) energies.
        flavour
            Convention of neutrinos; the map is converted.

        Returns
        -------
        SkyMap
            In the map's own pixels.

        Raises
        ------
        InputError
            For energies outside the map's, unless they are to be zero.
        """
        sky = self.sky
        factor = self.scale * flavour_factor(sky.flavour, flavour)
        energy = to_quantity(energy, u.GeV, "energy")
        gev, nodes = energy.to_value(u.GeV), sky.energy.to_value(u.GeV)
        inside = within(gev, nodes[0], nodes[-1])
        if not inside.all() and self.outside == "error":
            raise InputError(
                f"component {self.name!r}: its map has {nodes[0]:.6g}..{nodes[-1]:.6g} GeV, {gev[~inside][0]:.6g} GeV "
                "is asked for; change the energies, or say outside = 'zero'"
            )
        values = np.zeros((gev.size, sky.pixels.size))
        if inside.any():
            values[inside] = sky.resampled(sky.nside, energy[inside]).intensity.to_value(INTENSITY)
        values *= factor
        part = {self.name: u.Quantity(values, INTENSITY, copy=False)}
        return SkyMap(energy, part, messenger, flavour if sky.flavour else "", sky.meta, sky.pixels)

    def describe(self) -> list[str]:
        """Where it comes from, and its range."""
        e, meta = self.sky.energy, self.sky.meta
        source = ", ".join(f"{key} {meta[key]}" for key in ("file", "layout", "file_unit", "file_frame") if key in meta)
        scale = f", times {self.scale:g}" if self.scale != 1 else ""
        return [
            str(self),
            *(f"  {key}: {meta[key]}" for key in ("turned", "file_image", "outside_sky", "negative") if key in meta),
            f"  {source}; nside {self.sky.nside}, {e.size} energies {e[0]:.4g}..{e[-1]:.4g}{scale}",
            "  as it is: no absorption is applied to it, and its pixels are as coarse as they are",
        ]

    def __str__(self) -> str:
        what = " ".join(filter(None, (self.sky.messenger, self.sky.flavour)))
        return f"{self.name} (map): {what}, {self.sky.meta.get('file', 'in memory')}"
