"""Spectra times columns: the sum over terms of an emission, for many pixels and energies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

__all__ = ["add_up"]

FloatArray = NDArray[np.float64]

# Pixels whose columns stay in the cache while all energies are worked out.
TILE = 2048


@compiled()
def add_up(weights: FloatArray, columns: FloatArray, first: int, out: FloatArray) -> None:
    """Add up weights times columns, term after term: out[e, first + p] = sum_k weights[e, k] columns[k, p].

    The order of the sum is that of the terms for every pixel, whatever other pixels are worked out with it. A matrix
    product of a library rounds differently in blocks of another shape.

    Parameters
    ----------
    weights
        (n, k) weights, k >= 1.
    columns
        (k, m) columns.
    first
        Where in ``out`` the first pixel goes.
    out
        (n, >= first + m) sums.
    """
    terms, size = columns.shape
    for start in range(0, size, TILE):
        stop = min(start + TILE, size)
        for e in range(weights.shape[0]):
            # Rows are taken as arrays of their own: loops over these are compiled to vector instructions.
            row, w = out[e, first + start : first + stop], weights[e]
            w0, c0 = w[0], columns[0, start:stop]
            for p in range(row.size):
                row[p] = w0 * c0[p]
            k = 1
            # Three terms at a time, so that a sum is loaded and stored a third as often.
            while k + 3 <= terms:
                w0, w1, w2 = w[k], w[k + 1], w[k + 2]
                c0, c1, c2 = columns[k, start:stop], columns[k + 1, start:stop], columns[k + 2, start:stop]
                for p in range(row.size):
                    row[p] = ((row[p] + w0 * c0[p]) + w1 * c1[p]) + w2 * c2[p]
                k += 3
            while k < terms:
                w0, c0 = w[k], columns[k, start:stop]
                for p in range(row.size):
                    row[p] += w0 * c0[p]
                k += 1
