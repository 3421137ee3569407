"""What one source releases: power laws in momentum with a cut-off in energy (eqs. 3 and 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import astropy.units as u
import numpy as np
from scipy.special import gamma

from ..errors import InputError, check_name
from ..units import M_PROTON, FloatArray, to_array, to_float

__all__ = ["MASS_CONVENTIONS", "SPECIES", "Injection", "Species", "momentum_integral"]

MASS_CONVENTIONS = ("own_mass", "proton_mass")


@dataclass(frozen=True)
class Species:
    """A nucleus: mass number A, charge Z; its mass is A proton masses, as in the papers."""

    name: str
    A: int
    Z: int

    @property
    def mass(self) -> float:
        """Rest energy [GeV]."""
        return self.A * M_PROTON

    def rigidity(self, total: FloatArray) -> FloatArray:
        """Rigidity A p_N / Z [GV] at total energies per nucleon [GeV]."""
        return self.A / self.Z * np.sqrt((total - M_PROTON) * (total + M_PROTON))


SPECIES: MappingProxyType[str, Species] = MappingProxyType(
    {"proton": Species("proton", 1, 1), "helium": Species("helium", 4, 2)}
)


def momentum_integral(slope: float, cutoff: float = math.inf) -> float:
    r"""Dimensionless integral of eq. 3 over x = p/mc.

    .. math:: \Lambda(g) = \int_0^\infty x^{2-g}\,[\sqrt{1+x^2} - 1]\,e^{-[\sqrt{1+x^2}-1]/\theta}\,dx

    without cut-off equal to Gamma((3-g)/2) Gamma((g-4)/2) / (2 Gamma(-1/2)) for 4 < g < 5.

    Parameters
    ----------
    slope
        g, of f(p) ~ p^-g.
    cutoff
        theta, the cut-off energy in units of the rest energy; may be infinite.
    """
    if math.isinf(cutoff):
        return float(0.5 * gamma((3 - slope) / 2) * gamma((slope - 4) / 2) / gamma(-0.5))
    # The trapezoidal rule in ln x converges exponentially: the integrand dies at both ends. Below x = 1e-4 the
    # integrand is x^(4-g)/2 up to terms of order x^2 and 1/cutoff, and is integrated by hand.
    low, high = math.log(1e-4), math.log(60.0 * cutoff + 60.0)
    ln_x, step = np.linspace(low, high, 4001, retstep=True)
    x = np.exp(ln_x)
    kinetic = x**2 / (1 + np.sqrt(1 + x**2))
    y = x ** (3 - slope) * kinetic * np.exp(-kinetic / cutoff)
    # Gregory's end correction at the low end, where the integrand is a power law: y' = (5 - g) y.
    tail = y[0] / (5 - slope)
    return float(step * (y.sum() - 0.5 * (y[0] + y[-1])) + (5 - slope) * y[0] * step**2 / 12 + tail)


@dataclass(frozen=True)
class Injection:
    r"""Particles of one species that a source releases, per energy (eqs. 3 and 4).

    .. math:: Q(T) = K \beta^{-1} (pc/mc^2)^{2-g} e^{-T/T_{max}},\quad \int T Q\,dT = \xi E_{SN},\quad
              T_{max} = Z\,R_{max}

    Form of eq. 4: reconstructed from the authors' public code (power law in momentum), the exponential inferred.

    Parameters
    ----------
    species
        Nucleus.
    efficiency
        xi, part of the energy that goes into this species.
    slope
        g, of f(p) ~ p^-g; between 4 and 5 (below 4 only with a cut-off).
    cutoff
        R_max, rigidity [V]; infinite for none.
    energy
        E_SN [energy].
    mass_convention
        ``"own_mass"`` fulfils eq. 3 exactly. ``"proton_mass"`` measures momentum in proton masses for every nucleus,
        as the authors' code does: A^(g-4) times lower for the same xi, and closer to the observed p/He.

    Raises
    ------
    InputError
        For values out of range.
    """

    species: Species
    efficiency: float
    slope: float
    cutoff: u.Quantity = field(default=3.0 * u.PV)
    energy: u.Quantity = field(default=1e51 * u.erg)
    mass_convention: str = "own_mass"

    def __post_init__(self) -> None:
        name = f"injection of {self.species.name}"
        if not (math.isfinite(self.efficiency) and 0 <= self.efficiency <= 1):
            raise InputError(f"{name}: efficiency {self.efficiency:g} is out of range; allowed: 0 to 1")
        infinite = bool(np.isinf(self.cutoff.value))
        if not infinite:
            to_float(self.cutoff, u.GV, f"{name}: cutoff", minimum=0.0, exclusive=True)
        lowest = 4.0 if infinite else 3.0
        if not (math.isfinite(self.slope) and lowest < self.slope < 5.0):
            raise InputError(f"{name}: slope {self.slope:g} is out of range; allowed: {lowest:g} to 5")
        to_float(self.energy, u.erg, f"{name}: energy", minimum=0.0)
        check_name("mass convention", self.mass_convention, MASS_CONVENTIONS)

    @property
    def cutoff_energy(self) -> float:
        """T_max [GeV]."""
        return float(self.species.Z * self.cutoff.to_value(u.GV))

    @cached_property
    def normalisation(self) -> float:
        """K [GeV^-1]."""
        m = self.species.mass
        own = self.efficiency * self.energy.to_value(u.GeV)
        own /= m**2 * momentum_integral(self.slope, self.cutoff_energy / m)
        return float(own if self.mass_convention == "own_mass" else own * self.species.A ** (4.0 - self.slope))

    def spectrum(self, kinetic: FloatArray) -> FloatArray:
        """Q(T) [GeV^-1] at kinetic energies of the nucleus [GeV]."""
        m = self.species.mass
        pc = np.sqrt(kinetic * (kinetic + 2 * m))
        beta = pc / (kinetic + m)
        return np.asarray(
            self.normalisation / beta * (pc / m) ** (2 - self.slope) * np.exp(-kinetic / self.cutoff_energy)
        )

    def per_nucleon(self, total: FloatArray) -> FloatArray:
        """Spectrum in energy per nucleon, A Q(A T_N) [GeV^-1], at total energies per nucleon E_N [GeV] (eq. 13)."""
        return self.species.A * self.spectrum(self.species.A * (total - M_PROTON))

    def rigidity(self, total: FloatArray) -> FloatArray:
        """Rigidity A p_N / Z [GV] at total energies per nucleon [GeV]."""
        return self.species.rigidity(total)

    def __call__(self, kinetic: u.Quantity) -> u.Quantity:
        """Q(T) [GeV^-1] at kinetic energies of the nucleus."""
        return self.spectrum(to_array(kinetic, u.GeV, "kinetic energy")) / u.GeV
