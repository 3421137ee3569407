"""A map of somebody else's as a component: taken as it is."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import Absorption, GalaxyModel, InputError, Region, SkyMap, Template, intensity_map, region_sed
from skycocoon.emission import Cocoons
from skycocoon.units import INTENSITY

E = np.geomspace(1, 1e3, 13) * u.TeV


def sky(messenger="gamma", flavour="", nside=8):
    rng = np.random.default_rng(3)
    shape = rng.uniform(1, 2, 12 * nside**2)
    values = np.multiply.outer(E.value**-2.5, shape) * 1e-12
    return SkyMap(E, {"a": values * INTENSITY, "b": 2 * values * INTENSITY}, messenger, flavour)


def test_it_is_the_sum_of_the_map_times_its_scale():
    model = GalaxyModel((Template("theirs", sky(), scale=0.5),))
    found = intensity_map(model, "gamma", E, 8)
    np.testing.assert_allclose(found.components["theirs"].value, 0.5 * sky().intensity.value, rtol=1e-12)
    # a power law is exact between the nodes too
    between = intensity_map(model, "gamma", [2.345] * u.TeV, 8).intensity.value
    np.testing.assert_allclose(between[0], 0.5 * sky().intensity.value[0] * 2.345**-2.5, rtol=1e-12)


def test_other_resolutions_keep_the_mean():
    model = GalaxyModel((Template("theirs", sky()),))
    for nside in (2, 8, 32):
        found = intensity_map(model, "gamma", E[:2], nside).intensity.value.mean(axis=1)
        np.testing.assert_allclose(found, sky().intensity.value[:2].mean(axis=1), rtol=1e-12)


def test_region_spectrum_is_that_of_the_map():
    region = Region.parse("box:0,180,-60,60")
    model = GalaxyModel((Template("theirs", sky()),))
    found = region_sed(model, "gamma", E, region).intensity.value
    np.testing.assert_allclose(found, sky().sed(region).intensity.value, rtol=1e-12)


def test_absorption_leaves_it_alone():
    free, absorbed = (GalaxyModel((Template("theirs", sky()),), absorption=a) for a in (Absorption(()), Absorption()))
    one, two = (intensity_map(m, "gamma", [1000] * u.TeV, 4).intensity.value for m in (free, absorbed))
    assert np.array_equal(one, two)


def test_flavours_are_converted():
    model = GalaxyModel((Template("theirs", sky("neutrino", "all-flavour")),))
    found = region_sed(model, "neutrino", E[:3], Region.everywhere())
    assert found.flavour == "per-flavour"
    np.testing.assert_allclose(found.intensity.value * 3, sky().intensity.value[:3].mean(axis=1), rtol=1e-12)


def test_it_shines_only_in_what_it_is_of():
    both = GalaxyModel((Cocoons(), Template("theirs", sky())))
    assert both.messengers == ("gamma", "neutrino")
    assert list(intensity_map(both, "gamma", E[:2], 4).components) == ["cocoons", "theirs"]
    assert list(intensity_map(both, "neutrino", E[:2], 4).components) == ["cocoons"]
    with pytest.raises(InputError, match="shines in neutrinos"):
        intensity_map(GalaxyModel((Template("theirs", sky()),)), "neutrino", E[:2], 4)


def test_energies_outside_are_an_error_or_zero():
    wide = [0.5, 10, 2000] * u.TeV
    with pytest.raises(InputError, match=r"'theirs': its map has 1000..1e\+06 GeV, 500 GeV is asked for"):
        intensity_map(GalaxyModel((Template("theirs", sky()),)), "gamma", wide, 4)
    found = intensity_map(GalaxyModel((Template("theirs", sky(), outside="zero"),)), "gamma", wide, 4).intensity.value
    assert np.all(found[[0, 2]] == 0)
    assert np.all(found[1] > 0)


@pytest.mark.parametrize(("options", "words"), [({"scale": -1.0}, "scale"), ({"outside": "nought"}, "error, zero")])
def test_refusals(options, words):
    with pytest.raises(InputError, match=words):
        Template("theirs", sky(), **options)


def test_it_says_what_it_is():
    text = "\n".join(Template("theirs", sky(), 2.0).describe())
    assert all(word in text for word in ("theirs", "nside 8", "13 energies", "times 2", "no absorption"))
