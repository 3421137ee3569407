"""Energies are found by name, in the unit that the file says, and never guessed."""

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import SkyMap

from .conftest import CUBE, KEYS, MEV, NUMBERS, E, by_healpy, fermi, hermes, one_line, same, table, write

CHANNEL = (np.arange(3), None)
STEP = np.sqrt(10)
MAPS = {"ENERGY": "Fermi template", "Bin": "GALPROP", "CHANNEL": "GADF", "T": "healpy"}


def cube(path, columns, name="ENERGIES", stem="ENERGY", **keys):
    """A map with planes STEM1, STEM2, STEM3, and a table of energies."""
    planes = {f"{stem}{k + 1}": (CUBE[k], MEV) for k in range(3)}
    return write(path, table(planes, "SKYMAP", COORDSYS="G", **KEYS, **keys), table(columns, name))


@pytest.mark.parametrize("stem", MAPS)
@pytest.mark.parametrize("name", ["ENERGY", "Energy", "energy", "ENERGY_TRUE", "Energies", "e_ref"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("unit", ["eV", "keV", "MeV", "TeV", "erg"])
def test_the_column_has_a_name_and_channel_is_none(path, stem, name, first, unit):
    columns = {"CHANNEL": (np.arange(3) + first, None), name: (E.to_value(unit), unit)}
    sky = SkyMap.read(cube(path, columns, stem=stem))
    same(sky)
    assert sky.meta["layout"] == MAPS[stem]


@pytest.mark.parametrize("stem", MAPS)
@pytest.mark.parametrize("name", ["ENERGIES", "EBOUNDS"])
@pytest.mark.parametrize(
    "names", [("E_MIN", "E_MAX"), ("ENERGY_TRUE_MIN", "ENERGY_TRUE_MAX"), ("ENERG_LO", "ENERG_HI"), ("emin", "emax")]
)
def test_bounds_of_bins_give_their_geometric_means(path, stem, name, names):
    columns = {"CHANNEL": CHANNEL} | {
        column: ((E * factor).to_value(u.keV), "keV") for column, factor in zip(names, (1 / STEP, STEP), strict=True)
    }
    same(SkyMap.read(cube(path, columns, name, stem)))


@pytest.mark.parametrize("stem", MAPS)
def test_bounds_without_a_unit_are_asked_for(path, stem):
    """OGIP has them in keV, other writers in the unit of the rest of the file."""
    columns = {"CHANNEL": CHANNEL, "E_MIN": (E.value * 1e6 / STEP, None), "E_MAX": (E.value * 1e6 * STEP, None)}
    cube(path, columns, "EBOUNDS", stem)
    assert "without a unit" in one_line(path, r"its energies, 1e\+07..1e\+09, are without a unit; say energies = ")
    same(SkyMap.read(path, energies=E))
    one_line(path, "contradict the file", energies=E * STEP)


def test_a_template_with_energies_without_a_unit_is_in_mev(path):
    """As every reader of Fermi templates takes it; a name with another unit in it is not overruled."""
    same(SkyMap.read(cube(path, {"CHANNEL": CHANNEL, "Energy": (E.to_value(u.MeV), None)})))
    path.unlink()
    one_line(cube(path, {"CHANNEL": CHANNEL, "Energy_GeV": (E.value, None)}), "without a unit")


@pytest.mark.parametrize("unit", ["MEV", "Mev", "dex(MeV)", "log(MeV)"])
def test_an_energy_unit_that_cannot_be_read_is_named(path, unit):
    columns = {"Energy": (E.to_value(u.MeV), "MeV")}
    cube(path, columns)
    fits.setval(path, "TUNIT1", value=unit, ext=2)
    assert repr(unit) in one_line(path, "a unit that cannot be read; say energies = ")
    same(SkyMap.read(path, energies=E))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"CHANNEL": CHANNEL}, "has the columns CHANNEL; one column of energies"),
        ({"CHANNEL": CHANNEL, "E_MIN": (E.value, "GeV")}, "one column of energies"),
        ({"ENERGY": (E.value, "GeV"), "ENERGY_TRUE": (E.value, "GeV")}, "one column of energies"),
        ({"NSIDE": CHANNEL, "ENERGY": (E.value, "GeV")}, "different resolutions"),
        ({"ENERGY": (E.value[:2], "GeV")}, "3 planes for 2 energies"),
        ({"ENERGY": (np.array([1.0, np.nan, 3.0]), "GeV")}, "not finite"),
        ({"ENERGY": (np.array([0.0, 1.0, 3.0]), "GeV")}, "not positive"),
        ({"ENERGY": (np.array([1.0, 1.0, 3.0]), "GeV")}, "not all different"),
        ({"E_MIN": (E.value, "GeV"), "E_MAX": (E.value, "TeV")}, "different units, GeV and TeV"),
        (
            {"ENERGY": (E.value, "GeV"), "E_MIN": (2 * E.value, "GeV"), "E_MAX": (3 * E.value, "GeV")},
            "ENERGY is not between E_MIN and E_MAX",
        ),
        ({"E_MIN": (E.value, "GeV"), "E_MAX": (E.value, "GeV")}, "not below and above"),
    ],
)
@pytest.mark.parametrize("stem", MAPS)
def test_tables_that_do_not_say(path, stem, columns, words):
    one_line(cube(path, columns, stem=stem), words)


