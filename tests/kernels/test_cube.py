"""Sums of spectra times columns: what numpy has, bit for bit, in blocks of any shape."""

import numpy as np
import pytest

from skycocoon.kernels.cube import add_up

from ..twins import sum_of_terms


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 7, 20])
@pytest.mark.parametrize("block", [1, 100, 511, 513, 2000])
def test_terms_are_added_in_their_order_whatever_the_block(rng, terms, block):
    """Bit for bit: each pixel's sum is rounded in one order, so that a map does not depend on how it is divided."""
    weights, columns = rng.normal(size=(5, terms)), rng.normal(size=(terms, 2000))
    out = np.empty((5, 2000))
    for first in range(0, 2000, block):
        add_up(weights, np.ascontiguousarray(columns[:, first : first + block]), first, out)
    assert np.array_equal(out, sum_of_terms(weights, columns))
    np.testing.assert_allclose(out, weights @ columns, rtol=1e-12, atol=1e-12)
