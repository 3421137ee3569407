"""Gas model ``ferriere``: HI and H2 of Ferriere 1998 and, at R < 3 kpc, of Ferriere et al. 2007."""

from __future__ import annotations

import math

import numpy as np

from ...units import FloatArray
from .model import GasModel, Profile

__all__ = ["MODEL"]

FERRIERE_EDGE = 3.0
"""Radius [kpc] inside which Ferriere, Gillard & Jean 2007 takes over from Ferriere 1998."""
FERRIERE_AZIMUTHS = 128
"""Azimuths in a mean. The tilted disc crosses a height in some 0.06 rad: 2e-6 of its maximum is left out."""


# Points at a time: their arrays stay in the processor's cache.
BLOCK = 4096


def ferriere_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Ferriere 1998, ApJ 497, 759 (R > 3 kpc) and, as a mean over azimuth, of Ferriere et al. 2007 [cm^-3].

    Coefficients as in CRPropa 3 (Ferriere.cpp).

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """

    def outer(R: FloatArray, z: FloatArray) -> FloatArray:
        a = np.maximum(R / 8.5, 1.0)
        shapes = np.exp(-((z / (0.127 * a)) ** 2)), np.exp(-((z / (0.318 * a)) ** 2)), np.exp(-np.abs(z) / (0.403 * a))
        cold = 0.340 / a**2 * (0.859 * shapes[0] + 0.047 * shapes[1] + 0.094 * shapes[2])
        warm = (1.745 - 1.289 / a) * shapes[0] + (0.473 - 0.070 / a) * shapes[1] + (0.283 - 0.142 / a) * shapes[2]
        return np.asarray(cold + 0.226 / a * warm)

    return _ferriere(outer, (8.8, 0.054), (0.34, 0.120), R, z)


def ferriere_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Ferriere 1998 (R > 3 kpc) and, as a mean over azimuth, of Ferriere et al. 2007 [cm^-3].

    Outside, 0.58 cm^-3 at the Sun is taken to count H nuclei already [inferred: as molecules it would give
    4.1 Msun/pc^2 at the Sun and 3.6e9 Msun, both twice what is observed]; CRPropa 3, whose coefficients these are,
    doubles it. Inside, 150 and 4.8 cm^-3 count molecules and are doubled: so they give the 1.9e7 and 3.4e7 Msun that
    Ferriere et al. 2007 find for the central zone and the disc around it [masses from memory].

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """

    def outer(R: FloatArray, z: FloatArray) -> FloatArray:
        x = R / 8.5
        radial = x**-0.58 * np.exp(-((R - 4.5) ** 2 - (8.5 - 4.5) ** 2) / 2.9**2)
        return np.asarray(0.58 * radial * np.exp(-((z / (0.081 * x**0.58)) ** 2)))

    return _ferriere(outer, (2 * 150.0, 0.018), (2 * 4.8, 0.042), R, z)


def _ferriere(
    outer: Profile, zone: tuple[float, float], disc: tuple[float, float], R: FloatArray, z: FloatArray
) -> FloatArray:
    """The outer profile at R > 3 kpc, and inside the mean over azimuth of the central zone and the tilted disc.

    Both lie on ellipses: exp{-[(A - A_0)/L]^4} exp(-z'^2/h^2) with A^2 = x'^2 + (e y')^2 (Ferriere, Gillard & Jean
    2007; coefficients as in CRPropa 3).

    Parameters
    ----------
    outer
        Profile at R > 3 kpc.
    zone, disc
        Density [cm^-3] and height h [kpc] of the central molecular zone and of the tilted disc.
    R, z
        Broadcasting radii and heights [kpc].
    """
    R, z = np.asarray(R, dtype=np.float64), np.asarray(z, dtype=np.float64)
    result = np.array(outer(np.maximum(R, FERRIERE_EDGE), z))
    inside = np.broadcast_to(R <= FERRIERE_EDGE, result.shape)
    if inside.any():
        # The central zone lies in the plane: its mean over azimuth is one function of R times one of z.
        central = _zone_mean(R) * zone[0] * np.exp(-((z / zone[1]) ** 2))
        r, height = (np.broadcast_to(x, result.shape)[inside] for x in (R, z))
        result[inside] = np.broadcast_to(central, result.shape)[inside] + disc[0] * np.concatenate(
            [
                _disc_mean(r[first : first + BLOCK], height[first : first + BLOCK], disc[1])
                for first in range(0, r.size, BLOCK)
            ]
        )
    return result


def _azimuths() -> FloatArray:
    return 2 * math.pi * (np.arange(FERRIERE_AZIMUTHS) + 0.5) / FERRIERE_AZIMUTHS


def _bell(a: FloatArray, centre: float, width: float) -> FloatArray:
    """-[(A - A_0)/L]^4. Two squares are ten times as fast as a power."""
    return np.asarray(-np.square(np.square((a - centre) / width)))


def _zone_mean(r: FloatArray) -> FloatArray:
    """Mean over azimuth of the central zone in the plane, 1 at its largest; zero beyond the edge."""
    turn = math.radians(70.0)
    total = np.zeros(r.shape)
    inner = np.minimum(r, FERRIERE_EDGE)
    for azimuth in _azimuths():
        # Turned about the axis, its centre 50 pc off in x and in y.
        dx, dy = inner * math.cos(azimuth) + 0.05, inner * math.sin(azimuth) - 0.05
        major, minor = dx * math.cos(turn) + dy * math.sin(turn), dy * math.cos(turn) - dx * math.sin(turn)
        total += np.exp(_bell(np.sqrt(major**2 + (2.5 * minor) ** 2), 0.125, 0.137))
    return np.asarray(total / FERRIERE_AZIMUTHS)


def _disc_mean(r: FloatArray, height: FloatArray, scale: float) -> FloatArray:
    """Mean over azimuth of the tilted disc of a height [kpc], 1 at its largest, at radii and heights (n,)."""
    alpha, beta, theta = (math.radians(x) for x in (13.5, 20.0, 48.5))
    total = np.zeros(r.shape)
    for azimuth in _azimuths():
        # Tilted about x by alpha, about y by beta, then turned in its own plane by theta.
        x, y = r * math.cos(azimuth), r * math.sin(azimuth)
        y1, z1 = y * math.cos(alpha) - height * math.sin(alpha), y * math.sin(alpha) + height * math.cos(alpha)
        x2, z2 = x * math.cos(beta) - z1 * math.sin(beta), x * math.sin(beta) + z1 * math.cos(beta)
        # Where the disc is at all: nothing is left of a density that is less than 1e-26 of its largest.
        near = np.abs(z2) < 7.8 * scale
        x2, y1, z2 = x2[near], y1[near], z2[near]
        major, minor = x2 * math.cos(theta) + y1 * math.sin(theta), y1 * math.cos(theta) - x2 * math.sin(theta)
        a = np.sqrt(major**2 + (3.1 * minor) ** 2)
        total[near] += np.exp(_bell(a, 1.2, 0.438) - (z2 / scale) ** 2)
    return np.asarray(total / FERRIERE_AZIMUTHS)


MODEL = GasModel(
    reference="Ferriere 1998; R < 3 kpc: Ferriere et al. 2007",
    atomic=ferriere_atomic,
    molecular=ferriere_molecular,
    x_co=None,
    x_co_source="it joins CO surveys with different X_CO, 5e19 inside 3 kpc",
    provenance="published; reconstructed: 0.58 cm-3 of H2 at the Sun counts nuclei, R < 3 kpc is a mean over azimuth",
    kinks=lambda: (FERRIERE_EDGE, 8.5),
)
"""The gas of Ferriere."""
