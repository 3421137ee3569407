"""Grids: arrays in, arrays out, and what is refused."""

import math
import warnings

import astropy.units as u
import numpy as np
import pytest

from skycocoon import Cocoons, CylindricalGrid, InputError, SourceDisc, Sun
from skycocoon.errors import AccuracyWarning
from skycocoon.galaxy.table import NUMBER_DENSITY, RATE_DENSITY
from skycocoon.los import column

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


# --- Numbers per volume ---


def test_a_number_per_volume_is_kept_as_one():
    """Gas is a number, sources are a rate: the total of one is a number, of the other a rate."""
    gas = CylindricalGrid(R, Z, np.ones((21, 11)) / u.cm**3)
    assert gas.kind == NUMBER_DENSITY
    assert gas.total().unit == u.dimensionless_unscaled
    assert gas.total().value == pytest.approx(math.pi * 100 * u.kpc.to(u.cm) ** 3, rel=1e-12)
    assert gas.table().density(np.array([[1.0, 2.0, 0.1]]))[0] == pytest.approx(1.0, rel=1e-12)
    per_kpc3 = CylindricalGrid(R, Z, np.ones((21, 11)) / u.kpc**3)
    assert per_kpc3.total().value == pytest.approx(math.pi * 100, rel=1e-12)
    rate = CylindricalGrid(R, Z, np.ones((21, 11)) * RATE)
    assert rate.kind == RATE_DENSITY
    assert rate.total().unit == u.yr**-1


def test_a_number_per_volume_is_no_rate():
    gas = CylindricalGrid(R, Z, np.ones((21, 11)) / u.cm**3)
    with pytest.raises(InputError, match="rate"):
        gas.normalised(1 / u.yr)
    assert gas.normalised(7 * u.one).total().value == pytest.approx(7.0, rel=1e-12)
    with pytest.raises(InputError, match="number per volume"):
        Cocoons(density=gas)


def test_round_trip_of_a_number_per_volume(tmp_path):
    gas = CylindricalGrid(R, Z, np.random.default_rng(4).random((21, 11)) / u.cm**3)
    gas.write(tmp_path / "gas.npz")
    again = CylindricalGrid.read(tmp_path / "gas.npz")
    assert again.kind == NUMBER_DENSITY
    np.testing.assert_allclose(again.table().values, gas.table().values, rtol=1e-14)


def test_sample_recognises_the_kind():
    for unit, kind in ((u.cm**-3, NUMBER_DENSITY), (RATE, RATE_DENSITY)):
        grid = CylindricalGrid.sample(
            lambda r, phi, z, unit=unit: np.exp(-r / (3 * u.kpc)) * np.ones_like(z.value) * unit,
            10 * u.kpc, 0.5 * u.kpc, axisymmetric=True, symmetric=True, rtol=1e-2,
        )  # fmt: skip
        assert grid.kind == kind


# --- Steep grids: nodes uniform in sqrt(z) ---

STEEP = 4.0 * np.linspace(0, 1, 41) ** 2


def thin_layer(r, phi, z):
    """A layer of 60 pc in a halo of 1 kpc, above R = 0."""
    height = np.exp(-0.5 * (z / (60 * u.pc)) ** 2) + 0.05 * np.exp(-z / (1 * u.kpc))
    return np.exp(-r / (4 * u.kpc)) * height * np.ones_like(phi.value) / u.cm**3


def test_heights_uniform_in_the_root_are_recognised():
    table = CylindricalGrid(R, STEEP * u.kpc, np.ones((21, 41)) / u.cm**3).table()
    assert table.steep
    assert table.folded
    assert not CylindricalGrid(R, np.linspace(0, 4, 41) * u.kpc, np.ones((21, 41)) / u.cm**3).table().steep
    with pytest.raises(InputError, match="sqrt"):
        CylindricalGrid(R, (STEEP + 0.1) * u.kpc, np.ones((21, 41)) / u.cm**3)


