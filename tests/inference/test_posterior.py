"""Samples against closed forms."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, fit, sample
from skycocoon.points import Points

from .conftest import closed_form, linear, points


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
    assert repr(one).startswith("320 points, NOT CONVERGED")
    assert "independent" not in repr(one)


def test_a_chain_that_does_not_move_says_so(rng):
    """Not "about nan independent points"."""
    chain = sample(fit(linear(rng), minos=False), steps=60, burn=10, thin=5)
    still = replace(chain, autocorrelation=np.array([20.0, math.nan, 3.0]))
    assert not still.converged
    assert still.shortcoming == "the chain did not move in transport.delta: values and errors mean nothing"
    assert "nan independent" not in repr(still)


def test_without_emcee_the_error_says_what_to_install(rng, monkeypatch):
    result = fit(linear(rng), minos=False)
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(InputError, match=r"skycocoon\[sampling\]"):
        sample(result)


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


def test_bad_questions_to_samples(rng):
    result = fit(linear(rng), minos=False)
    for ask, message in (
        (lambda: sample(result, steps=10, burn=10), "fewer must be left out"),
        (lambda: sample(result, steps=20, burn=10, thin=11), "allowed: 1 to 10"),
        (lambda: sample(result, steps=20, burn=10).quantile("a", 0.5), "unknown parameter"),
    ):
        with pytest.raises(InputError, match=message):
            ask()
