"""Columns of gas by plain adaptive quadrature: a reference for the kernels, which it shares nothing with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...numerics.quadrature import gauss_legendre
from ...units import FloatArray
from .model import Profile

__all__ = ["integrate_columns"]

# Heights [kpc] at which rays are cut: layers of gas are as thin as some of these.
HEIGHTS = (-1.0, -0.3, -0.1, -0.03, 0.0, 0.03, 0.1, 0.3, 1.0)
# Rays at a time: at most some 200 panels of 10 nodes each, 8 MB an array.
BLOCK = 500
# Panels are halved no more often than this.
HALVINGS = 40


def integrate_columns(
    profile: Profile, rays: FloatArray, place: FloatArray, cylinders: FloatArray, top: float, rtol: float
) -> FloatArray:
    """Integrals of a density along rays from the Sun.

    Rays are cut at the cylinders, at the point nearest to the axis and at a few heights; panels are halved until
    Gauss-Legendre sums of 10 nodes agree.

    Parameters
    ----------
    profile
        Density [cm^-3] at R and z [kpc].
    rays
        (n, 2) Galactic longitudes and latitudes [rad].
    place
        R and z of the Sun [kpc].
    cylinders
        Radii [kpc] at which the density has a kink or a jump, the last of them its outer edge.
    top
        Height [kpc] at which the density ends.
    rtol
        Relative accuracy.

    Returns
    -------
    array
        (n,) [cm^-3 kpc].
    """
    blocks = [rays[first : first + BLOCK] for first in range(0, len(rays), BLOCK)]
    columns = [_adaptive(profile, block, place, _cuts(block, place, cylinders, top), rtol) for block in blocks]
    return np.concatenate([np.zeros(0), *columns])


def _cuts(rays: FloatArray, place: FloatArray, cylinders: FloatArray, top: float) -> FloatArray:
    """(n, k) increasing distances [kpc] from the Sun to the end of the gas at which each ray is cut."""
    sun_radius, sun_height = place
    cos_l, sin_l = np.cos(rays[:, 0]), np.sin(rays[:, 0])
    cos_b, sin_b = np.cos(rays[:, 1]), np.sin(rays[:, 1])
    # Where R = k: distance s cos b = R_sun cos l -+ sqrt(k^2 - R_sun^2 sin^2 l); and where z = h.
    root = np.sqrt(np.maximum(cylinders**2 - (sun_radius * sin_l[:, None]) ** 2, 0.0))
    middle = (sun_radius * cos_l)[:, None]
    heights = np.array([-top, *HEIGHTS, top])
    with np.errstate(divide="ignore", invalid="ignore"):
        flat = np.concatenate([middle - root, middle, middle + root], axis=1) / cos_b[:, None]
        tall = (heights - sun_height) / sin_b[:, None]
    cuts = np.concatenate([flat, tall], axis=1)
    cuts = np.where(np.isfinite(cuts), cuts, 0.0)
    # Beyond the far wall there is nothing; the lids are where the density itself ends.
    far = sun_radius + cylinders[-1]
    far = np.where(cos_b > 1e-6, far / np.maximum(cos_b, 1e-6), np.inf)
    lid = np.where(np.abs(sin_b) > 1e-12, (abs(sun_height) + top) / np.maximum(np.abs(sin_b), 1e-12), np.inf)
    end = np.minimum(far, lid)[:, None]
    return np.sort(np.concatenate([np.zeros_like(end), np.clip(cuts, 0.0, end), end], axis=1), axis=1)


def _adaptive(profile: Profile, rays: FloatArray, place: FloatArray, cuts: FloatArray, rtol: float) -> FloatArray:
    """Integrals (n,) along rays cut into panels, which are halved until they are good."""
    sun_radius, sun_height = place
    cos_l, sin_l = np.cos(rays[:, 0]), np.sin(rays[:, 0])
    cos_b, sin_b = np.cos(rays[:, 1]), np.sin(rays[:, 1])
    nodes, weights = gauss_legendre(10)

    def integrals(ray: NDArray[np.int64], low: FloatArray, high: FloatArray) -> FloatArray:
        half = 0.5 * (high - low)
        s = (0.5 * (low + high))[:, None] + half[:, None] * nodes
        flat = s * cos_b[ray, None]
        x, y = sun_radius - flat * cos_l[ray, None], flat * sin_l[ray, None]
        return np.asarray(half * (profile(np.hypot(x, y), sun_height + s * sin_b[ray, None]) @ weights))

    ray = np.repeat(np.arange(len(rays), dtype=np.int64), cuts.shape[1] - 1)
    low, high = cuts[:, :-1].ravel(), cuts[:, 1:].ravel()
    keep = high > low
    ray, low, high = ray[keep], low[keep], high[keep]
    coarse = integrals(ray, low, high)
    total = np.bincount(ray, coarse, minlength=len(rays))
    result = np.zeros(len(rays))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        left, right = integrals(ray, low, middle), integrals(ray, middle, high)
        # A tenth of rtol per panel: errors of the few panels that count add up to less than rtol.
        good = np.abs(left + right - coarse) <= 0.1 * rtol * total[ray]
        result += np.bincount(ray[good], (left + right)[good], minlength=len(rays))
        bad = ~good
        if not bad.any():
            break
        ray = np.concatenate([ray[bad], ray[bad]])
        low, high = np.concatenate([low[bad], middle[bad]]), np.concatenate([middle[bad], high[bad]])
        coarse = np.concatenate([left[bad], right[bad]])
    return result
