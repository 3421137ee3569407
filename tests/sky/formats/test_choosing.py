"""A column of a map, by name or number."""

import astropy.units as u
import healpy
import numpy as np
import pytest

from skycocoon import SkyMap

from .conftest import CUBE, KEYS, MEV, NPIX, NUMBERS, E, energies, fermi, galprop, hermes, one_line, same, table, write

HITS = np.arange(NPIX, dtype=np.int64)


def wmap(path, unit=MEV, hits_unit="counts", **keys):
    """Two columns that have nothing to do with each other, as WMAP's and Planck's maps have."""
    columns = {"TEMPERATURE": (CUBE[1], unit), "N_OBS": (HITS, hits_unit)}
    return write(path, table(columns, "Archive Map Table", **{**KEYS, "COORDSYS": "G", **keys}))


@pytest.mark.parametrize("column", ["TEMPERATURE", "temperature", 1, "1", ["TEMPERATURE"], [1]])
@pytest.mark.parametrize("hits_unit", ["counts", None])
def test_one_of_unrelated_columns(path, column, hits_unit):
    """With the energy stated, or in the header."""
    wmap(path, hits_unit=hits_unit)
    same(SkyMap.read(path, energies=E[1:2], column=column), NUMBERS[1:2] * 1e3, E[1:2])
    path.unlink()
    wmap(path, hits_unit=hits_unit, ENERGY="100 GeV")
    same(SkyMap.read(path, column=column), NUMBERS[1:2] * 1e3, E[1:2])


def test_the_way_is_told(path):
    """Whatever is wrong with all columns together."""
    wmap(path)
    for keys in ({}, {"energies": E[:1]}, {"energies": E[:2]}, {"unit": MEV}):
        one_line(path, "column = 'TEMPERATURE' .--column. to read one of TEMPERATURE, N_OBS", **keys)


def test_units_of_others_do_not_matter(path):
    """N_OBS has no unit: the one of the temperature is not its own."""
    wmap(path, hits_unit=None)
    one_line(path, "does not say its unit", column="N_OBS", energies=E[:1])
    sky = SkyMap.read(path, column=2, energies=E[:1], unit=MEV)
    np.testing.assert_allclose(sky.intensity[0].to_value(u.Unit(MEV)), HITS, rtol=1e-12)


@pytest.mark.parametrize("write_map", [fermi, galprop])
def test_one_energy_of_a_cube(path, write_map):
    """Its energy comes with it."""
    name = {fermi: "ENERGY2", galprop: "Bin1"}[write_map]
    write_map(path)
    same(SkyMap.read(path, column=name), NUMBERS[1:2] * 1e3, E[1:2])
    same(SkyMap.read(path, column=[name, 1]), NUMBERS[[0, 1]] * 1e3, E[:2])
    same(SkyMap.read(path, column=f"{name}, 3"), NUMBERS[1:] * 1e3, E[1:])


def test_energies_beside_a_column_of_hits(path):
    """ENERGIES has one for each of the columns that are chosen."""
    columns = {f"I{k}": (values, MEV) for k, values in enumerate(CUBE)} | {"HITS": (HITS, None)}
    write(path, table(columns, "MAP", **KEYS, COORDSYS="G"), energies())
    same(SkyMap.read(path, column=["I0", "I1", "I2"]))
    one_line(path, "e.g. column = 'I0'")


def test_column_of_a_part(path):
    """Pixel numbers are no column to choose; numbers count them, as TTYPE1 does."""
    some = np.array([4, 7, 30])
    columns = {"PIXEL": (some, None), "I": (CUBE[0, :3], MEV), "HITS": (HITS[:3], None)}
    write(path, table(columns, "MAP", **KEYS, COORDSYS="G", INDXSCHM="EXPLICIT"))
    for column in ("I", 2):
        sky = SkyMap.read(path, column=column, energies=E[:1])
        np.testing.assert_array_equal(sky.pixels.numbers, some)
        np.testing.assert_allclose(sky.intensity[0].to_value(u.Unit(MEV)), NUMBERS[0, :3], rtol=1e-12)
    one_line(path, "column = 'PIXEL': its columns are", column="PIXEL", energies=E[:1])


def test_healpy_writes_it(path):
    healpy.write_map(
        path, [CUBE[0], HITS.astype("f4")], coord="G", column_names=["I", "H"], column_units=[MEV, ""], dtype="f4"
    )
    same(SkyMap.read(path, column="I", energies=E[:1]), NUMBERS[:1] * 1e3, E[:1])


@pytest.mark.parametrize("column", ["Q", 0, 3, -1, "0", 1.5, True, ["I", "Q"]])
def test_no_such_column(path, column):
    """With those that there are."""
    wmap(path)
    one_line(path, "its columns are TEMPERATURE, N_OBS|a name or a number is needed", column=column, energies=E[:1])


def test_one_column_twice(path):
    wmap(path)
    one_line(path, "different columns of one table", column=["TEMPERATURE", 1], energies=E[:2])


def test_column_of_several_tables(path):
    one_line(hermes(path), "3 tables or columns have it", column="TFLOAT")
