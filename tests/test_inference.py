"""Fits, profiles and samples against closed forms, brute force and simulated data. No model of ours is used."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, fit, profile, sample
from skycocoon.points import Points

X = np.linspace(0.0, 1.0, 12)
# Numbers of very different scale: a diffusion coefficient beside a slope and a normalisation.
TRUTH = np.array([2e28, 0.5, 4.0])
SCALE = np.array([1e28, 0.2, 1.0])
DESIGN = np.stack([np.ones_like(X), X, X**2], axis=1) / SCALE


def points(name, value, low, high=None, limit=None):
    value = np.asarray(value, dtype=float)
    low = np.broadcast_to(np.asarray(low, dtype=float), value.shape)
    high = low if high is None else np.broadcast_to(np.asarray(high, dtype=float), value.shape)
    limit = np.zeros(value.size, dtype=bool) if limit is None else limit
    return Points(name, name, np.arange(value.size) + 1.0, "x", value, low, high, limit)


def linear_parameters(prior=None):
    return (
        Parameter("transport.diffusion", 1e28, 1e27, 1e29, "cm2 s-1"),
        Parameter("transport.delta", 0.3, -3.0, 4.0),
        Parameter("slope", 4.5, -10.0, 20.0, prior=prior),
    )


def linear(rng, prior=None, sigma=0.1):
    data = DESIGN @ TRUTH + sigma * rng.standard_normal(X.size)
    return Likelihood(linear_parameters(prior), (points("line", data, sigma),), lambda p: [DESIGN @ np.array(p)])


def closed_form(likelihood, sigma=0.1, prior=None):
    """Best values, covariance and chi-square of the linear problem, from the normal equations in scaled parameters."""
    scaled = DESIGN * SCALE
    data = likelihood.points[0].value
    inverse = scaled.T @ scaled / sigma**2
    right = scaled.T @ data / sigma**2
    if prior:
        inverse[2, 2] += (SCALE[2] / prior[1]) ** 2
        right[2] += prior[0] * SCALE[2] / prior[1] ** 2
    covariance = np.linalg.inv(inverse)
    best = covariance @ right
    chi2 = np.sum(((data - scaled @ best) / sigma) ** 2)
    if prior:
        chi2 += ((best[2] * SCALE[2] - prior[0]) / prior[1]) ** 2
    return best * SCALE, covariance * np.outer(SCALE, SCALE), chi2


def bent(p):
    """A smoothly broken power law with a constant below it: correlated, and not linear in three of its parameters."""
    diffusion, delta, step, constant = p
    x = np.geomspace(3.0, 3000.0, 60)
    leak = 8.0 / (0.3 + diffusion / 1e28 * x**delta / (1 + (x / 300.0) ** (step / 0.1)) ** 0.1)
    return [0.06 * (leak + constant) / (1 + (leak + constant) / 9.0)]


BENT = (2.4e28, 0.56, 0.22, 0.4)
BENT_PARAMETERS = (
    Parameter("diffusion", 1e28, 1e27, 1e29, "cm2 s-1"),
    Parameter("delta", 0.5, 0.2, 1.0),
    Parameter("step", 0.1, 0.0, 0.7),
    Parameter("grammage", 0.0, 0.0, 2.0, "g cm-2"),
)


@pytest.fixture(scope="module")
def bent_likelihood():
    value = bent(BENT)[0]
    there = Likelihood(BENT_PARAMETERS, (points("ratio", value, 0.016 * value, 0.026 * value),), bent)
    return there.simulated(BENT, np.random.default_rng(2))


# Chi-square -----------------------------------------------------------------------------------------------------------


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


def two_sets(groups=None, names=("one", "two"), **options):
    """Two sets of the same model, and normalisations of what is named."""
    calls = []

    def predict(p):
        calls.append(p)
        return [p[0] * np.array([1.0, 2.0]), p[0] * np.array([1.0, 2.0, 3.0])]

    parameters = (
        Parameter("a", 1.0, 0.0, 9.0),
        *(Parameter(f"normalisation.{name}", 1.0, 0.5, 1.5, prior=(1.0, 0.05)) for name in names),
    )
    data = (points("one", [1.1, 1.9], 0.1), points("two", [0.9, 2.3, 3.1], 0.2))
    return Likelihood(parameters, data, predict, groups or {}, **options), calls


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


# Fits -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", [None, (4.2, 0.3)])
def test_a_linear_problem_has_its_closed_form(rng, prior):
    likelihood = linear(rng, prior)
    best, covariance, chi2 = closed_form(likelihood, prior=prior)
    sigma = np.sqrt(np.diag(covariance))
    result = fit(likelihood)
    assert result.valid
    assert not any(result.at_bound)
    assert np.all(np.abs(result.values - best) < 0.005 * sigma)
    assert result.chi2 == pytest.approx(chi2, rel=1e-6)
    np.testing.assert_allclose(result.covariance, covariance, rtol=5e-3)
    np.testing.assert_allclose(result.errors, sigma, rtol=3e-3)
    # MINOS is HESSE for a parabola.
    np.testing.assert_allclose(result.error_low, sigma, rtol=1e-2)
    np.testing.assert_allclose(result.error_high, sigma, rtol=1e-2)
    np.testing.assert_allclose(result.correlation, covariance / np.outer(sigma, sigma), rtol=5e-3)
    assert result.ndof == 12 + (prior is not None) - 3
    from scipy.stats import chi2 as distribution

    assert result.p_value == pytest.approx(distribution.sf(chi2, result.ndof), rel=1e-5)


def test_a_normalisation_widens_errors_as_the_marginal_covariance_says(rng):
    """Data d = a x n with n = 1 +- s: the relative variance of a is that of the mean plus s^2, to first order."""
    data = 3.0 + 0.03 * rng.standard_normal(50)
    likelihood = Likelihood(
        (Parameter("a", 1.0, 0.0, 10.0), Parameter("normalisation.p", 1.0, 0.5, 1.5, prior=(1.0, 0.05))),
        (points("p", data, 0.03),),
        lambda p: [np.full(50, p[0])],
    )
    result = fit(likelihood)
    mean = data.mean()
    statistical = 0.03 / math.sqrt(50) / mean
    # Second derivatives at n = 1, a = mean: the closed form of the 2 x 2 matrix.
    np.testing.assert_allclose(
        result.covariance,
        [[mean**2 * (statistical**2 + 0.05**2), -mean * 0.05**2], [-mean * 0.05**2, 0.05**2]],
        rtol=1e-2,
    )
    assert result.values[0] == pytest.approx(mean, rel=1e-4)
    # a = d/n: its profile is not a parabola but follows n, down to 1/1.05 and up to 1/0.95.
    assert result.error_low[0] / mean == pytest.approx(1 - 1 / (1 + math.hypot(0.05, statistical)), rel=2e-2)
    assert result.error_high[0] / mean == pytest.approx(1 / (1 - math.hypot(0.05, statistical)) - 1, rel=2e-2)
    assert result.ndof == 50 + 1 - 2


def test_asymmetric_errors_and_a_limit_as_a_brute_force_scan_has_them():
    value, low, high = np.array([1.0, 1.6, 2.5, 3.2]), np.array([0.2, 0.1, 0.5, 1.5]), np.array([0.6, 0.9, 0.3, 0.4])
    limit = np.array([False, False, False, True])
    likelihood = Likelihood(
        (Parameter("a", 4.0, 0.0, 5.0),), (points("p", value, low, high, limit),), lambda p: [np.full(4, p[0])]
    )
    a = np.linspace(0.0, 5.0, 500001)
    chi2 = (a / (3.2 / 1.6448536269514722)) ** 2
    for v, down, up in zip(value[:3], low, high, strict=False):
        chi2 += ((v - a) / np.where(a > v, up, down)) ** 2
    best, within = a[chi2.argmin()], a[chi2 <= chi2.min() + 1]
    result = fit(likelihood)
    assert result.chi2 == pytest.approx(chi2.min(), rel=1e-6)
    assert result.values[0] == pytest.approx(best, rel=1e-3)
    assert result.error_low[0] == pytest.approx(best - within[0], rel=1e-2)
    assert result.error_high[0] == pytest.approx(within[-1] - best, rel=1e-2)
    assert abs(result.error_low[0] / result.error_high[0] - 1) > 0.1
    scan = profile(result, "a", points=41)
    assert scan.interval() == pytest.approx((within[0], within[-1]), rel=1e-3)
    two = a[chi2 <= chi2.min() + 4]
    assert scan.interval(4.0) == pytest.approx((two[0], two[-1]), rel=1e-3)


def test_ten_random_starts_end_in_one_minimum(bent_likelihood):
    result = fit(bent_likelihood, starts=10, seed=3)
    assert result.valid
    assert len(result.starts) == 10
    assert result.agreeing == 10
    assert np.ptp(result.starts["chi2"]) < 0.01
    assert np.all(np.abs(np.array(result.starts["delta"]) - result.values[1]) < 0.05 * result.errors[1])
    assert np.all(np.abs(result.values - BENT) < 3 * result.errors)
    assert "10 of 10 starts" in repr(result)
    # The cost is part of the specification: thousands of calls a fit were not enough for plain MIGRAD.
    assert np.median(result.starts["calls"]) < 250


def test_minos_follows_the_profile_where_errors_are_not_symmetric(bent_likelihood):
    result = fit(bent_likelihood)
    for i, name in enumerate(result.names):
        low, high = profile(result, name, points=25).interval()
        assert result.values[i] - low == pytest.approx(result.error_low[i], rel=3e-2)
        assert high - result.values[i] == pytest.approx(result.error_high[i], rel=3e-2)


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


def test_a_parameter_at_its_bound_is_said_to_be_there_and_has_one_error(rng):
    """Chi-square (a + 0.5)^2/0.25 + (b - 0.3 - 0.2 a)^2/0.01, a >= 0: +1 at (a + 0.5)^2 = 0.5."""
    likelihood = Likelihood(
        (Parameter("a", 0.7, 0.0, 1.0), Parameter("b", 0.7, 0.0, 1.0)),
        (points("a", [-0.5], 0.5), points("b", [0.3], 0.1)),
        lambda p: [np.array([p[0]]), np.array([p[1] - 0.2 * p[0]])],
    )
    result = fit(likelihood)
    assert result.valid
    assert result.at_bound == (True, False)
    assert result.values[0] == 0.0
    assert result.values[1] == pytest.approx(0.3, rel=1e-3)
    assert result.error_low[0] == 0.0
    assert result.error_high[0] == pytest.approx(math.sqrt(0.5) - 0.5, rel=1e-2)
    assert math.isnan(result.errors[0])
    assert math.isnan(result.correlation[0, 1])
    assert result.errors[1] == pytest.approx(0.1, rel=1e-2)
    assert "at its bound" in repr(result)
    scan = profile(result, "a")
    assert scan.grid[0] == 0.0
    low, high = scan.interval()
    assert low == 0.0
    assert high == pytest.approx(math.sqrt(0.5) - 0.5, rel=2e-2)


def test_an_error_that_reaches_a_bound_ends_there():
    likelihood = Likelihood((Parameter("a", 0.7, 0.0, 1.0),), (points("a", [0.05], 0.1),), lambda p: [np.array(p)])
    for minos in (True, False):
        result = fit(likelihood, minos=minos)
        assert result.at_bound == (False,)
        assert result.error_low[0] == pytest.approx(0.05, rel=1e-3)
        assert result.error_high[0] == pytest.approx(0.1, rel=1e-2)
        assert result.minos == (("a",) if minos else ())
    assert fit(likelihood).errors[0] == pytest.approx(0.1, rel=2e-2)


def test_minos_for_some_parameters_alone(bent_likelihood):
    """The same errors as MINOS for all gives, and those of HESSE for the others, in a part of the calls."""
    every, none = fit(bent_likelihood), fit(bent_likelihood, minos=False)
    some = fit(bent_likelihood, minos=("grammage",))
    for side in ("error_low", "error_high"):
        mixed = [*getattr(none, side)[:3], getattr(every, side)[3]]
        np.testing.assert_allclose(getattr(some, side), mixed, rtol=1e-2)
    assert abs(every.error_high[3] / none.error_high[3] - 1) > 0.05  # here it makes a difference
    assert (every.minos, none.minos, some.minos) == (tuple(every.names), (), ("grammage",))
    assert none.calls < some.calls < 0.6 * every.calls
    kinds = [result.table().meta["errors"] for result in (every, none, some)]
    assert kinds == ["MINOS", "HESSE", "MINOS of grammage; else HESSE"]
    assert fit(bent_likelihood, minos="grammage").minos == ("grammage",)
    assert fit(bent_likelihood, minos=()).minos == ()


def test_a_parameter_that_nothing_depends_on_has_errors_to_its_bounds():
    likelihood = Likelihood(
        (Parameter("a", 0.7, 0.0, 1.0), Parameter("b", 0.3, 0.0, 1.0)),
        (points("a", [0.5, 0.6], 0.1),),
        lambda p: [np.full(2, p[0])],
    )
    result = fit(likelihood)
    assert result.values[0] == pytest.approx(0.55, rel=1e-3)
    assert result.error_low[1] + result.error_high[1] == pytest.approx(1.0, rel=1e-9)
    assert result.error_low[0] == pytest.approx(0.1 / math.sqrt(2), rel=2e-2)


def test_a_lower_minimum_on_the_way_is_the_result():
    """Two wells, 2 at -0.5 and 0 at +0.5, with a wall of 2.5 between them: lower than the +1 that MINOS looks for."""

    def root(p):
        a = p[0]
        high = math.sqrt(2.0 + 0.5 * math.sin(math.pi * (a + 0.5)) ** 2)
        return [np.array([high if a < 0 else math.sqrt(2.5) * math.cos(math.pi * a)])]

    likelihood = Likelihood((Parameter("a", -0.6, -1.0, 1.0),), (points("p", [0.0], 1.0),), root)
    shallow = fit(likelihood, minos=False)
    assert shallow.valid
    assert shallow.values[0] == pytest.approx(-0.5, abs=0.02)
    assert shallow.chi2 == pytest.approx(2.0, rel=1e-3)
    deep = fit(likelihood)
    assert deep.values[0] == pytest.approx(0.5, abs=0.02)
    assert deep.chi2 < 1e-3
    assert list(deep.starts["chi2"]) == pytest.approx([2.0], rel=1e-3)  # what the start led to is still said
    assert fit(likelihood, starts=8, minos=False).values[0] == pytest.approx(0.5, abs=0.02)
    scan = profile(shallow, "a", grid=np.linspace(-1.0, 1.0, 41))
    assert scan.improved
    assert scan.result.values[0] == pytest.approx(0.5, abs=0.02)
    assert scan.delta.min() == pytest.approx(0.0, abs=1e-3)
    assert scan.delta[10] == pytest.approx(2.0, rel=1e-3)
    assert "lower minimum" in repr(scan)


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
    from skycocoon.inference.search import Search

    likelihood, calls = two_sets()
    problem = Search(likelihood)
    assert not problem.finite(np.array([math.nan, 0.5, 0.5]))
    assert not problem.finite(np.array([0.5, 0.5, math.nan]))
    assert calls == []
    assert math.isfinite(problem.chi2(np.array([math.nan, 0.5, 0.5])))


def test_the_same_seed_gives_the_same_fit(bent_likelihood):
    one, two = (fit(bent_likelihood, starts=3, seed=5, minos=False) for _ in range(2))
    np.testing.assert_array_equal(one.values, two.values)
    assert list(one.starts["chi2"]) == list(two.starts["chi2"])


# Coverage -------------------------------------------------------------------------------------------------------------


def test_intervals_cover_the_truth_in_two_of_three_simulated_sets():
    """200 sets with asymmetric errors, a limit and a normalisation: 68.3 % +- 3.3 % of the time."""
    design = DESIGN[:, :2]
    truth = np.array([2e28, 0.5, 1.0])
    value = design @ truth[:2]
    limit = np.arange(X.size) == 4
    likelihood = Likelihood(
        (
            Parameter("diffusion", 1e28, 1e27, 1e29),
            Parameter("delta", 0.1, -3.0, 4.0),
            Parameter("normalisation.second", 1.0, 0.5, 1.5, prior=(1.0, 0.05)),
        ),
        (points("first", value, 0.1, 0.13, limit), points("second", value, 0.06, 0.05)),
        lambda p: [design @ np.array(p)] * 2,
    )
    rng = np.random.default_rng(11)
    covered, least = np.zeros(3), []
    for _ in range(200):
        result = fit(likelihood.simulated(truth, rng))
        assert result.valid
        below = result.values - result.error_low <= truth
        covered += below & (truth <= result.values + result.error_high)
        least.append(result.chi2)
    assert np.all((covered / 200 > 0.60) & (covered / 200 < 0.76)), covered / 200
    # Least chi-square is distributed as its degrees of freedom say: those of `ndof`.
    assert result.ndof == 24 + 1 - 3
    assert abs(np.mean(least) - result.ndof) < 3 * math.sqrt(2 * result.ndof / 200)


def test_asymmetric_errors_do_not_pull_the_mean_away():
    """Twenty points like CALET's, errors up twice those down; drawn to either side alike they are off by 1.1 errors."""
    likelihood = Likelihood(
        (Parameter("a", 5.0, 0.0, 9.0),), (points("p", np.full(20, 5.0), 0.1, 0.2),), lambda p: [np.full(20, p[0])]
    )
    rng = np.random.default_rng(4)
    results = [fit(likelihood.simulated([5.0], rng)) for _ in range(300)]
    values, low, high = (np.array([getattr(r, k)[0] for r in results]) for k in ("values", "error_low", "error_high"))
    pulls = (values - 5.0) / np.where(values > 5.0, low, high)
    assert abs(pulls.mean()) < 3 / math.sqrt(300)
    assert abs(pulls.std() - 1) < 3 / math.sqrt(600)


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


