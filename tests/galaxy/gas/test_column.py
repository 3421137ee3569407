"""Columns of gas against plain sums."""

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon.galaxy import Gas, Sun
from skycocoon.galaxy.gas.hydrogen import KINDS

from .conftest import HYDROGEN, KPC, SUN, TABLE, column


@pytest.mark.parametrize("model", TABLE)
@pytest.mark.parametrize(("longitude", "latitude"), [(0, 0), (30, 0), (17, -2.3), (80, 0.4), (180, 5), (301, 41)])
def test_columns_agree_with_plain_sums(model, longitude, latitude):
    gas = Gas(model, ionised=True)
    s, ds = np.linspace(0, 29, 400_001, retstep=True)
    s = s[1:] - ds / 2
    R, _, z = SUN.galactocentric(longitude * u.deg, latitude * u.deg, s * u.kpc)
    plain = gas.hydrogen(R.value, z.value).sum() * ds * KPC
    assert column(gas, longitude, latitude, rtol=1e-6) == pytest.approx(plain, rel=1e-4)


@pytest.mark.parametrize("model", TABLE)
def test_a_column_to_the_pole_is_half_a_disc(model):
    gas = Gas(model, ionised=True)
    for kind in KINDS:
        disc = gas.surface_density(8.5 * u.kpc, kind).to_value("Msun cm-2") / HYDROGEN
        assert column(gas, 0, 90, kind) == pytest.approx(disc / 2, rel=1e-5)


def test_columns_from_above_the_plane_and_from_outside():
    high = Gas().column(40 * u.deg, [90, -90] * u.deg, Sun(height=0.1 * u.kpc))
    disc = Gas().surface_density(8.5 * u.kpc).to_value("Msun cm-2") / HYDROGEN
    assert high.sum().to_value("cm-2") == pytest.approx(disc, rel=1e-5)
    assert high[1] > 2 * high[0]
    small = Gas("nakanishi-sofue", radius=5 * u.kpc)
    assert column(small, 90, 0) == 0
    through = quad(lambda x: float(small.hydrogen(abs(x), 0.0)), -5, 5, points=[0], epsrel=1e-9, limit=200)[0] * KPC
    assert column(small, 0, 0) == pytest.approx(through, rel=1e-5)


@pytest.mark.parametrize("model", TABLE)
def test_accuracy_is_asked_for(model):
    longitude, latitude = np.array([2.0, 19, 45, 133, 180]), np.array([0.0, 0.7, -3, 12, 0])
    gas = Gas(model)
    best = column(gas, longitude, latitude, rtol=1e-10)
    for rtol in (1e-3, 1e-6):
        assert column(gas, longitude, latitude, rtol=rtol) == pytest.approx(best, rel=rtol)
