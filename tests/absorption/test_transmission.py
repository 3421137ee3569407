"""Absorption on the ray: a few energies give all others, and absorbed columns against plain quadrature."""

import math

import astropy.units as u
import numpy as np
import pytest

from skycocoon.absorption import TRANSPARENT, Absorption, transmission_basis
from skycocoon.absorption.transmission import HEIGHTS, RADII
from skycocoon.emission import Cocoons, GalaxyModel
from skycocoon.emission.diffuse import GasInSea
from skycocoon.errors import InputError
from skycocoon.galaxy import CylindricalGrid, Gas, Sea, SourceDisc, Sun
from skycocoon.los import column, column_map, intensity_map, region_column, region_sed
from skycocoon.sky import Region

from ..conftest import directions
from ..twins import absorbed_column, field_at

NOTHING, CMB, BOTH = Absorption(()), Absorption(("cmb",)), Absorption()
SUN = Sun()
PEV = [0.1, 1.0, 2.0] * u.PeV
KPC = (1 * u.kpc).to_value(u.cm)


def rays_of(rng, count, sun):
    """Random directions, the plane over-represented, and random distances, to where the table of the dust ends."""
    longitude = rng.uniform(0, 360, count)
    uniform = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    latitude = np.where(rng.random(count) < 0.6, rng.normal(0, 2, count), uniform)
    edge = np.minimum(
        (HEIGHTS[1] - abs(sun.place[1])) / np.abs(np.sin(np.radians(latitude))), (RADII[1] - sun.place[0])
    )
    return longitude, latitude, rng.uniform(0, 1, count) * edge


@pytest.mark.parametrize("absorption", [CMB, Absorption(("dust",)), Absorption(dust_scale=1.8)])
@pytest.mark.parametrize("sun", [SUN, Sun(8.1 * u.kpc, 0.02 * u.kpc), Sun(4 * u.kpc, -0.3 * u.kpc)])
def test_transmissions_at_any_energy_from_the_chosen_ones(absorption, sun, rng):
    """Along rays that were not used to choose them: to 1e-5, and to 2e-5 of the optical depth for the dust's table."""
    attenuation = transmission_basis(absorption, sun)
    assert attenuation.size < (12 if "dust" not in absorption.fields else 26)
    energy = np.exp(rng.uniform(np.log(10), np.log(1e8), 60))
    steps = (np.arange(8000) + 0.5) / 8000
    for l, b, distance in zip(*rays_of(rng, 8, sun), strict=True):
        s, ds = distance * steps**2, distance * 2 * steps / steps.size
        r, _, z = sun.galactocentric(l * u.deg, b * u.deg, s * u.kpc)
        fields, edges = attenuation.absorbers.fields, attenuation.absorbers.edges
        paths = np.array(
            [field_at(fields, edges, a, r.value, z.value) @ ds for a in range(attenuation.absorbers.factors.shape[1])]
        )
        chosen = np.exp(-attenuation.absorbers.uniform * distance - attenuation.absorbers.factors @ paths)
        found = attenuation.weights(energy) @ chosen
        tau = absorption.optical_depth(energy * u.GeV, sun, l * u.deg, b * u.deg, distance * u.kpc).value
        table = 2e-5 * tau * np.exp(-tau) if "dust" in absorption.fields else 0
        assert np.all(np.abs(found - np.exp(-tau)) < 1e-5 + table)


def test_nearby_and_at_low_energy_everything_arrives():
    """At the Sun all transmissions are 1, so that weights add up to 1; at low energy the first is 1 everywhere."""
    weights = transmission_basis(BOTH, SUN).weights(np.geomspace(1.0, 1e8, 200))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    low = transmission_basis(BOTH, SUN).weights(np.array([1.0, 10.0, 1e3]))
    np.testing.assert_allclose(low, np.eye(1, low.shape[1]).repeat(3, axis=0), rtol=0, atol=1e-6)
    assert np.abs(weights).max() < 100  # no cancellation of large numbers


def test_attenuation_is_made_once():
    assert transmission_basis(Absorption(("dust", "cmb")), Sun()) is transmission_basis(Absorption(), Sun(8.5 * u.kpc))
    assert transmission_basis(NOTHING, SUN) is TRANSPARENT
    np.testing.assert_array_equal(TRANSPARENT.weights(np.array([1.0, 1e6])), np.ones((2, 1)))


