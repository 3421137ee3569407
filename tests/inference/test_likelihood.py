"""Chi-square of points, limits, priors and normalisations; simulated data; refusals."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, fit
from skycocoon.points import Points

from .conftest import DESIGN, TRUTH, linear, points, two_sets


@pytest.mark.parametrize("prior", [None, (4.2, 0.3)])
def test_chi2_is_the_sum_over_points_and_priors(rng, prior):
    likelihood = linear(rng, prior)
    values = TRUTH * 1.01
    pulls = (likelihood.points[0].value - DESIGN @ values) / 0.1
    expected = pulls @ pulls + (((values[2] - prior[0]) / prior[1]) ** 2 if prior else 0.0)
    assert likelihood.chi2(values) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(likelihood.pulls(values)["line"], pulls, rtol=1e-9)
    parts = sum(likelihood.chi2_by_set(values).values()) + likelihood.prior_chi2(values)
    assert parts == pytest.approx(likelihood.chi2(values), rel=1e-12)


def test_the_error_is_that_of_the_side_on_which_the_model_lies():
    likelihood = Likelihood((Parameter("a", 1.0, 0.0, 9.0),), (points("p", [3.0], 0.5, 2.0),), lambda p: [np.array(p)])
    assert likelihood.chi2([5.0]) == pytest.approx((2.0 / 2.0) ** 2)
    assert likelihood.chi2([2.0]) == pytest.approx((1.0 / 0.5) ** 2)


def test_a_limit_counts_as_a_measurement_of_zero():
    limit = points("p", [3.29], 0.0, limit=np.array([True]))
    likelihood = Likelihood((Parameter("a", 1.0, 0.0, 9.0),), (limit,), lambda p: [np.array(p)])
    assert likelihood.chi2([2.0]) == pytest.approx(1.0, rel=1e-3)  # sigma = 3.29/1.645 = 2
    assert likelihood.chi2([0.0]) == 0.0


def test_a_normalisation_multiplies_the_prediction_of_its_data_set():
    likelihood, _ = two_sets()
    model = likelihood.model([2.0, 1.1, 0.9])
    np.testing.assert_allclose(model["one"], [2.2, 4.4])
    np.testing.assert_allclose(model["two"], [1.8, 3.6, 5.4])
    assert likelihood.prior_chi2([2.0, 1.1, 0.9]) == pytest.approx(2 * 2.0**2)


def test_a_group_shares_its_normalisation_and_both_apply():
    likelihood, _ = two_sets({"both": ("one", "two")}, names=("two", "both"))
    model = likelihood.model([2.0, 1.1, 1.2])
    np.testing.assert_allclose(model["one"], [2.4, 4.8])
    np.testing.assert_allclose(model["two"], np.array([2.0, 4.0, 6.0]) * 1.1 * 1.2)


def test_a_step_in_a_normalisation_alone_does_not_ask_the_model():
    likelihood, calls = two_sets()
    for n in (1.0, 1.1, 0.9):
        likelihood.chi2([2.0, n, 1.0])
        likelihood.chi2([2.0, 1.0, n])
    assert calls == [(2.0,)]
    likelihood.chi2([2.5, 1.0, 1.0])
    likelihood.chi2([2.0, 1.0, 1.0])
    assert calls == [(2.0,), (2.5,)]
    for a in np.linspace(0.1, 8.9, 100):  # what is remembered does not grow without end
        likelihood.chi2([a, 1.0, 1.0])
    assert len(likelihood.memory.predictions) < 50
    before = len(calls)
    result = fit(likelihood)
    # One parameter in three is the model's.
    assert result.predictions < 0.6 * result.calls
    assert result.predictions == len(calls) - before


def test_a_prediction_in_a_reused_array_is_remembered_as_it_was():
    store = np.empty(2)

    def predict(p):
        store[:] = p[0]
        return [store]

    likelihood = Likelihood((Parameter("a", 1.0, 0.0, 9.0),), (points("p", [1.0, 2.0], 1.0),), predict)
    first = likelihood.chi2([1.0])
    likelihood.chi2([5.0])
    assert likelihood.chi2([1.0]) == first


@given(
    values=st.lists(st.floats(0.1, 10.0), min_size=1, max_size=6),
    low=st.floats(0.01, 2.0),
    high=st.floats(0.01, 2.0),
    model=st.floats(-5.0, 20.0),
)
@settings(max_examples=60, deadline=None)
def test_chi2_never_depends_on_how_points_are_parted(values, low, high, model):
    parameter = (Parameter("a", 1.0, -9.0, 90.0),)
    whole = Likelihood(parameter, (points("p", values, low, high),), lambda p: [np.full(len(values), p[0])])
    parts = Likelihood(
        parameter,
        tuple(points(f"p{i}", [v], low, high) for i, v in enumerate(values)),
        lambda p: [np.full(1, p[0])] * len(values),
    )
    assert whole.chi2([model]) == pytest.approx(parts.chi2([model]), rel=1e-12)
    assert len(parts.chi2_by_set([model])) == len(values)


def test_simulated_points_follow_the_density_that_chi2_is_of():
    """exp(-chi2/2) over the value: pulls are of normal size, signs so frequent that chi2 is stationary at the truth."""
    value = np.full(20000, 5.0)
    limit = np.arange(20000) % 4 == 0
    there = Likelihood(
        (Parameter("a", 5.0, 0.0, 9.0, prior=(5.5, 0.2)),),
        (points("p", value, 0.3, 0.8, limit),),
        lambda p: [np.full(20000, p[0])],
    )
    rng = np.random.default_rng(1)
    drawn = there.simulated([4.0], rng)
    pulls = drawn.pulls([4.0])["p"]
    assert abs(np.mean(pulls**2) - 1) < 3 * math.sqrt(2 / 20000)
    assert abs(np.mean(np.abs(pulls) < 1) - 0.6827) < 3 * math.sqrt(0.6827 * 0.3173 / 20000)
    for part, above, low, high in ((limit, 0.5, 5.0 / 1.6448536, 5.0 / 1.6448536), (~limit, 3 / 11, 0.3, 0.8)):
        n = part.sum()
        assert abs(np.mean(pulls[part] > 0) - above) < 3 * math.sqrt(above * (1 - above) / n)
        # Data above the model face it with the lower error.
        slope = pulls[part] / np.where(pulls[part] > 0, low, high)
        assert abs(slope.mean()) < 3 * slope.std() / math.sqrt(n)
    # A limit is drawn as what it stands for; what was given is left alone.
    assert not drawn.points[0].limit.any()
    assert there.points[0].limit.any()
    centres = [there.simulated([4.0], rng).parameters[0].prior[0] for _ in range(200)]
    assert np.mean(centres) == pytest.approx(4.0, abs=3 * 0.2 / math.sqrt(200))
    assert np.std(centres) == pytest.approx(0.2, rel=0.15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Parameter("a", 2.0, 0.0, 1.0), "a: start 2 is outside its bounds 0 to 1"),
        (lambda: Parameter("a", math.nan, 0.0, 1.0), "start nan"),
        (lambda: Parameter("a", 1.0, 1.0, 1.0), "low < high"),
        (lambda: Parameter("a", 1.0, 0.0, math.inf), "finite"),
        (lambda: Parameter("a", 0.0, -1e308, 1e308), "too far apart"),
        (lambda: Parameter("a", 0.5, 0.0, 1.0, prior=(0.5, 0.0)), "positive standard deviation"),
        (lambda: Parameter("", 0.5, 0.0, 1.0), "without a name"),
        (lambda: points("p", [], 1.0), "one value or more"),
        (lambda: points("p", [1.0, math.nan], 1.0), "values must be finite"),
        (lambda: points("p", [1.0], 0.0), "errors must be positive"),
        (lambda: points("p", [-1.0], 0.0, limit=np.array([True])), "limit must be positive"),
        (lambda: Points("p", "p", np.ones(2), "x", np.ones(3), np.ones(3), np.ones(3), np.zeros(3)), "one length"),
        (lambda: two_sets(names=("one", "one")), "parameter 'normalisation.one' is there twice"),
        (lambda: two_sets(names=("on",)), r"did you mean 'one'"),
        (lambda: two_sets({"one": ("two",)}), "group 'one' has the name of a data set"),
        (lambda: two_sets({"both": ("one", "tow")}), r"did you mean 'two'"),
        (lambda: Likelihood((), (points("p", [1.0], 1.0),), lambda p: []), "at least one free parameter"),
        (
            lambda: Likelihood((Parameter("a", 0, -1, 1),), (points("p", [1.0], 1.0),) * 2, lambda p: []),
            "data set 'p' is there twice",
        ),
        (
            lambda: Likelihood(
                (Parameter("normalisation.p", 1, 0, 2), Parameter("a", 0, -1, 1)),
                (points("p", [1.0], 1.0),),
                lambda p: [],
            ),
            "come first",
        ),
        (
            lambda: Likelihood((Parameter("a", 0, -1, 1),), (points("p", [1.0], 1.0),), lambda p: [np.ones(2)]).chi2(
                [0]
            ),
            "the prediction has",
        ),
        (lambda: two_sets()[0].chi2([1.0]), "3 values are needed"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_the_import_is_light():
    code = (
        "import sys, skycocoon.inference; "
        "assert not [m for m in ('iminuit', 'emcee', 'scipy.optimize', 'matplotlib', 'numba') if m in sys.modules]"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
