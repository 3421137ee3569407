"""The one energy integral: a projectile spectrum times a cross section (eq. 7)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..interactions.kelner import KelnerGamma, KelnerNeutrino, inelastic, pion_nodes
from ..units import FloatArray

__all__ = ["CrossSection", "Production", "cross_section", "production"]


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


# e-folds of E'/E that are integrated: beyond them a spectrum of slope 2.0 contributes less than 1e-9.
E_FOLDS = 21.0
NODES = 12


def _panels(breaks: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights in u = ln(E'/E), split where the cross section is not smooth."""
    cuts = [0.0, *sorted(-np.log(x) for x in breaks)]
    # Fine where F falls steeply to x = 1, coarser towards small x.
    cuts += [c for c in (0.05, 0.2, 0.5, 1.0, *np.arange(1.75, E_FOLDS, 0.75), E_FOLDS) if c not in cuts]
    edges = np.array(sorted(cuts))
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()


@dataclass(frozen=True, eq=False)
class Production:
    """Quadrature of the energy integral for given secondary energies, ready for any projectile spectrum.

    ``yields(spectrum)[i] = sum_k weights[i, k] spectrum(protons[i, k])`` is int sigma(E') n(E') F(E/E', E') dE'/E'.
    All that depends on the cross section is worked out once.

    Parameters
    ----------
    cross_section
        What one collision makes.
    energy
        (n,) secondary energies [GeV].

    Raises
    ------
    InputError
        For energies outside the cross section's range.
    """

    cross_section: CrossSection
    energy: FloatArray

    def __post_init__(self) -> None:
        low, high = self.cross_section.energy_range
        bad = (self.energy < low * (1 - 1e-9)) | (self.energy > high * (1 + 1e-9))
        if bad.any():
            raise InputError(
                f"energy {self.energy[bad][0]:g} GeV is outside the range of {self.cross_section.name} for "
                f"{self.cross_section.messenger}s; allowed: {low:g} GeV to {high:g} GeV"
            )

    def _full(self, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of the full cross section."""
        u, du = _panels(self.cross_section.breaks)
        protons = energy[:, None] * np.exp(u)
        return protons, du * inelastic(protons) * self.cross_section.multiplicity(np.exp(-u), protons)

    @cached_property
    def _low(self) -> NDArray[np.bool_]:
        """Which energies belong to the delta approximation."""
        return np.asarray(self.energy < self.cross_section.matching_energy)

    @cached_property
    def _tables(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Nodes and weights: full branch, delta branch, and both at the matching energy."""
        match = np.array([self.cross_section.matching_energy])
        full = self._full(self.energy[~self._low])
        if not self._low.any():
            return (full,)
        return full, pion_nodes(self.energy[self._low]), self._full(match), pion_nodes(match)

    def matching(self, spectrum: Callable[[FloatArray], FloatArray]) -> float:
        """n-tilde: the delta branch's factor that makes the yield continuous at the matching energy (eq. 12)."""
        match = np.array([self.cross_section.matching_energy])
        (p1, w1), (p0, w0) = self._full(match), pion_nodes(match)
        low = float(np.sum(w0 * spectrum(p0)))
        return float(np.sum(w1 * spectrum(p1))) / low if low > 0 else 0.0

    def yields(self, spectrum: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Secondaries per energy [cm^2 times the spectrum's unit] for a projectile spectrum.

        Parameters
        ----------
        spectrum
            Projectiles per energy at total energies per nucleon [GeV].
        """
        tables = self._tables
        result = np.empty(self.energy.size)
        protons, weights = tables[0]
        result[~self._low] = np.einsum("ij,ij->i", weights, spectrum(protons))
        if len(tables) > 1:
            protons, weights = tables[1]
            result[self._low] = np.einsum("ij,ij->i", weights, spectrum(protons)) * self.matching(spectrum)
        return result


@lru_cache(maxsize=32)
def _cached(cross_section: CrossSection, energies: bytes) -> Production:
    return Production(cross_section, np.frombuffer(energies))


def production(cross_section: CrossSection, energy: FloatArray) -> Production:
    """The quadrature for a cross section and energies, made once: spectra change, cross sections do not."""
    return _cached(cross_section, np.ascontiguousarray(energy, dtype=np.float64).tobytes())
