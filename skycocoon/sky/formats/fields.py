"""The plain fields of a map, as they are read from a file or written to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import astropy.units as u

from ..pixels import Pixels

__all__ = ["MapFields", "MapHead"]


@dataclass(frozen=True, eq=False)
class MapHead:
    """What a map is of, and how it was made: all but its values.

    Attributes
    ----------
    energy
        (n,) energies, increasing.
    pixels
        Which pixels it has: RING order, Galactic frame.
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
    pixels: Pixels
    messenger: str
    flavour: str
    component: str
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MapFields:
    """A map: its head, and its values.

    Attributes
    ----------
    head
        Energies, pixels, what it is of and how it was made.
    values
        (n, m) differential intensity at n energies in m pixels [energy^-1 area^-1 time^-1 sr^-1].
    """

    head: MapHead
    values: u.Quantity
