"""Skeletons of families of functions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skycocoon.numerics.interpolative import chosen_members, weights_of_others

PROPERTY = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@PROPERTY
@given(seeds, st.integers(1, 8), st.integers(8, 30), st.integers(10, 60))
def test_a_family_of_rank_r_has_r_members(seed, rank, members, samples):
    rng = np.random.default_rng(seed)
    family = rng.normal(size=(samples, rank)) @ rng.normal(size=(rank, members))
    chosen = chosen_members(family, 1e-10)
    assert chosen.size == rank
    assert len(set(chosen)) == rank
    weights = weights_of_others(family, family[:, chosen])
    assert weights.shape == (members, rank)
    np.testing.assert_allclose(family[:, chosen] @ weights.T, family, rtol=0, atol=1e-8 * np.abs(family).max())
    # A chosen member is itself.
    np.testing.assert_allclose(weights[chosen], np.eye(rank), rtol=0, atol=1e-8 * max(1, np.abs(weights).max()))


@PROPERTY
@given(seeds, st.floats(1e-9, 1e-2))
def test_what_is_missed_is_what_is_allowed(seed, rtol):
    """Decaying exponentials: 40 of them by a few, to rtol of the largest; a finer rtol keeps the more important ones."""
    rng = np.random.default_rng(seed)
    family = np.exp(-np.outer(np.linspace(0, 30, 200), np.sort(rng.uniform(0, 0.3, 40))))
    chosen = chosen_members(family, rtol)
    missed = family - family[:, chosen] @ weights_of_others(family, family[:, chosen]).T
    # What pivoted QR leaves of a column is at most the next diagonal element.
    assert np.linalg.norm(missed, axis=0).max() <= rtol * np.linalg.norm(family, axis=0).max() * (1 + 1e-6)
    assert chosen.size < 20
    finer = chosen_members(family, rtol / 10)
    np.testing.assert_array_equal(finer[: chosen.size], chosen)


def test_members_that_are_nothing():
    assert chosen_members(np.zeros((5, 3)), 1e-6).size == 1
    np.testing.assert_array_equal(chosen_members(np.ones((5, 3)), 1e-6).size, 1)
