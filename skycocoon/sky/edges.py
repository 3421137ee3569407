"""Division of NESTED pixels by the edge of a shape: pixels inside as a whole, pixels at the edge, and their parts.

A pixel that the edge may cross is divided into its four children, and these again. At the finest level the part of
each that lies inside is counted in small pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..units import BoolArray, FloatArray
from . import healpix
from .shapes import EDGE_NSIDE, Shape

__all__ = [
    "Level",
    "counted_area",
    "divide",
    "edge_parts",
    "inside_fractions",
    "is_empty",
    "sides",
    "touched",
    "touching",
]


# Division begins at this nside or below: 12 288 pixels, of which most are at once inside or outside.
FIRST_NSIDE = 32
# Resolution at which solid angles without a closed form are counted; it decides how much memory that takes.
AREA_NSIDE = 64
# Pieces across a pixel in which its part inside is counted, at most: fewer where a shape has no finer edges.
PIECES = 8
# Pieces that are held in memory at a time.
PIECES_AT_A_TIME = 1_280_000


@dataclass(frozen=True, eq=False)
class Level:
    """Pixels of one resolution, as the edge of a shape divides them; those outside are left out.

    Attributes
    ----------
    nside
        Resolution.
    inside
        Numbers (NESTED) of pixels that are inside as a whole and lie in no whole pixel of a coarser level.
    edge
        Numbers (NESTED) of pixels that the edge may cross.
    """

    nside: int
    inside: healpix.Indices
    edge: healpix.Indices


def sides(shape: Shape, nside: int, pixels: healpix.Indices) -> tuple[BoolArray, BoolArray]:
    """Whether NESTED pixels are inside a shape as a whole, and whether its edge may cross them.

    Parameters
    ----------
    shape
        Part of the sphere.
    nside
        Resolution of the pixels.
    pixels
        (n,) numbers in NESTED order.

    Returns
    -------
    inside, edge
        (n,) booleans each; a pixel that is neither is outside.
    """
    depth = shape.depth(healpix.directions(nside, pixels, nest=True), nside)
    reach = healpix.pixel_radius(nside)
    return depth >= reach, np.abs(depth) < reach


def divide(shape: Shape, first: int, last: int) -> Iterator[Level]:
    """Divide the sky by a shape, from pixels of nside ``first`` to those of ``last``, which may be one and the same.

    Parameters
    ----------
    shape
        Part of the sphere.
    first, last
        Resolutions, powers of two. Division ends early where no edge is left.

    Yields
    ------
    Level
        The children of the previous level's edge pixels; at first, the whole sky.
    """
    nside, pixels = first, np.arange(12 * first**2)
    while True:
        inside, edge = sides(shape, nside, pixels)
        level = Level(nside, pixels[inside], pixels[edge])
        yield level
        if nside >= last or not level.edge.size:
            return
        nside, pixels = 2 * nside, healpix.descendants(level.edge, 4)


def touching(shape: Shape, nside: int) -> tuple[healpix.Indices, BoolArray]:
    """Pixels that may hold a part of a shape.

    Parameters
    ----------
    shape
        Part of the sphere.
    nside
        Resolution.

    Returns
    -------
    pixels, inside
        (n,) numbers in NESTED order, and whether each is inside as a whole; those at the edge come last.
    """
    levels = list(divide(shape, min(nside, FIRST_NSIDE), nside))
    inside = np.concatenate([healpix.descendants(level.inside, (nside // level.nside) ** 2) for level in levels])
    edge = levels[-1].edge
    return np.concatenate([inside, edge]), np.repeat([True, False], [inside.size, edge.size])


def edge_parts(shape: Shape, nside: int, pixels: healpix.Indices, certain: bool) -> tuple[FloatArray, FloatArray]:
    """Part inside of each of some NESTED pixels, and where it lies.

    Parameters
    ----------
    shape
        Part of the sphere.
    nside
        Resolution of the pixels.
    pixels
        (n,) numbers in NESTED order.
    certain
        Whether the shape holds some whole pixel. If it does not, and no piece is inside by more than a half, then the
        pixels lie along an edge that two disjoint shapes share, and all parts are 0.

    Returns
    -------
    parts
        (n,) mean coverage of the pixel's pieces, 0 to 1.
    centres
        (n, 3) unit vectors of the centres of the parts inside.
    """
    fine = min(max(shape.finest, nside), PIECES * nside)
    count = (fine // nside) ** 2
    parts, centres = np.empty(pixels.size), np.empty((pixels.size, 3))
    step = PIECES_AT_A_TIME // PIECES**2
    for first in range(0, pixels.size, step):
        chosen = slice(first, first + step)
        vectors = healpix.directions(fine, healpix.descendants(pixels[chosen], count), nest=True)
        coverage = shape.coverage(vectors, healpix.pixel_width(fine))
        certain = certain or bool(np.any(coverage > 0.5 + 1e-9))
        parts[chosen] = coverage.reshape(-1, count).mean(axis=1)
        # Where nothing is inside, any direction in the pixel will do.
        weight = coverage.reshape(-1, count, 1) + 1e-9
        centre = (vectors.reshape(-1, count, 3) * weight).sum(axis=1)
        centres[chosen] = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    return (parts if certain else np.zeros(pixels.size)), centres


def touched(shape: Shape, nside: int) -> tuple[healpix.Indices, FloatArray]:
    """Pixels that hold a part of a shape, and how much of each is inside.

    Parameters
    ----------
    shape
        Part of the sphere.
    nside
        Resolution.

    Returns
    -------
    pixels
        (n,) numbers in NESTED order, increasing.
    fractions
        (n,) parts inside, above 0 and up to 1.
    """
    finest = max(2 * nside, min(EDGE_NSIDE, shape.finest))
    levels = list(divide(shape, min(nside, FIRST_NSIDE), finest // 2))
    # Pixels and the shares of their areas that are inside, level by level.
    whole = [healpix.descendants(level.inside, (nside // level.nside) ** 2) for level in levels if level.nside <= nside]
    owners = [healpix.ancestors(level.inside, (level.nside // nside) ** 2) for level in levels if level.nside > nside]
    shares = [np.full(level.inside.size, (nside / level.nside) ** 2) for level in levels if level.nside > nside]
    pixels = healpix.descendants(levels[-1].edge, 4)
    parts, _ = edge_parts(shape, finest, pixels, certain=any(level.inside.size for level in levels))
    owners.append(healpix.ancestors(pixels, (finest // nside) ** 2))
    shares.append(parts * (nside / finest) ** 2)
    owner, place = np.unique(np.concatenate(owners), return_inverse=True)
    numbers = np.concatenate([*whole, owner])
    fractions = np.ones(numbers.size)
    fractions[numbers.size - owner.size :] = np.bincount(place, np.concatenate(shares), owner.size)
    numbers, fractions = numbers[fractions > 0], fractions[fractions > 0]
    order = np.argsort(numbers)
    return numbers[order], fractions[order]


def inside_fractions(shape: Shape, nside: int) -> FloatArray:
    """Part of every pixel that is inside a shape.

    Parameters
    ----------
    shape
        Part of the sphere.
    nside
        Resolution.

    Returns
    -------
    array
        (12 nside^2,) in NESTED order, 0 to 1.
    """
    fractions = np.zeros(12 * nside**2)
    pixels, parts = touched(shape, nside)
    fractions[pixels] = parts
    return fractions


def counted_area(shape: Shape) -> float:
    """Solid angle of a shape [sr], counted in pixels and their parts."""
    return float(inside_fractions(shape, AREA_NSIDE).mean() * 4 * math.pi)


def is_empty(shape: Shape) -> bool:
    """Whether a shape holds no part of the sky; an edge that two disjoint shapes share is none.

    It is looked for in ever smaller pixels, at last in the pieces of 0.2 arcmin that solid angles are counted in.
    Most shapes are told on the first levels, where counting their solid angle takes up to a second.
    """
    for level in divide(shape, FIRST_NSIDE, EDGE_NSIDE):
        if level.inside.size:
            return False
    parts, _ = edge_parts(shape, level.nside, level.edge, certain=False)
    return not parts.any()