# Profiles -------------------------------------------------------------------------------------------------------------


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


# Samples --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_samples_of_a_linear_problem_have_its_mean_and_covariance(rng):
    likelihood = linear(rng, (4.2, 0.3))
    best, covariance, chi2 = closed_form(likelihood, prior=(4.2, 0.3))
    chain = sample(fit(likelihood, minos=False), walkers=20, steps=4300, burn=300, seed=1)
    assert chain.converged
    assert 0.2 < chain.acceptance < 0.8
    sigma = np.sqrt(np.diag(covariance))
    n = chain.independent
    assert 1000 < n < 20 * 4000 / 5
    assert np.all(np.abs(chain.chain.mean(axis=0) - best) < 3 * sigma / math.sqrt(n))
    # A variance of n Gaussian numbers is known to sqrt(2/n), a covariance to sqrt((1 + rho^2)/n) of the product.
    assert np.all(np.abs(chain.covariance - covariance) < 3 * math.sqrt(2 / n) * np.outer(sigma, sigma))
    assert np.mean(-2 * chain.log_probability) - chi2 == pytest.approx(3, abs=3 * math.sqrt(2 * 3 / n))
    np.testing.assert_allclose(
        -2 * chain.log_probability[::97], [likelihood.chi2(v) for v in chain.chain[::97]], rtol=1e-9
    )
    table = chain.table()
    assert np.all(np.abs(table["error_low"] / sigma - 1) < 0.15)
    assert table["value"][1] == chain.quantile("transport.delta", 0.5)