ONES = CylindricalGrid(
    np.linspace(0, 20, 5) * u.kpc, np.linspace(0, 0.5, 3) * u.kpc, np.ones((5, 3)) / u.cm**3, "linear"
)


def ray_length(vector):
    """Through a cylinder of 20 kpc and 0.5 kpc, from its plane."""
    across = math.hypot(vector[0], vector[1])
    reach = math.inf
    if across > 1e-12:
        cosine = vector[0] / across
        reach = (8.5 * cosine + math.sqrt(400 - 8.5**2 * (1 - cosine**2))) / across
    return min(reach, 0.5 / max(abs(vector[2]), 1e-300))


@pytest.mark.slow
def test_uniform_absorption_has_a_closed_form():
    """(1 - exp(-k L))/k with the k of the CMB, from 10 TeV, where k is 0, to 100 PeV."""
    vectors = directions([0, 0, 20, 90, 180, 135, 10], [0, 1, 0.2, 0, 0, -3, 90])
    energy = np.geomspace(1e4, 1e8, 41) * u.GeV
    k = CMB.uniform(energy.value)[:, None]
    length = np.array([ray_length(v) for v in vectors])
    kl = k * length
    expected = length * np.where(kl > 1e-9, -np.expm1(-kl) / np.maximum(kl, 1e-300), 1 - kl / 2)
    assert kl.max() > 3.9
    assert kl.min() < 1e-40
    found = column(ONES, SUN, vectors, absorption=CMB, energy=energy)
    np.testing.assert_allclose(found, expected * KPC, rtol=2e-6)


SKY = np.array(
    [
        (0, 0), (0, 0.3), (0, 1), (0, 5), (0, 30), (0.5, 0), (2, -0.2), (5, 0), (11, 0), (20, 0), (20, 1), (30, 0),
        (30, 0.1), (30, 3), (45, 0), (60, 0.5), (75, 0), (90, 0), (90, 2), (120, 0), (150, -1), (180, 0), (180, 0.5),
        (180, 10), (10, 90), (40, -60),
    ],
    dtype=float,
)  # fmt: skip
RAYS = directions(*SKY.T)
DISC = SourceDisc()


def disc(r, z):
    return DISC.density(r * u.kpc, 0 * u.rad, z * u.kpc).to_value("cm-3 s-1")


def plain(density, absorption, sun, top, radii=(), rays=RAYS):
    """(m, n) columns by composite quadrature of analytic functions [density times cm]."""

    def coefficient(r, z):
        return absorption.coefficient(PEV, r * u.kpc, z * u.kpc).to_value("kpc-1")

    return KPC * np.array([absorbed_column(density, coefficient, v, sun.place, 20.0, top, radii) for v in rays]).T


