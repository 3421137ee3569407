"""Source discs: closed forms against quadrature, presets, refusals."""

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon import InputError, SourceDisc
from skycocoon.galaxy import PROFILES


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("vertical", ["exponential", "gaussian", "top-hat"])
def test_normalisation_is_the_volume_integral(profile, vertical):
    disc = SourceDisc.preset(profile, vertical=vertical, height=0.07 * u.kpc, radius=12 * u.kpc)

    def n(r, z):
        return float(disc.density(r * u.kpc, 0 * u.rad, z * u.kpc).value)

    radial = quad(lambda r: 2 * np.pi * r * n(r, 0.0), 0, 12, epsabs=0, epsrel=1e-10)[0]
    vertical_part = 2 * quad(lambda z: n(8.5, z), 0, 0.5, epsabs=0, epsrel=1e-10, points=[0.07])[0] / n(8.5, 0.0)
    assert radial * vertical_part == pytest.approx(1 / 30, rel=1e-8)


def test_uniform_disc():
    disc = SourceDisc(a=0, b=0, radius=10 * u.kpc)
    assert disc.radial_integral(10.0) == pytest.approx(np.pi * 100, rel=1e-12)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("vertical", ["exponential", "gaussian", "top-hat"])
def test_the_table_is_as_good_as_asked_for(profile, vertical, rng):
    disc = SourceDisc.preset(profile, vertical=vertical)
    for rtol in (1e-3, 1e-5):
        r, z = 20 * np.sqrt(rng.random(500)), rng.uniform(-0.5, 0.5, 500)
        table = disc.table(rtol)
        found = table.density(np.column_stack([r, np.zeros(500), z]))
        expected = disc.density(r * u.kpc, 0 * u.rad, z * u.kpc).to_value("cm-3 s-1")
        peak = expected.max()
        assert np.max(np.abs(found - expected) / (expected + 0.05 * peak)) < 1.2 * rtol


def test_total_rate_scales():
    disc = SourceDisc()
    assert (disc.normalised(1 / (10 * u.yr)).normalisation / disc.normalisation).value == pytest.approx(3.0, rel=1e-12)
    assert disc.normalised(1 / (10 * u.yr)).total().to_value("yr-1") == pytest.approx(0.1)


def test_zero_outside():
    disc = SourceDisc()
    assert disc.density(21 * u.kpc, 0 * u.rad, 0 * u.kpc) == 0
    assert disc.density(1 * u.kpc, 0 * u.rad, -0.6 * u.kpc) == 0


def test_discs_compare_and_hash():
    assert SourceDisc() == SourceDisc()
    assert hash(SourceDisc()) == hash(SourceDisc())
    assert SourceDisc() != SourceDisc(height=0.2 * u.kpc)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"height": -0.1 * u.kpc}, "height"),
        ({"radius": 0 * u.kpc}, "radius"),
        ({"height": 0.1}, "Quantity"),
        ({"height": 1 * u.s}, "unit like 'kpc'"),
        ({"height": np.nan * u.kpc}, "finite"),
        ({"vertical": "exponentail"}, "did you mean 'exponential'"),
        ({"a": -2.0}, "a > -1"),
    ],
)
def test_refusals(changes, words):
    with pytest.raises(InputError, match=words):
        SourceDisc(**changes)


def test_unknown_profile_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'green2015'"):
        SourceDisc.preset("green2016")


@pytest.mark.parametrize(
    "changes", [{"sun_radius": 1e-6 * u.kpc}, {"radius": 1e6 * u.kpc}, {"half_height": 1e12 * u.kpc}]
)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_disc_that_is_nowhere_in_its_cylinder_is_one_line(changes):
    with pytest.raises(InputError, match="density: it is 0 in nearly all of its cylinder, R < ") as error:
        SourceDisc(**changes).table(1e-2).thickness
    assert "\n" not in str(error.value)
