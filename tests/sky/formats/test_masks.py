"""Masks in FITS files: columns, parts of the sky, cells of several resolutions, and what headers say."""

import math
import tracemalloc

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import InputError, Region

NSIDE, NPIX = 8, 768
B = healpy.pix2ang(NSIDE, np.arange(NPIX), lonlat=True)[1]
BAND = np.abs(B) < 20
AREA = 4 * math.pi * BAND.mean()
HEALPIX = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": NSIDE, "COORDSYS": "G"}


def table(*columns, name=None, **header):
    """Table of columns (name, format, values)."""
    hdu = fits.BinTableHDU.from_columns([fits.Column(n, form, array=values) for n, form, values in columns], name=name)
    hdu.header.update(header)
    return hdu


def write(path, *hdus, **primary):
    first = fits.PrimaryHDU()
    first.header.update(primary)
    fits.HDUList([first, *hdus]).writeto(path, overwrite=True)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.fits"


def area(path, **said):
    return Region.mask(path, **said).solid_angle.value


def refusal(path, **said):
    with pytest.raises(InputError) as error:
        Region.mask(path, **said)
    text = str(error.value)
    assert "m.fits: " in text
    assert "\n" not in text
    return text


def test_one_of_several_columns_is_chosen_by_name_or_number(path):
    """As the masks of Planck (GAL020, GAL040, ...) and of WMAP (TEMPERATURE, N_OBS) are laid out."""
    write(path, table(("GAL020", "B", ~BAND), ("GAL040", "B", BAND), **HEALPIX))
    assert "2 columns: GAL020, GAL040; say which is the mask, e.g. column=GAL040" in refusal(path)
    for column in ("GAL040", "gal040", 2, "2"):
        assert area(path, column=column) == pytest.approx(AREA, rel=1e-12)
        assert Region.parse(f"mask:{path},column={column}").solid_angle.value == pytest.approx(AREA, rel=1e-12)
    assert area(path, column=1) == pytest.approx(4 * math.pi - AREA, rel=1e-12)
    for column in ("GAL060", 0, 3, -1):
        assert f"no column '{column}' of values; there are: GAL020, GAL040" in refusal(path, column=column)


def test_columns_of_several_tables(path):
    one, two = table(("A", "E", BAND), name="ONE", **HEALPIX), table(("B", "E", ~BAND), name="TWO", **HEALPIX)
    write(path, one, two)
    assert "2 columns: A, B" in refusal(path)
    assert area(path, column="a") == pytest.approx(AREA, rel=1e-12)
    write(path, one, table(("A", "E", ~BAND), name="TWO", **HEALPIX))
    assert "2 of its tables have a column A: ONE, TWO" in refusal(path, column="A")


def test_a_threshold_and_an_inverted_mask(path):
    write(path, table(("WEIGHT", "E", np.where(BAND, 0.7, 0.2)), **HEALPIX))
    assert "above=0.5" in refusal(path)
    assert area(path, above=0.5) == pytest.approx(AREA, rel=1e-12)
    assert area(path, above=0.5, inverted=True) == pytest.approx(4 * math.pi - AREA, rel=1e-12)
    region = Region.parse(f"mask:{path},inverted,above=0.5")
    assert region.solid_angle.value == pytest.approx(4 * math.pi - AREA, rel=1e-12)
    assert "column WEIGHT above 0.5 of m.fits, nside 8, left out" in region.reference
    assert Region.parse(region.name) == region


def test_healpix_keys_in_the_primary_header(path):
    """As LAMBDA writes them; ``SKYCOORD`` is its name of the frame."""
    write(path, table(("T", "E", BAND)), PIXTYPE="HEALPIX", ORDERING="RING", NSIDE=NSIDE, SKYCOORD="Galactic")
    assert area(path) == pytest.approx(AREA, rel=1e-12)
    assert "not 'celestial'" in refusal(path, frame="celestial")


