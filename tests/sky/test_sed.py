"""SEDs: tables, files, interpolation."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable

from skycocoon import InputError, Region, Sed, load_model, region_sed
from skycocoon.units import INTENSITY

E = np.geomspace(0.1, 100, 31) * u.TeV


@pytest.fixture(scope="module")
def sed():
    return region_sed(load_model("schroer2021"), "gamma", E, Region.named("lhaaso-inner"), rtol=1e-3)


def test_table(sed, tmp_path):
    sed.write(tmp_path / "sed.ecsv")
    table = QTable.read(tmp_path / "sed.ecsv")
    assert table.colnames == ["component", "energy", "intensity", "flux"]
    assert list(dict.fromkeys(table["component"])) == ["cocoons", "total"]
    assert len(table) == 62
    assert table["intensity"].unit == INTENSITY
    assert table["flux"].unit == INTENSITY * u.sr
    np.testing.assert_allclose(table["flux"] / table["intensity"], 0.334654028 * u.sr, rtol=1e-8)
    assert u.Quantity(table.meta["solid_angle"]).to_value(u.sr) == pytest.approx(0.334654028, rel=1e-8)
    assert table.meta["region"] == "lhaaso-inner"
    assert "flavour" not in table.meta
    assert "[components.cocoons]" in table.meta["toml"]
    with pytest.raises(InputError, match="--overwrite"):
        sed.write(tmp_path / "sed.ecsv")


def test_interpolation_between_nodes(sed):
    middle = np.sqrt(E[1:] * E[:-1])
    exact = region_sed(load_model("schroer2021"), "gamma", middle, Region.named("lhaaso-inner"), rtol=1e-3).intensity
    # where the delta approximation meets Kelner's spectra at 100 GeV the slope jumps
    np.testing.assert_allclose(sed.at(middle).value[1:], exact.value[1:], rtol=1e-3)
    np.testing.assert_allclose(sed.at(E).value, sed.intensity.value, rtol=1e-10)
    with pytest.raises(InputError, match="outside"):
        sed.at([1] * u.PeV)


def test_vanishing_tail():
    values = np.array([1e-10, 1e-12, 0.0, 0.0]) * INTENSITY
    sed = Sed([1, 10, 100, 1000] * u.TeV, {"x": values}, Region.everywhere())
    assert sed.at([500] * u.TeV)[0] == 0
    assert sed.at([3] * u.TeV)[0] > 0


def test_text(sed):
    assert "lhaaso-inner" in str(sed)
    assert "31 energies" in str(sed)
