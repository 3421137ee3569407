"""show, check and init."""

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.table import Table

from skycocoon import SkyMap, list_measurements, list_presets, list_regions
from skycocoon.config import load_file
from skycocoon.measured import RatioMeasurement
from skycocoon.units import INTENSITY

from ..conftest import EXAMPLE
from .conftest import XC, bad, good


def test_init_prints_a_model_that_works(tmp_path):
    text = good("init")
    path = tmp_path / "model.toml"
    path.write_text(text)
    assert "good" in good(f"check {path}")
    assert "0.0507" in good("init schroer2021")
    assert "#" in text


def test_check_says_what_is_wrong(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(EXAMPLE.replace("height", "heigth", 1))
    assert "did you mean 'height'" in bad(f"check {path}")
    text = good("check paper --set 'components.cocoons.grammage.normalisation=0.8 g cm-2'")
    assert "tau_c = 0.5056 Myr" in text


@pytest.mark.slow
def test_show(results):
    text = good("show")
    for name in (*list_presets(), *list_measurements(), *list_regions()):
        assert name in text
    assert "tau_c" in good("show paper")
    assert "10.1103/PhysRevLett.131.151001" in good("show lhaaso-km2a-2023-inner")
    assert "0.334654 sr" in good("show lhaaso-inner")
    assert "l 15 to 125, b -5 to 5 deg" in good("show lhaaso-inner")
    assert "nside 16" in good(f"show {results[0]}/gamma.fits")
    assert "neutrino icecube-allsky total" in good(f"show {results[0]}/seds.ecsv")
    assert "did you mean 'schroer2021'" in bad("show schroer2020")


def test_show_catalogues():
    assert "1lhaaso: 90 sources" in good("show")
    assert "10.3847/1538-4365/acfd29" in good("show 1lhaaso")
    assert "did you mean '1lhaaso'" in bad("show sources:1lhaso")


def test_check_compares_a_maps_energies_with_the_models(tmp_path):
    sky = SkyMap(np.geomspace(1, 10, 3) * u.TeV, {"theirs": np.full((3, 12), 1e-15) * INTENSITY})
    sky.write(tmp_path / "theirs.fits")
    path = tmp_path / "model.toml"
    path.write_text('[components.theirs]\nkind = "map"\nfile = "theirs.fits"\n')
    assert "outside = 'zero'" in bad(f"check {path}")
    text = good(f"check {path} --set components.theirs.outside=zero")
    assert "gamma maps" in text
    assert "neutrino maps" not in text


def test_show_a_catalogue_of_ones_own(tmp_path):
    Table({"l": [10.0, 20.0] * u.deg, "b": [0.0, 1.0] * u.deg}).write(tmp_path / "mine.ecsv")
    assert "2 sources" in good(f"show {tmp_path}/mine.ecsv")


@pytest.mark.parametrize("name", ["fit-bc", "fit-joint"])
def test_check_says_what_will_be_fitted(name):
    text = good(f"check {name}")
    assert f"{name}: good" in text
    assert f"fit: {XC}, " in text
    assert "normalisation.bc-dampe-2022" in text
    assert "bc-ams02-2021 (53)" in text
    assert ("lhaaso-km2a-2023-inner (10)" in text) == (name == "fit-joint")


def test_check_finds_mistakes_of_a_fit(small):
    text = bad(f"check {small} --set 'fit.ranges.bc-dampe-2022.from=1 PV'")
    assert "small.toml: fit.ranges.bc-dampe-2022: " in text
    assert "no point" in text


def test_show_a_ratio():
    text = good("show bc-ams02-2021")
    assert text.startswith(f"{RatioMeasurement.named('bc-ams02-2021')}")
    for part in ("B/C", "GV", "doi", "events"):
        assert part in text
    every = good("show")
    for name in ("bc-ams02-2021", "fit-bc", "fit-joint", "lhaaso-km2a-2023-inner"):
        assert name in every


def test_init_prints_the_shipped_fits(tmp_path):
    text = good("init fit-joint")
    (tmp_path / "mine.toml").write_text(text)
    assert load_file(tmp_path / "mine.toml").file == load_file("fit-joint").file


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        ("lhaso", "did you mean '1lhaaso' or "),
        ("nothing-like-it", "`skycocoon show` lists all "),
        ("http://127.0.0.1:9/points.ecsv", "no such file; an address is not followed, files are local"),
        ("ftp://127.0.0.1:9/map.fits.gz", "no such file; an address is not followed, files are local"),
        ("s3://bucket/model.toml", "no such file; an address is not followed, files are local"),
        ("https://127.0.0.1:9/model", "no such file; an address is not followed, files are local"),
        ("mask:http://127.0.0.1:9/mask.fits", "no such file; an address is not followed, files are local"),
        ("nothing.ecsv", "nothing.ecsv: no such file"),
        ("no/thing", "no/thing: no such file"),
        ("/dev", "/dev: is a folder"),
        (__file__, "no file that `show` knows; allowed: .toml, .ecsv, and maps in FITS"),
    ],
)
def test_show_what_is_not_there(thing, says):
    """The nearest names, or what a path leads to; in a line that can be read, not in a list of everything."""
    line = bad(f"show {thing}")
    assert says in line
    assert len(line) < 250


def test_a_region_and_a_catalogue_of_any_kind(tmp_path, monkeypatch):
    """What can only be meant as a region is one, also if it ends like a map; FITS files may be of sources."""
    monkeypatch.chdir(tmp_path)
    healpy.write_map("m.fits", np.arange(768) % 2, coord="G", dtype=np.float64)
    table = Table({"RAJ2000": [83.6, 287.0], "DEJ2000": [22.0, 6.4]})
    table.write("sources.fits")
    table.write("sources.csv")
    assert "mask:m.fits: 6.28319 sr" in good("show mask:m.fits")
    assert "6.28319 sr" in good("show '~mask:m.fits,inverted'")
    assert "all-sky: the whole sky" in good("show all-sky")
    for name in ("sources.fits", "sources.csv"):
        assert "sources: 2 sources, 0 of them extended, no psf" in good(f"show {name}")
    assert bad("show mask:x.fits") == "skycocoon: error: x.fits: no such file\n"
