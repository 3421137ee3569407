"""Names and texts in tables come back as they were, or are refused before anything is computed."""

import io
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import InputError, Region, Sed, load_model
from skycocoon.ecsv import read_ecsv
from skycocoon.errors import check_title
from skycocoon.units import INTENSITY

SKY = Region.everywhere()
LETTERS = st.text(max_size=40) | st.text("\\nxu0'\" \té\x85π🌌#,;$_", max_size=20)


def is_title(text):
    try:
        return check_title("name", text) == text and text != "total"
    except InputError:
        return False


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=LETTERS.filter(is_title), texts=st.dictionaries(st.text("abc$ é", min_size=1), LETTERS, max_size=3))
def test_names_and_meta_of_a_spectrum(tmp_path, name, texts):
    """In ECSV texts of several lines are lists of lines."""
    path = tmp_path / "sed.ecsv"
    Sed([1, 10] * u.TeV, {name: np.ones(2) * INTENSITY}, SKY, meta=texts).write(path, overwrite=True)
    for table in (Table.read(path, format="ascii.ecsv"), read_ecsv(Path(path), "tables")):
        assert list(table["component"]) == [name] * 2 + ["total"] * 2
        for key, text in texts.items():
            read = table.meta[key]
            assert ("\n".join(read) if isinstance(read, list) else read) == text


def test_what_a_spectrum_says_of_itself_is_not_overwritten(tmp_path):
    meta = {"region": "elsewhere", "messenger": "muon", "solid_angle": "1 sr"}
    table = Sed([1, 10] * u.TeV, {"x": np.ones(2) * INTENSITY}, SKY, meta=meta).to_table()
    assert (table.meta["region"], table.meta["messenger"]) == ("all-sky", "gamma")


@settings(max_examples=40, deadline=None)
@given(name=LETTERS.filter(is_title), text=LETTERS.filter(lambda text: "\0" not in text))
def test_names_in_a_netcdf_file(name, text):
    """Scans are written through xarray and HDF5, which keep every letter but NUL."""
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    one = xarray.Dataset({"x": ("component", [1.0])}, {"component": [name]}, {"toml": text})
    again = xarray.load_dataset(io.BytesIO(bytes(one.to_netcdf(engine="h5netcdf"))), engine="h5netcdf")
    assert again["component"].item() == name
    assert again.attrs["toml"] == text


@pytest.mark.parametrize("name", ["", " x", "x ", "a\\nb", "a\\u0000", "#1", "\\u2028", "\\t"])
def test_a_component_that_no_table_can_name(tmp_path, name):
    path = tmp_path / "m.toml"
    path.write_text(f'base = "schroer2021"\n[components."{name}"]\nkind = "map"\nfile = "x.fits"\n')
    with pytest.raises(InputError, match=r"m\.toml: components: .* a name is printable") as error:
        load_model(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["#1", "x ", "a\nb"])
def test_a_spectrum_that_no_table_can_name(name):
    with pytest.raises(InputError, match="a name is printable, has no blanks around it"):
        Sed([1] * u.TeV, {name: np.ones(1) * INTENSITY}, SKY).to_table()


@pytest.mark.parametrize("name", ["γ map", "π0", "it's", "a b", "$\\nu$", "a#", "x" * 200])
def test_names_that_are_taken(name):
    assert check_title("component", name) == name
