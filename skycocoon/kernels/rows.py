"""Values of many pixels and energies as rows of a FITS table: transposed, in the file's precision and byte order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

__all__ = ["BAD", "BIG", "DIM", "TILE", "pack"]

FloatArray = NDArray[np.float64]
WordArray = NDArray[np.uint32]

# Pixels that are transposed at a time: what is read and what is written stay in the cache.
TILE = 32

BAD = 1
"""A value is negative or not finite."""
DIM = 2
"""A positive value is too small for the file's precision, and is 0 in it."""
BIG = 4
"""A value is too large for the file's precision."""


@compiled()
def pack(
    values: FloatArray,
    smallest: float,
    largest: float,
    swap: bool,
    numbers: NDArray[np.floating],
    words: WordArray,
    rows: WordArray,
) -> tuple[np.uint64, int]:
    """Turn values into rows, and add up the rows' 32-bit words for their checksum.

    Parameters
    ----------
    values
        (n, m) values of m pixels.
    smallest, largest
        Range of the file's precision. Smaller values become 0.
    swap
        Whether the machine has the last byte of a number first; files have the first.
    numbers, words
        (TILE, n) scratch in the file's precision, and the same memory as (TILE, n or 2 n) words.
    rows
        (m, k + n or 2 n) rows; the k words in front are there already, as numbers of the machine.

    Returns
    -------
    total, state
        Sum of the words, and the sum of those of :data:`BAD`, :data:`DIM` and :data:`BIG` that apply.
    """
    n, m = values.shape
    before = rows.shape[1] - words.shape[1]
    bad, dim, big, total = False, False, False, np.uint64(0)
    for start in range(0, m, TILE):
        size = min(TILE, m - start)
        for e in range(n):
            plane = values[e, start : start + size]
            good = True
            for p in range(size):
                good &= smallest <= plane[p] <= largest
                numbers[p, e] = plane[p]
            if good:
                continue
            for p in range(size):
                value = plane[p]
                bad |= not (value >= 0.0 and np.isfinite(value))
                dim |= 0.0 < value < smallest
                big |= value > largest
                if not smallest <= value <= largest:
                    numbers[p, e] = 0.0
        for p in range(size):
            row, word = rows[start + p], words[p]
            for j in range(before):
                total += np.uint64(row[j])
                row[j] = _swapped(row[j]) if swap else row[j]
            if word.size == n:
                for j in range(n):
                    total += np.uint64(word[j])
                    row[before + j] = _swapped(word[j]) if swap else word[j]
            else:  # The two words of a double have another order in the file, too.
                for j in range(0, 2 * n, 2):
                    first, last = word[j + 1 if swap else j], word[j if swap else j + 1]
                    total += np.uint64(first) + np.uint64(last)
                    row[before + j] = _swapped(first) if swap else first
                    row[before + j + 1] = _swapped(last) if swap else last
    return total, BAD * bad + DIM * dim + BIG * big


@compiled()
def _swapped(word: np.uint32) -> np.uint32:
    """A word with its bytes in the other order."""
    word = np.uint32(word)
    low = ((word & np.uint32(0xFF)) << np.uint32(24)) | ((word & np.uint32(0xFF00)) << np.uint32(8))
    return low | ((word >> np.uint32(8)) & np.uint32(0xFF00)) | (word >> np.uint32(24))
