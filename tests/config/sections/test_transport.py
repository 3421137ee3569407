"""[transport]: the slab of a model file, and which cocoons nuclei cross."""

import pytest

from skycocoon.config import load_file, preset_text

from ...conftest import error_of
from ..conftest import fit, refused

YOUNG = {"kind": "cocoons", "injection": {"proton": {"efficiency": 0.07, "slope": 4.3}}}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("halo_height", "7 GeV", "a unit like 'kpc' is needed"),
        ("halo_height", "0 kpc", "allowed: > 0 kpc"),
        ("halo_height", 7, "has no unit"),
        ("surface_density", "2.3 mg", "a unit like 'g / cm2' is needed"),
        ("advection", "0 km s-1", "allowed: > 0 km / s"),
        ("diffusion", "-1 cm2 s-1", "allowed: > 0 cm2 / s"),
        ("delta", 2.0, "should be less than 2"),
        ("delta", 0, "transport.delta"),
        ("break_delta", "steep", "should be a valid number"),
        ("break_smoothness", 0, "transport.break_smoothness"),
        ("slope", 3.0, "should be greater than 3"),
        ("slope_plus_delta", 9.0, "should be less than 8"),
        ("modulation", "-0.1 GV", "allowed: >= 0 GV"),
        ("modulation", "0.5 GeV", "a unit like 'GV' is needed"),
        ("cross_section_scale", 0, "transport.cross_section_scale"),
        ("fragmentation", "evoli2018", "unknown fragmentation table 'evoli2018'; did you mean 'evoli2019'?"),
    ],
)
def test_transport(key, value, said):
    text = error_of(lambda: load_file("paper", {f"transport.{key}": value}).nuclei)
    assert text.startswith(f"paper: transport.{key}"), text
    assert said in text


def test_transport_is_the_slab():
    nuclei = load_file("paper", {"transport.delta": 0.5, "transport.slope_plus_delta": 4.9}).nuclei
    assert nuclei.slab.delta == 0.5
    assert nuclei.slab.slope == pytest.approx(4.4)
    assert nuclei.grammage == load_file("paper").model.components[0].grammage


def test_without_cocoons_nuclei_cross_none():
    text = preset_text("schroer2021")
    assert "cocoons" in text
    loaded = load_file("base-min")
    assert all(part.name != "cocoons" for part in loaded.model.components)
    assert loaded.nuclei.grammage is None


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (None, "transport.cocoons: is missing; which of cocoons, young do nuclei cross?"),
        ("yung", "'yung'; did you mean 'young'? Allowed: cocoons, young"),
        ("diffuse", "'diffuse'; allowed: cocoons, young"),
    ],
)
def test_which_of_several_cocoons(which, said):
    overrides = {**fit(), "components.young": YOUNG, **({"transport.cocoons": which} if which else {})}
    refused(overrides, "transport.cocoons", said)


def test_cocoons_that_are_not_there_without_any_fit():
    text = error_of(load_file, "paper", {"transport.cocoons": "diffuse"})
    assert text == "paper: transport.cocoons: unknown component of kind 'cocoons' 'diffuse'; allowed: cocoons"
