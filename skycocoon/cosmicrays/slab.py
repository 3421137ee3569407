r"""Transport of nuclei in the Galaxy: the modified weighted slab (Evoli, Aloisio & Blasi 2019, PRD 99, 103023).

.. math:: \frac{I_a}{X_a} + \frac{\sigma_a}{m} I_a - \frac{d}{dT}\left(\left|\frac{dT}{dX}\right| I_a\right) =
          Q_a + \sum_{a'} \frac{\sigma_{a'a}}{m} \left(I_{a'} + X_c\,Q_{a'}\right) + \mathrm{decays}

with T per nucleon: a thin disc of gas within a halo of height H, from which nuclei diffuse and are blown away. The term
with X_c is what cocoons add: secondaries made at the source, with its own spectrum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import astropy.units as u
import numpy as np

from ..errors import InputError
from ..kinematics import momentum
from ..units import C_LIGHT, M_PROTON, M_PROTON_GRAM, FloatArray, to_float

__all__ = ["HELIUM_FRACTION", "ISM_MASS", "ISM_SIGMA", "Slab", "force_field", "ionisation"]

HELIUM_FRACTION = 0.08
"""Helium nuclei per hydrogen nucleus in the disc [cited: crams]."""
ISM_MASS: float = M_PROTON_GRAM * (1 + 4 * HELIUM_FRACTION) / (1 + HELIUM_FRACTION)
"""Mean mass of a target m [g]."""
ISM_SIGMA: float = (1 + 4 ** (2 / 3) * HELIUM_FRACTION) / (1 + HELIUM_FRACTION)
"""Cross section on the interstellar medium over that on hydrogen: helium counts 4^(2/3) [cited: crams]."""
# Bethe's formula, PDG 2022, sec. 34: 4 pi N_A r_e^2 m_e c^2 [GeV cm^2/mol], electron mass [GeV], mean excitation
# energies [GeV] and molar masses [g/mol] of hydrogen and helium.
BETHE = 0.307075e-3
M_ELECTRON = 0.51099895e-3
TARGETS = ((1, 19.2e-9, 1.008), (2, 41.8e-9, 4.0026))


def ionisation(charge: FloatArray, mass_number: FloatArray, kinetic: FloatArray) -> FloatArray:
    """Energy per nucleon that a nucleus loses per grammage [GeV cm^2/g], in hydrogen and helium (Bethe, PDG eq. 34.5).

    Without corrections for density and shells: good to a few per cent from 0.1 GeV to 10 GeV, and small above.

    Parameters
    ----------
    charge, mass_number
        Charges and mass numbers of the nuclei; all three broadcast.
    kinetic
        Kinetic energies per nucleon [GeV].

    Returns
    -------
    array
        [GeV cm^2/g].
    """
    x = momentum(kinetic) / M_PROTON
    gamma = 1 + kinetic / M_PROTON
    beta2 = (x / gamma) ** 2
    ratio = M_ELECTRON / (mass_number * M_PROTON)
    most = 2 * M_ELECTRON * x**2 / (1 + 2 * gamma * ratio + ratio**2)
    hydrogen = 1 / (1 + 4 * HELIUM_FRACTION)
    total = np.zeros_like(x)
    for (z, excitation, molar), part in zip(TARGETS, (hydrogen, 1 - hydrogen), strict=True):
        logarithm = 0.5 * np.log(2 * M_ELECTRON * x**2 * most / excitation**2)
        total = total + part * BETHE * z / molar * (logarithm - beta2) / beta2
    return np.asarray(charge**2 / mass_number * total)


def force_field(kinetic: FloatArray, charge: int, mass_number: int, potential: float) -> tuple[FloatArray, FloatArray]:
    """Solar modulation (Gleeson & Axford 1968, ApJ 154, 1011).

    Parameters
    ----------
    kinetic
        Kinetic energies per nucleon at the Earth [GeV].
    charge, mass_number
        Of the nucleus.
    potential
        phi [GV].

    Returns
    -------
    energy, factor
        Kinetic energy per nucleon outside the heliosphere [GeV], and what the intensity there is multiplied by.
    """
    outside = kinetic + potential * charge / mass_number
    return outside, (momentum(kinetic) / momentum(outside)) ** 2


@dataclass(frozen=True)
class Slab:
    r"""Halo, disc and diffusion.

    .. math:: X = \frac{\mu v}{2u}\left[1 - e^{-uH/D}\right],\quad
              D = 2uH + \beta D_0 \left(\frac{R}{\mathrm{GV}}\right)^\delta
              \left[1 + \left(\frac{R}{R_b}\right)^{\Delta\delta/s}\right]^{-s}

    Defaults: the public code crams, a fit of Schroer, Evoli & Blasi 2021 (PRD 103, 123010) to AMS-02.

    Parameters
    ----------
    halo_height
        H.
    surface_density
        mu, of the disc.
    advection
        u, away from the disc.
    diffusion, delta
        D_0 at 1 GV, and slope.
    break_rigidity, break_delta, break_smoothness
        R_b, the change of slope there, and s.
    slope
        alpha of injected nuclei, f(p) ~ p^-alpha.
    modulation
        Potential of the force field phi.
    beryllium_lifetime
        Mean life of 10Be at rest.

    Raises
    ------
    InputError
        For values out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from skycocoon import Slab
    >>> Slab().grammage(np.array([10.0, 1000.0])).round(2)
    array([6.47, 0.78])
    """

    halo_height: u.Quantity = field(default=7.0 * u.kpc)
    surface_density: u.Quantity = field(default=2.3 * u.mg / u.cm**2)
    advection: u.Quantity = field(default=4.409 * u.km / u.s)
    diffusion: u.Quantity = field(default=2.4826e28 * u.cm**2 / u.s)
    delta: float = 0.565132
    break_rigidity: u.Quantity = field(default=290.0 * u.GV)
    break_delta: float = 0.22
    break_smoothness: float = 0.1
    slope: float = 4.328
    modulation: u.Quantity = field(default=0.4878 * u.GV)
    beryllium_lifetime: u.Quantity = field(default=2.178 * u.Myr)

    def __post_init__(self) -> None:
        for name, unit in (
            ("halo_height", u.kpc), ("surface_density", u.g / u.cm**2), ("advection", u.cm / u.s),
            ("diffusion", u.cm**2 / u.s), ("break_rigidity", u.GV), ("beryllium_lifetime", u.s),
        ):  # fmt: skip
            to_float(getattr(self, name), unit, f"transport: {name}", minimum=0.0, exclusive=True)
        to_float(self.modulation, u.GV, "transport: modulation", minimum=0.0)
        for name, low, high in (
            ("delta", 0.0, 2.0), ("break_delta", -1.0, 2.0), ("break_smoothness", 0.0, 10.0), ("slope", 3.0, 6.0)
        ):  # fmt: skip
            value = getattr(self, name)
            if not (math.isfinite(value) and low < value < high):
                raise InputError(f"transport: {name} {value:g} is out of range; allowed: {low:g} to {high:g}")

    @cached_property
    def _cgs(self) -> tuple[float, float, float, float]:
        """H [cm], mu [g/cm^2], u [cm/s] and D_0 [cm^2/s]."""
        return (
            self.halo_height.to_value(u.cm), self.surface_density.to_value(u.g / u.cm**2),
            self.advection.to_value(u.cm / u.s), self.diffusion.to_value(u.cm**2 / u.s),
        )  # fmt: skip

    def diffusion_at(self, rigidity: FloatArray, beta: FloatArray | float = 1.0) -> FloatArray:
        """D [cm^2/s] at rigidities [GV].

        A break of no strength leaves a factor 2^-s, to which the formula tends: no jump for a fit to stumble over.

        Parameters
        ----------
        rigidity
            Rigidities [GV].
        beta
            Speeds in units of c.

        Returns
        -------
        array
            D [cm^2/s].
        """
        height, _, speed, d0 = self._cgs
        ln_r = np.log(rigidity)
        # (R/R_b)^(dd/s) overflows for sharp breaks: ln(1 + e^y) does not.
        y = (ln_r - math.log(self.break_rigidity.to_value(u.GV))) * (self.break_delta / self.break_smoothness)
        exponent = self.delta * ln_r - self.break_smoothness * np.logaddexp(0.0, y)
        return 2 * speed * height + beta * d0 * np.exp(exponent)

    def grammage(self, rigidity: FloatArray, beta: FloatArray | float = 1.0) -> FloatArray:
        """X [g/cm^2] of stable nuclei at rigidities [GV].

        Parameters
        ----------
        rigidity
            Rigidities [GV].
        beta
            Speeds in units of c.

        Returns
        -------
        array
            X [g/cm^2].
        """
        height, mu, speed, _ = self._cgs
        xi = speed * height / self.diffusion_at(rigidity, beta)
        return np.asarray(mu * beta * C_LIGHT / (2 * speed) * -np.expm1(-xi))

    def unstable(
        self, rigidity: FloatArray, beta: FloatArray, gamma: FloatArray, lifetime: float
    ) -> tuple[FloatArray, FloatArray]:
        """X [g/cm^2] of nuclei that decay in the halo, and how often their daughters come back per grammage [cm^2/g].

        ``lifetime`` is the mean life at rest [s]. For a long one X is that of stable nuclei.

        Parameters
        ----------
        rigidity
            Rigidities [GV].
        beta, gamma
            Speeds in units of c, and Lorentz factors.
        lifetime
            Mean life at rest [s].

        Returns
        -------
        grammage, rate
            X [g/cm^2], and decays per grammage whose daughters come back [cm^2/g].
        """
        height, mu, speed, _ = self._cgs
        d = self.diffusion_at(rigidity, beta)
        xi = speed * height / d
        root = np.sqrt(1 + 4 * d / (speed**2 * gamma * lifetime))
        lost = np.exp(-xi * root)
        unit = mu * beta * C_LIGHT / speed
        x = unit * (1 - lost) / ((1 + root) - (1 - root) * lost)
        return np.asarray(x), np.asarray((root / np.tanh(xi * root / 2) - 1 / np.tanh(xi / 2)) / unit)

    def adiabatic(self, kinetic: FloatArray) -> FloatArray:
        """Energy per nucleon that is lost per grammage as the wind expands [GeV cm^2/g]."""
        _, mu, speed, _ = self._cgs
        return 2 * speed / (3 * mu * C_LIGHT) * momentum(kinetic)

    def injected(self, mass_number: FloatArray, kinetic: FloatArray) -> FloatArray:
        """Shape of the primaries' sources per kinetic energy per nucleon, A (A p_n/m_p)^(2 - alpha)/beta.

        Parameters
        ----------
        mass_number
            Mass numbers of the nuclei; the two broadcast.
        kinetic
            Kinetic energies per nucleon [GeV].

        Returns
        -------
        array
            Relative sources per kinetic energy per nucleon.
        """
        p = momentum(kinetic)
        beta = p / (kinetic + M_PROTON)
        return np.asarray(mass_number * (mass_number * p / M_PROTON) ** (2 - self.slope) / beta)

    def __str__(self) -> str:
        return (
            f"slab: H = {self.halo_height:g}, D = {self.diffusion:g} (R/GV)^{self.delta:g}, {self.break_delta:g} "
            f"flatter above {self.break_rigidity:g}; u = {self.advection:g}; nuclei p^-{self.slope:g}"
        )
