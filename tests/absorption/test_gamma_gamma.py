"""Absorption coefficients and what arrives, against a second calculation, closed limits and plain quadrature."""

import time

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma, zeta

from skycocoon import InputError
from skycocoon import Sun as Observer
from skycocoon.absorption import Absorption, energy_density, photon_density
from skycocoon.absorption.dust import TEMPERATURES, dust_opacity, dust_weights
from skycocoon.absorption.gamma_gamma import ABSORBERS, thermal_coefficient
from skycocoon.absorption.planck import HC, K_BOLTZMANN
from skycocoon.galaxy import Sun
from skycocoon.interactions.pair_production import M_ELECTRON, isotropic_cross_section
from skycocoon.units import CM_PER_KPC

from ..plot import labels

CMB, RAW = Absorption(("cmb",)), Absorption(("dust",), dust_scale=1.0)
SUN = Sun()
CENTRE = (0 * u.deg, 0 * u.deg, 8.5 * u.kpc)

# Second calculations by ray grids and plain sums. E [PeV], K of the CMB [kpc^-1]
CMB_TABLE = [
    (0.1, 1.31e-5), (0.15, 4.52e-4), (0.2, 2.564e-3), (0.3, 0.01385), (0.5, 0.04939), (0.7, 0.08097), (1, 0.11177),
    (1.5, 0.13466), (2, 0.14109), (2.2047, 0.14151), (3, 0.1379), (5, 0.1203), (10, 0.08796), (30, 0.04482),
    (100, 0.01873),
]  # fmt: skip
DUST_ENERGIES = [30, 60, 100, 150, 200, 300, 500, 1000, 2000]
# R [kpc]: K of the dust with a scale of 1, in the plane, at DUST_ENERGIES [TeV] [kpc^-1]
DUST_TABLE = {
    0: [0.00963, 0.03415, 0.04765, 0.04992, 0.04779, 0.04177, 0.03249, 0.02119, 0.01304],
    2: [0.00619, 0.02270, 0.03226, 0.03411, 0.03281, 0.02881, 0.02249, 0.01470, 0.00907],
    4: [0.00358, 0.01361, 0.01977, 0.02115, 0.02046, 0.01806, 0.01416, 0.00929, 0.00574],
    6: [0.00206, 0.00810, 0.01202, 0.01300, 0.01265, 0.01123, 0.00884, 0.00582, 0.00360],
    8.5: [0.00105, 0.00427, 0.00650, 0.00713, 0.00698, 0.00624, 0.00494, 0.00326, 0.00203],
    12: [0.00043, 0.00182, 0.00286, 0.00318, 0.00314, 0.00283, 0.00225, 0.00150, 0.00093],
    15: [0.00022, 0.00094, 0.00150, 0.00169, 0.00167, 0.00152, 0.00121, 0.00081, 0.00050],
}


def test_microwave_background():
    energy, expected = np.array(CMB_TABLE).T
    found = CMB.coefficient(energy * u.PeV, 3 * u.kpc, 1 * u.kpc).to_value("kpc-1")
    np.testing.assert_allclose(found, expected, rtol=5e-3)


def test_mean_free_path_is_least_at_2_pev():
    e = np.geomspace(1e6, 4e6, 2000)
    k = CMB.uniform(e)
    assert e[np.argmax(k)] / 1e6 == pytest.approx(2.2047, rel=2e-3)
    assert 1 / k.max() == pytest.approx(7.067, rel=1e-3)


@pytest.mark.parametrize("energy", [3e4, 2e5, 2e6, 1e8])
def test_coefficient_by_adaptive_quadrature(energy):
    """The definition for both fields at once, over ln eps from the threshold, at a place off the table's nodes."""
    place = (5.1 * u.kpc, 0.33 * u.kpc)

    def integrand(x):
        eps = np.exp(x)
        n = photon_density("cmb", eps * u.eV, *place) + 1.4 * photon_density("dust", eps * u.eV, *place)
        return eps * n.value * float(isotropic_cross_section(energy * 1e9 * eps / M_ELECTRON**2))

    low = np.log(M_ELECTRON**2 / (energy * 1e9))
    cuts = np.linspace(low, np.log(0.4), 4)
    expected = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-7)[0] for a, b in zip(cuts[:-1], cuts[1:], strict=True))
    found = Absorption().coefficient(energy * u.GeV, *place).to_value("kpc-1")
    assert found == pytest.approx(expected * CM_PER_KPC, rel=1e-6)


