"""What one proton-proton collision makes: the protocol of cross sections."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

from ..units import FloatArray

__all__ = ["CrossSection", "LowEnergyBranch"]


@dataclass(frozen=True)
class LowEnergyBranch:
    """An approximation for secondaries of low energy, scaled so that the yield is continuous where it takes over.

    Attributes
    ----------
    name
        What the approximation is called, e.g. ``"delta approximation"``.
    matching_energy
        Secondary energy [GeV] below which it is used.
    nodes
        Its quadrature: (n,) secondary energies [GeV] to (n, m) total proton energies [GeV] and weights [cm^2], so that
        sum_k w_k n_p(E_k) is the yield, up to the factor of continuity.
    """

    name: str
    matching_energy: float
    nodes: Callable[[FloatArray], tuple[FloatArray, FloatArray]]


class CrossSection(Hashable, Protocol):
    """Spectrum of secondaries per collision: one publication, one class for each messenger.

    The secondaries' energies are those of ``energy_range``; projectiles are met from 5 GeV.
    """

    @property
    def name(self) -> str:
        """Short name of the publication, its key in :data:`~skycocoon.interactions.publications.PUBLICATIONS`."""
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
    def breaks(self) -> tuple[float, ...]:
        """Values of x at which the multiplicity is not smooth."""
        ...

    @property
    def low_energy(self) -> LowEnergyBranch | None:
        """The approximation for low energies; None if one formula serves the whole range."""
        ...

    def inelastic(self, energy: FloatArray) -> FloatArray:
        """Inelastic cross section [cm^2] at total proton energies [GeV]."""
        ...

    def multiplicity(self, x: FloatArray, energy: FloatArray) -> FloatArray:
        """Secondaries per collision and dx, F(x, E'), with x = E/E' and broadcasting total proton energies E' [GeV].

        Parameters
        ----------
        x
            E/E', secondary over projectile energy.
        energy
            Total proton energies E' [GeV]; the two broadcast.

        Returns
        -------
        array
            F(x, E').
        """
        ...
