"""What a file says, what a caller says, and that they agree: units, energies, frames."""

import itertools

import astropy.units as u
import numpy as np
import pytest

from skycocoon import SkyMap

from .conftest import (
    CUBE,
    KEYS,
    MEV,
    NUMBERS,
    E,
    by_healpy,
    galprop,
    hermes,
    oldest_galprop,
    one_line,
    same,
    table,
    write,
)


def test_hermes_neutrinos_need_their_flavour(path):
    hermes(path)
    one_line(path, "flavour = 'per-flavour' or 'all-flavour'", messenger="neutrino")
    sky = SkyMap.read(path, messenger="neutrino", flavour="all-flavour")
    assert (sky.messenger, sky.flavour) == ("neutrino", "all-flavour")
    one_line(path, "unknown messenger", messenger="muon")
    one_line(path, "unknown flavour", messenger="neutrino", flavour="electron")
    one_line(path, "gamma rays", flavour="per-flavour")


def test_what_is_not_said_is_asked_for(path):
    oldest_galprop(path)
    text = one_line(path, "does not say its frame and its unit 'Intensity' cannot be read")
    assert "unit = " in text
    assert "frame = 'galactic'" in text
    text = one_line(path, "does not say its frame", unit=MEV)
    assert "unit" not in text
    assert text.endswith("on the command line --frame)")
    path.unlink()
    one_line(galprop(path, ORDERING=None), "ordering = 'RING' or 'NESTED'")
    same(SkyMap.read(path, ordering="RING"))
    path.unlink()
    one_line(by_healpy(path), r"energies = \['1 TeV', ...\], 3 in all")


def test_energies_without_a_unit(path):
    """GALPROP 54 left the unit of its energies out, or to a comment: "Minimum energy of spectra (MeV)"."""
    oldest_galprop(path, unit=MEV, COORDTYPE="GAL", energy_unit=None)
    one_line(path, "energies = ")
    same(SkyMap.read(path, energies=E))
    one_line(path, "contradict", energies=[10, 100, 900] * u.GeV)
    path.unlink()
    oldest_galprop(path, unit=MEV, COORDTYPE="GAL", energy_unit=None, EMIN=(1e4, "Minimum energy of spectra (MeV)"))
    same(SkyMap.read(path))


def test_one_column_with_an_energy_without_a_unit(path):
    by_healpy(path, CUBE[1:2], extra_header=[("ENERGY", 100.0)])
    one_line(path, "energies = ")
    same(SkyMap.read(path, energies=E[1]), 1e3 * NUMBERS[1:2], E[1:2])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_energies_in_another_order(path, order):
    order = list(order)
    same(SkyMap.read(hermes(path, CUBE[order], energy=E[order])), NUMBERS * 1e-4)
    path.unlink()
    by_healpy(path, CUBE[order])
    same(SkyMap.read(path, energies=E[order]))


@pytest.mark.parametrize("bad", [[10, 10, 100], [0, 10, 100], [-10, 10, 100]])
def test_energies_that_cannot_be(path, bad):
    one_line(hermes(path, energy=bad * u.GeV), "not positive or not all different")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("GeV^-1 m^-2 s^-1 sr^-1", 1e-4),
        ("MeV^-1 cm^-2 sr^-1 s^-1", 1e3),
        ("1/(MeV cm2 s sr)", 1e3),
        ("cm^-2 s^-1 sr^-1 MeV^-1", 1e3),
        ("cm-2 s-1 sr-1 MeV-1", 1e3),
        ("cm**-2 s**-1 sr**-1 keV**-1", 1e6),
        ("ph/cm^2/s/MeV/sr", 1e3),
        ("TeV-1 km-2 yr-1 sr-1", 1e-3 / 1e10 / u.yr.to(u.s)),
        ("ph cm-2 s-1 sr-1 MeV-1", 1e3),
        ("photon / (cm2 s sr GeV)", 1.0),
    ],
)
def test_spellings_of_the_unit(path, unit, factor):
    same(SkyMap.read(galprop(path, unit=unit)), NUMBERS * factor)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("GeV cm-2 s-1 sr-1", 1.0),
        ("MeV cm^-2 sr^-1 s^-1", 1e-3),
        ("MeV2 cm-2 s-1 sr-1 MeV-1", 1e-3),
        ("ph GeV/(m2 s sr)", 1e-4),
    ],
)
def test_times_energy_squared(path, unit, factor):
    same(SkyMap.read(galprop(path, unit=unit)), factor * NUMBERS / E.value[:, None] ** 2)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("cm-2 s-1 sr-1", "integral over energy"),
        ("ph cm-2 s-1 sr-1", "integral over energy"),
        ("cm-2 s-1 MeV-1", "no intensity"),
        ("K", "no intensity"),
        ("counts", "its unit 'counts' cannot be read"),
    ],
)
def test_wrong_units(path, unit, words):
    one_line(galprop(path, unit=unit), words)


def test_contradictions(path):
    galprop(path)
    same(SkyMap.read(path, unit="1/(MeV cm2 s sr)", frame="G", ordering="ring", energies=E, messenger="gamma"))
    text = one_line(path, "contradicts", unit="GeV-1 cm-2 s-1 sr-1")
    assert "GeV-1 cm-2 s-1 sr-1" in text
    assert MEV in text
    assert "integral" in one_line(path, "needed", unit="cm-2 s-1 sr-1")
    one_line(path, "cannot be read", unit="fluxes")
    text = one_line(path, "contradicts", frame="celestial")
    assert "'celestial'" in text
    assert "'GAL'" in text
    one_line(path, "contradicts the file, which says 'RING'", ordering="NESTED")
    text = one_line(path, "contradict", energies=2 * E)
    assert "20..2000" in text
    assert "10..1000" in text
    one_line(path, "4 are given for 3 planes", energies=[1, 2, 3, 4] * u.GeV)
    one_line(path, "unit like 'GeV'", energies=[1, 2, 3] * u.s)
    one_line(path, "a list like", energies=["much", "more", "most"])
    path.unlink()
    one_line(galprop(path, MESSENGR="neutrino"), "contradicts the file, which says 'neutrino'", messenger="gamma")
    path.unlink()
    one_line(galprop(path, BUNIT="GeV-1 cm-2 s-1 sr-1"), "two things of its unit")
    path.unlink()
    one_line(galprop(path, COORDTYPE="EQ"), "two things of its frame: 'EQ' and 'GAL'")


def test_unknown_frame(path):
    one_line(galprop(path, COORDSYS="MOON"), "unknown frame 'MOON'")


@pytest.mark.parametrize("nside", [3, 6])
def test_nside_that_is_no_power_of_two(path, nside):
    cube = np.ones((3, 12 * nside**2), dtype=np.float32)
    one_line(galprop(path, cube, NSIDE=nside), "power of two")
    path.unlink()
    one_line(galprop(path, cube, NSIDE=None), "power of two")


def test_frequencies_are_no_energies(path):
    columns = {"Bin0": (CUBE[0], MEV)}
    nu = table({"Frequency": (np.array([1e9]), "Hz")}, "ENERGIES")
    one_line(write(path, table(columns, "SKYMAP2", COORDSYS="GAL", **KEYS), nu), "energies are in 'Hz'")
