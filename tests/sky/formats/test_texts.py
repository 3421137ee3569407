"""Texts in files of maps come back as they were."""

import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skycocoon import SkyMap
from skycocoon.errors import FileWarning
from skycocoon.sky.formats.texts import SHORT, escaped, short, unescaped
from skycocoon.units import INTENSITY

E = [1, 10] * u.TeV
VALUES = np.ones((2, 12)) * INTENSITY
# Whatever Python holds, lone surrogates among it.
TEXTS = st.text(max_size=200) | st.text("\\nxu0'\" \t\n\0\x7f\x85éπ🌌", max_size=80)
ODD = [
    "",
    " ",
    "x ",
    "\n",
    " \n ",
    "\\",
    "\\n",
    "$\\nu$ bright",
    "C:\\new\\users",
    "it's",
    "'" * 90,
    "x" * 300,
    "\0",
    "\ud800",
]


def read(path, name="a", meta=None):
    SkyMap(E, {name: VALUES}, meta=meta or {}).write(path, overwrite=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return SkyMap.read(path)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_escaped_texts_are_printable_and_come_back(text):
    line = escaped(text)
    assert unescaped(line) == text
    assert all(" " <= letter <= "~" or letter == "\n" for letter in line)
    assert line == line.rstrip()
    assert len(short(text).replace("'", "''")) <= SHORT
    assert text.startswith(unescaped(short(text)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXTS, meta=st.dictionaries(TEXTS, TEXTS, max_size=4))
@example(name="a", meta={"messenger": "me", "flavour": "vanilla", "component": "none"})
@example(name="a", meta={"component": "first"})
@example(name="γ map", meta={})
def test_names_and_meta_of_a_map(tmp_path, name, meta):
    """But for what is said of the file that was read: its name, layout, unit, frame and nside."""
    again = read(tmp_path / "map.fits", name, meta)
    assert list(again.components) == [name]
    about_the_file = {"file", "layout", "file_unit", "file_frame", "file_nside"}
    assert {k: v for k, v in again.meta.items() if k not in about_the_file} == {
        k: v for k, v in meta.items() if k not in about_the_file
    }


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(tmp_path, text):
    again = read(tmp_path / "map.fits", text, {"note": text})
    assert list(again.components) == [text]
    assert again.meta["note"] == text


def test_long_names_of_components_that_were_summed(tmp_path):
    """A header's record ends at 60 letters; the table has all of them."""
    parts = {f"component {k} of the Galactic diffuse emission": VALUES for k in range(9)}
    SkyMap(E, parts).write(tmp_path / "map.fits")
    assert list(SkyMap.read(tmp_path / "map.fits").components) == ["+".join(parts)]


def test_a_name_that_somebody_changed_in_the_header(tmp_path):
    path = tmp_path / "map.fits"
    SkyMap(E, {"old": VALUES}).write(path)
    fits.setval(path, "COMPONEN", value="new", ext=1)
    assert list(SkyMap.read(path).components) == ["new"]


def test_the_model_can_be_read_in_the_file(tmp_path):
    """Lines stay lines for people who look into the table."""
    text = 'base = "paper"\n[components.x]\nkind = "map"\n'
    SkyMap(E, {"a": VALUES}, meta={"toml": text}).write(tmp_path / "map.fits")
    table = fits.getdata(tmp_path / "map.fits", "PROVENANCE")
    assert text.strip() in str(table["value"][list(table["key"]).index("toml")])


def test_a_file_of_ours_without_its_last_table(tmp_path):
    """Cut where a table ends it is a whole file, and its numbers are right; how they were made is lost."""
    path = tmp_path / "map.fits"
    SkyMap(E, {"a": VALUES}, meta={"toml": "x"}).write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.find(b"XTENSION", whole.find(b"'ENERGIES'"))])
    with pytest.warns(FileWarning, match="its table PROVENANCE is missing"):
        again = SkyMap.read(path)
    assert "toml" not in again.meta