def test_steep_total_of_a_uniform_cylinder():
    grid = CylindricalGrid(R, STEEP * u.kpc, np.ones((21, 41)) / u.kpc**3)
    assert grid.total().value == pytest.approx(math.pi * 100 * 8, rel=1e-12)


def test_steep_grid_is_linear_in_the_root():
    """Linear interpolation in sqrt(|z|): exact for such a density, above the plane and below."""
    values = (3 - np.sqrt(STEEP))[None] * np.ones((21, 1))
    table = CylindricalGrid(R, STEEP * u.kpc, values / u.cm**3, "linear").table()
    z = np.concatenate([np.linspace(-3.99, 3.99, 40), [0.0, 1e-5, -4.0]])
    found = table.density(np.column_stack([np.full(z.size, 3.3), np.ones(z.size), z]))
    np.testing.assert_allclose(found, 3 - np.sqrt(np.abs(z)), rtol=1e-12)
    assert table.density(np.array([[1.0, 0.0, 4.01]]))[0] == 0


def test_steep_nodes_resolve_a_thin_layer_in_a_high_halo():
    """The total by the interpolant against the closed form, with as many nodes in z and in sqrt(z)."""
    expected = (2 * math.pi * 4**2 * (1 - math.exp(-5 / 2) * (1 + 5 / 2))) * (
        math.sqrt(2 * math.pi) * 0.06 * math.erf(4 / 0.06 / math.sqrt(2)) + 2 * 0.05 * (1 - math.exp(-4))
    )
    off = {}
    for steep in (True, False):
        grid = CylindricalGrid.sample(
            thin_layer, 10 * u.kpc, 4 * u.kpc, axisymmetric=True, symmetric=True, nodes=(129, 1, 65),
            interpolation="log", steep=steep,
        )  # fmt: skip
        assert grid.table().steep == steep
        off[steep] = abs(grid.total().value / u.kpc.to(u.cm) ** 3 / expected - 1)
    assert off[True] < 0.01
    assert off[True] < off[False] / 5


def test_steep_sample_reaches_its_rtol():
    grid = CylindricalGrid.sample(
        thin_layer, 10 * u.kpc, 4 * u.kpc, axisymmetric=True, symmetric=True, rtol=1e-3, steep=True
    )
    rng = np.random.default_rng(5)
    r, z = rng.uniform(0, 10, 300), 4 * rng.uniform(-1, 1, 300) ** 3
    found = grid.table().density(np.column_stack([r, np.zeros(300), z]))
    expected = thin_layer(r * u.kpc, 0 * u.rad, np.abs(z) * u.kpc).to_value("cm-3")
    at_top = thin_layer(r * u.kpc, 0 * u.rad, 0 * u.kpc).to_value("cm-3")
    assert np.all(np.abs(found - expected) < 2e-3 * (expected + 0.05 * at_top))


def test_steep_goes_with_symmetric():
    with pytest.raises(InputError, match="symmetric"):
        CylindricalGrid.sample(thin_layer, 10 * u.kpc, 4 * u.kpc, axisymmetric=True, steep=True)


def test_steep_columns_are_those_of_the_density():
    """Straight up from the Sun, and along the plane, where the layer is thinnest for its height."""
    grid = CylindricalGrid.sample(
        thin_layer, 20 * u.kpc, 4 * u.kpc, axisymmetric=True, symmetric=True, nodes=(1025, 1, 513),
        interpolation="log", steep=True,
    )  # fmt: skip
    up, out = column(grid, Sun(), np.array([[0, 0, 1.0], [-1, 0, 0]])) / u.kpc.to(u.cm)
    height = math.sqrt(math.pi / 2) * 0.06 + 0.05 * (1 - math.exp(-4))
    assert up == pytest.approx(math.exp(-8.5 / 4) * height, rel=1e-4)
    assert out == pytest.approx(1.05 * 4 * (math.exp(-8.5 / 4) - math.exp(-5)), rel=1e-4)
