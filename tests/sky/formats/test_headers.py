"""Headers and small tables: what astropy writes and verifies."""

import io
import warnings

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from skycocoon.sky.formats import MapHead
from skycocoon.sky.formats.headers import add_words, first_hdu, last_hdus, map_header, sealed
from skycocoon.sky.pixels import Pixels

META = {"version": "1.2", "toml": "a = \"x\"\nb = 'y'  # $\\xi_p$ \\", "who": "π0 é", "none": ""}


def head(component="a+b", pixels=None, count=3, meta=META):
    energy = np.geomspace(1, 10, count) * u.TeV
    return MapHead(energy, pixels or Pixels.whole(1), "neutrino", "per-flavour", component, meta)


def whole_file(what, kind="E"):
    """A file of zeros with our headers."""
    cards = map_header(what, kind)
    data = bytes(next(value for key, value, _ in cards if key == "NAXIS1") * what.pixels.size)
    return first_hdu(what) + sealed(cards, 0) + data + bytes(-len(data) % 2880) + last_hdus(what)


def opened(content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = fits.open(io.BytesIO(content), checksum=True, lazy_load_hdus=False)
        file.verify("exception")
        for hdu in file:
            hdu.data
        return file


@pytest.mark.parametrize("kind", ["E", "D"])
@pytest.mark.parametrize("pixels", [Pixels.whole(1), Pixels(2, np.array([3, 40]))])
@pytest.mark.parametrize("count", [1, 60, 998])
def test_astropy_verifies_all_of_it(kind, pixels, count):
    """Structure, cards and checksums, every warning an error."""
    file = opened(whole_file(head(pixels=pixels, count=count), kind))
    assert [hdu.name for hdu in file] == ["PRIMARY", "SKYMAP", "ENERGIES", "PROVENANCE"]
    assert len(file[1].columns) == count + (not pixels.are_all)
    assert len(file[1].data) == pixels.size


def test_header_is_that_which_astropy_makes():
    """Card for card, but for the dates of the checksums."""
    columns = [fits.Column(f"ENERGY{k}", "E", unit="cm-2 s-1 sr-1 MeV-1", array=np.zeros(12)) for k in (1, 2, 3)]
    theirs = fits.BinTableHDU.from_columns(columns, name="SKYMAP").header
    ours = opened(whole_file(head()))[1].header
    assert {key: ours[key] for key in theirs} == dict(theirs)
    assert list(ours)[: len(theirs)] == list(theirs)


@pytest.mark.parametrize("component", ["π0", "it's", "'" * 80, "x" * 200, "\\", "a\nb"])
def test_names_of_any_letters(component):
    """FITS text is ASCII, a quote is written twice, and a record has 80 letters."""
    file = opened(whole_file(head(component)))
    written = file[1].header["COMPONEN"]
    assert written
    if len(component) < 10:
        assert written.encode().decode("unicode_escape") == component


def test_provenance_comes_back():
    """A backslash in a comment of the model, letters beyond ASCII, lines and quotes."""
    table = opened(whole_file(head()))["PROVENANCE"].data
    read = {str(k): str(v).encode().decode("unicode_escape") for k, v in zip(table["key"], table["value"], strict=True)}
    assert {key: read[key] for key in META} == META
    assert read["messenger"] == "neutrino"


def test_words_add_up_with_their_carry():
    assert add_words(0xFFFFFFFF, 1) == 1
    assert add_words(2**40 + 5, 0) == 2**8 + 5


def test_energies_in_mev():
    table = opened(whole_file(head()))["ENERGIES"]
    assert table.columns[0].unit == "MeV"
    np.testing.assert_allclose(table.data["Energy"], [1e6, 10**6.5, 1e7], rtol=1e-12)
