"""Parts of the sky as HEALPix pixels: those that stand for their mirror images, those that make up a region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..sky import Region, healpix
from ..sky.edges import FIRST_NSIDE, divide, edge_parts
from ..units import FloatArray

__all__ = ["RegionParts", "mirror_pixels", "region_parts"]

# Pixels on a region's edge are not divided beyond this (7 arcmin): one direction through the middle of the part inside
# is good enough.
EDGE_PIXELS = 512


@lru_cache(maxsize=8)
def mirror_pixels(nside: int, mirror_b: bool) -> tuple[healpix.Indices, np.ndarray[Any, np.dtype[np.int32]]]:
    """Pixels that stand for their mirror images under l -> -l, and b -> -b.

    Parameters
    ----------
    nside
        HEALPix resolution.
    mirror_b
        Whether b -> -b is a symmetry, too.

    Returns
    -------
    chosen
        (n,) increasing RING numbers of the pixels that stand for others.
    image
        (12 nside^2,) which of these stands for each pixel: ``chosen[image]``.
    """
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


@dataclass(frozen=True, eq=False)
class RegionParts:
    """A region as pixels of several resolutions and, at its edge, directions.

    Attributes
    ----------
    pixels
        Resolutions, and (n,) increasing RING numbers of the pixels inside.
    longitudes, latitudes
        (k,) directions of the middles of the parts inside of pixels on the edge [rad].
    areas
        (k,) solid angles of these parts, in pixels of nside 1.
    """

    pixels: tuple[tuple[int, healpix.Indices], ...]
    longitudes: FloatArray
    latitudes: FloatArray
    areas: FloatArray


@lru_cache(maxsize=32)
def region_parts(region: Region) -> RegionParts:
    """Divide a region into pixels and, at its edge, parts of pixels; done once for each region.

    Parameters
    ----------
    region
        Part of the sky.

    Returns
    -------
    RegionParts
        The parts; none if the region is empty.
    """
    shape = region.shape
    levels = list(divide(shape, FIRST_NSIDE, EDGE_PIXELS))
    inside = [
        (level.nside, np.sort(healpix.reorder(level.inside, level.nside, to_nest=False)))
        for level in levels
        if level.inside.size
    ]
    last = levels[-1]
    parts, centres = edge_parts(shape, last.nside, last.edge, certain=bool(inside))
    lit = parts > 0
    x, y, z = centres[lit].T
    return RegionParts(tuple(inside), np.arctan2(y, x), np.arcsin(np.clip(z, -1.0, 1.0)), parts[lit] / last.nside**2)