@pytest.mark.parametrize("absorption", [CMB, pytest.param(BOTH, marks=pytest.mark.slow), Absorption(dust_scale=1.8)])
@pytest.mark.parametrize("sun", [SUN, Sun(8.2 * u.kpc, 0.02 * u.kpc)])
def test_columns_of_the_disc(absorption, sun):
    found = column(DISC, sun, RAYS, absorption=absorption, energy=PEV)
    np.testing.assert_allclose(found, plain(disc, absorption, sun, 0.5), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("absorption", [NOTHING, CMB, BOTH])
@pytest.mark.parametrize("model", ["galprop", "nakanishi-sofue"])
def test_columns_of_gas_in_the_sea(model, absorption):
    """GALPROP's gas has 54 kinks in R: the reference is cut at them, and they are edges of the engine's elements."""
    gas = Gas(model)
    density = GasInSea(gas, Sea())
    found = column(density, SUN, RAYS, absorption=absorption, energy=PEV)
    np.testing.assert_allclose(found, plain(density.weighted, absorption, SUN, 4.0, gas.radial_kinks), rtol=1e-4)


def test_columns_of_gas_that_jumps():
    """The jump of Misiriotis' HI at 2.75 kpc is the edge of an element: rays that graze it are as good as others."""
    gas = Gas("misiriotis")
    density = GasInSea(gas, Sea())
    chosen = np.isin(np.arange(len(SKY)), [0, 2, 3, 6, 8, 9, 10, 11, 13, 15, 18, 20, 22])
    found = column(density, SUN, RAYS[chosen], absorption=BOTH, energy=PEV)
    error = np.abs(found / plain(density.weighted, BOTH, SUN, 4.0, gas.radial_kinks, RAYS[chosen]) - 1)
    assert error.max() < 1e-4
    assert np.median(error) < 1e-5


def test_an_adaptive_reference_agrees_with_the_reference():
    """scipy's quad, nested, for one ray in the plane and one off it: the composite rule is no better than it says."""
    from scipy.integrate import quad

    for l, b in ((20.0, 1.0), (30.0, 0.0)):
        vector = directions([l], [b])[0]
        middle = 8.5 * math.cos(math.radians(l)) / math.cos(math.radians(b))
        end = min(ray_length(vector), 1e9)
        cuts = [0.0, min(middle, end), end] if middle < end else [0.0, end]

        def seen(s, l=l, b=b, vector=vector):
            r = math.hypot(8.5 - s * vector[0], s * vector[1])
            depth = BOTH.optical_depth(1 * u.PeV, SUN, l * u.deg, b * u.deg, s * u.kpc)
            return float(disc(np.array(r), np.array(s * vector[2]))) * math.exp(-depth.value)

        expected = sum(quad(seen, x, y, epsabs=0, epsrel=1e-6)[0] for x, y in zip(cuts[:-1], cuts[1:], strict=True))
        found = plain(disc, BOTH, SUN, 0.5, rays=[vector])[1, 0]
        assert found == pytest.approx(expected * KPC, rel=2e-6)


@pytest.mark.slow
def test_no_absorption_is_the_unabsorbed_sky():
    """No field at all: exactly. Fields that do nothing, at low energy or of no photons: to the rtol of two quadratures."""
    without = column(DISC, SUN, RAYS)
    same = column(DISC, SUN, RAYS, absorption=NOTHING, energy=PEV)
    assert same.shape == (3, len(RAYS))
    np.testing.assert_array_equal(same, np.broadcast_to(without, same.shape))
    low = column(DISC, SUN, RAYS, absorption=BOTH, energy=[0.01, 0.1, 1] * u.TeV)
    np.testing.assert_allclose(low, same, rtol=5e-5)


def test_dust_without_photons_is_the_cmb_alone():
    none = column(DISC, SUN, RAYS, absorption=Absorption(dust_scale=0.0), energy=PEV)
    cmb = column(DISC, SUN, RAYS, absorption=CMB, energy=PEV)
    np.testing.assert_allclose(none, cmb, rtol=1e-9)


@pytest.mark.slow
def test_more_dust_lets_less_through():
    energy = np.geomspace(1e4, 1e7, 31) * u.GeV
    skies = [
        column(DISC, SUN, RAYS, absorption=a, energy=energy)
        for a in (NOTHING, CMB, Absorption(dust_scale=1.0), BOTH, Absorption(dust_scale=1.8))
    ]
    for more, less in zip(skies[:-1], skies[1:], strict=True):
        assert np.all(less <= more * (1 + 1e-5))
    assert np.all(skies[-1] > 0.15 * skies[0])


def test_a_near_edge_absorbs_in_front():
    """What s_min leaves out is the first part of the ray; what is left is seen through all that absorbs there."""
    rays = directions([0, 20, 90, 180], [0, 1, 0.2, 0])
    rest = column(ONES, SUN, rays, s_min=2.0, absorption=BOTH, energy=PEV)
    whole = column(ONES, SUN, rays, absorption=BOTH, energy=PEV)
    x, w = np.polynomial.legendre.leggauss(20)
    for i, (l, b) in enumerate(((0, 0), (20, 1), (90, 0.2), (180, 0))):
        arrives = [BOTH.transmission(PEV, SUN, l * u.deg, b * u.deg, s * u.kpc).value for s in x + 1]
        np.testing.assert_allclose(whole[:, i] - rest[:, i], w @ np.array(arrives) * KPC, rtol=2e-4)


def test_energies_are_needed_to_absorb():
    for call in (
        lambda: column(DISC, SUN, RAYS, absorption=CMB),
        lambda: column_map(DISC, SUN, 1, absorption=CMB),
        lambda: region_column(DISC, SUN, Region.named("lhaaso-inner"), absorption=CMB),
    ):
        with pytest.raises(InputError, match="energies"):
            call()


ENERGY = [1e3, 1e5, 1e6, 2e6] * u.GeV


@pytest.fixture(scope="module")
def absorbed_map():
    return column_map(DISC, SUN, 64, absorption=BOTH, energy=ENERGY)


@pytest.mark.slow
def test_a_map_of_columns_is_columns(absorbed_map):
    """Away from the plane a pixel's mean is its centre."""
    import healpy

    pixels = healpy.ang2pix(64, [0, 40, 130, 180, 250], [35, -50, 20, 60, -30], lonlat=True)
    vectors = np.stack(healpy.pix2vec(64, pixels), axis=-1)
    found = column(DISC, SUN, vectors, absorption=BOTH, energy=ENERGY)
    np.testing.assert_allclose(absorbed_map[:, pixels], found, rtol=1e-3)
    assert absorbed_map.shape == (4, 12 * 64**2)


@pytest.mark.slow
def test_absorption_never_adds(absorbed_map):
    unabsorbed = column_map(DISC, SUN, 64)
    assert np.all(absorbed_map[1:] < unabsorbed)
    # At 1 TeV nothing is lost; two maps are two sets of refinements.
    np.testing.assert_allclose(absorbed_map[0], unabsorbed, rtol=2e-4)
    import healpy

    centre, anticentre = healpy.ang2pix(64, [0, 180], [0, 0], lonlat=True)
    ratio = absorbed_map / unabsorbed
    assert np.all(ratio[1:, centre] < ratio[1:, anticentre])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "nside", "absorption", "rtol"),
    [("icecube-allsky", 64, BOTH, 1e-5), ("icecube-segments-inner", 64, BOTH, 1e-3), ("lhaaso-inner", 128, CMB, 1e-3)],
)
def test_the_mean_of_a_map_is_the_mean_of_its_rays(name, nside, absorption, rtol):
    """Two integrals over a region: of pixels, with those at its edge in part, and of rays.

    What is left is the gradient across the pixels at the edge: nothing for the whole sky.
    """
    model = GalaxyModel((Cocoons(),), absorption=absorption)
    region = Region.named(name)
    of_map = intensity_map(model, "gamma", ENERGY, nside).sed(region).intensity
    of_rays = region_sed(model, "gamma", ENERGY, region).intensity
    np.testing.assert_allclose(of_map.value, of_rays.value, rtol=rtol)


