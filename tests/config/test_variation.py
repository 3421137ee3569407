"""A model file at other values of some of its keys."""

import astropy.units as u
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon.config import Variation, load_file

from ..modelfit.conftest import DELTA, PHYSICS, XC
from .conftest import fit, refused


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("components.cocoons.grammage.normalization", ("components.cocoons.grammage", "'normalisation'", "cutoff")),
        ("components.cocoon.grammage.normalisation", ("components", "'cocoons'", "diffuse")),
        ("component.cocoons.grammage.normalisation", ("the model", "'components'", "transport")),
        ("transport.delt", ("transport", "'delta'", "diffusion")),
        ("comparison.mask_factor.lhaaso-iner", ("comparison.mask_factor", "'lhaaso-inner'")),
    ],
)
def test_a_parameter_that_is_not_in_the_model(key, parts):
    refused(fit({key: {"bounds": [0.1, 2.0]}}), f"fit.parameters.{key}: unknown key of ", "did you mean", *parts)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("transport.fragmentation", "is 'evoli2019', no number"),
        ("components.cocoons.grammage.law", "is 'exponential', no number"),
        ("components.cocoons.kind", "is 'cocoons', no number"),
        ("components.diffuse.ionised", "is False, no number"),
        ("components.cocoons.grammage.delta", "has no value in the model, give it one"),
        ("transport.slope_plus_delta", "has no value in the model, give it one"),
        ("transport", "is a table, no number; its keys are halo_height, "),
        ("comparison.mask_factor", "is a table, no number; its keys are lhaaso-inner"),
        ("transport.cocoons", "has no value in the model, give it one"),
        ("components.cocoons.disc.a", "has no value in the model, give it one"),
    ],
)
def test_a_parameter_without_a_number(key, said):
    refused(fit({key: {"bounds": [0.1, 2.0]}}), f"fit.parameters.{key}: {said}")


def test_a_slope_that_another_key_replaces():
    overrides = {**fit({"transport.slope": {"bounds": [4.0, 4.6]}}), "transport.slope_plus_delta": 4.9}
    refused(overrides, "fit.parameters.transport.slope: slope_plus_delta is set")


@pytest.mark.parametrize(
    ("key", "bounds", "said"),
    [
        ("transport.delta", [0.3, 2.5], "transport.delta = 2.5: should be less than 2"),
        ("components.cocoons.injection.proton.slope", [3.5, 6.0], "slope = 6.0: should be less than 5"),
        ("components.cocoons.grammage.cutoff", ["-1 TV", "1 PV"], "-1.0 TV is out of range; allowed: > 0 GV"),
        ("components.cocoons.disc.half_height", ["0 kpc", "1 kpc"], "allowed: > 0 kpc"),
        ("comparison.mask_factor.lhaaso-inner", [0.1, 2.0], "= 2.0: should be less than or equal to 1"),
    ],
)
def test_a_model_that_is_invalid_at_a_bound(key, bounds, said):
    refused(fit({key: {"bounds": bounds}}), said, f"(in fit.parameters.{key}: bounds)")


MANY = {
    **PHYSICS,
    "components.cocoons.supernova_interval": ["20 yr", "60 yr"],
    "components.cocoons.disc.height": ["50 pc", "200 pc"],
    "components.cocoons.nearest": ["0 pc", "500 pc"],
    "components.diffuse.sea.halo_height": ["3 kpc", "8 kpc"],
    "galaxy.sun_height": ["-30 pc", "30 pc"],
    "absorption.dust_scale": [1.0, 1.8],
    "transport.slope_plus_delta": [4.5, 5.2],
    "transport.diffusion": ["5e27 cm2 s-1", "1e29 cm2 s-1"],
    "transport.halo_height": ["3 kpc", "8 kpc"],
    "comparison.mask_factor.lhaaso-inner": [0.3, 1.0],
}
SOURCE = {"transport.slope_plus_delta": 4.893, "absorption.fields": ["cmb", "dust"]}


@pytest.fixture(scope="module")
def variation():
    keys = {key: tuple(bounds) for key, bounds in MANY.items()}
    return Variation(load_file("paper", SOURCE), keys)


part = st.floats(0, 1, allow_nan=False)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(part, min_size=len(MANY), max_size=len(MANY)))
def test_a_variation_is_the_file_with_other_values(variation, parts):
    low, high = (np.array([getattr(free, end) for free in variation.free]) for end in ("low", "high"))
    values = np.clip(low + (high - low) * np.array(parts), low, high).tolist()
    file, model = variation.at(values)
    loaded = load_file("paper", {**SOURCE, **variation.quantities(values)})
    assert (model.sun, model.absorption, model.components) == (
        loaded.model.sun, loaded.model.absorption, loaded.model.components)  # fmt: skip
    assert file.comparison.mask_factor == loaded.comparison.mask_factor
    x = [10.0, 1000.0] * u.GeV
    np.testing.assert_array_equal(variation.nuclei(file, model).ratio(x), loaded.nuclei.ratio(x))
    energy = np.array([1.0, 100.0]) * u.TeV
    for one, other in zip(model.components, loaded.model.components, strict=True):
        for a, b in zip(one.terms("gamma", ""), other.terms("gamma", ""), strict=True):
            np.testing.assert_array_equal(a.spectrum(energy.to_value(u.GeV)), b.spectrum(energy.to_value(u.GeV)))


def test_slope_plus_delta_keeps_the_observed_slope(variation):
    """While delta is fitted, the injected slope goes the other way."""
    at = dict(zip(variation.keys, variation.start, strict=True))
    for delta in (0.4, 0.7):
        file, model = variation.at({**at, DELTA: delta}.values())
        assert variation.nuclei(file, model).slab.slope == pytest.approx(at["transport.slope_plus_delta"] - delta)


def test_parts_that_no_key_touches_stay_the_same_objects():
    loaded = load_file("paper")
    varied = Variation(loaded, {XC: ("0 g cm-2", "1 g cm-2"), DELTA: (0.3, 0.9)})
    _, one = varied.at([0.2, 0.5])
    _, two = varied.at([0.3, 0.6])
    assert one.components[1] is two.components[1] is loaded.model.components[1]
    assert one.components[0].density is two.components[0].density is loaded.model.components[0].density
    assert one.components[0].injection is two.components[0].injection
