"""What one proton-proton collision makes: the protocol of cross sections, and the choice of one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from ..units import FloatArray
from .kelner import KelnerGamma, KelnerNeutrino

__all__ = [
    "CrossSection",
    "cross_section",
]


class CrossSection(Hashable, Protocol):
    """Spectrum of secondaries per collision: one publication, one class."""

    @property
    def name(self) -> str:
        """Short name of the publication."""
        ...

    @property
    def messenger(self) -> str:
        """``"gamma"`` or ``"neutrino"``."""
        ...

    @property
    def energy_range(self) -> tuple[float, float]:
        """Secondary energies [GeV] for which it may be used."""
        ...

    @property
    def matching_energy(self) -> float:
        """Energy [GeV] below which the delta approximation takes over; 0 if never."""
        ...

    @property
    def breaks(self) -> tuple[float, ...]:
        """Values of x at which it is not smooth."""
        ...

    def multiplicity(self, x: FloatArray, energy: FloatArray) -> FloatArray:
        """Secondaries per collision and dx, F(x, E')."""
        ...


def cross_section(messenger: str, flavour: str = "per-flavour") -> CrossSection:
    """The cross section of a messenger: gamma rays, or neutrinos in a flavour convention."""
    return KelnerGamma() if messenger == "gamma" else KelnerNeutrino(flavour == "all-flavour")
