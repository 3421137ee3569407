"""Columns of rays, maps and regions: symmetries, closed forms, parts and wholes."""

import math

import astropy.units as u
import healpy
import numpy as np
import pytest

from skycocoon import CylindricalGrid, Region, Sun
from skycocoon.los import column, column_map, region_column
from skycocoon.sky import healpix

from .conftest import DISC, SUN


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


def test_rtol_is_what_one_gets(rng):
    vectors = healpix.directions(64, rng.integers(0, 12 * 64**2, 400), nest=False)
    best = column(DISC, SUN, vectors, rtol=1e-6)
    for rtol in (1e-2, 1e-3, 1e-4, 1e-5):
        assert np.max(np.abs(column(DISC, SUN, vectors, rtol=rtol) / best - 1)) < rtol


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
