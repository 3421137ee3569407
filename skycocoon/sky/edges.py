"""Division of HEALPix pixels at the edge of a shape: inside, outside, and the part inside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..units import FloatArray
from . import healpix
from .shapes import EDGE_NSIDE, Shape


def touching(shape: Shape, nside: int) -> tuple[healpix.Indices, np.ndarray[Any, np.dtype[np.bool_]]]:
    """NESTED pixels that may hold a part of the shape, and whether each is inside as a whole."""
    level = min(nside, 32)
    pixels = np.arange(12 * level**2)
    found: list[healpix.Indices] = []
    while True:
        depth = shape.depth(healpix.directions(level, pixels, nest=True), level)
        reach = healpix.pixel_radius(level)
        whole, edge = pixels[depth >= reach], pixels[np.abs(depth) < reach]
        # What is inside as a whole is not looked at again.
        parts = (nside // level) ** 2
        found.append((parts * whole[:, None] + np.arange(parts)).ravel())
        if level == nside:
            break
        pixels = (4 * edge[:, None] + np.arange(4)).ravel()
        level *= 2
    inside = np.concatenate(found)
    return np.concatenate([inside, edge]), np.repeat([True, False], [inside.size, edge.size])


def edge_parts(
    shape: Shape, nside: int, pixels: healpix.Indices, across: int = 8
) -> tuple[FloatArray, FloatArray, bool]:
    """Part inside of each of some NESTED pixels: the mean coverage of their pieces, ``across`` squared at most.

    Also the directions of the centres of these parts, and whether any piece is inside by more than a half: along an
    edge that two disjoint regions share, none is.
    """
    anything = False
    fine = min(max(shape.finest, nside), across * nside)
    count = (fine // nside) ** 2
    parts, centres = np.empty(pixels.size), np.empty((pixels.size, 3))
    step = 1_280_000 // across**2
    for first in range(0, pixels.size, step):
        chosen = slice(first, first + step)
        pieces = (count * pixels[chosen, None] + np.arange(count)).ravel()
        vectors = healpix.directions(fine, pieces, nest=True)
        coverage = shape.coverage(vectors, healpix.pixel_width(fine))
        anything = anything or bool(np.any(coverage > 0.5 + 1e-9))
        parts[chosen] = coverage.reshape(-1, count).mean(axis=1)
        # Where nothing is inside, anywhere will do.
        weight = coverage.reshape(-1, count, 1) + 1e-9
        centre = (vectors.reshape(-1, count, 3) * weight).sum(axis=1)
        centres[chosen] = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    return parts, centres, anything


def inside_fractions(shape: Shape, nside: int) -> FloatArray:
    """Parts inside in NESTED order, by dividing edge pixels."""
    result = np.zeros(12 * nside**2)
    pixels, whole = touching(shape, nside)
    result[pixels[whole]] = 1.0
    found = bool(whole.any())
    pending, owner, level = pixels[~whole], pixels[~whole], nside
    finest = max(2 * nside, min(EDGE_NSIDE, shape.finest))
    while pending.size:
        level *= 2
        pending = (4 * pending[:, None] + np.arange(4)).ravel()
        owner = np.repeat(owner, 4)
        vectors = healpix.directions(level, pending, nest=True)
        share = (nside / level) ** 2
        if level >= finest:
            parts, _, anything = edge_parts(shape, level, pending)
            result += np.bincount(owner, parts, result.size) * share
            if not (anything or found):
                result[:] = 0.0
            break
        depth = shape.depth(vectors, level)
        reach = healpix.pixel_radius(level)
        whole = depth >= reach
        found = found or bool(whole.any())
        result += np.bincount(owner[whole], minlength=result.size) * share
        edge = np.abs(depth) < reach
        pending, owner = pending[edge], owner[edge]
    return result


def counted_area(shape: Shape) -> float:
    return float(inside_fractions(shape, 64).mean() * 4 * math.pi)
