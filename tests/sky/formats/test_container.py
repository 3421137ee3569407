"""Files that are not as the standard has them: what is lost is an error, what is odd is read with one warning."""

import bz2
import errno
import gzip
import io
import lzma
import shutil
import warnings
import zipfile

import pytest

from skycocoon import InputError, SkyMap
from skycocoon.errors import FileWarning
from skycocoon.sky.formats.compressed import is_fits

from .conftest import NUMBERS, by_healpy, fermi, hermes, one_line, same

BLOCK = 2880


def with_card(path, key, text):
    """Put other 80 bytes in the place of a card."""
    raw = bytearray(path.read_bytes())
    at = raw.find(key.ljust(8).encode())
    assert at % 80 == 0
    raw[at : at + 80] = text.ljust(80) if isinstance(text, bytes) else text.encode("latin1").ljust(80)
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "card",
    [
        "TNULL1  =                   -1",
        "TDISP1  = 'E       '",
        "TDIM1   = '(7,3)   '",
        "BLANK   =               -32768",
        "odd_key = 'x'",
        "NO-VALUE",
        "TITLE   = unquoted text",
        "AUTHOR  = 'Müller'",
        "COMMENT \tof a tab",
        "HISTORY é",
        "LONGNUM = 1.23456789012345678901234567890E-300000",
    ],
)
def test_odd_cards_are_read(path, card):
    """healpy and gammapy read all of these files; astropy warns of most of them."""
    fermi(path, LASTPIX=47)
    with_card(path, "LASTPIX", card)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        same(SkyMap.read(path))
    assert len(caught) <= 1
    for warning in caught:
        assert warning.category is FileWarning
        assert str(path) in str(warning.message)
        assert "\n" not in str(warning.message)


def test_one_warning_says_what_is_odd(path):
    fermi(path, LASTPIX=47, FIRSTPIX=0)
    with_card(path, "LASTPIX", "TNULL1  =                   -1")
    with_card(path, "FIRSTPIX", "TDISP2  = 'E       '")
    with pytest.warns(FileWarning, match=r"read, though .*column 1.*, and 1 more") as caught:
        same(SkyMap.read(path))
    assert len(caught) == 1


@pytest.mark.parametrize("extra", [BLOCK, 10 * BLOCK, 100, 1, 512])
@pytest.mark.parametrize("maker", [fermi, by_healpy, hermes])
def test_zeros_after_the_end(path, maker, extra):
    """As tapes and some programs leave them."""
    maker(path)
    path.write_bytes(path.read_bytes() + bytes(extra))
    keys = {"energies": ["10 GeV", "100 GeV", "1 TeV"]} if maker is by_healpy else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FileWarning)
        same(SkyMap.read(path, **keys), NUMBERS * (1e-4 if maker is hermes else 1e3))


@pytest.mark.parametrize("extra", [b"x" * BLOCK, b"\0" * BLOCK + b"x" * BLOCK, b" " * 2879 + b"x", b"\1"])
def test_anything_else_after_the_end(path, extra):
    fermi(path)
    path.write_bytes(path.read_bytes() + extra)
    one_line(path, "not a whole FITS file")


@pytest.mark.parametrize("cut", [1, 100, BLOCK - 1])
def test_a_last_block_that_is_cut(path, cut):
    """Also where only its padding is gone."""
    fermi(path)
    path.write_bytes(path.read_bytes()[:-cut])
    one_line(path, "not a whole FITS file")


def energies_or_refusal(path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FileWarning)
            return SkyMap.read(path).energy.size
    except InputError as error:
        assert "\n" not in str(error)
        return None


def test_no_flip_in_a_header_loses_an_energy(path):
    """HERMES' files have no checksums: each bit of what recognises a table is tried."""
    whole = hermes(path).read_bytes()
    sizes = {}
    for key in (b"XTENSION", b"TTYPE1  ", b"ENERGY  ", b"PIXTYPE ", b"ORDERING", b"NAXIS2  ", b"END     "):
        at = whole.find(key, whole.find(b"XTENSION") + 1 if key != b"XTENSION" else 0)
        for bit in range(8 * 30):
            broken = bytearray(whole)
            broken[at + bit // 8] ^= 1 << bit % 8
            path.write_bytes(broken)
            if energies_or_refusal(path) not in (3, None):
                sizes[key, bit] = broken[at : at + 30]
    assert sizes == {}


COMPRESSIONS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def zipped(content, names=("map.fits",)):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", [*COMPRESSIONS, "zip"])
def test_compressed_under_any_name(path, kind):
    whole = {**COMPRESSIONS, "zip": zipped}[kind](fermi(path).read_bytes())
    other = path.with_name("map.data")
    other.write_bytes(whole)
    assert is_fits(other)
    same(SkyMap.read(other))
    for cut in (10, len(whole) // 2, len(whole) - 5):
        other.write_bytes(whole[:cut])
        one_line(other, "not a whole FITS file")


def test_an_archive_of_two_files(path):
    path.write_bytes(zipped(fermi(path).read_bytes(), ("a", "b")))
    assert not is_fits(path)
    one_line(path, "a ZIP archive of 2 files; one is needed")


def test_a_file_that_may_not_be_read(path, monkeypatch):
    fermi(path)

    def refuse(name):
        raise PermissionError(errno.EACCES, "Permission denied", str(name))

    monkeypatch.setattr("skycocoon.sky.formats.compressed.decompressed", refuse)
    assert not is_fits(path)
    one_line(path, "(Permission denied)")


def test_zeros_after_the_end_of_what_is_compressed(path):
    path.write_bytes(gzip.compress(fermi(path).read_bytes() + bytes(100)))
    with pytest.warns(FileWarning, match="extra padding"):
        same(SkyMap.read(path))


def test_a_small_file_that_holds_more_than_memory(path, monkeypatch):
    """It is not read through: a bomb is told by its first gigabytes."""
    monkeypatch.setattr("skycocoon.resources.memory_limit", lambda: (4e6, "available on this machine"))
    path.write_bytes(gzip.compress(b"SIMPLE  =" + bytes(60_000_000)))
    one_line(path, "5 MiB of memory are needed for")


def test_what_swells_out_of_all_proportion(path, monkeypatch):
    """However much memory there is: zeros after a good file may be read for minutes."""
    monkeypatch.setattr("skycocoon.sky.formats.compressed.LARGE", 1 << 22)
    path.write_bytes(gzip.compress(fermi(path).read_bytes() + bytes(8_000_000)))
    one_line(path, "becomes more than 100 times as large; decompress it, if that is meant")


def test_what_begins_as_fits_does(path):
    fermi(path)
    assert is_fits(path)
    shutil.copy(path, path.with_name("map"))
    assert is_fits(path.with_name("map"))
    text = path.with_name("map.fits.txt")
    text.write_text("SIMPLE = T")
    assert not is_fits(text)
    assert not is_fits(path.parent)
    assert not is_fits(path.with_name("missing"))
    one_line(text, "does not begin as FITS does")