def test_descending_energies_in_single_precision(path):
    same(SkyMap.read(cube(path, {"Energy": (np.array([1e3, 1e2, 1e1], "f4"), "GeV")})), 1e3 * NUMBERS[::-1], E)


@pytest.mark.parametrize(("texts", "unit"), [(["10", "1e2", "1000."], "GeV"), (["10 GeV", "0.1 TeV", "1e6 MeV"], None)])
def test_energies_as_texts(path, texts, unit):
    planes = {f"ENERGY{k + 1}": (CUBE[k], MEV) for k in range(3)}
    column = fits.Column("Energy", "12A", unit=unit, array=np.array(texts))
    write(path, table(planes, "SKYMAP", COORDSYS="G", **KEYS), fits.BinTableHDU.from_columns([column], name="ENERGIES"))
    same(SkyMap.read(path))
    path.unlink()
    column = fits.Column("Energy", "12A", array=np.array(["much", "more", "most"]))
    write(path, table(planes, "SKYMAP", COORDSYS="G", **KEYS), fits.BinTableHDU.from_columns([column], name="ENERGIES"))
    one_line(path, "texts that are no energies like '1 TeV'")


def test_energies_in_one_row(path):
    same(SkyMap.read(cube(path, {"Energy": (E.value[None], "GeV")})))


@pytest.mark.parametrize("stem", ["ENERGY", "CHANNEL"])
def test_columns_out_of_order_are_refused(path, stem):
    """As a program that sorts names writes them; gammapy and healpy would go by the order in the file."""
    planes = {f"{stem}{k}": (CUBE[0], MEV) for k in (1, 10, 2)}
    write(path, table(planes, "SKYMAP", COORDSYS="G", **KEYS))
    one_line(path, f"{stem}1, {stem}10, {stem}2 are not in the order of their numbers", energies=E)


@pytest.mark.parametrize(
    "record", [("ENERGY", 100.0, "GeV"), ("ENERGY", "0.1", "[TeV]"), ("ENERGY", 1e5, "energy of the map (MeV)")]
)
def test_the_unit_in_the_comment_of_a_key(path, record):
    by_healpy(path, CUBE[1:2], extra_header=[record])
    same(SkyMap.read(path), 1e3 * NUMBERS[1:2], E[1:2])


@pytest.mark.parametrize("value", [100.0, "100.0"])
def test_a_number_without_a_unit_is_repeated(path, value):
    by_healpy(path, CUBE[1:2], extra_header=[("ENERGY", value, "of the map")])
    assert "its energies, 100, are without a unit" in one_line(path, "energies = ")
    one_line(path, "these in no unit", energies=["70 GeV"])


