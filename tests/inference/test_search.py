"""Ways to a minimum past traps at bounds and places where the model fails."""

import math

import numpy as np
import pytest

from skycocoon.inference import Likelihood, Parameter, fit, sample
from skycocoon.inference.search import Search

from .conftest import points, two_sets


def test_a_break_of_no_strength_is_no_trap():
    """At step = 0 the place of the break means nothing, and holds a plain descent there."""

    def predict(p):
        step, place = p
        x = np.linspace(0.0, 1.0, 40)
        return [step * np.maximum(x - place, 0.0)]

    truth = (0.5, 0.3)
    parameters = (Parameter("step", 0.0, 0.0, 3.0), Parameter("place", 0.95, 0.0, 1.0))
    likelihood = Likelihood(parameters, (points("p", predict(truth)[0], 0.01),), predict)
    result = fit(likelihood)
    assert result.values == pytest.approx(truth, rel=1e-3)


def test_a_trap_a_little_away_from_a_bound_is_left():
    """Two wells in the first parameter, 3 at 0.005 +- 0.1 and 0 at 0.5: the first is not at its bound, only near."""

    def predict(p):
        a = p[0]
        return [np.array([math.sqrt(min(3.0 + ((a - 0.005) / 0.1) ** 2, ((a - 0.5) / 0.1) ** 2)), p[1]])]

    likelihood = Likelihood(
        (Parameter("a", 0.02, 0.0, 1.0), Parameter("b", 0.5, 0.0, 1.0)), (points("p", [0.0, 0.3], [1.0, 0.1]),), predict
    )
    assert likelihood.chi2([0.005, 0.3]) == pytest.approx(3.0)
    result = fit(likelihood, minos=False)
    assert result.values == pytest.approx([0.5, 0.3], rel=1e-2)


def test_where_the_model_fails_the_fit_comes_back(rng):
    """The model gives no number in half of the box."""
    x = np.linspace(1.0, 2.0, 30)

    def predict(p):
        a, b = p
        with np.errstate(invalid="ignore"):
            return [np.sqrt(a - b * x)]

    data = predict((4.0, 1.0))[0] + 0.02 * rng.standard_normal(30)
    likelihood = Likelihood(
        (Parameter("a", 9.0, 0.0, 10.0), Parameter("b", 0.1, 0.0, 10.0)), (points("p", data, 0.02),), predict
    )
    assert likelihood.chi2([1.0, 9.0]) == math.inf
    result = fit(likelihood, starts=6)
    assert result.valid
    assert result.agreeing == 6
    assert np.all(np.abs(result.values - [4.0, 1.0]) < 3 * result.errors)
    chain = sample(result, steps=60, burn=10)
    assert np.isfinite(chain.log_probability).all()


def test_minos_may_ask_for_nan_and_the_model_is_not_asked():
    likelihood, calls = two_sets()
    search = Search(likelihood)
    assert not search.finite(np.array([math.nan, 0.5, 0.5]))
    assert not search.finite(np.array([0.5, 0.5, math.nan]))
    assert calls == []
    assert math.isfinite(search.chi2(np.array([math.nan, 0.5, 0.5])))
