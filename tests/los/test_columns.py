"""Maps and region means: pixel means, symmetry, parts and wholes."""

import concurrent.futures
import math

import astropy.units as u
import healpy
import numpy as np
import pytest

from skycocoon import (
    Cocoons,
    CylindricalGrid,
    GalaxyModel,
    InputError,
    Region,
    SourceDisc,
    Sun,
    intensity_map,
    load_model,
    region_sed,
)
from skycocoon.los import column, column_map, region_column
from skycocoon.los.pixels import mirror_pixels
from skycocoon.los.rays import ray_columns
from skycocoon.los.view import View
from skycocoon.sky import healpix
from skycocoon.units import INTENSITY

SUN = Sun()
DISC = SourceDisc()
E = np.array([1.0, 10.0, 100.0]) * u.TeV


def brute_force(density, sun, nside, pixel, across):
    """Mean over a RING pixel from across^2 rays at the centres of its parts."""
    nested = healpy.ring2nest(nside, pixel)
    parts = nested * across**2 + np.arange(across**2)
    vectors = np.stack(healpy.pix2vec(nside * across, parts, nest=True), axis=-1)
    return column(density, sun, vectors, rtol=1e-5).mean()


@pytest.mark.parametrize("nside", [32, 64, 128, 256])
def test_pixel_means_agree_with_oversampling(nside, rng):
    sky = column_map(DISC, SUN, nside)
    lat = np.degrees(np.arcsin(healpy.pix2vec(nside, np.arange(12 * nside**2))[2]))
    plane, rest = np.flatnonzero(np.abs(lat) < 4), np.flatnonzero(np.abs(lat) >= 4)
    centre = healpy.ang2pix(nside, [0, 0, 359, 180], [0, 0.5, 0, 0], lonlat=True)
    pixels = np.concatenate([rng.choice(plane, 40), rng.choice(rest, 10), centre])
    across = 128 if nside == 32 else 64
    expected = [brute_force(DISC, SUN, nside, p, across) for p in pixels]
    np.testing.assert_allclose(sky[pixels], expected, rtol=1e-3)
    # and in fact to the rtol asked for
    assert np.max(np.abs(sky[pixels] / expected - 1)) < 2e-4


def test_pixel_centres_are_not_means():
    """Why means matter: at nside 64 the plane is wrong by several per cent if sampled at centres."""
    mean, centre = column_map(DISC, SUN, 64), column_map(DISC, SUN, 64, pixel="centre")
    error = np.abs(centre / mean - 1)
    assert error.max() > 0.05
    assert np.median(error) < 1e-3


@pytest.mark.parametrize("nside", [1, 2, 16])
def test_coarse_pixels(nside):
    coarse = column_map(DISC, SUN, nside)
    fine = column_map(DISC, SUN, 64)
    expected = healpy.ud_grade(fine, nside)
    np.testing.assert_allclose(coarse, expected, rtol=2e-4)


@pytest.mark.parametrize("nside", [1, 2, 4, 8, 64])
@pytest.mark.parametrize("mirror_b", [True, False])
def test_representatives_are_mirror_images(nside, mirror_b):
    chosen, back = mirror_pixels(nside, mirror_b)
    x, y, z = healpy.pix2vec(nside, np.arange(12 * nside**2))
    X, Y, Z = x[chosen][back], y[chosen][back], z[chosen][back]
    np.testing.assert_allclose(X, x, atol=1e-13)
    np.testing.assert_allclose(np.abs(Y), np.abs(y), atol=1e-13)
    np.testing.assert_allclose(np.abs(Z) if mirror_b else Z, np.abs(z) if mirror_b else z, atol=1e-13)
    if nside > 4:
        assert chosen.size / x.size == pytest.approx(0.25 if mirror_b else 0.5, abs=0.05)


def as_full_grid(n_phi=8):
    """The disc with a whisper of azimuth in it, so that every pixel gets its own ray."""
    table = DISC.grid(1e-4)
    values = np.repeat(table.values.to_value("cm-3 s-1"), n_phi, axis=1)
    values[-1, 0] *= 1 + 1e-12
    return CylindricalGrid(table.radius, table.height, values * u.Unit("cm-3 s-1"), "log")


@pytest.mark.slow
def test_axisymmetric_is_recognised_and_costs_a_quarter():
    n = np.repeat(DISC.grid(1e-3).values, 6, axis=1)
    grid = CylindricalGrid(DISC.grid(1e-3).radius, DISC.grid(1e-3).height, n, "log")
    assert grid.table().axisymmetric
    full = as_full_grid()
    assert not full.table().axisymmetric
    one, other = column_map(full, SUN, 16), column_map(DISC, SUN, 16)
    np.testing.assert_allclose(one, other, rtol=3e-4)


