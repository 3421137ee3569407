"""Files to maps: orderings, compression, parts of the sky, damage."""

import gzip

import healpy
import numpy as np
import pytest

from skycocoon import InputError, Region, SkyMap
from skycocoon.sky.formats import Statements, read_head

from .conftest import (
    CUBE,
    KEYS,
    MEV,
    NPIX,
    NSIDE,
    NUMBERS,
    E,
    by_healpy,
    energies,
    fermi,
    galprop,
    hermes,
    older_galprop,
    oldest_galprop,
    one_line,
    same,
    table,
    write,
)


def test_hermes_with_masked_pixels(path):
    cube = CUBE.copy()
    cube[1, 5:9] = healpy.UNSEEN
    text = one_line(hermes(path, cube), "4 UNSEEN")
    assert "100 GeV" in text
    assert f"of {NPIX} values" in text


def test_nested(path):
    cube = CUBE[:, healpy.nest2ring(NSIDE, np.arange(NPIX))]
    same(SkyMap.read(by_healpy(path, cube, nest=True), energies=E))
    path.unlink()
    same(SkyMap.read(galprop(path, cube, ORDERING="NEST")))


def test_compressed(path):
    zipped = path.with_name("map.fits.gz")
    zipped.write_bytes(gzip.compress(galprop(path).read_bytes()))
    same(SkyMap.read(zipped))
    whole = zipped.read_bytes()
    for cut in (-1, -9, -200, len(whole) // 2, 100):
        zipped.write_bytes(whole[:cut])
        one_line(zipped, "not a whole FITS file")


def test_a_part_of_the_sky_needs_pixel_numbers(path):
    text = "part of the sky .OBJECT = PARTIAL. and has no pixel numbers"
    one_line(hermes(path, CUBE[:, :40], OBJECT="PARTIAL"), text)
    path.unlink()
    one_line(hermes(path, OBJECT="PARTIAL", NSIDE=None), text)
    path.unlink()
    one_line(galprop(path, CUBE[:, :40]), "40 pixels are no full sky of NSIDE 2, which has 48")
    path.unlink()
    one_line(galprop(path, CUBE[:, :40], NSIDE=None), "40 rows are no full HEALPix sky")


@pytest.mark.parametrize("column", ["PIX", "PIXEL", "HPXINDEX"])
def test_a_part_of_the_sky_with_pixel_numbers(path, column):
    """In any order, and NESTED too: the pixels are those of the numbers."""
    ring = np.array([30, 3, 47, 12])
    columns = {column: (ring, None), "Bin0": (CUBE[0, ring], MEV), "Bin1": (CUBE[1, ring], MEV)}
    keys = KEYS | {"COORDSYS": "GAL", "OBJECT": "PARTIAL", "INDXSCHM": "EXPLICIT"}
    write(path, table(columns, "SKYMAP2", **keys))
    sky = SkyMap.read(path, energies=E[:2])
    assert sky.pixels.numbers.tolist() == [3, 12, 30, 47]
    np.testing.assert_allclose(sky.intensity.value, 1e3 * NUMBERS[:2, [3, 12, 30, 47]], rtol=1e-6)
    path.unlink()
    columns[column] = (healpy.ring2nest(NSIDE, ring), None)
    write(path, table(columns, "SKYMAP2", **(keys | {"ORDERING": "NESTED"})))
    again = SkyMap.read(path, energies=E[:2])
    assert again.pixels.same_as(sky.pixels)
    assert np.array_equal(again.intensity.value, sky.intensity.value)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([1, 2, 2], "not all different"), ([1, 2, 48], "not those of NSIDE 2, 0 to 47"), ([-1, 2, 3], "not those of")],
)
def test_pixel_numbers_that_cannot_be(path, numbers, words):
    columns = {"PIXEL": (np.array(numbers), None), "SIGNAL": (CUBE[0, :3], MEV)}
    write(path, table(columns, "xtension", COORDSYS="G", **KEYS, OBJECT="PARTIAL", INDXSCHM="EXPLICIT"))
    one_line(path, words, energies=E[:1])


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "1 NaN"), (np.inf, "1 NaN or infinite"), (-1e-9, "1 negative"), (-1.6375e30, "1 UNSEEN")],
)
@pytest.mark.parametrize("maker", [hermes, galprop, older_galprop, oldest_galprop, fermi])
def test_bad_values(path, maker, value, words):
    cube = CUBE.copy()
    cube[2, 7] = value
    assert "1000 GeV" in one_line(
        maker(path, cube, unit=MEV, **({"COORDTYPE": "GAL"} if maker is oldest_galprop else {})), words
    )