def test_samples_keep_to_the_bounds():
    """Half a Gaussian: the mean is sigma sqrt(2/pi) above the bound."""
    likelihood = Likelihood((Parameter("a", 0.7, 0.0, 1.0),), (points("a", [0.0], 0.1),), lambda p: [np.array(p)])
    result = fit(likelihood)
    assert result.at_bound == (True,)
    chain = sample(result, walkers=16, steps=1500, burn=200, seed=2)
    assert chain.chain.min() >= 0.0
    sigma = 0.1 * math.sqrt((1 - 2 / math.pi) / chain.independent)
    assert chain.chain.mean() == pytest.approx(0.1 * math.sqrt(2 / math.pi), abs=3 * sigma)


def test_the_same_seed_gives_the_same_chain_and_a_short_one_says_so(rng):
    result = fit(linear(rng), minos=False)
    one, two, other = (sample(result, steps=60, burn=10, thin=5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.chain, two.chain)
    assert not np.array_equal(one.chain, other.chain)
    assert one.chain.shape == (32 * 10, 3)
    assert not one.converged
    assert "the chain is short" in repr(one)


def test_without_emcee_the_error_says_what_to_install(rng, monkeypatch):
    result = fit(linear(rng), minos=False)
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(InputError, match=r"skycocoon\[sampling\]"):
        sample(result)


# Results --------------------------------------------------------------------------------------------------------------


def test_the_table_survives_a_file(rng, tmp_path):
    from astropy.table import Table

    result = fit(linear(rng, (4.2, 0.3)))
    result.table().write(tmp_path / "fit.ecsv")
    back = Table.read(tmp_path / "fit.ecsv")
    assert back.colnames == ["parameter", "value", "error_low", "error_high", "unit", "at_bound"]
    assert list(back["parameter"]) == result.names
    np.testing.assert_array_equal(back["value"], result.values)
    assert back["unit"][0] == "cm2 s-1"
    assert back.meta["chi2"] == result.chi2
    assert back.meta["ndof"] == 10
    total = sum(back.meta["chi2_by_set"].values()) + back.meta["chi2_of_priors"]
    assert total == pytest.approx(result.chi2, rel=1e-9)
    assert back.meta["points_by_set"] == {"line": 12}
    text = repr(result)
    assert "10 degrees of freedom" in text
    assert "line: chi2" in text
    assert "of 12 points" in text
    assert "2" in text.split("transport.diffusion")[1]
    assert result.best["transport.delta"] == result.values[1]


def test_no_degrees_of_freedom_no_p_value():
    likelihood = Likelihood((Parameter("a", 0.7, 0.0, 1.0),), (points("a", [0.5], 0.1),), lambda p: [np.array(p)])
    assert math.isnan(fit(likelihood, minos=False).p_value)


# Bad input ------------------------------------------------------------------------------------------------------------


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
        (lambda: fit(two_sets()[0], starts=0), "starts 0"),
        (lambda: fit(two_sets()[0], minos=("normalisation.on",)), "did you mean 'normalisation.one'"),
    ],
)
def test_bad_input_is_one_clear_line(make, message):
    with pytest.raises(InputError, match=message) as error:
        make()
    assert "\n" not in str(error.value)


