"""Maps of other codes on the command line: what their files do not say is an option."""

import shutil

import numpy as np
import pytest
from astropy.io import fits

from ..sky.formats.conftest import CUBE, NUMBERS, fermi, oldest_galprop, table, write
from .conftest import bad, good, table_of

SILENT = "--unit 'cm-2 s-1 sr-1 MeV-1' --frame galactic --ordering RING --energies-of-map '10 GeV, 100 GeV, 1 TeV'"


@pytest.fixture
def silent(tmp_path):
    """A file that says nothing but how many pixels it has."""
    columns = {f"COLUMN{k}": (values, None) for k, values in enumerate(CUBE)}
    return write(tmp_path / "silent.fits", table(columns, "x", PIXTYPE="HEALPIX"))


def sed_of(line):
    return table_of(good(f"sed {line} --region 'box:0,360,-90,90'"))["intensity"]


MEANS = 1e3 * NUMBERS.mean(axis=1)


def test_everything_is_said_by_options(silent, tmp_path):
    np.testing.assert_allclose(sed_of(f"{silent} {SILENT}"), MEANS, rtol=1e-6)
    assert "nside 2 RING Galactic, 3 energies 10 GeV..1000 GeV" in good(f"show {silent} {SILENT}")
    good(f"plot {silent} {SILENT} --energy '50 GeV' --out sky.png")
    good(f"plot {silent} {SILENT} --region box:0,360,-90,90 --out sed.png")
    assert (tmp_path / "sky.png").exists()


@pytest.mark.parametrize("command", ["sed {} --region box:0,360,-90,90", "plot {} --out a.png", "show {}"])
@pytest.mark.parametrize("option", ["--unit", "--frame", "--ordering", "--energies-of-map"])
def test_a_refusal_names_the_option_the_key_and_the_argument(silent, command, option):
    words = {
        name: value
        for name, value in zip(
            ["--unit", "--frame", "--ordering", "--energies-of-map"],
            ["'cm-2 s-1 sr-1 MeV-1'", "galactic", "RING", "'10 GeV, 100 GeV, 1 TeV'"],
            strict=True,
        )
        if name != option
    }
    said = " ".join(f"{name} {value}" for name, value in words.items())
    text = bad(f"{command.format(silent)} {said}")
    key = option.removeprefix("--").removesuffix("-of-map")
    assert f"{key} = " in text
    assert text.endswith(f"(keys of a model file and arguments in Python; on the command line {option})\n")


def test_the_planes_keep_their_order(silent):
    """Energies are given in the order of the planes, and may descend."""
    turned = SILENT.replace("10 GeV, 100 GeV, 1 TeV", "1 TeV, 100 GeV, 10 GeV")
    np.testing.assert_allclose(sed_of(f"{silent} {turned}"), MEANS[::-1], rtol=1e-6)


def test_what_the_file_says_is_not_overruled(tmp_path):
    path = fermi(tmp_path / "map.fits")
    for option, words in {
        "--unit 'GeV-1 cm-2 s-1 sr-1'": "contradicts the file",
        "--ordering NESTED": "contradicts the file, which says 'RING'",
        "--energies-of-map '1 GeV, 2 GeV, 3 GeV'": "contradict the file",
        "--energies-of-map '1 GeV'": "1 are given for 3 planes",
        "--energies-of-map much": "a list like",
    }.items():
        assert words in bad(f"show {path} {option}")


def test_neutrinos_of_a_file_that_does_not_say(tmp_path):
    """The messenger is gamma unless told; a flavour is stated where the file says none, and converted where it does."""
    path = fermi(tmp_path / "map.fits")
    assert "--flavour" in bad(f"sed {path} --region box:0,360,-90,90 --messenger neutrino")
    one = sed_of(f"{path} --messenger neutrino --flavour per-flavour")
    np.testing.assert_allclose(one, MEANS, rtol=1e-6)
    np.testing.assert_allclose(sed_of(f"{path} --messenger neutrino --flavour all-flavour"), MEANS, rtol=1e-6)
    assert "neutrino (sum of the three flavours" in good(f"show {path} --messenger neutrino --flavour all-flavour")
    fits.setval(path, "MESSENGR", value="neutrino", ext=1)
    fits.setval(path, "FLAVOUR", value="per-flavour", ext=1)
    np.testing.assert_allclose(sed_of(f"{path} --flavour all-flavour"), 3 * MEANS, rtol=1e-6)
    assert "contradicts the file, which says 'neutrino'" in bad(f"show {path} --messenger gamma")
    assert "unknown flavour convention" in bad(f"show {path} --flavour electron")


