r"""Photon fields of the Galaxy: the cosmic microwave background, and the far infrared of dust.

The dust is optically thin, in two exponential discs, cold and warm, as fitted by Misiriotis et al. 2006 (A&A 459,
113) to COBE data. Densities and scales of the discs were read in a public code that quotes their tables 2 and 4, and
the cold disc comes out with the paper's mass of 7e7 solar masses; temperatures and opacity are from memory. Photons per
volume and energy at a place x are

.. math:: n(\epsilon, x) = \frac{1}{c}\int d\Omega \int dr\, \rho(x')\,\kappa(\epsilon)\,
          \frac{B_\epsilon(T(x'))}{\epsilon}

which depends on x and energy at once only through the temperature of the cold dust, 13 to 19 K where it matters. That
is slow, so the field is a short sum of products (:data:`TEMPERATURES` says how short):

.. math:: n(\epsilon, x) = \sum_a W_a(x)\, g_a(\epsilon),\quad
          W_a = \int d\Omega \int dr\, \rho\, l_a(T),\quad g_a = \frac{\kappa B_\epsilon(T_a)}{c\,\epsilon}

with l_a(T) = (T/T_a)^6 times the Lagrange polynomials of the cold nodes: near its peak the emission of dust grows
like T^6, and what is left of T is nearly a parabola. The photon field is good to 0.4 % from 30 to 300 um for
R < 20 kpc.

W_a is a table that comes with the package, ``dust_field.ecsv``, made by ``scripts/dust_field.py`` with
:func:`integrate_dust_weights`. Starlight is left out (it absorbs less than about 1 % of gamma rays from the Galactic
centre), and so are the mid infrared and the bands of PAH: below some 50 TeV the absorption is a lower bound.
"""

from __future__ import annotations

import math
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..numerics.quadrature import halving_panels
from ..shipped import data_folder
from ..units import CM_PER_KPC, FloatArray
from .planck import HC, occupation

if TYPE_CHECKING:
    from scipy.interpolate import RectBivariateSpline

__all__ = [
    "DUST_DISCS",
    "TABLE_NAME",
    "TEMPERATURES",
    "cold_temperature",
    "dust_density",
    "dust_opacity",
    "dust_spectra",
    "dust_weights",
    "integrate_dust_weights",
]

DUST_DISCS: MappingProxyType[str, tuple[float, float, float]] = MappingProxyType(
    {
        # rho_0 [g cm^-3], scale length and scale height [kpc]; Misiriotis et al. 2006 [as in a public code]
        "cold": (1.51e-25, 5.0, 0.10),
        "warm": (1.22e-27, 3.3, 0.09),
    }
)
"""Dust discs rho_0 exp(-R/R_d - \\|z\\|/h): (rho_0 [g cm^-3], R_d [kpc], h [kpc])."""

T_WARM = 35.0
"""Temperature of the warm dust [K]; Misiriotis et al. 2006 [from memory]."""
OPACITY = (3.98, 250.0, 2.08)
"""Opacity of dust: kappa [cm^2 per g of dust], at a wavelength [um], and beta; Draine 2003 [from memory]."""

COLD_TEMPERATURES = (18.8, 16.7, 14.0)
"""Nodes T_a of the cold dust [K], placed for the least error of the photon field (0.4 %) at R < 20 kpc."""
TEMPERATURES = (*COLD_TEMPERATURES, T_WARM)
"""Temperatures of all terms a: three of the cold dust, one of the warm [K]."""
GROWTH = 6.0
"""Power of T that is taken out of the cold dust's emission before it is interpolated."""

TABLE_NAME = "dust_field.ecsv"
"""File of the weights in the data folder."""


def dust_density(disc: str, radius: FloatArray, height: FloatArray) -> FloatArray:
    """Density of dust.

    Parameters
    ----------
    disc
        A key of :data:`DUST_DISCS`.
    radius, height
        R and z [kpc], which broadcast.

    Returns
    -------
    array
        [g cm^-3].
    """
    density, length, scale = DUST_DISCS[disc]
    return np.asarray(density * np.exp(-radius / length - np.abs(height) / scale))


def cold_temperature(radius: FloatArray, height: FloatArray) -> FloatArray:
    """Temperature of the cold dust; Misiriotis et al. 2006 [from memory].

    Parameters
    ----------
    radius, height
        R and z [kpc], which broadcast.

    Returns
    -------
    array
        [K].
    """
    return np.asarray(2.73 + 16.47 * np.exp(-radius / 48.0 - np.abs(height) / 500.0))


def dust_opacity(photon_energy: FloatArray) -> FloatArray:
    """Kappa [cm^2 per g of dust] at photon energies [eV], a power law of slope 2.08."""
    kappa, wavelength, beta = OPACITY
    pivot = HC / (wavelength * 1e-4)  # 1 um = 1e-4 cm
    return np.asarray(kappa * (np.asarray(photon_energy) / pivot) ** beta)


def dust_spectra(photon_energy: FloatArray) -> FloatArray:
    """g_a = kappa B(T_a)/(c eps) [cm^-3 eV^-1 per g cm^-2 sr] at photon energies [eV].

    Returns
    -------
    spectra
        (n_a, ...) in the order of :data:`TEMPERATURES`; times :func:`dust_weights`, summed over a: photons per volume
        and energy.
    """
    energy = np.asarray(photon_energy, dtype=np.float64)
    # B/(c eps) = 2 eps^2/(h c)^3 per steradian and occupation: dust shines into all that the weights' dOmega spans
    common = 2 * energy**2 / HC**3 * dust_opacity(energy)
    return np.array([common * occupation(energy, temperature) for temperature in TEMPERATURES])


