"""Photon fields: textbook numbers of the CMB, energy densities of the dust, and photons along rays."""

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon import InputError
from skycocoon.absorption import dust, energy_density, photon_density
from skycocoon.absorption.cmb import cmb_spectrum
from skycocoon.absorption.planck import HC, K_BOLTZMANN

from .conftest import along_rays

RADII = np.array([0, 2, 4, 6, 8.5, 12, 15])


def test_microwave_background():
    """410.7 photons and 0.2606 eV per cm^3, everywhere."""

    def n(x):
        eps = np.exp(x)
        return eps * float(cmb_spectrum(eps))

    total = quad(n, np.log(1e-8), np.log(1e-2), epsabs=0, epsrel=1e-10, limit=200)[0]
    assert total == pytest.approx(410.7, rel=2e-4)
    energy = quad(lambda x: np.exp(x) * n(x), np.log(1e-8), np.log(1e-2), epsabs=0, epsrel=1e-10, limit=200)[0]
    found = energy_density("cmb", [0, 20] * u.kpc, 3 * u.kpc)
    np.testing.assert_allclose(found.to_value("eV cm-3"), energy, rtol=1e-9)
    assert energy == pytest.approx(0.2606, rel=3e-4)


# Misiriotis' discs by ray grids, a second calculation: R [kpc], u of the cold and of the warm dust [eV cm^-3]
SECOND = {
    "cold-dust": [0.921, 0.616, 0.372, 0.223, 0.119, 0.052, 0.027],
    "warm-dust": [0.267, 0.179, 0.109, 0.065, 0.035, 0.015, 0.008],
}


@pytest.mark.parametrize("field", SECOND)
def test_energy_density_in_the_plane(field):
    found = energy_density(field, RADII * u.kpc, 0 * u.kpc).to_value("eV cm-3")
    # the reference has three decimals
    rounding = 0.0005 / np.array(SECOND[field])
    assert np.all(np.abs(found / SECOND[field] - 1) < np.maximum(0.03, rounding))


@pytest.mark.parametrize(
    ("radius", "ratios"),
    [
        (0.0, [0.85, 0.63, 0.44, 0.28, 0.16, 0.08]),
        (4.0, [0.89, 0.72, 0.56, 0.41, 0.27, 0.16]),
        (8.5, [0.92, 0.77, 0.65, 0.52, 0.40, 0.30]),
    ],
)
def test_energy_density_above_the_plane(radius, ratios):
    z = np.array([0.1, 0.25, 0.5, 1, 2, 4])
    found = energy_density("cold-dust", radius * u.kpc, z * u.kpc) / energy_density(
        "cold-dust", radius * u.kpc, 0 * u.kpc
    )
    assert np.max(np.abs(found.value - ratios)) < 0.03


def test_parts_add_up():
    place = (np.array([0.3, 9.0]) * u.kpc, np.array([[0.0], [-2.0], [1.0]]) * u.kpc)
    eps = np.array([1e-3, 1e-2]) * u.eV
    parts = photon_density("cold-dust", eps, *place) + photon_density("warm-dust", eps, *place)
    assert parts.shape == (2, 3, 2)
    np.testing.assert_allclose(parts.value, photon_density("dust", eps, *place).value, rtol=1e-12)
    energies = energy_density("cold-dust", *place) + energy_density("warm-dust", *place)
    np.testing.assert_allclose(energies.value, energy_density("dust", *place).value, rtol=1e-12)


def test_energy_density_is_the_integral_of_the_photons():
    def integrand(x):
        return float(np.exp(2 * x) * photon_density("dust", np.exp(x) * u.eV, 5 * u.kpc, 0.2 * u.kpc).value)

    x, w = np.polynomial.legendre.leggauss(120)
    low, high = np.log(1e-5), np.log(0.3)
    total = sum(w * (high - low) / 2 * [integrand((low + high) / 2 + (high - low) / 2 * t) for t in x])
    assert total == pytest.approx(energy_density("dust", 5 * u.kpc, 0.2 * u.kpc).value, rel=1e-8)


@pytest.mark.parametrize(("radius", "height"), [(0.0, 0.0), (4.0, 0.0), (8.5, 0.0), (8.5, 1.0), (15.0, 0.0)])
def test_photons_along_plain_rays(radius, height):
    """The definition, with the emission itself and no interpolation in T, against the weights from the table."""
    for wavelength, rtol in ((60.0, 5e-3), (100.0, 5e-3), (250.0, 5e-3)):
        eps = HC / (wavelength * 1e-4)

        def emission(r, z, eps=eps):
            def planck(t):
                return 1 / np.expm1(eps / (K_BOLTZMANN * t))

            cold = dust.dust_density("cold", r, z) * planck(dust.cold_temperature(r, z))
            return cold + dust.dust_density("warm", r, z) * planck(dust.T_WARM)

        common = 2 * eps**2 / HC**3 * float(dust.dust_opacity(eps))
        expected = common * along_rays(radius, height, emission)
        found = photon_density("dust", eps * u.eV, radius * u.kpc, height * u.kpc)
        assert found.value == pytest.approx(expected, rel=rtol)


def test_no_photons_of_an_mev():
    assert cmb_spectrum(np.array([1e6])) == 0
    assert np.all(dust.dust_spectra(np.array([1e6])) == 0)


def test_refusals():
    place = (1 * u.kpc, 0 * u.kpc)
    with pytest.raises(InputError, match="did you mean 'dust'"):
        energy_density("dsut", *place)
    with pytest.raises(InputError, match="allowed: > 0 eV"):
        photon_density("cmb", [1e-3, 0] * u.eV, *place)
    with pytest.raises(InputError, match="unit like 'kpc'"):
        photon_density("dust", 1e-3 * u.eV, 1 * u.s, 0 * u.kpc)
