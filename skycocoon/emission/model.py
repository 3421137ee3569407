"""A Galaxy: components, what absorbs, and where the Sun is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import astropy.units as u

from ..errors import InputError
from ..galaxy import Sun
from ..sky import SkyMap
from ..units import FloatArray
from .absorption import Absorption

__all__ = ["Component", "GalaxyModel", "Term"]


@dataclass(frozen=True)
class Term:
    """A spectrum times a density: q(E, x) = S(E) n(x).

    Attributes
    ----------
    spectrum
        S [GeV^-1] at secondary energies [GeV].
    density
        n, with a ``table(rtol)`` that kernels read [cm^-3 s^-1]; or [cm^-3], and S is [GeV^-1 s^-1].
    s_min
        Distance from the Sun at which the density begins to count [kpc].
    """

    spectrum: Callable[[FloatArray], FloatArray]
    density: Any
    s_min: float = 0.0


class Component(Protocol):
    """Something that shines."""

    @property
    def name(self) -> str:
        """What it is called in maps and tables."""
        ...

    @property
    def messengers(self) -> tuple[str, ...]:
        """What it shines in."""
        ...

    def terms(self, messenger: str, flavour: str = "per-flavour") -> tuple[Term, ...]:
        """Its emissivity in a messenger, as a sum of terms; empty if it is a map already."""
        ...

    def picture(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> SkyMap | None:
        """Its sky at some energies, where that is known already and nothing is left to integrate; else None."""
        ...

    def describe(self) -> list[str]:
        """What it is and what follows from it, line by line, for a summary."""
        ...


@dataclass(frozen=True, repr=False)
class GalaxyModel:
    """What a model file describes: components, what absorbs, and where the Sun is.

    Attributes
    ----------
    components
        At least one, with different names.
    sun
        Where the observer is.
    absorption
        Photon fields that absorb gamma rays on their way from every component that is integrated along rays.
    provenance
        How the model came about, written into every output.
    """

    components: tuple[Component, ...]
    sun: Sun = field(default_factory=Sun)
    absorption: Absorption = field(default_factory=lambda: Absorption(()))
    provenance: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        names = [component.name for component in self.components]
        if not names:
            raise InputError("model: there is no component")
        twice = [name for name in names if names.count(name) > 1]
        if twice or "total" in names:
            raise InputError(f"model: the component name {(twice or ['total'])[0]!r} is taken")

    @property
    def messengers(self) -> tuple[str, ...]:
        """What any of the components shines in."""
        every = [messenger for component in self.components for messenger in component.messengers]
        return tuple(dict.fromkeys(every))

    def __repr__(self) -> str:
        return "\n".join(
            [
                f"GalaxyModel: Sun at R = {self.sun.radius:g}, z = {self.sun.height:g}",
                *(f"  {component}" for component in self.components),
                f"  {self.absorption}",
            ]
        )
