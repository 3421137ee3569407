"""Pair production on photons, gamma gamma -> e+ e- (Breit & Wheeler 1934, Phys. Rev. 46, 1087).

Two variables, both in units of the threshold: s = E eps (1 - cos theta)/(2 m^2) of one collision at an angle theta,
and s0 = E eps/m^2, its largest value, reached head-on. m is the electron's rest energy.
"""

from __future__ import annotations

import math

import astropy.constants as const
import astropy.units as u
import numpy as np
from scipy.special import spence

from ..units import FloatArray

__all__ = ["M_ELECTRON", "SIGMA_THOMSON", "cross_section", "isotropic_cross_section"]

M_ELECTRON: float = (const.m_e * const.c**2).to_value(u.eV)
"""Electron rest energy [eV], CODATA (astropy.constants). In eV: photons of the targets are."""
SIGMA_THOMSON: float = const.sigma_T.to_value(u.cm**2)
"""Thomson cross section [cm^2], CODATA (astropy.constants)."""

# Rapidity below which the closed form cancels and a series takes over: both are good to 1e-10 there.
_SERIES_BELOW = 0.02


def cross_section(s: FloatArray) -> FloatArray:
    r"""Cross section of one collision [cm^2].

    .. math:: \sigma = \frac{3}{16}\sigma_T\,(1 - \beta^2)\left[(3 - \beta^4)\ln\frac{1+\beta}{1-\beta}
              - 2\beta(2 - \beta^2)\right],\quad \beta = \sqrt{1 - 1/s}

    Breit & Wheeler 1934; in this form in Gould & Schreder 1967, Phys. Rev. 155, 1404, eq. 1 [from memory].

    Parameters
    ----------
    s
        E eps (1 - cos theta)/(2 m^2), any shape; 0 at the threshold s = 1 and below.
    """
    s = np.asarray(s, dtype=np.float64)
    above = np.maximum(s, 1.0)
    # beta = tanh y and artanh beta = y, with sinh^2 y = s - 1: no 1 - beta that cancels
    y = np.arcsinh(np.sqrt(above - 1))
    beta = np.tanh(y)
    return 3 / 16 * SIGMA_THOMSON / above * (2 * (3 - beta**4) * y - 2 * beta * (2 - beta**2))


def isotropic_cross_section(s0: FloatArray) -> FloatArray:
    r"""Cross section times 1 - cos theta, averaged over isotropic targets [cm^2].

    .. math:: \bar\sigma(s_0) = \frac{1}{2}\int_{-1}^{1} (1 - \mu)\,\sigma\,d\mu
              = \frac{2}{s_0^2}\int_1^{s_0} s\,\sigma(s)\,ds

    With s = cosh^2 y the integral is elementary but for one dilogarithm:

    .. math:: \int s\,\sigma\,ds = \frac{3}{4}\sigma_T\left\{\frac{y \cosh 2y - \sinh 2y}{2} + y^2 + 2 y L
              - \mathrm{Li}_2(-e^{-2y}) - \frac{\pi^2}{12} + \frac{y\,\mathrm{sech}^2 y + \tanh y - y}{2}\right\}

    with L = ln(1 + e^{-2y}) and s0 = cosh^2 y. Integrated here, not copied: Gould & Schreder's own closed form had
    misprints. Near the threshold the braces are y^3/3 + 7 y^5/15 - 46 y^7/315.

    The reaction rate of a photon among targets n(eps) is c times the integral of n times this.

    Parameters
    ----------
    s0
        E eps/m^2, any shape; 0 at the threshold s0 = 1 and below.
    """
    s0 = np.asarray(s0, dtype=np.float64)
    above = np.maximum(s0, 1.0)
    y = np.arcsinh(np.sqrt(above - 1))
    tail = np.exp(-2 * y)
    wide = (
        (y * np.cosh(2 * y) - np.sinh(2 * y)) / 2
        + y**2
        + 2 * y * np.log1p(tail)
        - spence(1 + tail)
        - math.pi**2 / 12
        + (y / above + np.tanh(y) - y) / 2
    )
    near = y**3 / 3 + 7 * y**5 / 15 - 46 * y**7 / 315
    braces = np.where(y < _SERIES_BELOW, near, wide)
    return 1.5 * SIGMA_THOMSON / above**2 * braces
