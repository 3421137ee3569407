"""Means over HEALPix pixels of a sky that is given in other pixels: of another frame, or of an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..resources import check_memory
from ..units import FloatArray
from . import healpix
from .healpix import Indices
from .pixels import Pixels

__all__ = ["Overlaps", "Sample", "overlaps", "placed", "rotated", "turned"]

Sample = tuple[Indices, Indices, FloatArray]
"""Parts of the sky: the HEALPix pixel and the other pixel in which each is, and its solid angle [sr]."""

# Weights are scaled until both sums are right to this, or so many times; each time by this power of what is wrong,
# because successive over-relaxation needs a tenth of the steps.
SUMS_RTOL = 2e-4
MAX_SCALINGS = 100
RELAXATION = 1.8
# Bytes of memory for what one of the other pixels shares with HEALPix pixels, a handful.
WEIGHT_BYTES = 300
# Parts of the sky that are worked out at a time.
PARTS = 1 << 19
# Parts across a HEALPix pixel in which it is looked whether other pixels cover it.
PARTS_COVERED = 8
# Parts across a pixel that is turned, by the resolution up to which that many are made.
PARTS_ACROSS = {32: 16, 256: 8, healpix.MAX_NSIDE: 4}
# A part is known by a place in it, taken at random on a grid so many times finer: even grids would make patterns.
FINER = 1 << 10


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Weights with which other pixels make the means over HEALPix pixels.

    Attributes
    ----------
    pixels
        The m HEALPix pixels, Galactic.
    matrix
        (m, n) sparse weights of the n other pixels, none negative. A row adds up to 1, or to the part of the pixel that
        the other pixels cover.
    error
        What the integral over any of the other pixels may be off, relative: weights are scaled until it is tiny.
    """

    pixels: Pixels
    matrix: Any
    error: float = 0.0

    def means(self, values: Callable[[Indices], FloatArray], places: Any) -> FloatArray:
        """Means over some of the HEALPix pixels.

        Parameters
        ----------
        values
            Gives the (k, j) values of j of the other pixels, by their places, in k planes.
        places
            Which of the HEALPix pixels, by their m' places.

        Returns
        -------
        array
            (k, m').
        """
        part = self.matrix[places]
        needed, columns = np.unique(part.indices, return_inverse=True)
        given = values(needed.astype(np.int64))
        part = type(part)((part.data, columns, part.indptr), shape=(part.shape[0], needed.size))
        return np.stack([part @ row for row in given])


def rotated(vectors: FloatArray, matrix: FloatArray) -> FloatArray:
    """Turn vectors, in a tenth of the time of ``vectors @ matrix.T``.

    Parameters
    ----------
    vectors
        (n, 3) vectors.
    matrix
        (3, 3) rotation.

    Returns
    -------
    array
        (n, 3).
    """
    result: FloatArray = (matrix @ vectors.T).T
    return result


def placed(pixels: Pixels) -> Overlaps:
    """Give a part of the sky the pixels of all of it, 0 outside the part.

    Parameters
    ----------
    pixels
        The n pixels of the part.

    Returns
    -------
    Overlaps
        Of all pixels, with one weight, 1, for each that the part has.
    """
    from scipy.sparse import csr_array

    whole = Pixels.whole(pixels.nside)
    check_memory(8 * whole.size, f"{whole.size} pixels of the whole sky", "read a region, without zeros outside")
    ends = np.zeros(whole.size + 1, dtype=np.int32)
    ends[pixels.numbers + 1] = 1
    np.cumsum(ends, out=ends)
    matrix = csr_array((np.ones(pixels.size), np.arange(pixels.size), ends), shape=(whole.size, pixels.size))
    return Overlaps(whole, matrix)


