"""Components of the Galaxy's emission, and their terms: a spectrum times a density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import astropy.units as u

from ..galaxy import Density
from ..sky import SkyMap
from ..units import FloatArray

__all__ = ["Component", "Term"]


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
    density: Density
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
        """Its emissivity in a messenger, as a sum of terms; empty if it is a map already.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        flavour
            Convention of neutrinos.

        Returns
        -------
        tuple of Term
            The terms.
        """
        ...

    def template(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> SkyMap | None:
        """Its sky at some energies if it is a map already, with nothing left to integrate; else None.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        energy
            (n,) energies.
        flavour
            Convention of neutrinos.

        Returns
        -------
        SkyMap or None
            The sky, in whatever resolution it has.
        """
        ...

    def describe(self) -> list[str]:
        """What it is and what follows from it, line by line, for a summary."""
        ...
