"""Rows of a FITS table: what numpy makes of the same values, byte for byte, and what does not fit into a precision."""

import sys

import numpy as np
import pytest

from skycocoon.kernels.rows import BAD, BIG, DIM, TILE, pack

from ..twins import table_rows

RANGES = {
    np.float32: (np.finfo(np.float32).tiny, np.finfo(np.float32).max),
    np.float64: (1e-300, np.finfo(np.float64).max),
}
SWAP = sys.byteorder == "little"


def packed(values, dtype, numbers=None):
    scratch = np.empty((TILE, len(values)), dtype)
    words = scratch.view(np.uint32)
    before = 0 if numbers is None else 1
    rows = np.empty((values.shape[1], before + words.shape[1]), np.uint32)
    if before:
        rows[:, 0] = numbers
    total, state = pack(values, *map(float, RANGES[dtype]), SWAP, scratch, words, rows)
    return rows.view(np.uint8), total, state


@pytest.mark.parametrize("dtype", RANGES)
@pytest.mark.parametrize("pixels", [1, TILE - 1, TILE, 3 * TILE + 5])
@pytest.mark.parametrize("numbered", [False, True])
def test_rows_are_those_of_numpy(rng, dtype, pixels, numbered):
    values = np.exp(rng.normal(size=(7, pixels), scale=20))
    numbers = rng.integers(0, 12 * 8192**2, pixels) if numbered else None
    rows, total, state = packed(values, dtype, numbers)
    expected = table_rows(values, dtype, numbers)
    assert rows.tobytes() == expected
    assert total == np.frombuffer(expected, ">u4").sum(dtype=np.uint64)
    assert state == 0


@pytest.mark.parametrize(
    ("dtype", "value", "state", "written"),
    [
        (np.float32, 0.0, 0, 0.0),
        (np.float32, 1e-39, DIM, 0.0),
        (np.float64, 1e-39, 0, 1e-39),
        (np.float64, 1e-301, DIM, 0.0),
        (np.float32, 1e39, BIG, None),
        (np.float64, 1e39, 0, 1e39),
        (np.float32, -1e-39, BAD, None),
        (np.float64, -1.0, BAD, None),
        (np.float64, np.nan, BAD, None),
        (np.float64, np.inf, BAD, None),
    ],
)
@pytest.mark.parametrize("where", [0, TILE + 1])
def test_values_that_do_not_fit(dtype, value, state, written, where):
    values = np.ones((3, 2 * TILE))
    values[1, where] = value
    rows, _, found = packed(values, dtype)
    assert (found & BAD if state == BAD else found) == state
    if written is not None:
        values[1, where] = written
        assert rows.tobytes() == table_rows(values, dtype)