def test_what_a_file_does_not_say_can_be_said_and_not_contradicted(path):
    write(path, table(("T", "E", BAND)))
    assert "no ORDERING; say nest=False or True (mask:FILE,RING or mask:FILE,NESTED)" in refusal(path)
    assert "no COORDSYS" in refusal(path, nest=False)
    ring = Region.parse(f"mask:{path},RING,galactic")
    assert ring == Region.mask(BAND) == Region.mask(path, nest=False, frame="G")
    assert Region.parse(f"mask:{path},galactic,nested") == Region.mask(BAND, nest=True) != ring
    write(path, table(("T", "E", BAND), **HEALPIX))
    assert area(path, nest=False) == pytest.approx(AREA, rel=1e-12)
    assert "contradicts the file, which says 'RING'" in refusal(path, nest=True)
    write(path, table(("T", "E", BAND), **HEALPIX, SKYCOORD="ecliptic"))
    assert "two things of its frame" in refusal(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("galctic", "unknown word 'galctic'; did you mean 'galactic'"),
        ("above=x", "above=x: a finite number is needed"),
        ("above=nan", "above=nan: a finite number is needed"),
        ("RING,NESTED", "nest is said twice"),
        ("b.fits", 'goes in quotes, like mask:"a - b.fits"'),
        ("columns=2", "unknown word 'columns=2'; did you mean 'column=NAME'"),
    ],
)
def test_words_that_are_none(path, words, message):
    write(path, table(("T", "E", BAND), **HEALPIX))
    with pytest.raises(InputError) as error:
        Region.parse(f"mask:{path},{words}")
    assert message in str(error.value)


def test_equal_masks_have_equal_names(path):
    """Whatever the order and the spelling of the words: factors and masks of a comparison are found by names."""
    write(path, table(("T", "E", BAND), **HEALPIX))
    name = f"mask:{path},galactic,RING,column=T,above=0.5,inverted"
    for words in ("galactic,RING,column=T,above=0.5,inverted", "inverted, above = .50, COLUMN=T, ring, G"):
        assert Region.parse(f"mask:{path},{words}").name == name


@pytest.mark.parametrize("name", ["a,b.fits", "a - b.fits", "a (1).fits", "a|b.fits", "it's.fits", "no ending"])
def test_names_of_files_in_quotes(tmp_path, name):
    write(tmp_path / name, table(("T", "E", BAND), **HEALPIX))
    region = Region.parse(f'~mask:"{tmp_path / name}" & box:0,360,-90,90')
    assert region.solid_angle.value == pytest.approx(4 * math.pi - AREA, rel=1e-6)
    assert Region.parse(region.name) == region
    if name not in ("a - b.fits", "a|b.fits"):
        assert Region.parse(f"mask:{tmp_path / name},RING").solid_angle.value == pytest.approx(AREA, rel=1e-12)


def test_values_that_are_hidden(path):
    """UNSEEN, NaN, BAD_DATA of the header and TNULL of a column of integers are outside, inverted or not."""
    values = BAND.astype(float)
    values[:50], values[50:100] = healpy.UNSEEN, np.nan
    seen = np.arange(NPIX) >= 100
    write(path, table(("T", "E", values), **HEALPIX))
    for inverted, part in ((False, BAND & seen), (True, ~BAND & seen)):
        assert area(path, inverted=inverted) == pytest.approx(4 * math.pi * part.mean(), rel=1e-12)
    values[:100] = -999
    write(path, table(("T", "E", values), **HEALPIX, BAD_DATA=-999.0))
    assert area(path, inverted=True) == pytest.approx(4 * math.pi * (~BAND & seen).mean(), rel=1e-12)
    column = fits.Column("T", "I", array=np.where(seen, BAND, 255), null=255)
    hdu = fits.BinTableHDU.from_columns([column])
    hdu.header.update(HEALPIX)
    write(path, hdu)
    assert area(path) == pytest.approx(4 * math.pi * (BAND & seen).mean(), rel=1e-12)


