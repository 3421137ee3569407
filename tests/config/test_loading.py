"""Model files: what they mean, from the file to the model."""

import tomllib
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

from skycocoon import list_presets, load_model
from skycocoon.absorption import Absorption
from skycocoon.config import load_file, load_text, preset_text
from skycocoon.modelfit import prepare


def test_the_example_is_the_preset(model_file):
    loaded, preset = load_file(model_file()), load_file("paper")
    assert loaded.model.components == preset.model.components[:1]
    assert loaded.model.sun == preset.model.sun
    assert loaded.model.absorption == preset.model.absorption == Absorption(())
    assert loaded.maps.nside == 128
    nodes = loaded.maps.energies.nodes()
    assert nodes.size == 121
    np.testing.assert_allclose(nodes[[0, 20, -1]].to_value(u.GeV), [10, 100, 1e7], rtol=1e-12)
    # the example says nothing of a comparison, so nothing is multiplied
    assert loaded.comparison.mask_factor == {}
    assert preset.comparison.mask_factor == {"lhaaso-inner": 0.65}


@pytest.mark.parametrize("name", list_presets())
def test_presets_say_where_each_number_is_from(name):
    model = load_model(name)
    assert model.components
    lines = [line for line in preset_text(name).splitlines() if "=" in line and not line.startswith("#")]
    physics = [
        line
        for line in lines
        if line.split("=")[0].strip()
        in ("efficiency", "slope", "cutoff", "normalisation", "height", "radius", "halo_height", "surface_density",
            "advection", "diffusion", "delta", "break_rigidity", "break_delta", "modulation", "slope_plus_delta")
    ]  # fmt: skip
    # A preset on another one says what differs.
    whole = "base" not in tomllib.loads(preset_text(name))
    assert len(physics) >= (9 if "[components.cocoons]" in preset_text(name) else 1) * whole
    for line in physics:
        assert any(tag in line for tag in ("[published]", "[cited]", "[literature]", "[reconstructed]")), line


def test_the_presets_differ_in_the_injection_alone():
    one, two = (tomllib.loads(preset_text(name)) for name in ("paper", "schroer2021"))
    assert one["components"]["cocoons"].pop("injection") != two["components"]["cocoons"].pop("injection")
    assert one["components"]["cocoons"] == two["components"]["cocoons"]
    assert list(two["components"]) == ["cocoons"]


def test_the_paper_is_cocoons_and_base_min():
    paper, base = load_model("paper"), load_model("base-min")
    assert [c.name for c in paper.components] == ["cocoons", "diffuse"]
    assert paper.components[1:] == base.components
    assert load_model("paper-max").components == (paper.components[0], *load_model("base-max").components)
    for name in ("paper", "paper-max", "base-min", "base-max"):
        loaded = load_file(name)
        (other,) = loaded.variants.values()
        assert loaded.comparison.name == loaded.model.components[-1].spectra
        assert {loaded.comparison.name, *loaded.variants} == {"min", "max"}
        assert other.components[-1].spectra in loaded.variants
        # only what differs is another object
        assert other.components[:-1] == loaded.model.components[:-1]
        assert "could not be read" in preset_text(name)


def test_set_changes_one_key():
    model = load_model(
        "paper", {"components.cocoons.grammage.cutoff": "300 TV", "components.cocoons.disc.height": 0.2 * u.kpc}
    )
    assert model.components[0].grammage.cutoff == 300 * u.TV
    assert model.components[0].density.height == 0.2 * u.kpc
    assert "300 TV" in model.provenance["toml"]
    assert load_model("paper").components[0].grammage.cutoff == 100 * u.TV


def test_what_is_written_can_be_read_again(model_file):
    loaded = load_file("paper", {"components.cocoons.grammage.cutoff": "300 TV", "maps.nside": 32})
    again = load_file(model_file(loaded.toml))
    assert again.model.components == loaded.model.components
    assert again.maps == loaded.maps
    assert again.comparison == loaded.comparison


def test_the_best_model_has_no_variants_of_what_was_fitted():
    """base max with the diffuse emission's normalisation of base min would look excluded."""
    joint, bc = (prepare(load_file(name)) for name in ("fit-joint", "fit-bc"))
    text = joint.toml_at(joint.variation.start)
    assert load_text(text, "best", Path.cwd()).variants == {}
    assert list(load_text(bc.toml_at(bc.variation.start), "best", Path.cwd()).variants) == ["max"]
