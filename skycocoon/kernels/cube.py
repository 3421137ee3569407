"""Spectra times columns: the sum over terms of an emission, for many pixels and energies."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_up"]

FloatArray = NDArray[np.float64]

# Pixels whose columns stay in the cache while all energies are worked out.
TILE = 512


@njit(cache=True, nogil=True)
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
            w0 = weights[e, 0]
            for p in range(start, stop):
                out[e, first + p] = w0 * columns[0, p]
            k = 1
            # Three terms at a time, so that a sum is loaded and stored a third as often.
            while k + 3 <= terms:
                w0, w1, w2 = weights[e, k], weights[e, k + 1], weights[e, k + 2]
                for p in range(start, stop):
                    two = (out[e, first + p] + w0 * columns[k, p]) + w1 * columns[k + 1, p]
                    out[e, first + p] = two + w2 * columns[k + 2, p]
                k += 3
            while k < terms:
                w0 = weights[e, k]
                for p in range(start, stop):
                    out[e, first + p] += w0 * columns[k, p]
                k += 1
