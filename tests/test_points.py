"""Measured points: columns, errors, pulls, and which points are the same."""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
import pytest
from astropy.table import MaskedColumn, QTable
from scipy.stats import norm

from skycocoon import InputError, Measurement
from skycocoon.ecsv import read_column, read_errors, read_flags
from skycocoon.measured import RatioMeasurement
from skycocoon.points import SIGMA_95, pulls, same_points, same_rows


def written(tmp_path, **columns):
    """A table as it comes back from a file."""
    path = tmp_path / "x.ecsv"
    QTable(columns).write(path, format="ascii.ecsv", overwrite=True)
    return QTable.read(path, format="ascii.ecsv")


def test_a_column_in_another_unit(tmp_path):
    table = written(tmp_path, e=[1.0, 2.0] * u.TeV, n=[3, 4], share=[50.0, 20.0] * u.percent)
    np.testing.assert_allclose(read_column(table, "e", u.GeV), [1000, 2000], rtol=1e-15)
    np.testing.assert_array_equal(read_column(table, "n", u.one), [3.0, 4.0])
    np.testing.assert_allclose(read_column(table, "share", u.one), [0.5, 0.2], rtol=1e-15)


def test_what_is_missing_is_nan(tmp_path):
    table = written(tmp_path, x=MaskedColumn([1.0, 2.0], mask=[False, True], unit="GeV"), y=[1.0, 2.0])
    np.testing.assert_array_equal(read_column(table, "x", u.GeV), [1.0, np.nan])


@pytest.mark.parametrize(
    ("key", "unit", "words"),
    [
        ("z", u.one, "no column 'z'; there are: x, name, two, whole"),
        ("x", u.GV, "column 'x' has the unit 'GeV'; a unit like 'GV' is needed"),
        ("x", u.one, "column 'x' has the unit 'GeV'; a number is needed"),
        ("whole", u.one, "column 'whole': one number"),
        ("name", u.one, "column 'name': one number"),
        ("two", u.one, "column 'two': one number"),
    ],
)
def test_bad_columns(tmp_path, key, unit, words):
    whole = MaskedColumn([1, 2], mask=[False, True])
    table = written(tmp_path, x=[1.0, 2.0] * u.GeV, name=["a", "b"], two=np.ones((2, 2)), whole=whole)
    with pytest.raises(InputError) as error:
        read_column(table, key, unit)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_column_without_its_unit():
    with pytest.raises(InputError, match="column 'x' has no unit; a unit like 'GeV' is needed"):
        read_column(QTable({"x": [1.0]}), "x", u.GeV)


def test_errors_in_quadrature():
    table = QTable({"y": [1.0], "y_errn": [3.0], "y_errp": [5.0], "y_sysn": [4.0], "y_sysp": [12.0]})
    np.testing.assert_allclose(read_errors(table, "y", u.one), [[5.0], [13.0]], rtol=1e-15)
    table = QTable({"y_err": [3.0], "y_sys": [4.0]})
    np.testing.assert_allclose(read_errors(table, "y", u.one), [[5.0], [5.0]], rtol=1e-15)
    table = QTable({"y_err": [3.0] * u.TeV})
    np.testing.assert_allclose(read_errors(table, "y", u.GeV), [[3000.0], [3000.0]], rtol=1e-15)


def test_a_missing_side_is_the_other():
    table = QTable({"y_errn": [np.nan, 2.0], "y_errp": [3.0, np.nan], "y_sys": [4.0, 0.0]})
    np.testing.assert_allclose(read_errors(table, "y", u.one), [[5.0, 2.0], [5.0, 2.0]], rtol=1e-15)


def test_a_sum_in_quadrature_does_not_hide_a_sign():
    low, high = read_errors(QTable({"y_errn": [-3.0, 3.0], "y_errp": [3.0, 3.0], "y_sys": [4.0, -4.0]}), "y", u.one)
    np.testing.assert_array_equal(low, [np.nan, np.nan])
    np.testing.assert_array_equal(high, [5.0, np.nan])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "no errors: 'y_err', or 'y_errn' and 'y_errp', are needed"),
        ({"y_errn": [1.0]}, "only 'y_errn' is there; both, or 'y_err'"),
        ({"y_err": [1.0], "y_sysp": [1.0]}, "only 'y_sysp' is there"),
    ],
)
def test_errors_that_are_not_there(columns, words):
    with pytest.raises(InputError) as error:
        read_errors(QTable({"y": [1.0], **columns}), "y", u.one)
    assert words in str(error.value)


def test_flags(tmp_path):
    table = written(tmp_path, is_ul=[True, False], number=[1, 0], word=["True", "False"], seven=[7, 0])
    np.testing.assert_array_equal(read_flags(table, "is_ul"), [True, False])
    np.testing.assert_array_equal(read_flags(table, "number"), [True, False])
    np.testing.assert_array_equal(read_flags(table, "nothing"), [False, False])
    for key in ("word", "seven"):
        with pytest.raises(InputError, match=f"column '{key}': True or False"):
            read_flags(table, key)


def test_pulls_take_the_side_on_which_the_model_lies():
    value, low, high = np.full(3, 10.0), np.full(3, 1.0), np.full(3, 4.0)
    found = pulls(value, low, high, np.zeros(3, dtype=bool), np.array([12.0, 10.0, 8.0]))
    np.testing.assert_allclose(found, [-0.5, 0.0, 2.0], rtol=1e-15)


def test_a_model_at_a_limit_is_as_unlikely_as_the_limit_says():
    assert norm.sf(SIGMA_95) == pytest.approx(0.05, rel=1e-12)
    found = pulls(np.array([7.0]), np.zeros(1), np.zeros(1), np.array([True]), np.array([7.0]))
    np.testing.assert_allclose(found, [-SIGMA_95], rtol=1e-15)


def test_same_rows():
    """The same points in other units, in another order, or some of them."""
    x, y = [1.0, 2.0] * u.TeV, [5.0, 6.0] * u.one
    assert same_rows((x, y), ([1000.0, 2000.0] * u.GeV, y))
    assert same_rows((x, y), (x[::-1], y[::-1]))
    assert same_rows((x, y), (x[:1], y[:1]))
    assert same_rows((x[1:], y[1:]), (x, y))
    assert not same_rows((x, y), ([1000.0, 2000.1] * u.GeV, y))
    assert not same_rows((x, y), (x, y[::-1]))
    assert not same_rows((x, y), ([1.0, 3.0] * u.TeV, y))
    assert not same_rows((x, y), ([1.0, 2.0] * u.TV, y))


@dataclass
class Points:
    events: str
    near: bool = True
    copy: bool = False

    def overlaps(self, other):
        return self.near and other.near

    def repeats(self, other):
        return self.copy and other.copy


def test_same_points():
    """Shared events that overlap, or the same numbers under another name."""
    assert same_points(Points("a"), Points("a"))
    assert not same_points(Points("a"), Points("b"))
    assert not same_points(Points("a"), Points("a", near=False))
    assert same_points(Points("a", copy=True), Points("b", copy=True))


def test_points_of_two_kinds_are_never_the_same():
    sky, nuclei = Measurement.named("lhaaso-km2a-2023-inner"), RatioMeasurement.named("bc-ams02-2018")
    assert not same_points(sky, nuclei)
    assert same_points(sky, sky)
    assert same_points(nuclei, nuclei)
