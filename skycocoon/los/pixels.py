"""Means over HEALPix pixels by subdivision, and pixels that stand for their mirror images."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..galaxy import DensityTable, Sun
from ..sky import Region, healpix
from ..sky.edges import edge_parts
from ..units import FloatArray

# Pixels on a region's edge are not divided beyond this (7 arcmin); what is inside is counted in so many pieces across.
EDGE_RAYS = 512
EDGE_PIECES = 8
# A pixel smaller than this is not divided further (0.2 arcmin).
FINEST_NSIDE = 16384
# A rough table is looked at on this scale first, so that no feature falls between the samples.
FEATURE_NSIDE = 1024


@lru_cache(maxsize=8)
def mirror_pixels(nside: int, mirror_b: bool) -> tuple[healpix.Indices, np.ndarray[Any, np.dtype[np.int32]]]:
    """RING pixels that stand for all others under l -> -l (and b -> -b), and which of them stands for each pixel."""
    npix = 12 * nside**2
    ring = np.arange(1, 4 * nside)
    polar = np.minimum(ring, 4 * nside - ring)
    count = np.where(polar < nside, 4 * polar, 4 * nside)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    # Rings of 4 i pixels and every second ring of the belt begin half a pixel off l = 0.
    shifted = (polar < nside) | ((ring - nside) % 2 == 0)
    index = np.repeat(np.arange(ring.size), count)
    place = np.arange(npix) - start[index]
    mirrored = np.where(shifted[index], count[index] - 1 - place, (count[index] - place) % count[index])
    place = np.minimum(place, mirrored)
    north = np.minimum(index, 4 * nside - 2 - index) if mirror_b else index
    stands_for = start[north] + place
    chosen = np.flatnonzero(stands_for == np.arange(npix))
    lookup = np.empty(npix, dtype=np.int32)
    lookup[chosen] = np.arange(chosen.size, dtype=np.int32)
    return chosen, lookup[stands_for]


def subdivided_means(
    rays: Callable[[FloatArray], FloatArray],
    nside: int,
    pixels: healpix.Indices,
    owner: healpix.Indices,
    owners: int,
    rtol: float,
    region: Region | None = None,
    whole: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
    progress: Callable[[float], None] = lambda area: None,
) -> tuple[FloatArray, FloatArray]:
    """Integrate (n, m) columns over pixels, dividing each NESTED pixel until it is good to rtol of itself or its owner.

    A pixel's centre A and the mean B of its four children give (4 B - A)/3, whose error is taken as a third of their
    difference (that of B, on the safe side). Pixels on a region's edge are divided down to 7 arcmin; then the ray
    through the middle of the part inside stands for that part.

    Returns
    -------
    integral, area
        (owners, m) in units of column times pixels of ``nside``, and (owners,) pixels of ``nside``.
    """
    area = np.zeros(owners)
    found = whole is not None and bool(whole.any())
    centre = rays(healpix.directions(nside, pixels, nest=True))
    integral = np.zeros((owners, centre.shape[1]))
    # The least and the most absorbed column: what is good for these is good for those between.
    total = centre.sum(axis=0)
    watched = np.unique([np.argmax(total), np.argmin(total)])
    level = nside
    while pixels.size:
        children = (4 * pixels[:, None] + np.arange(4)).ravel()
        vectors = healpix.directions(2 * level, children, nest=True)
        values = rays(vectors)
        share = (nside / level) ** 2
        coarse = values.reshape(pixels.size, 4, -1).mean(axis=1)
        size = np.maximum(area + np.bincount(owner, minlength=owners) * share, 1e-300)
        good = np.ones(pixels.size, dtype=bool)
        for k in watched:
            here, before = coarse[:, k], centre[:, k]
            scale = (integral[:, k] + np.bincount(owner, here, owners) * share) / size
            good &= np.abs(here - before) / 3 <= rtol * np.maximum(scale[owner], here)
        if 2 * level >= FINEST_NSIDE:
            good[:] = True
        if region is not None and whole is not None:
            good &= whole
        best = np.maximum((4 * coarse[good] - centre[good]) / 3, 0.0)
        integral += _by_owner(owner[good], best, owners) * share
        area += np.bincount(owner[good], minlength=owners) * share
        left = ~good
        pixels = (4 * pixels[left][:, None] + np.arange(4)).ravel()
        owner = np.repeat(owner[left], 4)
        centre = values.reshape(left.size, 4, -1)[left].reshape(pixels.size, values.shape[1])
        level *= 2
        share /= 4
        if region is not None and whole is not None and pixels.size:
            depth = region.shape.depth(healpix.directions(level, pixels, nest=True), level)
            reach = healpix.pixel_radius(level)
            if level >= EDGE_RAYS:
                edge = ~np.repeat(whole[left], 4)
                part, middle, anything = edge_parts(region.shape, level, pixels[edge], EDGE_PIECES)
                # Along an edge that two disjoint regions share nothing is inside.
                part *= share if anything or found else 0.0
                integral += _by_owner(owner[edge], rays(middle) * part[:, None], owners)
                area += np.bincount(owner[edge], part, owners)
                keep = ~edge
            else:
                keep = depth > -reach
            found = found or bool(np.any(depth[keep] >= reach))
            pixels, owner, centre, whole = pixels[keep], owner[keep], centre[keep], (depth >= reach)[keep]
            if level >= EDGE_RAYS:
                whole = np.ones(pixels.size, dtype=bool)
        progress(float(area.sum()))
    return integral, area


def _by_owner(owner: healpix.Indices, values: FloatArray, owners: int) -> FloatArray:
    """Sum (n, m) rows of each owner."""
    return np.stack([np.bincount(owner, column, owners) for column in values.T], axis=1)


def feature_nside(table: DensityTable, sun: Sun) -> int:
    """Resolution at which no feature of a rough table can fall between pixel centres; 1 for a smooth one."""
    angle = table.feature_angle(float(sun.place[0]))
    if not math.isfinite(angle):
        return 1
    return min(2 ** math.ceil(math.log2(max(healpix.pixel_width(1) / angle, 1.0))), FEATURE_NSIDE)
