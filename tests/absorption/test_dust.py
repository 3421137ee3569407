"""The dust's table against rays, against quadrature, against a note."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.absorption import dust
from skycocoon.absorption.planck import HC, K_BOLTZMANN

from .conftest import along_rays


def test_mass_of_the_dust():
    """4 pi h R_d^2 rho_0 = 7.0e7 solar masses of cold dust: what ties the remembered numbers to the paper."""
    density, length, height = dust.DUST_DISCS["cold"]
    mass = (4 * np.pi * height * length**2 * density * u.g / u.cm**3 * u.kpc**3).to_value(u.Msun)
    assert mass == pytest.approx(7.0e7, rel=0.01)


@pytest.mark.parametrize(("radius", "height"), [(0.0, 0.0), (8.5, 1.0), (15.0, 0.0)])
def test_weights_along_plain_rays(radius, height):
    """The warm dust has one temperature: what is left is geometry, in closed form over the azimuth or by rays."""
    expected = along_rays(radius, height, lambda r, z: dust.dust_density("warm", r, z))
    assert dust.dust_weights(radius, height)[-1] == pytest.approx(expected, rel=5e-4)
    assert dust.integrate_dust_weights(radius, height)[-1] == pytest.approx(expected, rel=5e-4)


def test_table_between_its_nodes(rng):
    """Photons from interpolated weights against weights integrated on the spot, 30 to 300 um."""
    r, z = 20 * rng.random(60) ** 2, 10 * rng.random(60) ** 3
    r[:10], z[5:15] = 0.1 * rng.random(10), 0.05 * rng.random(10)
    exact = np.array([dust.integrate_dust_weights(a, b) for a, b in zip(r, z, strict=True)]).T
    spectra = dust.dust_spectra(HC / (np.geomspace(30, 300, 12) * 1e-4)).T
    np.testing.assert_allclose(spectra @ dust.dust_weights(r, z), spectra @ exact, rtol=1e-3)


def test_three_temperatures_are_enough():
    """sum_a l_a(T) B(T_a) is B(T): within 1 % from 120 to 300 um and from 14 to 19.2 K.

    At shorter wavelengths dust that cold is outshone: the whole field is compared along rays, above.
    """
    eps = HC / (np.geomspace(120, 300, 20) * 1e-4)
    t = np.linspace(14.0, 19.2, 27)
    exact = 1 / np.expm1(eps / (K_BOLTZMANN * t[:, None]))
    nodes = 1 / np.expm1(eps / (K_BOLTZMANN * np.array(dust.COLD_TEMPERATURES)[:, None]))
    np.testing.assert_allclose(dust.temperature_polynomials(t).T @ nodes, exact, rtol=0.01)


def test_far_away_a_point():
    """Beyond the table the dust fades like a point in the Galactic centre, with no step at the edge."""
    for inside, outside in (((30 - 1e-9, 2.0), (30 + 1e-9, 2.0)), ((3.0, 10 - 1e-9), (3.0, 10 + 1e-9))):
        np.testing.assert_allclose(dust.dust_weights(*outside), dust.dust_weights(*inside), rtol=1e-6)
    np.testing.assert_allclose(dust.dust_weights(60.0, 8.0), dust.dust_weights(30.0, 4.0) / 4, rtol=1e-12)
    np.testing.assert_allclose(dust.dust_weights(2.0, -0.7), dust.dust_weights(2.0, 0.7), rtol=1e-15)


def test_a_table_of_other_temperatures_is_refused(monkeypatch):
    monkeypatch.setattr(dust, "TEMPERATURES", (18.0, 16.0, 14.0, 35.0))
    dust.weight_splines.cache_clear()
    try:
        with pytest.raises(InputError, match=r"scripts/dust_field\.py"):
            dust.dust_weights(1.0, 0.0)
    finally:
        dust.weight_splines.cache_clear()
