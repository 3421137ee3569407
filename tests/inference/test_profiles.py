"""Chi-square over one parameter against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, fit, profile

from .conftest import closed_form, linear, points


def wells(heights, centres, scale, start):
    """Chi-square that is the least of several paraboloids: its profile is the least of their parabolas."""

    def predict(p):
        terms = [[math.sqrt(h), *((np.array(p) - c) / scale)] for h, c in zip(heights, centres, strict=True)]
        return [np.array(min(terms, key=lambda t: np.dot(t, t)))]

    parameters = tuple(Parameter(f"p{i}", float(value), 0.0, 1.0) for i, value in enumerate(start))
    return Likelihood(parameters, (points("wells", np.zeros(len(start) + 1), 1.0),), predict)


def profile_of_wells(grid, heights, centres, scale):
    return np.min([h + ((grid - c[0]) / scale[0]) ** 2 for h, c in zip(heights, centres, strict=True)], axis=0)


def test_the_profile_of_a_linear_problem_is_a_parabola(rng):
    likelihood = linear(rng)
    best, covariance, _ = closed_form(likelihood)
    result = fit(likelihood)
    for i, name in enumerate(result.names):
        scan = profile(result, name, points=9)
        sigma = math.sqrt(covariance[i, i])
        assert scan.grid.size == 9
        assert result.values[i] in scan.grid
        np.testing.assert_allclose(
            scan.grid[[0, -1]], best[i] + np.array([-3, 3]) * sigma, rtol=0.02 * 3 * sigma / best[i]
        )
        expected = ((scan.grid - best[i]) / sigma) ** 2
        np.testing.assert_allclose(scan.delta, expected, rtol=2e-3, atol=2e-4)
        # The others follow on the line of regression.
        others = best + covariance[:, i] / covariance[i, i] * (scan.grid[:, None] - best[i])
        assert np.all(np.abs(scan.best - others) < 0.01 * np.sqrt(np.diag(covariance)))
        low, high = scan.interval(4.0)
        assert low == pytest.approx(best[i] - 2 * sigma, abs=0.01 * sigma)
        assert high == pytest.approx(best[i] + 2 * sigma, abs=0.01 * sigma)
        assert not scan.improved


def test_a_profile_that_ends_early_says_so(rng):
    result = fit(linear(rng), minos=False)
    value, error = result.values[1], result.errors[1]
    scan = profile(result, "transport.delta", grid=value + error * np.array([-2.0, -0.5, 0.0, 0.4]))
    low, high = scan.interval()
    assert low == pytest.approx(value - error, rel=0.01 * error)
    assert math.isnan(high)
    one = profile(result, "transport.delta", grid=[value])
    assert one.delta[0] == pytest.approx(0.0, abs=1e-3)


def test_the_profile_keeps_to_the_bounds():
    likelihood = Likelihood((Parameter("a", 0.7, 0.0, 1.0),), (points("a", [0.1], 0.1),), lambda p: [np.array(p)])
    scan = profile(fit(likelihood), "a")
    assert scan.grid.size == 21
    assert scan.grid[0] == 0.0
    assert scan.grid[-1] == pytest.approx(0.4, rel=1e-2)
    assert scan.delta[0] == pytest.approx(1.0, rel=1e-3)
    assert scan.interval(4.0) == pytest.approx((0.0, 0.3), rel=1e-2)


def test_a_profile_is_infinite_where_the_model_gives_no_number():
    """sqrt(a - b) against 0.5, b free above 0: nothing below a = 0. Not "a chi-square of 1e12"."""

    def predict(p):
        with np.errstate(invalid="ignore"):
            return [np.sqrt(np.array([p[0] - p[1]]))]

    likelihood = Likelihood(
        (Parameter("a", 0.5, -1.0, 1.0), Parameter("b", 0.2, 0.0, 1.0)), (points("p", [0.5], 0.1),), predict
    )
    scan = profile(fit(likelihood, minos=False), "a", [-0.5, -0.1, 0.01, 0.16, 0.25, 0.9])
    assert scan.chi2 == pytest.approx([math.inf, math.inf, 16.0, 1.0, 0.0, 0.0], abs=1e-3)
    low, high = scan.interval()
    assert (low, high) == (pytest.approx(0.16, abs=1e-3), pytest.approx(math.nan, nan_ok=True))
    assert scan.plot().lines
    one = Likelihood((Parameter("a", 0.5, -1.0, 1.0),), likelihood.points, lambda p: predict((p[0], 0.0)))
    assert profile(fit(one, minos=False), "a", [-0.5, 0.25]).chi2 == pytest.approx([math.inf, 0.0], abs=1e-6)


def test_bad_questions_to_a_profile(rng):
    result = fit(linear(rng), minos=False)
    for ask, message in (
        (lambda: profile(result, "transport.dleta"), "did you mean 'transport.delta'"),
        (lambda: profile(result, "slope", grid=[1.0, 21.0]), "within the bounds -10 to 20"),
        (lambda: profile(result, "slope", grid=[math.nan]), "within the bounds"),
        (lambda: profile(result, "slope", points=2), "3 or more"),
        (lambda: profile(result, "slope", points=3).interval(0.0), "positive"),
    ):
        with pytest.raises(InputError, match=message):
            ask()


@pytest.mark.parametrize("begun", [0, 1])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_profile_sees_the_valley_on_the_other_side(begun, mirrored):
    """Two wells, 0 at (0.3, 0.2) and 4 at (0.6, 0.8): they cross at p0 = 0.516..., beyond which the second is lower."""
    heights, centres, scale = (0.0, 4.0), np.array([[0.3, 0.2], [0.6, 0.8]]), np.array([0.1, 0.1])
    if mirrored:
        centres[:, 0] = 1.0 - centres[:, 0]
    result = fit(wells(heights, centres, scale, centres[begun]), starts=8, minos=False)
    assert result.values == pytest.approx(centres[0], rel=1e-2)
    scan = profile(result, "p0", np.linspace(0.0, 1.0, 41))
    np.testing.assert_allclose(scan.chi2, profile_of_wells(scan.grid, heights, centres, scale), rtol=1e-3, atol=1e-3)
    second = scan.best[:, 1] > 0.5
    assert np.array_equal(second, (scan.grid < 0.483) if mirrored else (scan.grid > 0.517))


def test_a_valley_that_is_low_in_the_middle_alone_is_seen():
    """Three wells in a row: no end of the grid lies in the one between."""
    heights, centres = (0.0, 1.5, 0.5), np.array([[0.1, 0.1, 0.5], [0.5, 0.9, 0.1], [0.9, 0.1, 0.9]])
    scale = np.array([0.08, 0.1, 0.2])
    result = fit(wells(heights, centres, scale, centres[0]), minos=False)
    scan = profile(result, "p0", np.linspace(0.0, 1.0, 51))
    np.testing.assert_allclose(scan.chi2, profile_of_wells(scan.grid, heights, centres, scale), rtol=1e-3, atol=1e-3)
    # 68 % are in two pieces: 0.1 +- 0.08, and where 0.5 + ((p0 - 0.9)/0.08)^2 < 1.
    half = 0.08 * math.sqrt(0.5)
    pieces = scan.intervals(1.0)
    assert pieces[0] == scan.interval(1.0) == pytest.approx((0.02, 0.18), abs=2e-3)
    assert pieces[1] == pytest.approx((0.9 - half, 0.9 + half), abs=4e-3)
    assert len(pieces) == 2
    # At 2, the well in the middle comes in, too.
    assert [round(low, 1) for low, _ in scan.intervals(2.0)] == [0.0, 0.4, 0.8]


@pytest.mark.parametrize("begun", [0, 1, 2])
def test_a_valley_half_way_between_two_others_does_not_make_them_one(begun):
    """Wells on a diagonal, at even distances: half-way from the first to the third is the second."""
    heights, centres, scale = (0.0, 1.0, 0.2), np.array([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]), np.array([0.15, 0.05])
    result = fit(wells(heights, centres, scale, centres[begun]), minos=False)
    scan = profile(result, "p0", np.linspace(0.0, 1.0, 21))
    np.testing.assert_allclose(scan.chi2, profile_of_wells(scan.grid, heights, centres, scale), rtol=1e-3, atol=1e-3)


@given(
    seed=st.integers(0, 10**6),
    heights=st.lists(st.floats(0.1, 6.0), min_size=1, max_size=2),
    size=st.integers(2, 5),
    data=st.data(),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_profile_is_the_least_of_all_valleys(seed, heights, size, data):
    """Wells anywhere, of any width from 0.05: the closed form, whichever of them the fit begins in.

    The same forty each time: a search from some places can miss a valley that is the lowest at one place of the grid
    alone (docs/fits.md), as it does for one in some hundreds of these.
    """
    rng = np.random.default_rng(seed)
    heights = [0.0, *heights]
    centres, scale = rng.uniform(0.05, 0.95, (len(heights), size)), rng.uniform(0.05, 0.3, size)
    begun = data.draw(st.integers(0, len(heights) - 1))
    result = fit(wells(heights, centres, scale, centres[begun]), minos=False)
    scan = profile(result, "p0", np.linspace(0.0, 1.0, 21))
    np.testing.assert_allclose(scan.chi2, profile_of_wells(scan.grid, heights, centres, scale), rtol=1e-3, atol=5e-3)
    assert scan.improved == (scan.result is not result)
    assert scan.result.chi2 < min(heights[begun], result.chi2) + 5e-3


def test_minima_of_a_fit_and_another_profile_are_starts_of_a_profile():
    """A well too narrow to be hit by chance: 1/50 of the width in five parameters."""
    heights, centres = (0.0, 2.0), np.array([[0.2] * 5, [0.8] * 5])
    scale = np.full(5, 0.02)
    result = fit(wells(heights, centres, scale, centres[0]), minos=False)
    scan = profile(result, "p0", [0.2, 0.8], others=centres[1:])
    assert scan.chi2 == pytest.approx([0.0, 2.0], abs=1e-3)