def test_a_figure_of_a_sky_in_another_flavour(tmp_path, monkeypatch):
    path = fermi(tmp_path / "map.fits", MESSENGR="neutrino", FLAVOUR="per-flavour")
    titles = []
    monkeypatch.setattr("skycocoon.plot.plot_sky", lambda image, limits, title, *rest: titles.append((limits, title)))
    monkeypatch.setattr("skycocoon.plot.save", lambda axes, out: out.write_bytes(b""))
    for k, flavour in enumerate(("per-flavour", "all-flavour")):
        good(f"plot {path} --flavour {flavour} --energy '100 GeV' --out {k}.png")
    (one, first), (three, second) = titles
    np.testing.assert_allclose(three, 3 * np.array(one), rtol=1e-9)
    assert "per flavour" in first
    assert "sum of the three" in second


@pytest.mark.parametrize("name", ["q.fit", "q.FITS", "q.hpx", "q.fits.gz", "q", "q.dat"])
def test_a_file_is_known_by_its_content(tmp_path, name):
    shutil.copy(fermi(tmp_path / "map.fits"), tmp_path / name)
    np.testing.assert_allclose(sed_of(name), MEANS, rtol=1e-6)
    assert "3 energies" in good(f"show {name}")


@pytest.mark.parametrize("name", ["q.fit", "q.FITS", "q.hpx", "q.fits.gz", "q.fits.bz2"])
def test_a_missing_file_is_missing(name):
    assert f"{name}: no such file" in bad(f"sed {name} --region lhaaso-inner")
    assert f"{name}: no such file" in bad(f"show {name}")


@pytest.mark.parametrize("command", ["check {}", "run {} --out results", "fit {} --out results", "sed {} --set a=1"])
def test_a_map_is_no_model(tmp_path, command):
    path = fermi(tmp_path / "map.hpx")
    text = bad(f"{command.format(path)} {'--region lhaaso-inner' if command.startswith('sed') else ''}")
    assert 'kind = "map"' in text or "goes with a model, not with a map" in text


def test_options_of_maps_go_with_maps():
    for option in (
        "--unit K",
        "--frame galactic",
        "--ordering RING",
        "--energies-of-map '1 TeV'",
        "--column I",
        "--outside-sky zero",
        "--negative zero",
    ):
        text = bad(f"sed paper --messenger gamma --region lhaaso-inner {option}")
        assert f"{option.split()[0]} goes with a map's FITS file" in text


def test_a_file_of_galprop_54(tmp_path):
    path = oldest_galprop(tmp_path / "pion.fits", energy_unit=None)
    text = bad(f"sed {path} --region lhaaso-inner")
    assert "--unit, --frame, --energies-of-map" in text.replace("--frame, --unit", "--unit, --frame")
    options = SILENT.replace("--ordering RING", "")
    np.testing.assert_allclose(sed_of(f"{path} {options}"), MEANS, rtol=1e-6)


def test_column_outside_and_negative(tmp_path):
    """A part of the sky, one of whose columns is the map: half of the 48 pixels, of which one is below zero."""
    some, values = np.arange(24), np.where(np.arange(24) == 3, -1e-9, 1e-6)
    columns = {"PIXEL": (some, None), "HITS": (some, None), "I": (values, "cm-2 s-1 sr-1 MeV-1")}
    keys = {"PIXTYPE": "HEALPIX", "NSIDE": 2, "ORDERING": "RING", "COORDSYS": "G", "ENERGY": "1 TeV"}
    path = write(tmp_path / "part.fits", table(columns, "x", **keys))
    assert "--column" in bad(f"show {path}")
    assert "--negative zero" in bad(f"show {path} --column I")
    assert "outside_sky = 'zero'" in bad(f"sed {path} --column I --negative zero --region box:0,360,-90,90")
    said = "--column 3 --negative zero --outside-sky zero"
    np.testing.assert_allclose(sed_of(f"{path} {said}"), [1e-3 * 23 / 48], rtol=1e-9)
    shown = good(f"show {path} {said}")
    assert "negative: zero: 1 negative values are 0" in shown
    assert "outside_sky: zero" in shown
    good(f"plot {path} {said} --out part.png")


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_arrays(tmp_path, ending):
    """Recognised by content or name; what they do not say are the same options."""
    path = tmp_path / f"map.{ending}"
    assert "no such file" in bad(f"show {path}")
    (np.save if ending == "npy" else np.savez)(path, CUBE)
    assert "--unit, --frame, --ordering, --energies-of-map" in bad(f"show {path}")
    np.testing.assert_allclose(sed_of(f"{path} {SILENT}"), MEANS, rtol=1e-6)


def test_an_equatorial_map(tmp_path):
    """show, sed and plot turn it: the mean over the sky is that of the file."""
    path = fermi(tmp_path / "map.fits", COORDSYS="CEL")
    np.testing.assert_allclose(sed_of(path), MEANS, rtol=3e-4)
    shown = good(f"show {path}")
    assert "file_frame: celestial" in shown
    assert "turned: from celestial to galactic" in shown
    good(f"plot {path} --energy '50 GeV' --out sky.png")
    assert (tmp_path / "sky.png").exists()