@pytest.mark.parametrize("radius", DUST_TABLE)
def test_dust_in_the_plane(radius):
    found = RAW.coefficient(DUST_ENERGIES * u.TeV, radius * u.kpc, 0 * u.kpc).to_value("kpc-1")
    np.testing.assert_allclose(found, DUST_TABLE[radius], rtol=0.05)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (18.0, [0.00546, 0.02947, 0.04570, 0.04998, 0.04880, 0.04345, 0.03428, 0.02259, 0.01038]),
        (35.0, [0.01458, 0.02482, 0.02522, 0.02258, 0.02001, 0.01619, 0.01183, 0.00734, 0.00321]),
    ],
)
def test_dust_of_one_temperature(temperature, expected):
    """K per energy density [kpc^-1 per eV cm^-3] of a modified blackbody; it does not know how dense the dust is."""

    def spectrum(eps):
        return 2 * eps**2 / HC**3 * dust_opacity(eps) / np.expm1(np.minimum(eps / (K_BOLTZMANN * temperature), 700))

    power = 6.08
    energy = 2 / HC**3 * float(dust_opacity(1.0)) * (K_BOLTZMANN * temperature) ** power * gamma(power) * zeta(power)
    tev = np.array([30, 60, 100, 150, 200, 300, 500, 1000, 3000])
    np.testing.assert_allclose(thermal_coefficient(tev * 1e3, temperature, spectrum) / energy, expected, rtol=0.03)


def test_only_the_warm_dust_stops_10_tev():
    """Targets of 26 meV and more are needed: 0.0003/kpc per eV cm^-3 of the warm dust, a hundredth of it of the cold."""
    factors = RAW.factors(np.array([1e4]))[0]
    assert np.all(factors[:-1] < 1e-2 * factors[-1])
    assert CMB.uniform(np.array([1e4]))[0] < 1e-40


@pytest.mark.parametrize(
    ("absorption", "expected"),
    [
        (CMB, [0.9999, 0.9962, 0.8890, 0.3867, 0.3014]),
        (Absorption(dust_scale=1.0), [0.831, 0.818, 0.752, 0.355, 0.286]),
        (Absorption(), [0.771, 0.756, 0.703, 0.343, 0.280]),
    ],
)
def test_what_arrives_from_the_galactic_centre(absorption, expected):
    found = absorption.transmission([100, 150, 300, 1000, 2000] * u.TeV, SUN, *CENTRE)
    assert np.max(np.abs(found.value - expected)) < 0.01


def test_optical_depth_of_the_dust_from_the_galactic_centre():
    found = RAW.optical_depth([100, 150, 300, 1000, 2000] * u.TeV, SUN, *CENTRE)
    np.testing.assert_allclose(found.value, [0.1855, 0.1972, 0.1675, 0.0858, 0.0530], rtol=0.05)


@pytest.mark.parametrize(
    ("l", "distance", "expected"), [(30, 14.7, 0.2085), (0, 16, 0.386), (0, 20, 0.410), (90, 8.5, 0.0470)]
)
def test_optical_depth_of_the_dust_elsewhere(l, distance, expected):
    found = RAW.optical_depth(150 * u.TeV, SUN, l * u.deg, 0 * u.deg, distance * u.kpc)
    assert found.value == pytest.approx(expected, rel=0.05)


def test_optical_depth_away_from_the_centre():
    """l = 180 deg out to R = 15 kpc, from the table of K in the plane: an exponential between its radii."""
    r = np.array([8.5, 12.0, 15.0])
    k = np.array([DUST_TABLE[x][3] for x in r])
    expected = np.sum(np.diff(r) * np.diff(k) / np.diff(np.log(k)))
    found = RAW.optical_depth(150 * u.TeV, SUN, 180 * u.deg, 0 * u.deg, 6.5 * u.kpc)
    assert found.value == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize(
    ("sun", "l", "b", "distance"),
    [
        (SUN, 0.0, 0.0, 20.0),
        (SUN, 25.0, -3.0, 12.0),
        (Sun(8.2 * u.kpc, 0.02 * u.kpc), 1.0, -0.3, 25.0),
        (Sun(8.2 * u.kpc, 0.02 * u.kpc), 200.0, 40.0, 5.0),
        (SUN, 10.0, 90.0, 30.0),
    ],
)
def test_optical_depth_by_adaptive_quadrature(sun, l, b, distance):
    def k(s):
        r, _, z = sun.galactocentric(l * u.deg, b * u.deg, s * u.kpc)
        return float(RAW.coefficient(150 * u.TeV, r, z).value)

    plane = -sun.height.value / np.sin(np.radians(b)) if b else 0.0
    tangent = sun.radius.value * np.cos(np.radians(l)) / np.cos(np.radians(b)) if abs(b) < 89 else 0.0
    cuts = sorted({0.0, distance, *(x for x in (plane, tangent) if 0 < x < distance)})
    expected = sum(quad(k, x, y, epsabs=0, epsrel=1e-6, limit=200)[0] for x, y in zip(cuts[:-1], cuts[1:], strict=True))
    found = RAW.optical_depth(150 * u.TeV, sun, l * u.deg, b * u.deg, distance * u.kpc)
    assert found.value == pytest.approx(expected, rel=1e-5)


def test_coefficient_is_uniform_plus_factors_times_weights():
    absorption = Absorption(dust_scale=1.2)
    e, r, z = np.geomspace(1e4, 1e7, 5), np.linspace(0, 20, 4), np.array([[0.0], [1.5]])
    by_hand = absorption.uniform(e)[:, None, None] + np.einsum(
        "ea,a...->e...", absorption.factors(e), dust_weights(r, z)
    )
    found = absorption.coefficient(e * u.GeV, r * u.kpc, z * u.kpc)
    assert found.shape == (5, 2, 4)
    np.testing.assert_allclose(found.to_value("kpc-1"), by_hand, rtol=1e-12)
    assert absorption.factors(e).shape == (5, len(TEMPERATURES))
    assert absorption.coefficient(1 * u.PeV, 8 * u.kpc, 0 * u.kpc).shape == ()


