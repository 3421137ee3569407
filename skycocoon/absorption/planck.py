"""Occupation of thermal photons."""

from __future__ import annotations

import astropy.constants as const
import astropy.units as u
import numpy as np

from ..units import FloatArray

K_BOLTZMANN: float = const.k_B.to_value(u.eV / u.K)
"""Boltzmann constant [eV/K], exact."""
HC: float = (const.h * const.c).to_value(u.eV * u.cm)
"""h c [eV cm], exact."""


def occupation(photon_energy: FloatArray, temperature: float) -> FloatArray:
    """Mean number of thermal photons in a state, 1/(exp(eps/kT) - 1); 0 where that is too small for a float.

    Parameters
    ----------
    photon_energy
        eps [eV], of any shape.
    temperature
        T [K].

    Returns
    -------
    array
        Of the shape of ``photon_energy``.
    """
    x = np.asarray(photon_energy, dtype=np.float64) / (K_BOLTZMANN * temperature)
    return np.asarray(np.exp(-x) / -np.expm1(-x))
