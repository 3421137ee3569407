"""Files to maps: orderings, compression, parts of the sky, damage."""

import gzip

import healpy
import numpy as np
import pytest

from skycocoon import SkyMap

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


def test_partial_sky(path):
    one_line(hermes(path, OBJECT="PARTIAL"), "part of the sky .OBJECT = PARTIAL")
    path.unlink()
    columns = {"HPXINDEX": (np.arange(20), None), "Bin0": (CUBE[0, :20], MEV)}
    one_line(write(path, table(columns, "SKYMAP2", COORDSYS="GAL", **KEYS)), "part of the sky .column HPXINDEX")
    path.unlink()
    one_line(galprop(path, CUBE[:, :40]), "40 pixels are no full sky of NSIDE 2, which has 48")
    path.unlink()
    one_line(galprop(path, CUBE[:, :40], NSIDE=None), "40 rows are no full HEALPix sky")
    path.unlink()
    columns = {"PIXEL": (np.arange(20), None), "SIGNAL": (CUBE[0, :20], MEV)}
    write(path, table(columns, "xtension", COORDSYS="G", **KEYS, OBJECT="PARTIAL", INDXSCHM="EXPLICIT"))
    one_line(path, "part of the sky", energies=E[:1])


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