def test_masks_of_another_value(path):
    cube = CUBE.copy()
    cube[0, 3] = 9e20
    one_line(hermes(path, cube, BAD_DATA=9e20), "1 UNSEEN")


def test_truncated(path):
    whole = hermes(path).read_bytes()
    # Headers and tables of a block of 2880 bytes each: cut between them, it is a whole file of fewer energies.
    blocks = len(whole) // 2880
    cuts = {*range(0, len(whole), 720), *(2880 * k + j for k in range(1, blocks) for j in (-1, 1))}
    for cut in sorted(cuts - {2880 * k for k in (3, 5)}):
        path.write_bytes(whole[:cut])
        one_line(path, "not a whole FITS file|no layout")


def test_too_many_energies(path):
    columns = {f"ENERGY{k}": (CUBE[0], MEV) for k in (1, 2)}
    one_line(write(path, table(columns, "SKYMAP", COORDSYS="GAL", **KEYS), energies()), "2 planes for 3 energies")
    path.unlink()
    same(
        SkyMap.read(write(path, table(columns, "SKYMAP", COORDSYS="G", **KEYS)), energies=E[:2]),
        1e3 * NUMBERS[[0, 0]],
        E[:2],
    )


MAKERS = [hermes, galprop, older_galprop, fermi]


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("compressed", [False, True])
def test_what_a_region_needs_of_a_map(path, maker, compressed):
    """The same numbers as of the whole map; a value elsewhere is not looked at."""
    region = Region.parse("disc:30,10,40")
    cube = CUBE.copy()
    pixels = region.pixels(NSIDE)
    cube[1, np.delete(np.arange(NPIX), pixels.numbers)[0]] = np.nan
    maker(path, cube, unit=MEV)
    if compressed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    part = SkyMap.read(path, region=region)
    assert part.pixels.same_as(pixels)
    np.testing.assert_allclose(part.intensity.value, 1e3 * NUMBERS[:, pixels.numbers], rtol=1e-6)
    one_line(path, "1 NaN")


def test_what_a_region_needs_of_a_nested_map(path):
    cube = CUBE[:, healpy.nest2ring(NSIDE, np.arange(NPIX))]
    by_healpy(path, cube, nest=True)
    region = Region.parse("disc:30,10,40")
    part = SkyMap.read(path, region=region, energies=E)
    np.testing.assert_allclose(part.intensity.value, 1e3 * NUMBERS[:, region.pixels(NSIDE).numbers], rtol=1e-6)


def test_the_head_alone_says_what_a_map_is_and_looks_at_its_values(path):
    fermi(path)
    head = read_head(path, Statements())
    assert (head.pixels.nside, head.messenger, head.energy.size) == (NSIDE, "gamma", 3)
    path.unlink()
    cube = CUBE.copy()
    cube[2, 7] = -1
    fermi(path, cube)
    with pytest.raises(InputError, match="1 negative"):
        read_head(path, Statements())


def test_a_map_that_memory_cannot_hold(path, monkeypatch):
    """A SED of a region, and what `show` says, need no more than they use."""
    fermi(path)
    monkeypatch.setattr("skycocoon.resources.memory_limit", lambda: (3 * 8 * NPIX // 2, "available on this machine"))
    one_line(path, "of memory are needed for 48 pixels at 3 energies, .* the pixels of its region alone")
    assert read_head(path, Statements()).pixels.are_all
    assert SkyMap.read(path, region=Region.parse("disc:30,10,10")).pixels.size < NPIX / 4
