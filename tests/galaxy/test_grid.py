"""Grids: arrays in, arrays out, and what is refused."""

import math
import warnings

import astropy.units as u
import numpy as np
import pytest

from skycocoon import CylindricalGrid, InputError, SourceDisc
from skycocoon.errors import AccuracyWarning

RATE = u.Unit("kpc-3 yr-1")
R, Z = np.linspace(0, 10, 21) * u.kpc, np.linspace(-0.5, 0.5, 11) * u.kpc


def test_total_of_a_uniform_cylinder():
    grid = CylindricalGrid(R, Z, np.ones((21, 11)) * RATE)
    assert grid.total().to_value("yr-1") == pytest.approx(math.pi * 100 * 1.0, rel=1e-12)
    folded = CylindricalGrid(R, np.linspace(0, 0.5, 6) * u.kpc, np.ones((21, 6)) * RATE)
    assert folded.total().to_value("yr-1") == pytest.approx(math.pi * 100 * 1.0, rel=1e-12)
    hole = CylindricalGrid(np.linspace(2, 10, 21) * u.kpc, Z, np.ones((21, 11)) * RATE)
    assert hole.total().to_value("yr-1") == pytest.approx(math.pi * 100 * 1.0, rel=1e-12)


def test_total_with_azimuth():
    phi = 2 * math.pi * np.arange(12) / 12
    values = np.ones((21, 12, 11)) * (1 + 0.5 * np.cos(phi))[:, None]
    grid = CylindricalGrid(R, Z, values * RATE, "linear")
    assert grid.total().to_value("yr-1") == pytest.approx(math.pi * 100, rel=1e-12)
    assert grid.normalised(2 / u.yr).total().to_value("yr-1") == pytest.approx(2.0, rel=1e-12)


def test_equal_azimuths_are_recognised():
    assert CylindricalGrid(R, Z, np.ones((21, 5, 11)) * RATE).table().axisymmetric


def test_exponential_layer_is_exact():
    z = np.linspace(0, 1, 3)
    values = np.exp(-z / 0.1)[None] * np.ones((21, 1))
    grid = CylindricalGrid(R, z * u.kpc, values * u.Unit("cm-3 s-1"))
    heights = np.linspace(-0.99, 0.99, 50)
    found = grid.table().density(np.column_stack([np.full(50, 3.3), np.zeros(50), heights]))
    np.testing.assert_allclose(found, np.exp(-np.abs(heights) / 0.1), rtol=1e-12)


def test_round_trip(tmp_path):
    rng = np.random.default_rng(3)
    grid = CylindricalGrid(R, Z, rng.random((21, 4, 11)) * RATE)
    grid.write(tmp_path / "grid.npz")
    again = CylindricalGrid.read(tmp_path / "grid.npz")
    np.testing.assert_allclose(again.table().values, grid.table().values, rtol=1e-14)
    assert again.total().value == pytest.approx(grid.total().value, rel=1e-12)


def spiral(r, phi, z):
    arms = 1 + 0.8 * np.cos(2 * (phi.to_value(u.rad) - np.log(np.maximum(r.to_value(u.kpc), 0.1)) / 0.25))
    return SourceDisc().density(r, phi, z) * arms


def test_sample_reaches_its_rtol_or_says_so(rng):
    grid = CylindricalGrid.sample(spiral, 12 * u.kpc, 0.3 * u.kpc, symmetric=True, rtol=5e-2)
    r, phi, z = 2 + 9 * rng.random(300), 2 * math.pi * rng.random(300), rng.uniform(-0.3, 0.3, 300)
    found = grid.table().density(np.column_stack([r * np.cos(phi), r * np.sin(phi), z]))
    expected = spiral(r * u.kpc, phi * u.rad, z * u.kpc).to_value("cm-3 s-1")
    assert np.max(np.abs(found - expected) / (expected + 0.05 * expected.max())) < 0.1
    with pytest.warns(AccuracyWarning, match="good to"):
        CylindricalGrid.sample(
            lambda r, phi, z: np.where(r < 3.3 * u.kpc, 1.0, 0.1) * np.ones_like(z.value) * RATE,
            10 * u.kpc, 0.3 * u.kpc, axisymmetric=True, symmetric=True, rtol=1e-4,
        )  # fmt: skip


def test_rulers_find_small_features_and_forget_smooth_axes():
    n = np.ones((201, 180, 11))
    n[100, 40, 5] = 30.0
    table = CylindricalGrid(np.linspace(0, 10, 201) * u.kpc, Z, n * RATE).table()
    assert table.rulers[0][-1] > 0
    assert table.rulers[1][-1] > 0
    cell = np.diff(table.rulers[0])
    assert cell[100] == 1.0
    assert cell[5] < 0.1
    assert np.degrees(table.feature_angle(8.5)) < 1.0
    smooth = SourceDisc().table()
    assert all(np.all(ruler == 0) for ruler in smooth.rulers)
    assert math.isinf(smooth.feature_angle(8.5))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((R, Z, np.ones((11, 21)) * RATE), "do not fit"),
        ((R[::-1], Z, np.ones((21, 11)) * RATE), "increasing"),
        ((R, Z, -np.ones((21, 11)) * RATE), "negative"),
        ((R, Z, np.zeros((21, 11)) * RATE), "zero everywhere"),
        ((R, Z, np.full((21, 11), np.nan) * RATE), "finite"),
        ((R, Z, np.ones((21, 11)) / u.kpc**2), "unit"),
        ((np.geomspace(0.1, 10, 21) * u.kpc, Z, np.ones((21, 11)) * RATE), "uniform"),
        ((R, np.geomspace(0.1, 1, 11) * u.kpc, np.ones((21, 11)) * RATE), "uniform"),
        ((R, Z, np.ones((21, 11)) * RATE, "cubic"), "allowed: auto"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(InputError, match=words):
        CylindricalGrid(*arguments)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x93NUMPY"])
def test_broken_files(tmp_path, content):
    (tmp_path / "grid.npz").write_bytes(content)
    with pytest.raises(InputError, match="grid"):
        CylindricalGrid.read(tmp_path / "grid.npz")
    np.savez(tmp_path / "half.npz", radius=R.value)
    with pytest.raises(InputError, match="no array 'height'"):
        CylindricalGrid.read(tmp_path / "half.npz")
    with pytest.raises(InputError, match="not a readable"):
        CylindricalGrid.read(tmp_path / "missing.npz")


def test_no_warning_for_discs():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rtol in (1e-2, 1e-4, 1e-6):
            SourceDisc().grid(rtol)
