"""Densities on cylindrical grids: totals, files and refusals."""

import math
import zipfile

import astropy.units as u
import numpy as np
import pytest

from skycocoon import Cocoons, CylindricalGrid, InputError, Sun
from skycocoon.galaxy.table import NUMBER_DENSITY, RATE_DENSITY
from skycocoon.los import column

from ..conftest import error_of
from .conftest import RATE, STEEP, R, Z, thin_layer


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
    with pytest.raises(InputError, match="no such file"):
        CylindricalGrid.read(tmp_path / "missing.npz")


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


def test_steep_total_of_a_uniform_cylinder():
    grid = CylindricalGrid(R, STEEP * u.kpc, np.ones((21, 41)) / u.kpc**3)
    assert grid.total().value == pytest.approx(math.pi * 100 * 8, rel=1e-12)


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


@pytest.mark.parametrize("kind", ["f2", "f4", ">f4", ">f8", "g", "i4"])
def test_densities_in_any_type_of_numbers(kind, tmp_path):
    """One per kpc^3 and year is 1e-72 inside: single precision made nothing of it."""
    radius, height = np.linspace(0, 16, 17), np.linspace(0, 1, 9)
    values = np.round(100 * np.exp(-radius[:, None] / 3 - height / 0.3)).astype(kind)
    np.savez(tmp_path / "n.npz", radius=radius.astype(kind), height=height.astype("f4"), values=values[:, ::1])
    expected = CylindricalGrid(radius * u.kpc, height * u.kpc, values.astype(float) * u.Unit("kpc-3 yr-1"))
    for grid in (
        CylindricalGrid.read(tmp_path / "n.npz"),
        CylindricalGrid(radius * u.kpc, height * u.kpc, u.Quantity(values, "kpc-3 yr-1", dtype=values.dtype)),
    ):
        assert grid.values.dtype == np.float64
        np.testing.assert_array_equal(grid.values.value, values.astype(float))
        np.testing.assert_allclose(grid.total().value, expected.total().value, rtol=1e-12)
        np.testing.assert_allclose(grid.normalised(1e-45 / u.yr).total().to_value(1 / u.yr), 1e-45, rtol=1e-9)


def _saved(path, **changes):
    arrays = {"radius": np.linspace(0, 10, 5), "height": np.linspace(0, 1, 3), "values": np.ones((5, 3)), **changes}
    np.savez_compressed(path, **arrays)
    return path


def _header(path, shape):
    """A file whose array of values says that it has another shape than its few bytes are."""
    with zipfile.ZipFile(_saved(path), "r") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["values.npy"] = parts["values.npy"].replace(b"(5, 3)", shape)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "shape", [b"(10**13,)", b"(9999999999999,)", b"(-5, 3)", b"(99999, 99999)", b"(" * 40, b"(5, 4)"]
)
def test_a_file_that_lies_about_its_shape(shape, tmp_path):
    text = error_of(CylindricalGrid.read, _header(tmp_path / "x.npz", shape))
    assert text.startswith(f"{tmp_path / 'x.npz'}: not a readable .npz grid")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"values": np.ones((5, 3)) * 1j}, "array 'values': real numbers are needed"),
        ({"values": np.full((5, 3), "1")}, "array 'values': real numbers are needed"),
        ({"radius": np.array(["0", "1", "2", "3", "4"])}, "array 'radius': real numbers are needed"),
        ({"values": np.ones((4, 3))}, "values of shape (4, 3) do not fit 5 radii"),
        ({"unit": "kpc"}, "unit"),
        ({"unit": "nonsense"}, "'nonsense' did not parse as unit"),
        ({"unit": "k" * 10_000}, "did not parse as unit"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_files_of_other_things(changes, reason, tmp_path):
    path = _saved(tmp_path / "x.npz", **changes)
    text = error_of(CylindricalGrid.read, path)
    assert text.startswith(f"{path}: ")
    assert text.count(str(path)) == 1
    assert reason in text


def test_a_file_that_holds_far_more_than_its_size(tmp_path, monkeypatch):
    """A zip of nothing but zeros is a thousandth of them; it is refused before they are made."""
    monkeypatch.setattr("skycocoon.galaxy.grid.MAX_BYTES", 10_000)
    path = _saved(tmp_path / "x.npz", values=np.zeros((5, 1000, 3)))
    assert "bytes of arrays; allowed: 10000" in error_of(CylindricalGrid.read, path)


def test_an_array_alone_is_no_grid(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((5, 3)))
    assert "needed: arrays radius, height, values" in error_of(CylindricalGrid.read, tmp_path / "x.npy")
