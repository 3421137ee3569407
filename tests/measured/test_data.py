"""Data by name or path, whichever kind they are."""

import astropy.units as u

from skycocoon import Measurement
from skycocoon.measured import RatioMeasurement, load_data
from skycocoon.units import INTENSITY


def test_load_data_takes_both_kinds(data_file):
    assert isinstance(load_data("bc-dampe-2022"), RatioMeasurement)
    assert isinstance(load_data("lhaaso-km2a-2023-inner"), Measurement)
    ratio = {"energy": [10.0, 20.0] * u.GeV, "ratio": [0.3, 0.2], "ratio_err": [0.01, 0.01]}
    assert load_data(data_file("ratio", ratio, quantity="B/C")).value.tolist() == [0.3, 0.2]
    points = {"e_ref": [10.0] * u.TeV, "dnde": [1.0] * INTENSITY, "dnde_err": [0.1] * INTENSITY}
    assert isinstance(load_data(data_file("sky", points, messenger="gamma", region="lhaaso-inner")), Measurement)
