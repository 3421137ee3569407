"""A model file at other values of some of its keys."""

import pytest

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
