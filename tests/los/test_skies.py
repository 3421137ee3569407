"""Maps and SEDs of a model: columns times yields, in all units, and what cannot be asked for."""

import math

import astropy.units as u
import numpy as np
import pytest

from skycocoon import (
    Cocoons,
    ConstantGrammage,
    GalaxyModel,
    InputError,
    Region,
    SourceDisc,
    Sun,
    intensity_map,
    load_model,
    region_sed,
)
from skycocoon.galaxy import DensityTable
from skycocoon.los import column_map
from skycocoon.units import INTENSITY

from .conftest import DISC, SUN

E = np.array([1.0, 10.0, 100.0]) * u.TeV


def test_units_of_any_system_give_the_same_sky():
    other = SourceDisc(
        height=(0.1 * u.kpc).to(u.m), radius=(20 * u.kpc).to(u.lyr), half_height=(0.5 * u.kpc).to(u.AU),
        sun_radius=(8.5 * u.kpc).to(u.pc), rate=(1 / (30 * u.yr)).to(u.Hz),
    )  # fmt: skip
    np.testing.assert_allclose(column_map(other, Sun((8.5 * u.kpc).to(u.cm)), 8), column_map(DISC, SUN, 8), rtol=1e-8)
    model = load_model(
        "schroer2021",
        {
            "galaxy.sun_radius": "8500 pc",
            "components.cocoons.supernova_interval": "9.4672800e8 s",
            "components.cocoons.supernova_energy": "1e44 J",
            "components.cocoons.disc.height": "3.0856775814913674e18 m",
            "components.cocoons.injection.proton.cutoff": "3e15 V",
            "components.cocoons.grammage.normalisation": "4 kg m-2",
            "components.cocoons.grammage.cutoff": "0.1 PV",
        },
    )
    region = Region.named("lhaaso-outer")
    one = region_sed(load_model("schroer2021"), "gamma", E, region).intensity
    two = region_sed(model, "gamma", E.to(u.J), region).intensity
    np.testing.assert_allclose(two.to_value(INTENSITY), one.to_value(INTENSITY), rtol=1e-6)


def test_map_is_yield_times_column():
    model = load_model("schroer2021")
    sky = intensity_map(model, "gamma", E, 16)
    assert sky.intensity.shape == (3, 3072)
    assert sky.intensity.unit == INTENSITY
    s = model.components[0].source_yield("gamma", E).value
    expected = np.outer(s, column_map(DISC, SUN, 16)) / (4 * math.pi)
    np.testing.assert_allclose(sky.intensity.value, expected, rtol=1e-12)


def test_two_components_add_up():
    near = Cocoons("near", nearest=0 * u.kpc)
    far = Cocoons("far", density=SourceDisc(radius=10 * u.kpc))
    region = Region.named("lhaaso-inner")
    both = region_sed(GalaxyModel((near, far)), "neutrino", E, region)
    one = region_sed(GalaxyModel((near,)), "neutrino", E, region).intensity
    two = region_sed(GalaxyModel((far,)), "neutrino", E, region).intensity
    assert list(both.components) == ["near", "far"]
    np.testing.assert_allclose(both.intensity.value, (one + two).value, rtol=1e-12)


@pytest.mark.parametrize(
    "name", ["lhaaso-inner", "lhaaso-outer", "hawc-2024", "icecube-segments-inner", "fermi-lat-2012-outer"]
)
def test_region_sed_agrees_with_the_map(name):
    model = load_model("schroer2021")
    region = Region.named(name)
    direct = region_sed(model, "gamma", E, region).intensity
    mapped = intensity_map(model, "gamma", E, 128).sed(region).intensity
    np.testing.assert_allclose(mapped.value, direct.value, rtol=2e-3)


def test_another_spectrum_looks_at_no_table(monkeypatch):
    """A step of a fit takes a third of a millisecond; to look at a density's table takes ten times that."""
    region = Region.named("lhaaso-inner")
    first = region_sed(GalaxyModel((Cocoons(),)), "gamma", E, region, rtol=1e-3)

    def look(*arguments):
        raise AssertionError("a table was looked at")

    for name in ("feature_angle", "thickness"):
        monkeypatch.setattr(DensityTable, name, look)
    second = region_sed(
        GalaxyModel((Cocoons(grammage=ConstantGrammage(1 * u.g / u.cm**2)),)), "gamma", E, region, rtol=1e-3
    )
    assert np.all(second.intensity > first.intensity)


def test_a_grid_goes_through_the_same_door():
    grid = DISC.grid(1e-4)
    model = GalaxyModel((Cocoons(density=grid),))
    region = Region.named("lhaaso-inner")
    one = region_sed(model, "gamma", E, region, rtol=1e-3).intensity
    two = region_sed(GalaxyModel((Cocoons(),)), "gamma", E, region, rtol=1e-3).intensity
    np.testing.assert_allclose(one.value, two.value, rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: intensity_map(m, "gama", E, 16), "gamma"),
        (lambda m: intensity_map(m, "gamma", E, 48), "power of two"),
        (lambda m: intensity_map(m, "gamma", [1, 10], 16), "unit like 'GeV'"),
        (lambda m: intensity_map(m, "gamma", [1, 10] * u.m, 16), "unit like 'GeV'"),
        (lambda m: intensity_map(m, "gamma", [10, 1] * u.TeV, 16), "increase"),
        (lambda m: intensity_map(m, "gamma", [-1, 1] * u.TeV, 16), "positive"),
        (lambda m: intensity_map(m, "gamma", [np.nan, 1] * u.TeV, 16), "finite"),
        (lambda m: intensity_map(m, "gamma", [1] * u.EeV, 16), "1e+08 GeV"),
        (lambda m: intensity_map(m, "neutrino", [50] * u.GeV, 16), "100 GeV"),
        (lambda m: intensity_map(m, "neutrino", E, 16, flavour="electron"), "per-flavour"),
        (lambda m: region_sed(m, "gamma", E, Region.box((0, 10) * u.deg, (80, 90) * u.deg) & Region.disc(0 * u.deg, -80 * u.deg, 1 * u.deg)), "empty"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(call, words):
    with pytest.raises(InputError) as error:
        call(load_model("schroer2021"))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