def test_bad_questions_to_a_result(rng):
    result = fit(linear(rng), minos=False)
    for ask, message in (
        (lambda: profile(result, "transport.dleta"), "did you mean 'transport.delta'"),
        (lambda: profile(result, "slope", grid=[1.0, 21.0]), "within the bounds -10 to 20"),
        (lambda: profile(result, "slope", grid=[math.nan]), "within the bounds"),
        (lambda: profile(result, "slope", points=2), "3 or more"),
        (lambda: profile(result, "slope", points=3).interval(0.0), "positive"),
        (lambda: sample(result, steps=10, burn=10), "fewer must be left out"),
        (lambda: sample(result, steps=20, burn=10, thin=11), "allowed: 1 to 10"),
        (lambda: sample(result, steps=20, burn=10).quantile("a", 0.5), "unknown parameter"),
    ):
        with pytest.raises(InputError, match=message):
            ask()


def test_a_start_where_the_model_fails_is_an_error():
    likelihood = Likelihood(
        (Parameter("a", 0.7, 0.0, 1.0),), (points("p", [1.0], 1.0),), lambda p: [np.full(1, math.nan)]
    )
    with pytest.raises(InputError, match=r"not finite at a = 0\.7"):
        fit(likelihood)
    with pytest.raises(InputError, match=r"not finite at a = 0\.7"):
        likelihood.simulated([0.7], np.random.default_rng(1))
    assert np.isnan(likelihood.pulls([0.7])["p"]).all()
    one = Likelihood(
        (Parameter("a", 0.5, 0.0, 1.0),),
        (points("p", [1.0], 1.0),),
        lambda p: [np.full(1, 1.0 if p[0] == 0.5 else math.nan)],
    )
    with pytest.raises(InputError, match="100 random points"):
        fit(one, starts=2)


def test_the_import_is_light():
    code = (
        "import sys, skycocoon.inference; "
        "assert not [m for m in ('iminuit', 'emcee', 'scipy.optimize', 'matplotlib', 'numba') if m in sys.modules]"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interrupted_chain_leaves_at_once_and_quietly(capsys):
    """emcee prints all that it knows when a likelihood raises; nobody wants that of a Ctrl-C."""
    pytest.importorskip("emcee")
    calls = []

    def predict(values):
        calls.append(values)
        if len(calls) > 2000:
            raise KeyboardInterrupt
        return [np.array([values[0], 2 * values[0]])]

    points = Points("a", "a", np.ones(2), "x", np.ones(2), np.ones(2), np.ones(2), np.zeros(2, dtype=bool))
    result = fit(Likelihood((Parameter("p", 0.5, -5.0, 5.0),), (points,), predict), minos=False)
    with pytest.raises(KeyboardInterrupt):
        sample(result, walkers=8, steps=2000, burn=10)
    assert capsys.readouterr().out == capsys.readouterr().err == ""
