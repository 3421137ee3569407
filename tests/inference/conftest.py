"""Likelihoods that fits, profiles and samples are tested with. No model of ours is used."""

import numpy as np
import pytest

from skycocoon.inference import Likelihood, Parameter
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


@pytest.fixture(scope="session")
def bent_likelihood():
    value = bent(BENT)[0]
    likelihood = Likelihood(BENT_PARAMETERS, (points("ratio", value, 0.016 * value, 0.026 * value),), bent)
    return likelihood.simulated(BENT, np.random.default_rng(2))


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