def test_rows_are_held_against_nside(path):
    write(path, table(("T", "E", BAND), **{**HEALPIX, "NSIDE": 16}))
    assert "768 pixels are no full sky of NSIDE 16, which has 3072" in refusal(path)
    write(path, table(("T", "E", BAND[:-1]), **{k: v for k, v in HEALPIX.items() if k != "NSIDE"}))
    assert "12 nside^2" in refusal(path)
    write(path, table(("T", "E", BAND), **{**HEALPIX, "NSIDE": 7}))
    assert "NSIDE: 7 is not allowed" in refusal(path)


def partial(numbers, values, form="J", index="PIXEL", **header):
    return table((index, form, numbers), ("T", "E", values), **{**HEALPIX, "INDXSCHM": "EXPLICIT", **header})


@pytest.mark.parametrize("index", ["PIXEL", "PIX", "hpxindex"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_part_of_the_sky(path, index, nested):
    pixels = np.random.default_rng(2).permutation(NPIX)[:300]
    kept = BAND[healpy.nest2ring(NSIDE, pixels)] if nested else BAND[pixels]
    write(path, partial(pixels, kept, index=index, ORDERING="NESTED" if nested else "RING"))
    assert area(path) == pytest.approx(4 * math.pi * kept.sum() / NPIX, rel=1e-12)
    # What the file does not have is outside of the inverted mask, too.
    assert area(path, inverted=True) == pytest.approx(4 * math.pi * (~kept).sum() / NPIX, rel=1e-12)


@pytest.mark.parametrize(
    ("hdu", "words"),
    [
        (partial([0, -1], [1, 1]), "pixel number -1 is none of NSIDE 8, which has 0 to 767"),
        (partial([0, 768], [1, 1]), "pixel number 768 is none of NSIDE 8"),
        (partial([0, 5, 5], [1, 1, 0]), "pixel number 5 is there twice"),
        (partial([0, 1.5], [1, 1], form="D"), "pixel number 1.5 is none"),
        (
            table(("PIXEL", "J", [1, 2]), ("T", "E", [1, 1]), ORDERING="RING", COORDSYS="G"),
            "pixel numbers, and no key NSIDE",
        ),
        (table(("PIXEL", "J", [1, 2]), **HEALPIX), "no column of values"),
        (table(("T", "E", [1, 1]), **HEALPIX, INDXSCHM="EXPLICIT"), "no full sky of NSIDE 8"),
        (table(("T", "8A", ["a"] * NPIX), **HEALPIX), "numbers or booleans"),
        (table(("T", "E", [0] * NPIX), **HEALPIX), "leaves no pixel, the region is empty (column T)"),
        (table(("T", "E", [1] * NPIX), **{**HEALPIX, "ORDERING": "CHESS"}), "ORDERING 'CHESS'; RING, NESTED or NUNIQ"),
        (table(("NAME", "8A", ["x"])), "no HEALPix table; its tables: unnamed (NAME)"),
        (fits.ImageHDU(np.ones((4, 4))), "it holds an image, and masks are HEALPix maps"),
    ],
)
def test_files_that_are_no_mask(path, hdu, words):
    write(path, hdu)
    assert words in refusal(path)


def test_explicit_pixels_without_nside_by_their_order(path):
    write(path, table(("PIXEL", "J", [1, 2]), ("T", "E", [1, 1]), ORDERING="RING", COORDSYS="G", ORDER=3))
    assert area(path) == pytest.approx(4 * math.pi * 2 / NPIX, rel=1e-12)


def test_a_full_sky_that_is_called_explicit(path):
    write(path, table(("T", "E", BAND), **HEALPIX, INDXSCHM="EXPLICIT", OBJECT="PARTIAL"))
    assert area(path) == pytest.approx(AREA, rel=1e-12)


def test_ten_pixels_of_the_finest_map_take_little_memory(path):
    """The sky of nside 8192 would be 6 GiB of numbers; the region is found in its ten pixels."""
    pixels = np.arange(10) * 70_000_001
    write(path, partial(pixels, np.ones(10), NSIDE=8192))
    tracemalloc.start()
    region = Region.mask(path)
    left = Region.parse("all-sky") - region
    assert region.solid_angle.value == pytest.approx(4 * math.pi * 10 / (12 * 8192**2), rel=1e-12)
    lon, lat = healpy.pix2ang(8192, pixels, lonlat=True)
    assert region.contains(lon * u.deg, lat * u.deg).all()
    assert not left.contains(lon * u.deg, lat * u.deg).any()
    parts = region.touched(64)[1]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert parts.sum() / (12 * 64**2) == pytest.approx(10 / (12 * 8192**2), rel=1e-9)
    assert peak < 100 * 2**20


def moc(numbers, **header):
    return table(("UNIQ", "K", numbers), **{"ORDERING": "NUNIQ", "COORDSYS": "C", "MOCORDER": 3, **header})


def test_a_moc_is_the_cells_that_it_lists(path):
    """One twelfth of the sky, and one pixel of nside 4, in the celestial frame."""
    write(path, moc([4 + 2, 4**3 + 16 * 5]))
    region = Region.mask(path)
    whole = 4 * math.pi * (1 / 12 + 1 / 192)
    assert region.solid_angle.value == pytest.approx(whole, rel=1e-12)
    assert area(path, inverted=True) == pytest.approx(4 * math.pi - whole, rel=1e-12)
    lon, lat = healpy.pix2ang(1, np.arange(12), nest=True, lonlat=True)
    l, b = healpy.Rotator(coord=["C", "G"])(lon, lat, lonlat=True)
    np.testing.assert_array_equal(region.contains(l * u.deg, b * u.deg), np.arange(12) == 2)
    assert region.fractions(16).mean() * 4 * math.pi == pytest.approx(whole, rel=2e-3)
    assert "MOC is a list of cells" in refusal(path, above=0.5)
    assert "cells of m.fits" in region.reference


def test_a_moc_of_ranges(path):
    """MOC 2.0: pairs of numbers at order 29."""
    start = 5 * 4**29
    for form, numbers in (("1K", [0, 4**29, start, start + 4**27]), ("2K", [[0, 4**29], [start, start + 4**27]])):
        write(path, table(("RANGE", form, numbers), ORDERING="RANGE", MOCDIM="SPACE", COORDSYS="C", MOCORD_S=2))
        assert area(path) == pytest.approx(4 * math.pi * (1 / 12 + 1 / 192), rel=1e-12)
    write(path, table(("RANGE", "1K", [0, 4]), ORDERING="RANGE", MOCDIM="TIME", COORDSYS="C"))
    assert "MOCDIM 'TIME'; a MOC of SPACE is needed" in refusal(path)


def test_a_map_of_several_resolutions(path):
    """As gravitational-wave skies are written: cells and values."""
    numbers = [4 + i for i in range(11)] + [4**2 + 44 + i for i in range(4)]
    values = [0.1] * 11 + [0.3, 0.3, 0.1, 0.1]
    write(path, table(("UNIQ", "K", numbers), ("PROBDENSITY", "D", values), ORDERING="NUNIQ", COORDSYS="C"))
    assert area(path, above=0.2) == pytest.approx(4 * math.pi * 2 / 48, rel=1e-12)
    assert "above=0.5" in refusal(path)
    write(path, table(("UNIQ", "K", [4, 16]), ("P", "D", [1, 1]), ORDERING="NUNIQ", COORDSYS="C"))
    assert "its cells overlap" in refusal(path)


@pytest.mark.filterwarnings("ignore::skycocoon.errors.FileWarning")
def test_one_wrong_byte_is_one_line(path):
    """Each card of the table's header in turn, with its equals sign gone."""
    write(path, table(("T", "E", BAND), **HEALPIX))
    raw = path.read_bytes()
    for at in range(2880, 2880 + 80 * 16, 80):
        path.write_bytes(raw[: at + 8] + b"\x01" + raw[at + 9 :])
        try:
            Region.mask(path)
        except InputError as error:
            assert "\n" not in str(error)
