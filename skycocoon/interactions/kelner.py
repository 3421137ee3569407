"""Kelner, Aharonian & Bugayov 2006 (PRD 74, 034018): secondaries of inelastic pp collisions.

Equation numbers are theirs. L = ln(E_p/TeV), x = E/E_p; F(x, E_p) dx is the number of secondaries per collision.
Range: 0.1 TeV to 1e5 TeV; below 100 GeV gamma rays come from the delta-function approximation (eq. 78 there, eq. 12 in
the cocoon paper). The erratum (PRD 79, 039901) concerns formulae that are not used here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..numerics.quadrature import panel_nodes
from ..units import M_PI0, M_PROTON, MBARN, FloatArray
from .cross_section import LowEnergyBranch

__all__ = [
    "K_PION",
    "THRESHOLD",
    "KelnerGamma",
    "KelnerNeutrino",
    "electron",
    "gamma_ray",
    "inelastic",
    "muon_neutrino_1",
    "pion_nodes",
]

THRESHOLD: float = M_PROTON + 2 * M_PI0 + M_PI0**2 / (2 * M_PROTON)
"""E_th, the total energy of a proton at the threshold of pion production [GeV]: 1.2179."""
K_PION = 0.17
"""Part of the proton's kinetic energy that goes into one leading pion in the delta approximation."""
Y_MAX = 0.427
"""Largest x of a muon neutrino from the decay of the pion itself."""


def inelastic(energy: FloatArray) -> FloatArray:
    """Inelastic pp cross section with its threshold (eqs. 73 and 79) [cm^2] at total energies [GeV]."""
    energy = np.asarray(energy, dtype=np.float64)
    L = np.log(energy / 1e3)
    plateau = 34.3 + 1.88 * L + 0.25 * L**2
    return np.where(energy > THRESHOLD, plateau * (1 - (THRESHOLD / energy) ** 4) ** 2, 0.0) * MBARN


def _leading(u: FloatArray, x: FloatArray, B: FloatArray, b: FloatArray, k: FloatArray) -> FloatArray:
    """Common form of eqs. 58 and 66, with u = -ln x; the lead factor ln x is multiplied in, so nothing cancels."""
    xb = np.exp(-b * u)
    rest = -np.expm1(-b * u)  # 1 - x^b
    D = 1 + k * xb * rest
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(rest > 0, 4 * b * u * xb / rest, 4.0)
    return np.asarray(B / x * (rest / D) ** 4 * (1 + ratio + 4 * k * b * u * xb * (1 - 2 * xb) / D))


def gamma_ray(x: FloatArray, energy: FloatArray) -> FloatArray:
    """F_gamma(x, E_p) (eqs. 58-61), broadcasting x and proton energies [GeV]; 0 for x >= 1.

    Parameters
    ----------
    x
        E/E_p.
    energy
        Total proton energies E_p [GeV].

    Returns
    -------
    array
        F_gamma.
    """
    x, energy = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(energy, dtype=float))
    L = np.log(energy / 1e3)
    B = 1.30 + 0.14 * L + 0.011 * L**2
    b = 1 / (1.79 + 0.11 * L + 0.008 * L**2)
    k = 1 / (0.801 + 0.049 * L + 0.014 * L**2)
    u = np.maximum(-np.log(x), 0.0)
    return np.where(x < 1, _leading(u, x, B, b, k), 0.0)


def electron(x: FloatArray, energy: FloatArray) -> FloatArray:
    """F_e = F_nue = F_numu(2) (eqs. 62-65), broadcasting x and proton energies [GeV]; 0 for x >= 1.

    Parameters
    ----------
    x
        E/E_p.
    energy
        Total proton energies E_p [GeV].

    Returns
    -------
    array
        F_e.
    """
    x, energy = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(energy, dtype=float))
    L = np.log(energy / 1e3)
    B = 1 / (69.5 + 2.65 * L + 0.3 * L**2)
    b = (0.201 + 0.062 * L + 0.00042 * L**2) ** -0.25
    k = (0.279 + 0.141 * L + 0.0172 * L**2) / (0.3 + (2.3 + L) ** 2)
    u = np.maximum(-np.log(x), 0.0)
    return np.where(x < 1, B * (1 + k * u**2) ** 3 * u**5 / (x * (1 + 0.3 / x**b)), 0.0)


