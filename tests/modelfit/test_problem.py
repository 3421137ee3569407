"""What is to be fitted: normalisations, priors, and the model file at values of the parameters."""

import tomllib

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.config import load_file
from skycocoon.inference import NORMALISATION
from skycocoon.modelfit import prepare

from .conftest import BC, BOUNDS, COLUMN, CUTOFF, DELTA, PHYSICS, RTOL, SKY, XC, fitted, model_of, problem, start_of


def test_a_normalisation_multiplies_the_model():
    made = problem(BC[1:], keys=(XC,), normalisations={BC[1]: 0.05})
    assert [p.name for p in made.likelihood.parameters] == [XC, NORMALISATION + BC[1]]
    one, two = model_of(made, [0.4, 1.0]), model_of(made, [0.4, 1.1])
    np.testing.assert_allclose(two[BC[1]], 1.1 * one[BC[1]], rtol=1e-12)
    np.testing.assert_array_equal(two[BC[2]], one[BC[2]])
    assert made.likelihood.prior_chi2([0.4, 1.1]) == pytest.approx(4.0, rel=1e-9)


def test_a_normalisation_of_a_group():
    group = {"dampe-and-calet": {"sigma": 0.1, "data": BC[1:]}}
    made = problem(BC, keys=(XC,), normalisations=group)
    one, two = model_of(made, [0.4, 1.0]), model_of(made, [0.4, 0.9])
    np.testing.assert_array_equal(two[BC[0]], one[BC[0]])
    for name in BC[1:]:
        np.testing.assert_allclose(two[name], 0.9 * one[name], rtol=1e-12)


def test_a_group_that_is_called_like_another_data_set():
    with pytest.raises(InputError, match=r"fit\.normalisations\.bc-dampe-2022: is a data set, but data = "):
        problem(BC, keys=(XC,), normalisations={BC[1]: {"sigma": 0.1, "data": [BC[2]]}})


def test_units_are_those_of_the_lower_bound():
    made = fitted(BC, {XC: ["0 kg m-2", "15 g cm-2"]})
    p = made.likelihood.parameters[0]
    assert (p.unit, p.low) == ("kg m-2", 0.0)
    assert (p.start, p.high) == (pytest.approx(4.0), pytest.approx(150.0))
    same = fitted(BC, {XC: ["0 g cm-2", "15 g cm-2"]})
    assert made.likelihood.chi2([3.0]) == pytest.approx(same.likelihood.chi2([0.3]), rel=1e-9)


def test_priors_are_in_their_own_units():
    prior = {"mean": "400 mg cm-2", "sigma": "0.1 g cm-2"}
    made = prepare(
        load_file("paper", {"fit": {"data": BC, "parameters": {XC: {**BOUNDS[XC], "prior": prior}}}}), rtol=RTOL
    )
    assert made.likelihood.parameters[0].prior == pytest.approx((0.4, 0.1))
    assert made.likelihood.prior_chi2([0.6]) == pytest.approx(4.0)


def test_a_prior_that_excludes_all_between_the_bounds():
    """Six standard deviations from 0.9 are a mistake, four are a matter of opinion."""
    bounds = {"bounds": [0.3, 0.9]}
    for mean, sigma in ((1.3, 0.1), (-0.1, 0.1), (0.5, 0.1)):
        prior = {"prior": {"mean": mean, "sigma": sigma}}
        made = prepare(load_file("paper", {"fit": {"data": BC, "parameters": {DELTA: {**bounds, **prior}}}}), rtol=RTOL)
        assert made.likelihood.parameters[0].prior == (mean, sigma)
    for mean in (1.5, -0.3):
        prior = {"prior": {"mean": mean, "sigma": 0.1}}
        with pytest.raises(
            InputError, match=rf"{DELTA}\.prior: mean {mean} is more than 5 sigma outside the bounds, 0.3 to 0.9"
        ):
            prepare(load_file("paper", {"fit": {"data": BC, "parameters": {DELTA: {**bounds, **prior}}}}), rtol=RTOL)


def test_best_values_in_a_file_that_is_read_again(tmp_path):
    """What a fit writes is the model at its best values, to the last digit, and may be fitted again."""
    keys = {
        **{key: PHYSICS[key] for key in (XC, CUTOFF, COLUMN, DELTA)},
        "comparison.mask_factor.lhaaso-inner": [0.3, 1],
    }
    made = fitted([*BC, *SKY[:2]], keys)
    values = [0.123456789, 77.7, 1.0 / 3.0, 0.61, 0.7]
    text = made.toml_at(values, "two\nlines")
    assert text.startswith("# two\n# lines\n")
    assert tomllib.loads(text)["components"]["cocoons"]["grammage"]["normalisation"] == "0.123456789 g cm-2"
    path = tmp_path / "best.toml"
    path.write_text(text, encoding="utf-8")
    again = prepare(load_file(path), rtol=RTOL)
    assert start_of(again) == values
    assert again.likelihood.chi2(values) == pytest.approx(made.likelihood.chi2(values), rel=1e-12)
    assert again.section == made.section
