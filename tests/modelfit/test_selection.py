"""Which points of the data are fitted."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import InputError, Measurement
from skycocoon.measured import RatioMeasurement
from skycocoon.units import INTENSITY

from .conftest import XC, problem


def test_only_points_within_the_models_energies_count(sky):
    """Fermi's points begin at 238 MeV, the model at 10 GeV."""
    energy = Measurement.named("fermi-lat-2012-inner").energy
    item = next(p for p in sky.likelihood.points if p.name == "fermi-lat-2012-inner")
    assert 0 < len(item) == np.sum(energy >= 10 * u.GeV) < energy.size


def test_ranges_cut_a_spectrum():
    made = problem(["lhaaso-km2a-2023-inner"], ranges={"lhaaso-km2a-2023-inner": {"from": "20 TeV", "to": "200 TeV"}})
    every = Measurement.named("lhaaso-km2a-2023-inner").energy.to_value(u.TeV)
    np.testing.assert_allclose(made.likelihood.points[0].x, every[(every >= 20) & (every <= 200)], rtol=1e-12)


def test_energies_outside_the_model(data_file):
    path = data_file(
        "mine",
        {"e_ref": [1.0, 2.0] * u.GeV, "dnde": [1.0, 1.0] * INTENSITY, "dnde_err": [0.1, 0.1] * INTENSITY},
        messenger="gamma",
        region="lhaaso-inner",
    )
    with pytest.raises(InputError, match=r"fit\.data: mine has 1\.\.2 GeV, none of it within .*10\.\.1e\+07 GeV"):
        problem([path])


def test_a_range_in_rigidity_cuts_data_in_energy():
    """A/Z = 2: 8 GV are p = 4 GeV, T = sqrt(16 + 0.93^2) - 0.93 = 3.17 GeV per nucleon."""
    made = problem(["bc-ams02-2018"], keys=(XC,), ranges={"bc-ams02-2018": {"from": "8 GV"}})
    x = RatioMeasurement.named("bc-ams02-2018").x.to_value(u.GeV)
    np.testing.assert_allclose(made.likelihood.points[0].x, x[x > 3.17], rtol=1e-12)


def test_a_ratio_of_elements_that_the_network_does_not_make(data_file):
    path = data_file("mine", {"energy": [10.0, 20.0] * u.GeV, "ratio": [0.3, 0.2], "ratio_err": [0.01, 0.01]},
                     quantity="Be/C")  # fmt: skip
    with pytest.raises(InputError, match=r"fit\.data: mine is Be/C; allowed: ratios of B, C, N, O"):
        problem([path], keys=(XC,))


def ratio_file(data_file, name="mine", rows=slice(None)):
    """Points of DAMPE without the name of their data-taking, as a user copies them from a table."""
    item = RatioMeasurement.named("bc-dampe-2022")
    columns = {"energy": item.x[rows], "ratio": item.value[rows], "ratio_err": item.error_low[rows]}
    return data_file(name, columns, quantity="B/C")


@pytest.mark.parametrize("rows", [slice(None), slice(3), slice(None, None, 3), slice(5, 6)])
def test_a_part_of_a_data_set_is_no_other_data_set(data_file, rows):
    path = ratio_file(data_file, rows=rows)
    for pair in ([path, "bc-dampe-2022"], ["bc-dampe-2022", path]):
        with pytest.raises(InputError, match="hold the same points, measured once; choose one of them"):
            problem(pair, keys=(XC,))


def test_a_link_to_a_data_set_is_that_data_set(data_file, tmp_path):
    path = ratio_file(data_file)
    (tmp_path / "link.ecsv").symlink_to(path)
    with pytest.raises(InputError, match="mine and link hold the same points"):
        problem([path, str(tmp_path / "link.ecsv")], keys=(XC,))


def test_a_data_set_has_one_range_and_one_normalisation_by_whatever_name(data_file):
    path = ratio_file(data_file)
    for ranges in ({"mine": {"from": "20 GeV"}}, {path: {"from": "20 GeV"}}):
        assert len(problem([path], keys=(XC,), ranges=ranges).likelihood.points[0]) == 11
    with pytest.raises(InputError, match=r"mine\.ecsv and mine are one data set; give it one range"):
        problem([path], keys=(XC,), ranges={"mine": {"from": "20 GeV"}, path: {"from": "100 GeV"}})
    group = {"sigma": 0.1, "data": ["mine", path]}
    for normalisations in ({"mine": 0.1, path: 0.1}, {"both": group}, {"both": group, "bc-calet-2022": 0.1}):
        with pytest.raises(InputError, match="mine has two; it is one data set by its path and by its name"):
            problem([path, "bc-calet-2022"], keys=(XC,), normalisations=normalisations)


def test_points_outside_the_model_are_counted(data_file, sky):
    """Fermi's points below 10 GeV, and ratios below 0.1 GeV per nucleon."""
    energy = Measurement.named("fermi-lat-2012-inner").energy
    assert sky.left_out == {"fermi-lat-2012-inner": np.sum(energy < 10 * u.GeV)}
    columns = {"energy": [0.01, 0.05, 10.0] * u.GeV, "ratio": [0.3, 0.3, 0.2], "ratio_err": [0.01] * 3}
    made = problem([data_file("mine", columns, quantity="B/C")], keys=(XC,))
    assert made.left_out == {"mine": 2}
    assert made.likelihood.points[0].x.tolist() == [10.0]