def muon_neutrino_1(x: FloatArray, energy: FloatArray) -> FloatArray:
    """F_numu(1), muon neutrinos from the pion's decay (eqs. 66-69); a density in x, 0 for x >= 0.427.

    Parameters
    ----------
    x
        E/E_p.
    energy
        Total proton energies E_p [GeV].

    Returns
    -------
    array
        F_numu(1).
    """
    x, energy = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(energy, dtype=float))
    L = np.log(energy / 1e3)
    B = 1.75 + 0.204 * L + 0.010 * L**2
    b = 1 / (1.67 + 0.111 * L + 0.0038 * L**2)
    k = 1.07 - 0.086 * L + 0.002 * L**2
    y = x / Y_MAX
    u = np.maximum(-np.log(y), 0.0)
    return np.where(y < 1, _leading(u, y, B, b, k), 0.0)


def pion_nodes(energy: FloatArray, per_unit: int = 24) -> tuple[FloatArray, FloatArray]:
    """Quadrature of the delta approximation: sum_k w_k n_p(E_k) is the gamma-ray rate per target, for n-tilde = 1.

    q_gamma(E) = 2 int q_pi dE_pi / sqrt(E_pi^2 - m_pi^2) from E + m_pi^2/4E, with
    q_pi = sigma(m_p + E_pi/K) n_p(m_p + E_pi/K)/K; E_pi = m_pi cosh v removes the root.

    Parameters
    ----------
    energy
        (n,) gamma-ray energies [GeV].
    per_unit
        Gauss-Legendre nodes in each of 16 panels of v.

    Returns
    -------
    protons, weights
        (n, m) total proton energies [GeV] and weights [cm^2].
    """
    least = energy + M_PI0**2 / (4 * energy)
    first = np.arccosh(np.maximum(least / M_PI0, 1.0))
    last = np.arccosh(1e9 / M_PI0)
    t, dt = panel_nodes(np.linspace(0.0, 1.0, 17), per_unit)
    # Panels widen upwards: the integrand is a falling power law.
    v = first[:, None] + (last - first)[:, None] * t**2
    dv = (last - first)[:, None] * 2 * t * dt
    protons = M_PROTON + M_PI0 * np.cosh(v) / K_PION
    return protons, 2 * dv * inelastic(protons) / K_PION


@dataclass(frozen=True)
class KelnerGamma:
    """Gamma rays: eq. 58 above 100 GeV, the delta approximation below, continuous at 100 GeV for each projectile."""

    name: ClassVar[str] = "kelner2006"
    messenger: ClassVar[str] = "gamma"
    energy_range: ClassVar[tuple[float, float]] = (1.0, 1e8)
    """Secondary energies [GeV]: the delta approximation is meant for 1 GeV and more."""
    breaks: ClassVar[tuple[float, ...]] = ()
    low_energy: ClassVar[LowEnergyBranch | None] = LowEnergyBranch("delta approximation", 100.0, pion_nodes)

    def inelastic(self, energy: FloatArray) -> FloatArray:
        """Inelastic pp cross section [cm^2] (eqs. 73 and 79)."""
        return inelastic(energy)

    def multiplicity(self, x: FloatArray, energy: FloatArray) -> FloatArray:
        """F_gamma(x, E_p).

        Parameters
        ----------
        x
            E/E_p.
        energy
            Total proton energies E_p [GeV].

        Returns
        -------
        array
            F_gamma.
        """
        return gamma_ray(x, energy)


@dataclass(frozen=True)
class KelnerNeutrino:
    """Neutrinos, nu + anti-nu: the sum of all flavours, F_numu(1) + 2 F_e, or a third of it.

    A third is one flavour at Earth after full mixing.
    """

    all_flavours: bool = False

    name: ClassVar[str] = "kelner2006"
    messenger: ClassVar[str] = "neutrino"
    energy_range: ClassVar[tuple[float, float]] = (100.0, 1e8)
    """Secondary energies [GeV]: no approximation for less than 100 GeV is given."""
    breaks: ClassVar[tuple[float, ...]] = (Y_MAX,)
    low_energy: ClassVar[LowEnergyBranch | None] = None

    def inelastic(self, energy: FloatArray) -> FloatArray:
        """Inelastic pp cross section [cm^2] (eqs. 73 and 79)."""
        return inelastic(energy)

    def multiplicity(self, x: FloatArray, energy: FloatArray) -> FloatArray:
        """F_numu(1) + 2 F_e, or a third of it.

        Parameters
        ----------
        x
            E/E_p.
        energy
            Total proton energies E_p [GeV].

        Returns
        -------
        array
            Secondaries per collision and dx.
        """
        total = muon_neutrino_1(x, energy) + 2 * electron(x, energy)
        return total if self.all_flavours else total / 3
