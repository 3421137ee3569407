"""Means over HEALPix pixels by subdivision, and pixels that stand for their mirror images."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..galaxy import DensityTable, Sun
from ..sky import healpix
from ..sky.edges import edge_parts, sides, touching
from ..sky.shapes import Shape
from ..units import BoolArray, FloatArray

Rays = Callable[[FloatArray], FloatArray]

# Pixels on a region's edge are not divided beyond this (7 arcmin), coarser than where solid angles are counted: a ray
# costs more than a piece, and one ray through the middle of the part inside is good enough.
EDGE_RAYS = 512
# A pixel smaller than this is not divided further (0.2 arcmin).
FINEST_NSIDE = 16384
# A rough table is looked at on this scale first, so that no feature falls between the samples.
FEATURE_NSIDE = 1024


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
        (n,) RING numbers of the pixels that stand for others.
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


class _Subdivision:
    """Pixels that are not integrated yet, and the integral over those that are.

    A pixel's centre A and the mean B of its four children give (4 B - A)/3, whose error is taken as a third of their
    difference (that of B, on the safe side).

    Attributes
    ----------
    level, pixels, owner, centre
        Resolution; (n,) NESTED numbers of pixels, (n,) whom each belongs to, (n, m) columns at their centres.
    integral, area
        (owners, m) in units of column times pixels of the first resolution, and (owners,) such pixels.
    """

    def __init__(self, rays: Rays, nside: int, pixels: healpix.Indices, owner: healpix.Indices, rtol: float) -> None:
        self._rays, self._nside, self._rtol = rays, nside, rtol
        self._owners = int(owner.max(initial=0)) + 1
        self.level, self.pixels, self.owner = nside, pixels, owner
        self.centre = rays(healpix.directions(nside, pixels, nest=True))
        self.integral, self.area = np.zeros((self._owners, self.centre.shape[1])), np.zeros(self._owners)
        # The least and the most absorbed column: what is good for these is good for those between.
        total = self.centre.sum(axis=0)
        self._watched = np.unique([np.argmax(total), np.argmin(total)])

    @property
    def share(self) -> float:
        """Area of a pixel of this level, in pixels of the first."""
        return (self._nside / self.level) ** 2

    def step(self, integrable: BoolArray | None = None) -> BoolArray:
        """Integrate the pixels that are good to rtol of themselves or their owners; put their children for the others.

        Parameters
        ----------
        integrable
            (n,) whether each pixel may be integrated as a whole; all may if None.

        Returns
        -------
        array
            (n,) whether each pixel was divided.
        """
        children = healpix.descendants(self.pixels, 4)
        columns = self._rays(healpix.directions(2 * self.level, children, nest=True))
        families = columns.reshape(self.pixels.size, 4, -1)
        means = families.mean(axis=1)
        good = self._good(means)
        if integrable is not None:
            good &= integrable
        best = np.maximum((4 * means[good] - self.centre[good]) / 3, 0.0)
        self.add(self.owner[good], best, np.full(len(best), self.share))
        left = ~good
        self.pixels, self.owner = healpix.descendants(self.pixels[left], 4), np.repeat(self.owner[left], 4)
        self.centre = families[left].reshape(self.pixels.size, columns.shape[1])
        self.level *= 2
        return left

    def _good(self, means: FloatArray) -> BoolArray:
        """Whether means of children are good enough (n,): all of them where pixels are the smallest."""
        if 2 * self.level >= FINEST_NSIDE:
            return np.ones(self.pixels.size, dtype=bool)
        size = np.maximum(self.area + np.bincount(self.owner, minlength=self._owners) * self.share, 1e-300)
        good = np.ones(self.pixels.size, dtype=bool)
        for k in self._watched:
            mean, centre = means[:, k], self.centre[:, k]
            scale = (self.integral[:, k] + np.bincount(self.owner, mean, self._owners) * self.share) / size
            good &= np.abs(mean - centre) / 3 <= self._rtol * np.maximum(scale[self.owner], mean)
        return good

    def add(self, owner: healpix.Indices, columns: FloatArray, area: FloatArray) -> None:
        """Add (n, m) columns, each over an area (n,), to their owners."""
        for k, column in enumerate((columns * area[:, None]).T):
            self.integral[:, k] += np.bincount(owner, column, self._owners)
        self.area += np.bincount(owner, area, self._owners)

    def keep(self, chosen: BoolArray) -> None:
        """Forget all other pixels."""
        self.pixels, self.owner, self.centre = self.pixels[chosen], self.owner[chosen], self.centre[chosen]


def subdivided_means(
    rays: Rays,
    nside: int,
    pixels: healpix.Indices,
    owner: healpix.Indices,
    rtol: float,
    progress: Callable[[float], None] = lambda area: None,
) -> tuple[FloatArray, FloatArray]:
    """Integrate columns over pixels, dividing each until its mean is good to rtol of itself or of its owner's.

    Parameters
    ----------
    rays
        Function of (n, 3) directions that gives (n, m) columns.
    nside, pixels
        Resolution and (n,) NESTED numbers of the pixels.
    owner
        (n,) number of the mean to which each pixel belongs, from 0.
    rtol
        Relative accuracy.
    progress
        Called with the area that is done, in pixels of ``nside``.

    Returns
    -------
    integral, area
        (owners, m) in units of column times pixels of ``nside``, and (owners,) pixels of ``nside``.
    """
    work = _Subdivision(rays, nside, pixels, owner, rtol)
    while work.pixels.size:
        work.step()
        progress(float(work.area.sum()))
    return work.integral, work.area


def region_mean(
    rays: Rays, nside: int, shape: Shape, rtol: float, progress: Callable[[float], None] = lambda area: None
) -> FloatArray | None:
    """Mean columns over a shape.

    Pixels on its edge are divided down to 7 arcmin; then the ray through the middle of the part inside stands for
    that part.

    Parameters
    ----------
    rays
        Function of (n, 3) directions that gives (n, m) columns.
    nside
        Resolution to begin with.
    shape
        Part of the sphere.
    rtol
        Relative accuracy.
    progress
        Called with the area that is done, in pixels of ``nside``.

    Returns
    -------
    array or None
        (m,); None if the shape is empty.
    """
    pixels, inside = touching(shape, nside)
    certain = bool(inside.any())
    work = _Subdivision(rays, nside, pixels, np.zeros(pixels.size, dtype=np.int64), rtol)
    while work.pixels.size:
        left = work.step(integrable=inside)
        if work.level < EDGE_RAYS:
            inside, edge = sides(shape, work.level, work.pixels)
            kept = inside | edge
            work.keep(kept)
            inside = inside[kept]
            certain = certain or bool(inside.any())
        else:
            edge = ~np.repeat(inside[left], 4)
            parts, centres = edge_parts(shape, work.level, work.pixels[edge], certain)
            work.add(work.owner[edge], rays(centres), parts * work.share)
            work.keep(~edge)
            inside = np.ones(work.pixels.size, dtype=bool)
        progress(float(work.area.sum()))
    return work.integral[0] / work.area[0] if work.area[0] > 0 else None


def feature_nside(table: DensityTable, sun: Sun) -> int:
    """Resolution at which no feature of a rough density can fall between pixel centres.

    Parameters
    ----------
    table
        The density.
    sun
        Where it is seen from.

    Returns
    -------
    int
        nside; 1 for a smooth density.
    """
    angle = table.feature_angle(float(sun.place[0]))
    if not math.isfinite(angle):
        return 1
    return min(2 ** math.ceil(math.log2(max(healpix.pixel_width(1) / angle, 1.0))), FEATURE_NSIDE)
