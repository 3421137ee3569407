"""The cosmic microwave background."""

from __future__ import annotations

import math

import numpy as np

from ..units import FloatArray
from .planck import HC, occupation

__all__ = ["T_CMB", "cmb_spectrum"]

T_CMB = 2.7255
"""Temperature of the microwave background [K], Fixsen 2009, ApJ 707, 916."""


def cmb_spectrum(photon_energy: FloatArray) -> FloatArray:
    """Photons of the microwave background per volume and energy [cm^-3 eV^-1] at photon energies [eV]."""
    energy = np.asarray(photon_energy, dtype=np.float64)
    return 8 * math.pi * energy**2 / HC**3 * occupation(energy, T_CMB)
