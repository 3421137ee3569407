"""The plain fields of a map, as they are read from a file or written to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import astropy.units as u

__all__ = ["MapFields"]


@dataclass(frozen=True, eq=False)
class MapFields:
    """A full sky at a number of energies: pixels in RING order, Galactic frame.

    Attributes
    ----------
    energy
        (n,) energies, increasing.
    values
        (n, 12 nside^2) differential intensity [energy^-1 area^-1 time^-1 sr^-1].
    messenger
        ``"gamma"`` or ``"neutrino"``.
    flavour
        Neutrino convention, a key of :data:`skycocoon.sky.convention.FLAVOURS`; ``""`` for gamma rays.
    component
        What the values are of, e.g. the names of components that were summed.
    meta
        How the map was made.
    """

    energy: u.Quantity
    values: u.Quantity
    messenger: str
    flavour: str
    component: str
    meta: Mapping[str, str] = field(default_factory=dict)