def test_hermes_energies_in_another_unit_than_joule(path):
    """If a file says so."""
    hermes(path)
    with fits.open(path, mode="update") as file:
        for hdu, energy in zip(file[1:], E.value, strict=True):
            hdu.header["ENERGY"] = (energy, "[GeV]")
    same(SkyMap.read(path), NUMBERS * 1e-4)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("1/cm^2/s/sr/MeV", 1e3),
        ("/cm2/s/sr/MeV", 1e3),
        ("(MeV cm^2 s sr)^-1", 1e3),
        ("(m**2 s sr TeV)**(-1)", 1e-7),
        ("photons/cm2/s/sr/MeV", 1e3),
        ("photons cm-2 sec-1 ster-1 GeV-1", 1.0),
        ("ph/(cm^{2} s sr MeV)", 1e3),
        ("cm^{-2} s^{-1} sr^{-1} MeV^{-1}", 1e3),
        ("10^-4 cm-2 s-1 sr-1 MeV-1", 0.1),
        ("1e-4/cm2/s/sr/MeV", 0.1),
        ("10**-4 / cm2 / s / sr / MeV", 0.1),
        ("1/MeV/(cm^2 s sr)", 1e3),
        ("ph/(cm^2 sec)/sr/MeV", 1e3),
    ],
)
def test_units_of_intensity_as_people_write_them(path, unit, factor):
    same(SkyMap.read(fermi(path, unit=unit)), NUMBERS * factor)


@pytest.mark.parametrize("unit", ["intensity", "dex(cm-2 s-1 sr-1 MeV-1)", "cm-2 s-1 sr-1 MEV-1"])
def test_a_unit_that_cannot_be_read_is_what_the_message_begins_with(path, unit):
    text = one_line(fermi(path, unit=unit), "its unit .* cannot be read; say unit = ")
    assert repr(unit) in text
    assert "--unit" in text


@pytest.mark.parametrize("other", [None, "n_hits"])
def test_a_column_does_not_take_the_unit_of_another(path, other):
    columns = {"SIGNAL": (CUBE[0], MEV), "HITS": (CUBE[1], other)}
    write(path, table(columns, "x", COORDSYS="G", **KEYS))
    text = one_line(path, "two things of its unit", energies=E[:2])
    assert (other or "HITS") in text
    same(SkyMap.read(path, energies=E[:2], unit=MEV), 1e3 * NUMBERS[:2], E[:2])


def test_logarithms_of_energies_are_no_energies(path):
    one_line(cube(path, {"log10_Energy": (np.log10(E.to_value(u.MeV)), "MeV")}), "one column of energies")


def test_nodes_without_a_unit_in_the_table_of_bounds_are_asked_for(path):
    one_line(cube(path, {"CHANNEL": CHANNEL, "ENERGY": (E.to_value(u.MeV), None)}, "EBOUNDS"), "without a unit")


@pytest.mark.parametrize("unit", ["keV", "MeV", None])
def test_nodes_and_bins_agree(path, unit):
    """Both tables in one file, EBOUNDS in OGIP's keV, as some tools of Fermi write them."""
    planes = {f"ENERGY{k + 1}": (CUBE[k], MEV) for k in range(3)}
    low, high = ((E * factor).to_value(u.keV) for factor in (0.9, 1.2))
    bounds = table({"CHANNEL": CHANNEL, "E_MIN": (low, unit), "E_MAX": (high, unit)}, "EBOUNDS")
    nodes = table({"Energy": (E.to_value(u.MeV), None)}, "ENERGIES")
    write(path, table(planes, "SKYMAP", COORDSYS="G", **KEYS), nodes, bounds)
    if unit == "MeV":
        one_line(path, "not within the bins of EBOUNDS")
    else:
        same(SkyMap.read(path))
