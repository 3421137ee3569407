"""Photon and energy densities of the Galaxy's radiation fields, by name."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np
from scipy.special import gamma, zeta

from ..errors import InputError, check_name
from ..units import to_array
from .cmb import T_CMB, cmb_spectrum
from .dust import COLD_TEMPERATURES, OPACITY, TEMPERATURES, dust_opacity, dust_spectra, dust_weights
from .planck import HC, K_BOLTZMANN

__all__ = ["PHOTON_FIELDS", "energy_density", "photon_density"]

PHOTON_FIELDS = ("cmb", "dust", "cold-dust", "warm-dust")
"""Fields by name; ``"dust"`` is the sum of the cold and the warm."""
_TERMS = MappingProxyType(
    {
        "dust": slice(None),
        "cold-dust": slice(0, len(COLD_TEMPERATURES)),
        "warm-dust": slice(len(COLD_TEMPERATURES), None),
    }
)


def photon_density(field: str, energy: u.Quantity, radius: u.Quantity, height: u.Quantity) -> u.Quantity:
    """Photons per volume and energy of a field [cm^-3 eV^-1].

    Parameters
    ----------
    field
        One of :data:`PHOTON_FIELDS`. Dust as modelled, with no scale.
    energy
        Photon energies.
    radius, height
        R and z, which broadcast.

    Returns
    -------
    density
        Of the shape of ``energy`` followed by that of the position.

    Raises
    ------
    InputError
        For an unknown field and a bad Quantity.
    """
    check_name("photon field", field, PHOTON_FIELDS)
    eps = to_array(energy, u.eV, "photon energy")
    if np.any(eps <= 0):
        raise InputError(f"photon energy: {energy} is out of range; allowed: > 0 eV")
    r, z = np.broadcast_arrays(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
    if field == "cmb":
        result = np.multiply.outer(cmb_spectrum(eps), np.ones(r.shape))
    else:
        result = np.tensordot(dust_spectra(eps)[_TERMS[field]], dust_weights(r, z)[_TERMS[field]], axes=(0, 0))
    return result * u.Unit("cm-3 eV-1")


def energy_density(field: str, radius: u.Quantity, height: u.Quantity) -> u.Quantity:
    """Energy per volume of a field [eV cm^-3], the closed-form integral of eps n.

    Parameters
    ----------
    field, radius, height
        As in :func:`photon_density`.

    Returns
    -------
    density
        Of the shape that the position broadcasts to.

    Raises
    ------
    InputError
        For an unknown field and a bad Quantity.
    """
    check_name("photon field", field, PHOTON_FIELDS)
    r, z = np.broadcast_arrays(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
    # int eps^(p-1)/(exp(eps/kT) - 1) d eps = (kT)^p Gamma(p) zeta(p)
    if field == "cmb":
        value = 8 * math.pi / HC**3 * (K_BOLTZMANN * T_CMB) ** 4 * gamma(4) * zeta(4)
        result: Any = np.full(r.shape, value)
    else:
        power = 4 + OPACITY[2]
        heat = (K_BOLTZMANN * np.array(TEMPERATURES)) ** power * gamma(power) * zeta(power)
        each = 2 / HC**3 * float(dust_opacity(np.array(1.0))) * heat
        result = np.tensordot(each[_TERMS[field]], dust_weights(r, z)[_TERMS[field]], axes=(0, 0))
    return result * u.eV / u.cm**3