def test_sun_above_the_plane_breaks_the_symmetry():
    sky = column_map(DISC, Sun(height=50 * u.pc), 32)
    x, y, z = healpy.pix2vec(32, np.arange(sky.size))
    south = healpy.vec2pix(32, x, y, -z)
    west = healpy.vec2pix(32, x, -y, z)
    np.testing.assert_allclose(sky, sky[west], rtol=1e-12)
    assert np.max(np.abs(sky / sky[south] - 1)) > 0.3
    up, down = column(DISC, Sun(height=50 * u.pc), np.array([[0, 0, 1.0], [0, 0, -1.0]]), rtol=1e-6)
    h, top, z0 = 0.1, 0.5, 0.05
    n0 = DISC.normalisation.to_value("cm-3 s-1") * u.kpc.to(u.cm)
    assert up == pytest.approx(n0 * h * (math.exp(-z0 / h) - math.exp(-top / h)), rel=1e-5)
    assert down == pytest.approx(n0 * h * (2 - math.exp(-z0 / h) - math.exp(-top / h)), rel=1e-5)


def test_result_does_not_depend_on_the_split():
    vectors = healpix.directions(32, np.arange(12 * 32**2), nest=False)
    rays = ray_columns(DISC.table(1e-5), View(SUN))
    whole = rays(vectors)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for chunk in (17, 1000):
            from skycocoon.execution import in_chunks

            np.testing.assert_array_equal(in_chunks(rays, vectors, pool, chunk), whole)
        np.testing.assert_array_equal(column_map(DISC, SUN, 16, executor=pool), column_map(DISC, SUN, 16))


def test_rtol_is_what_one_gets(rng):
    vectors = healpix.directions(64, rng.integers(0, 12 * 64**2, 400), nest=False)
    best = column(DISC, SUN, vectors, rtol=1e-6)
    for rtol in (1e-2, 1e-3, 1e-4, 1e-5):
        assert np.max(np.abs(column(DISC, SUN, vectors, rtol=rtol) / best - 1)) < rtol


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


def test_two_half_discs_make_a_disc():
    """Parts add up to the whole: the disc split by azimuth into two grids."""
    grid = as_full_grid()
    values = grid.values.copy()
    values[:, 4:] = 0
    half = CylindricalGrid(grid.radius, grid.height, values, "linear")
    other = CylindricalGrid(grid.radius, grid.height, grid.values - values, "linear")
    whole = CylindricalGrid(grid.radius, grid.height, grid.values, "linear")
    region = Region.disc(20 * u.deg, 0 * u.deg, 20 * u.deg)
    parts = [region_column(g, SUN, region, rtol=1e-3) for g in (half, other, whole)]
    assert parts[0] + parts[1] == pytest.approx(parts[2], rel=2e-3)


@pytest.mark.parametrize("limits", [(179.5, 180.5, -2, 2), (200, 210, -1, 1), (-10, 10, -1, 1), (120, 130, -0.5, 0.5)])
def test_small_boxes_by_gauss_legendre(limits):
    """Region means against a plain product rule in l and sin b, split at the plane and in the middle."""
    l0, l1, b0, b1 = limits
    x, w = np.polynomial.legendre.leggauss(40)
    half = np.concatenate([x - 1, x + 1]) / 2
    lon = np.radians((l0 + l1) / 2 + (l1 - l0) / 2 * half)
    lat = np.arcsin(math.sin(math.radians(b1)) * half)
    grid = np.stack(np.meshgrid(lon, lat, indexing="ij"), axis=-1).reshape(-1, 2)
    vectors = np.stack(
        [np.cos(grid[:, 1]) * np.cos(grid[:, 0]), np.cos(grid[:, 1]) * np.sin(grid[:, 0]), np.sin(grid[:, 1])], axis=-1
    )
    weight = np.tile(w / 4, 2)
    expected = weight @ column(DISC, SUN, vectors, rtol=1e-6).reshape(lon.size, lat.size) @ weight
    box = Region.box((l0 * u.deg, l1 * u.deg), (b0 * u.deg, b1 * u.deg))
    assert region_column(DISC, SUN, box) == pytest.approx(expected, rel=5e-5)


def test_region_and_complement_make_the_sky():
    region = Region.disc(40 * u.deg, 1 * u.deg, 30 * u.deg)
    inside, outside = (region_column(DISC, SUN, r) * r.solid_angle.value for r in (region, ~region))
    sky = region_column(DISC, SUN, Region.everywhere()) * 4 * math.pi
    assert inside + outside == pytest.approx(sky, rel=1e-4)


@pytest.mark.parametrize(
    "name", ["lhaaso-inner", "lhaaso-outer", "hawc-2024", "icecube-segments-inner", "fermi-lat-2012-outer"]
)
def test_region_sed_agrees_with_the_map(name):
    model = load_model("schroer2021")
    region = Region.named(name)
    direct = region_sed(model, "gamma", E, region).intensity
    mapped = intensity_map(model, "gamma", E, 128).sed(region).intensity
    np.testing.assert_allclose(mapped.value, direct.value, rtol=2e-3)


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
