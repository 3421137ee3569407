"""What one source releases: power laws in momentum with a cut-off in energy (eqs. 3 and 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import astropy.units as u
import numpy as np
from scipy.special import gamma

from ..errors import InputError, check_name
from ..kinematics import Species
from ..units import M_PROTON, FloatArray, to_array, to_float

__all__ = ["MASS_CONVENTIONS", "Injection", "momentum_integral"]

MASS_CONVENTIONS = ("own_mass", "proton_mass")

GEV_PER_ERG: float = u.erg.to(u.GeV)


# The lattice in ln x of the integral of eq. 3: where it begins, and its step. The integrand is analytic for
# |Im ln x| < pi/2, so that the trapezoidal rule is wrong by exp(-pi^2/step); a cut-off that bites where particles are
# not relativistic, exp(-x^2/2 theta), halves that strip.
LOWEST_LN_X = math.log(1e-6)
STEP, FINE_STEP = 0.3, 0.12


@lru_cache(maxsize=32)
def _lattice(count: int, step: float) -> tuple[FloatArray, FloatArray]:
    """Points x of a lattice in ln x, and the kinetic energies sqrt(1 + x^2) - 1."""
    x = np.exp(LOWEST_LN_X + step * np.arange(count))
    return x, x**2 / (1 + np.sqrt(1 + x**2))


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

    Returns
    -------
    float
        Lambda.
    """
    if math.isinf(cutoff):
        return float(0.5 * gamma((3 - slope) / 2) * gamma((slope - 4) / 2) / gamma(-0.5))
    # The trapezoidal rule in ln x over the whole axis converges exponentially. Below the lattice the integrand is
    # x^(5-g)/2 up to terms of order x^2 and x^2/cutoff, and the sum a geometric series.
    step = STEP if cutoff > 1.0 else FINE_STEP
    count = math.ceil((math.log(60.0 * cutoff + 60.0) - LOWEST_LN_X) / step) + 1
    x, kinetic = _lattice(count, step)
    y = x ** (3 - slope) * kinetic * np.exp(kinetic * (-1 / cutoff))
    below = math.exp(-(5 - slope) * step)
    return float(step * (y.sum() + y[0] * below / (1 - below)))


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

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Injection
    >>> from skycocoon.kinematics import SPECIES
    >>> protons = Injection(SPECIES["proton"], efficiency=0.07, slope=4.31)
    >>> print(f"{protons(1 * u.TeV):.3g}")
    1.52e+45 1 / GeV
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
        lowest = 4.0 if math.isinf(self._numbers[0]) else 3.0
        if not (math.isfinite(self.slope) and lowest < self.slope < 5.0):
            raise InputError(f"{name}: slope {self.slope:g} is out of range; allowed: {lowest:g} to 5")
        check_name("mass convention", self.mass_convention, MASS_CONVENTIONS)

    @cached_property
    def _numbers(self) -> tuple[float, float]:
        """R_max [GV], may be infinite, and E_SN [GeV]; checked."""
        name = f"injection of {self.species.name}"
        energy = to_float(self.energy, u.erg, f"{name}: energy", minimum=0.0) * GEV_PER_ERG
        cutoff = self.cutoff
        if isinstance(cutoff, u.Quantity) and cutoff.isscalar and cutoff.value == math.inf:
            # to_float takes no infinity; it has the words for a wrong unit.
            to_float(1.0 * cutoff.unit, u.GV, f"{name}: cutoff")
            return math.inf, energy
        return to_float(cutoff, u.GV, f"{name}: cutoff", minimum=0.0, exclusive=True), energy

    @property
    def cutoff_energy(self) -> float:
        """T_max [GeV]."""
        return self.species.Z * self._numbers[0]

    @cached_property
    def normalisation(self) -> float:
        """K [GeV^-1]."""
        m = self.species.mass
        own = self.efficiency * self._numbers[1]
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
        # T = A (E_N - m_p) and p/m = p_N/m_p, so that with beta = p_N/E_N one power is left.
        square = (total - M_PROTON) * (total + M_PROTON) / M_PROTON**2
        scale = self.species.A * self.normalisation / M_PROTON
        fall = np.exp((total - M_PROTON) * (-self.species.A / self.cutoff_energy))
        return np.asarray(scale * total * square ** ((1 - self.slope) / 2) * fall)

    def rigidity(self, total: FloatArray) -> FloatArray:
        """Rigidity A p_N / Z [GV] at total energies per nucleon [GeV]."""
        return self.species.rigidity(total)

    def __call__(self, kinetic: u.Quantity) -> u.Quantity:
        """Q(T) [GeV^-1] at kinetic energies of the nucleus."""
        return self.spectrum(to_array(kinetic, u.GeV, "kinetic energy")) / u.GeV