def temperature_polynomials(temperature: FloatArray) -> FloatArray:
    """l_a(T) of the cold nodes, (3, ...), at temperatures [K]."""
    nodes = COLD_TEMPERATURES
    result = []
    for a, here in enumerate(nodes):
        value = (temperature / here) ** GROWTH
        for b, other in enumerate(nodes):
            if b != a:
                value = value * (temperature - other) / (here - other)
        result.append(value)
    return np.array(result)


def integrate_dust_weights(radius: float, height: float) -> FloatArray:
    r"""W_a at one place by quadrature, to 1e-5.

    dOmega dr is a volume element over its distance squared. The azimuth integrates in closed form, which leaves

    .. math:: W_a = \int\!\!\int \frac{2\pi R' \rho\, l_a(T)\,dR'\,dz'}
              {\sqrt{[(R - R')^2 + (z - z')^2]\,[(R + R')^2 + (z - z')^2]}}

    on panels that halve towards the place itself and towards the plane.

    Parameters
    ----------
    radius, height
        R and z [kpc].

    Returns
    -------
    weights
        (n_a,) [g cm^-2 sr], in the order of :data:`TEMPERATURES`.
    """
    weights = []
    for disc, (density, length, scale) in DUST_DISCS.items():
        # Beyond 25 scale lengths and 40 scale heights is less than 1e-9 of the dust.
        r, dr = halving_panels(0.0, 25 * length, [(radius, 1e-5)])
        z, dz = halving_panels(-40 * scale, 40 * scale, [(height, 1e-5), (0.0, 0.01)])
        flat = (height - z) ** 2
        kernel = np.sqrt(((radius - r[:, None]) ** 2 + flat) * ((radius + r[:, None]) ** 2 + flat))
        dust = (2 * math.pi * r * dr * np.exp(-r / length))[:, None] * (dz * np.exp(-np.abs(z) / scale)) / kernel
        dust *= density * CM_PER_KPC
        if disc == "cold":
            weights += list(np.einsum("aij,ij->a", temperature_polynomials(cold_temperature(r[:, None], z)), dust))
        else:
            weights.append(dust.sum())
    return np.array(weights)


@lru_cache(maxsize=1)
def weight_splines() -> tuple[float, float, tuple[RectBivariateSpline, ...]]:
    """Largest R and z of the table [kpc], and splines in sqrt(R) and sqrt(z).

    They hold ln of the cold sum, of T_a^6 W_a, each cold term's part in it, and ln of the warm weight: W_a of a node
    colder than the dust around is negative, the sum is not.
    """
    # Slow to import, and only where dust absorbs.
    from astropy.table import Table
    from scipy.interpolate import RectBivariateSpline

    path = data_folder() / TABLE_NAME
    table = Table.read(path, format="ascii.ecsv", encoding="utf-8")
    names = table.colnames[2:]
    if len(names) != len(TEMPERATURES) or not np.allclose(table.meta["temperatures_K"], TEMPERATURES):
        raise InputError(f"{path}: made for other temperatures; rebuild it with scripts/dust_field.py")
    radius, height = np.unique(table["radius"]), np.unique(table["height"])
    weights = [np.asarray(table[name]).reshape(radius.size, height.size) for name in names]
    cold = np.array([w * t**GROWTH for w, t in zip(weights[:-1], COLD_TEMPERATURES, strict=True)])
    total = cold.sum(axis=0)
    surfaces = [np.log(total), *(cold[:-1] / total), np.log(weights[-1])]
    x, y = (_mirrored(np.sqrt(axis), 0, -1.0) for axis in (radius, height))
    splines = tuple(RectBivariateSpline(x, y, _mirrored(_mirrored(surface, 0), 1)) for surface in surfaces)
    return float(radius[-1]), float(height[-1]), splines


def _mirrored(values: FloatArray, axis: int, sign: float = 1.0) -> FloatArray:
    """Four nodes more, the first ones' mirror images: the field has no cusp on the axis and none in the plane."""
    image = np.flip(np.take(values, range(1, 5), axis=axis), axis=axis)
    return np.concatenate([sign * image, values], axis=axis)


def dust_weights(radius: FloatArray, height: FloatArray) -> FloatArray:
    """W_a [g cm^-2 sr] at R and z [kpc], which broadcast; interpolated to 0.1 %.

    Beyond the table (30 kpc from the axis or 10 kpc from the plane) the weights fall like the inverse square of the
    distance, along the line from the Galactic centre: the whole disc is far below by then.

    Parameters
    ----------
    radius, height
        R and z [kpc].

    Returns
    -------
    weights
        (n_a, ...) in the order of :data:`TEMPERATURES`. The weight of one cold node alone may be negative.
    """
    r, z = np.broadcast_arrays(np.asarray(radius, dtype=np.float64), np.abs(np.asarray(height, dtype=np.float64)))
    r_max, z_max, splines = weight_splines()
    far = np.maximum(np.maximum(r / r_max, z / z_max), 1.0)
    x, y = np.sqrt(r / far), np.sqrt(z / far)
    values = [spline.ev(x, y) for spline in splines]
    total, parts, warm = np.exp(values[0]), values[1:-1], np.exp(values[-1])
    parts.append(1 - sum(parts))
    cold = [part * total / t**GROWTH for part, t in zip(parts, COLD_TEMPERATURES, strict=True)]
    return np.array([*cold, warm]) / far**2