def test_fields_add_up_and_the_scale_scales():
    e, place = np.geomspace(1e4, 1e7, 7) * u.GeV, (3 * u.kpc, 0.1 * u.kpc)
    both = CMB.coefficient(e, *place) + 1.8 * RAW.coefficient(e, *place)
    np.testing.assert_allclose(Absorption(dust_scale=1.8).coefficient(e, *place).value, both.value, rtol=1e-12)
    np.testing.assert_array_equal(Absorption(dust_scale=0.0).coefficient(e, *place), CMB.coefficient(e, *place))


def test_optical_depths_add_along_a_ray():
    """From the Sun through the Galactic centre and as far beyond: twice the optical depth, by symmetry."""
    e = [30, 150, 1000] * u.TeV
    once = Absorption().optical_depth(e, SUN, *CENTRE)
    twice = Absorption().optical_depth(e, SUN, 0 * u.deg, 0 * u.deg, 17 * u.kpc)
    np.testing.assert_allclose(twice.value, 2 * once.value, rtol=1e-6)


def test_everything_arrives_from_nowhere_and_at_low_energy():
    e = np.geomspace(1, 1e8, 121) * u.GeV
    assert np.all(Absorption().transmission(e, SUN, 0 * u.deg, 0 * u.deg, 0 * u.kpc) == 1)
    low = Absorption().optical_depth(np.array([1.0, 10.0, 100.0]) * u.GeV, SUN, *CENTRE)
    assert np.all(low.value < 1e-100)
    assert np.all(Absorption(()).transmission(e, SUN, *CENTRE) == 1)


def test_it_is_quick():
    """121 energies take 10 ms at first sight, and nothing when seen again."""
    e = np.geomspace(1.0, 1e8, 121)
    start = time.perf_counter()
    first = Absorption().factors(e), Absorption().uniform(e)
    assert time.perf_counter() - start < 0.5  # a busy machine is no failure
    assert Absorption().uniform(e.copy()) is first[1]


def test_energy_density_sets_the_plateau():
    """Photons of the dust at the Sun: K at 150 TeV is near 0.05/kpc per eV cm^-3 of cold dust, less for the warm."""
    place = (8.5 * u.kpc, 0 * u.kpc)
    k = RAW.coefficient(150 * u.TeV, *place).value
    most = 0.0500 * energy_density("dust", *place).value
    assert 0.75 * most < k < most


def test_absorbers_compare_and_hash():
    assert Absorption() == Absorption(("dust", "cmb")) == Absorption(["cmb", "dust"], 1.4)
    assert hash(Absorption()) == hash(Absorption(("dust", "cmb")))
    assert Absorption() != CMB
    assert Absorption().fields == ABSORBERS


def test_it_describes_itself():
    text = "\n".join(Absorption().describe())
    for words in ("2.7255 K", "dust_scale = 1.4", "1 to 1.8", "not a derivation", "lower bound", "HERMES", "Vernetto"):
        assert words in text
    assert "0.772 at 100 TeV, 0.343 at 1 PeV" in text
    assert "dust_scale" not in "\n".join(CMB.describe())
    assert "HERMES" in "\n".join(CMB.describe())
    none, hint = Absorption(()).describe()
    assert none == "no gamma-gamma absorption"
    assert "would arrive" in hint
    assert "0.772 at 100 TeV, 0.343 at 1 PeV" in hint
    assert all(len(line) < 160 for line in Absorption().describe())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fields": ("cbm",)}, "did you mean 'cmb'"),
        ({"fields": ("cmb", "cmb")}, "named twice"),
        ({"fields": "cmb"}, "not a list"),
        ({"dust_scale": -0.1}, "allowed: >= 0"),
        ({"dust_scale": np.nan}, "allowed: >= 0"),
        ({"dust_scale": "1.4"}, "not a number"),
        ({"dust_scale": True}, "not a number"),
    ],
)
def test_refusals(changes, words):
    with pytest.raises(InputError, match=words):
        Absorption(**changes)


def test_refusals_of_calls():
    with pytest.raises(InputError, match="allowed: > 0 GeV"):
        Absorption().coefficient([1, 0] * u.TeV, 1 * u.kpc, 0 * u.kpc)
    with pytest.raises(InputError, match="distance"):
        Absorption().optical_depth(1 * u.TeV, SUN, 0 * u.deg, 0 * u.deg, -1 * u.kpc)
    with pytest.raises(InputError, match="one value"):
        Absorption().optical_depth(1 * u.TeV, SUN, [0, 1] * u.deg, 0 * u.deg, 1 * u.kpc)


def test_absorption_can_be_looked_at():
    axes = Absorption().plot(Observer())
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert len(labels(axes)) >= 4
