"""Chi-square over one parameter against closed forms."""

import math

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, fit, profile

from .conftest import closed_form, linear, points


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
