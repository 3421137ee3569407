"""The accuracy contract of single rays in small: benchmarks/contract.py with a few rays through a few densities."""

import importlib.util
import sys
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

from skycocoon import SourceDisc, Sun
from skycocoon.absorption import Absorption
from skycocoon.errors import AccuracyWarning
from skycocoon.los import column

PATH = Path(__file__).parents[1] / "benchmarks" / "contract.py"


@pytest.fixture(scope="module")
def contract():
    spec = importlib.util.spec_from_file_location("contract", PATH)
    module = sys.modules["contract"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["contract"]


@pytest.mark.parametrize(
    "name",
    [
        "disc green2015",
        "disc of 1 pc",
        "gaussian, 20 heights",
        "exponential, 1000 heights",
        "rough grid",
        "sparse grid",
    ],
)
def test_every_ray_is_as_good_as_asked_for(contract, name):
    """At rtol 1e-4 and 1e-6, from three places, unabsorbed and behind the CMB."""
    lines = []
    rows, kept = contract.measure([name], 8, ["none", "CMB"], lines.append)
    assert kept, "\n".join(lines)
    assert len(rows) == 12
    assert not any(row["warned"] for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gas galprop", "gas nakanishi-sofue", "gas misiriotis", "gas ferriere"])
def test_every_ray_through_gas_is_as_good_as_asked_for(contract, name):
    """Kinks and jumps in R are edges of elements: rays that graze them, too."""
    lines = []
    _, kept = contract.measure([name], 8, ["none"], lines.append)
    assert kept, "\n".join(lines)


@pytest.mark.slow
def test_every_ray_behind_dust_is_as_good_as_asked_for(contract):
    lines = []
    _, kept = contract.measure(["disc gaussian", "sparse grid"], 8, ["CMB and dust"], lines.append)
    assert kept, "\n".join(lines)


def test_what_the_dust_cannot_keep_is_said():
    """The dust's field is a table, good to a few 1e-7."""
    ray = np.array([[1.0, 0.0, 0.0]])
    with pytest.warns(AccuracyWarning, match="good to 3.0e-07 only"):
        column(SourceDisc(), Sun(), ray, rtol=1e-7, absorption=Absorption(), energy=[1] * u.PeV)


@pytest.mark.parametrize(("vertical", "heights"), [("gaussian", (5, 11, 20, 1000)), ("exponential", (5, 700, 5000))])
def test_a_layer_in_a_tall_cylinder_is_no_fainter(vertical, heights):
    """The plane of a thin layer does not know how high its cylinder is: 7 to 23 times too faint, or too bright, before."""
    ray = np.array([[1.0, 0.0, 0.0]])
    columns = []
    for ratio in heights:
        disc = SourceDisc(vertical=vertical, height=0.05 * u.kpc, half_height=0.05 * ratio * u.kpc)
        columns.append(column(disc, Sun(), ray)[0] / disc.normalisation.value)
    np.testing.assert_allclose(columns, columns[0], rtol=1e-6)