def turned(pixels: Pixels, frame: str, filled: bool) -> Overlaps:
    """Turn a HEALPix map of another frame to Galactic pixels of the same resolution.

    Parameters
    ----------
    pixels
        Its n pixels, all or a part of the sky.
    frame
        ``"C"`` (celestial) or ``"E"`` (ecliptic).
    filled
        Whether the sky outside is 0. Otherwise only Galactic pixels that lie in the part are made.

    Returns
    -------
    Overlaps
        Means over the pixels: of a constant the same constant, and the integral over the sky is kept.

    Raises
    ------
    InputError
        If no Galactic pixel lies in the part, or there is no memory for it.
    """
    nside = pixels.nside
    check_memory(WEIGHT_BYTES * pixels.size, f"turning {pixels.size} pixels", "a smaller nside needs less")
    across = next(parts for limit, parts in PARTS_ACROSS.items() if nside <= limit)
    to_galactic = healpix.rotation("G", frame)
    count = across**2
    nested = healpix.reorder(pixels.numbers, nside, to_nest=True)
    area = np.pi / (3 * nside**2)

    def samples() -> Iterator[Sample]:
        random = np.random.default_rng(0)
        for block in pixels.blocks(PARTS // count):
            parts = healpix.descendants(nested[block], count)
            parts = FINER**2 * parts + random.integers(FINER**2, size=parts.size)
            vectors = rotated(healpix.directions(FINER * across * nside, parts, nest=True), to_galactic)
            sources = np.repeat(np.arange(block.start, block.stop), count)
            yield healpix.pixels_at(nside, vectors, nest=False), sources, np.full(sources.size, area / count)

    def covers(vectors: FloatArray) -> Any:
        return np.isin(healpix.pixels_at(nside, rotated(vectors, to_galactic.T), nest=False), pixels.numbers)

    return overlaps(nside, samples(), pixels.size, None if pixels.are_all else covers, filled)


def overlaps(
    nside: int, samples: Iterable[Sample], count: int, covers: Callable[[FloatArray], Any] | None, filled: bool
) -> Overlaps:
    """Work out the weights from parts of the sky whose pixels are known.

    The solid angle that two pixels share, known from the parts to some per cent, is scaled until that of each whole
    HEALPix pixel is its own, and so is that of each other pixel (iterative proportional fitting). So a constant stays
    what it is, and what each of the other pixels adds to the integral over the sky is kept.

    Parameters
    ----------
    nside
        HEALPix resolution.
    samples
        Parts of the sky; those of one of the other pixels in one sample.
    count
        Number n of the other pixels.
    covers
        Whether the other pixels cover directions, (j, 3) unit vectors; None if they cover the whole sky.
    filled
        Whether the sky that they do not cover is 0. Otherwise only pixels that they cover are made.

    Returns
    -------
    Overlaps
        The weights.

    Raises
    ------
    InputError
        If no HEALPix pixel is covered, or there is no memory.
    """
    own = np.pi / (3 * nside**2)
    ring, areas = _shared(samples, count)
    if not ring.size:
        raise InputError("it covers no part of the sky")
    whole = np.ones(ring.size, dtype=bool) if covers is None else _are_covered(nside, ring, covers)
    error = _scale(areas, whole, own)
    areas.data /= own
    # To the last bit, so that a constant stays one; and no edge is more than whole.
    sums = areas.sum(axis=1)
    areas.data /= np.repeat(np.where(whole | (sums > 1), sums, 1.0), np.diff(areas.indptr))
    if filled:
        places = placed(Pixels(nside, ring))
        return Overlaps(places.pixels, places.matrix @ areas, error)
    if not whole.any():
        raise InputError(f"no pixel of nside {nside} lies in the part of the sky that it covers")
    kept = ring[whole]
    pixels = Pixels.whole(nside) if kept.size == 12 * nside**2 else Pixels(nside, kept)
    return Overlaps(pixels, areas if whole.all() else areas[np.flatnonzero(whole)], error)


def _shared(samples: Iterable[Sample], count: int) -> tuple[Indices, Any]:
    """RING numbers (m,) of pixels that are touched, and the solid angle that each shares with ``count`` others."""
    from scipy.sparse import csr_array

    pairs, areas = [], []
    for targets, sources, parts in samples:
        pair, inverse = np.unique(targets * count + sources, return_inverse=True)
        pairs.append(pair)
        areas.append(np.bincount(inverse, parts, pair.size))
    if not pairs:
        return np.zeros(0, dtype=np.int64), None
    targets, sources = np.divmod(np.concatenate(pairs), count)
    ring, rows = np.unique(targets, return_inverse=True)
    return ring, csr_array((np.concatenate(areas), (rows, sources)), shape=(ring.size, count))


def _are_covered(nside: int, ring: Indices, covers: Callable[[FloatArray], Any]) -> Any:
    """Whether each of some pixels is covered in all its parts."""
    count = PARTS_COVERED**2
    nested, whole = healpix.reorder(ring, nside, to_nest=True), np.empty(ring.size, dtype=bool)
    for block in Pixels(nside, ring).blocks(PARTS // count):
        parts = healpix.descendants(nested[block], count)
        vectors = healpix.directions(PARTS_COVERED * nside, parts, nest=True)
        whole[block] = covers(vectors).reshape(-1, count).all(axis=1)
    return whole


def _scale(areas: Any, whole: Any, own: float) -> float:
    """Scale shared solid angles in place: rows of whole pixels add up to ``own``, columns to what they do now.

    Returns how far the worst column is off in the end, relative to the largest.
    """
    wanted = np.asarray(areas.sum(axis=0))
    touched = wanted > 0
    # Of a whole sky, what both sides add up to is the same.
    balance = own * whole.size / wanted.sum() if whole.all() else 1.0
    down, row, column = areas.T.tocsr(), np.ones(areas.shape[0]), np.ones(areas.shape[1])
    error = np.inf
    for _ in range(MAX_SCALINGS):
        column *= (
            np.divide(wanted * balance, column * (down @ row), out=np.ones_like(wanted), where=touched) ** RELAXATION
        )
        sums = areas @ column
        exact = np.where(whole, own / sums, 1.0)
        error = float(np.abs((column * (down @ exact) - wanted)[touched]).max() / wanted.max())
        if error < SUMS_RTOL:
            break
        row *= np.where(whole, own / (row * sums), 1.0) ** RELAXATION
    areas.data *= np.repeat(exact, np.diff(areas.indptr)) * column[areas.indices]
    return error
