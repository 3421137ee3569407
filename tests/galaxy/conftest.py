"""Densities on cylinders."""

import astropy.units as u
import numpy as np

RATE = u.Unit("kpc-3 yr-1")
R, Z = np.linspace(0, 10, 21) * u.kpc, np.linspace(-0.5, 0.5, 11) * u.kpc
STEEP = 4.0 * np.linspace(0, 1, 41) ** 2


def thin_layer(r, phi, z):
    """A layer of 60 pc in a halo of 1 kpc, above R = 0."""
    height = np.exp(-0.5 * (z / (60 * u.pc)) ** 2) + 0.05 * np.exp(-z / (1 * u.kpc))
    return np.exp(-r / (4 * u.kpc)) * height * np.ones_like(phi.value) / u.cm**3