def test_a_region_column_is_the_intensity_over_its_spectrum():
    region = Region.named("lhaaso-outer")
    columns = region_column(DISC, SUN, region, absorption=CMB, energy=ENERGY)
    lit = region_sed(GalaxyModel((Cocoons(),), absorption=CMB), "gamma", ENERGY, region).intensity
    dark = region_sed(GalaxyModel((Cocoons(),)), "gamma", ENERGY, region).intensity
    np.testing.assert_allclose((lit / dark).value, columns / region_column(DISC, SUN, region), rtol=1e-5)


def test_neutrinos_are_not_absorbed():
    energy = [1e3, 1e5, 1e6] * u.GeV
    for absorption in (CMB, BOTH):
        lit = intensity_map(GalaxyModel((Cocoons(),), absorption=absorption), "neutrino", energy, 16).intensity
        dark = intensity_map(GalaxyModel((Cocoons(),)), "neutrino", energy, 16).intensity
        np.testing.assert_array_equal(lit.value, dark.value)


def test_components_add_up_behind_the_same_absorption():
    """What one component does is none of another's business."""
    other = Cocoons(name="others", density=SourceDisc(vertical="gaussian"))
    region = Region.named("lhaaso-outer")
    both = region_sed(GalaxyModel((Cocoons(), other), absorption=CMB), "gamma", ENERGY, region)
    alone = [
        region_sed(GalaxyModel((c,), absorption=CMB), "gamma", ENERGY, region).intensity for c in (Cocoons(), other)
    ]
    np.testing.assert_allclose(both.intensity.value, sum(alone).value, rtol=1e-14)
    np.testing.assert_array_equal(both.components["cocoons"].value, alone[0].value)


def test_dust_of_no_photons_alone_is_transparent():
    assert transmission_basis(Absorption(("dust",), 0.0), Sun()) is TRANSPARENT
