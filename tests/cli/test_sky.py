"""map, sed and plot: from a model or from a map."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

from .conftest import bad, call, good, table_of


def test_sed_gamma():
    text = good("sed paper --messenger gamma --region lhaaso-inner --energies '1 TeV, 10 TeV, 100 TeV'")
    table = table_of(text)
    assert table.colnames == ["component", "energy", "intensity", "flux"]
    assert table["component"].tolist() == ["cocoons"] * 3 + ["diffuse"] * 3 + ["total"] * 3
    parts = np.reshape(table["intensity"], (3, 3))
    np.testing.assert_allclose(parts[2], parts[0] + parts[1], rtol=1e-12)
    assert table["energy"].unit == u.TeV
    e2 = (table["energy"].quantity ** 2 * table["intensity"].quantity).to_value("GeV cm-2 s-1 sr-1")[:3]
    np.testing.assert_allclose(e2, [3.2907e-7, 7.5156e-8, 1.1178e-9], rtol=1e-4)
    assert u.Quantity(table.meta["solid_angle"]).to_value(u.sr) == pytest.approx(0.334654028, rel=1e-8)
    np.testing.assert_allclose(table["flux"] / table["intensity"], 0.334654028, rtol=1e-8)


@pytest.mark.slow
def test_sed_neutrino_with_changes():
    text = good(
        "sed paper --messenger neutrino --region icecube-allsky --energies '10 TeV' "
        "--set 'components.cocoons.grammage.cutoff=300 TV' --set 'components.cocoons.disc.height=0.2 kpc'"
    )  # fmt: skip
    table = table_of(text)
    assert len(table) == 3
    assert table.meta["flavour"].startswith("per flavour")
    assert "grammage.cutoff = 300 TV" in table.meta["changes"]
    plain = table_of(good("sed paper --messenger neutrino --region icecube-allsky --energies '10 TeV'"))
    assert table["flux"][0] > 1.5 * plain["flux"][0]
    every = table_of(
        good("sed paper --messenger neutrino --region icecube-allsky --energies '10 TeV' --flavour all-flavour")
    )
    assert every["flux"][0] == pytest.approx(3 * plain["flux"][0], rel=1e-9)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "0.65"),
        ("--factor 0.5", "0.5"),
        ("--set comparison.mask_factor.lhaaso-inner=1", ""),
        ("--messenger neutrino", ""),
    ],
)
def test_a_model_is_drawn_as_it_is_compared(monkeypatch, options, said):
    """With data; the figure of a region is that of `run`."""
    drawn = []
    monkeypatch.setattr("skycocoon.plot.save", lambda axes, path: drawn.append(axes) or path.write_bytes(b""))
    data = "icecube-2023-pi0" if "neutrino" in options else "lhaaso-km2a-2023-inner"
    region = "icecube-allsky" if "neutrino" in options else "lhaaso-inner"
    messenger = "" if "neutrino" in options else "--messenger gamma"
    coarse = "--rtol 0.01 --set maps.energies.per_decade=2"
    good(f"plot paper {messenger} {options} --region {region} --data {data} {coarse} --out x.png")
    title = drawn[0].get_legend().get_title().get_text()
    assert title == (f"model × {said} (mask factor)" if said else "")


@pytest.mark.slow
def test_map_then_sed_and_plot_from_it(tmp_path):
    path = tmp_path / "gamma.fits"
    good(f"map schroer2021 --messenger gamma --nside 64 --energies '1 TeV, 3 TeV, 10 TeV, 30 TeV' --out {path}")
    mapped = table_of(good(f"sed {path} --region lhaaso-inner"))
    direct = table_of(
        good("sed schroer2021 --messenger gamma --region lhaaso-inner --energies '1 TeV, 3 TeV, 10 TeV, 30 TeV'")
    )
    np.testing.assert_allclose(mapped["intensity"], direct["intensity"], rtol=3e-3)
    between = table_of(good(f"sed {path} --region lhaaso-inner --energies '5 TeV'"))
    assert mapped["intensity"][1] > between["intensity"][0] > mapped["intensity"][2]
    good(f"plot {path} --energy '3 TeV' --out {tmp_path}/map.png")
    good(f"plot {path} --region lhaaso-inner --data lhaaso-km2a-2023-inner --factor 0.65 --out {tmp_path}/sed.pdf")
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert (tmp_path / "sed.pdf").read_bytes().startswith(b"%PDF")
    assert "contradicts the file, which says 'gamma'" in bad(f"sed {path} --messenger neutrino --region lhaaso-inner")
    assert "--set goes with a model" in bad(f"sed {path} --region lhaaso-inner --set maps.nside=2")
    assert "exists already" in bad(f"plot {path} --out {tmp_path}/map.png")
    assert "exists already" in bad(f"map schroer2021 --messenger gamma --out {path}")
    path.write_bytes(path.read_bytes()[:-10_000])
    assert "not a whole FITS file" in bad(f"sed {path} --region lhaaso-inner")


def test_a_neutrino_map_is_converted(tmp_path):
    path = tmp_path / "nu.fits"
    good(f"map schroer2021 --messenger neutrino --nside 64 --energies '1 TeV, 10 TeV' --out {path}")
    one = table_of(good(f"sed {path} --region lhaaso-inner"))
    every = table_of(good(f"sed {path} --region lhaaso-inner --flavour all-flavour"))
    np.testing.assert_allclose(every["flux"], 3 * one["flux"], rtol=1e-9)
    assert every.meta["flavour"].startswith("sum of the three")
    assert one.meta["from"] == "map, nside 64"
    assert "rtol" not in one.meta
    assert "contradicts the file, which says 'neutrino'" in bad(f"plot {path} --messenger gamma --out {tmp_path}/x.png")
    assert "--set goes with a model" in bad(f"plot {path} --set maps.nside=2 --out {tmp_path}/x.png")
    assert "one energy" in bad(f"plot {path} --energy '1 TeV, 2 TeV' --out {tmp_path}/x.png")


def test_negative_points_are_arrows_and_do_not_stop_a_run(tmp_path):
    unit = u.TeV / u.cm**2 / u.s / u.sr
    table = Table(
        {"e_ref": [20.0, 50.0] * u.TeV, "e2dnde": [-7e-11, 2e-11] * unit, "e2dnde_err": [1e-10, 1e-11] * unit}
    )
    table.meta = {"messenger": "gamma", "region": "lhaaso-inner"}
    table.write(tmp_path / "mine.ecsv", format="ascii.ecsv")
    good(f"plot paper --messenger gamma --region lhaaso-inner --data {tmp_path}/mine.ecsv --out {tmp_path}/x.png")


def test_sed_to_a_file(tmp_path):
    path = tmp_path / "sed.ecsv"
    line = f"sed schroer2021 --messenger gamma --region disc:80,0,5 --energies '1 TeV' --out {path}"
    assert good(line) == ""
    assert Table.read(path).meta["region"] == "disc:80,0,5"
    assert "exists already" in bad(line)
    good(f"{line} --overwrite")


@pytest.mark.parametrize("part", ["sea", "gas", "absorption"])
def test_plot_part(part, tmp_path):
    good(f"plot base-max --part {part} --out {tmp_path}/x.png")
    assert (tmp_path / "x.png").stat().st_size > 10_000


def test_plot_part_refuses(tmp_path):
    assert "did you mean 'gas'" in bad(f"plot paper --part gass --out {tmp_path}/x.png")
    assert "no component of kind 'diffuse'" in bad(f"plot schroer2021 --part sea --out {tmp_path}/x.png")


def test_a_map_of_several_processes_is_the_same_file(tmp_path):
    """Two workers, and this process."""
    pytest.importorskip("distributed")
    line = "map schroer2021 --messenger gamma --nside 32 --rtol 1e-2 --energies '1 TeV, 10 TeV'"
    good(f"{line} --out {tmp_path}/one.fits")
    good(f"{line} --out {tmp_path}/two.fits --workers 2")
    assert (tmp_path / "one.fits").read_bytes() == (tmp_path / "two.fits").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.fits", "two.fits"]
    assert "give one of them" in bad(f"{line} --out {tmp_path}/x.fits --workers 2 --dask x.json")


ENERGIES = "--energies '1 TeV, 3 TeV, 10 TeV'"


@pytest.fixture(scope="module")
def inner(tmp_path_factory):
    """A compressed map of a part of the sky, and what the command said."""
    folder = tmp_path_factory.mktemp("inner")
    result = call(
        f"map schroer2021 --messenger gamma --nside 64 {ENERGIES} --region lhaaso-inner --compress "
        f"--out {folder}/inner.fits"
    )
    assert result.exit_code == 0, result.stderr
    return folder / "inner.fits.gz", result.stderr


def test_map_of_a_region(inner):
    path, said = inner
    assert f"{path}: ModelSky: gamma, nside 64 RING Galactic, 1501 of 49152 pixels, 3 energies" in said
    assert good(f"show {path}").startswith("SkyMap: gamma, nside 64 RING Galactic, 1501 of 49152 pixels, 3 energies")


def test_a_map_of_a_region_is_used_like_one_of_the_sky(inner, tmp_path):
    path, _ = inner
    part = table_of(good(f"sed {path} --region lhaaso-inner"))
    direct = table_of(good(f"sed schroer2021 --messenger gamma --region lhaaso-inner {ENERGIES}"))
    np.testing.assert_allclose(part["intensity"], direct["intensity"], rtol=3e-3)
    good(f"plot {path} --out {tmp_path}/x.png")
    assert (tmp_path / "x.png").stat().st_size > 10_000
    text = bad(f"sed {path} --region lhaaso-outer")
    assert "is asked for, and is outside it; it has 1501 of 49152 pixels of nside 64" in text


def test_a_map_of_a_region_as_a_component(inner, tmp_path):
    path, _ = inner
    (tmp_path / "m.toml").write_text(f'base = "schroer2021"\n[components.theirs]\nkind = "map"\nfile = "{path}"\n')
    table = table_of(good("sed m.toml --messenger gamma --region tibet-a --energies '3 TeV'"))
    np.testing.assert_allclose(table["intensity"][1], table["intensity"][0], rtol=3e-3)
    good("map m.toml --messenger gamma --energies '3 TeV' --nside 128 --region disc:60,0,2 --out part.fits")
    text = bad("map m.toml --messenger gamma --energies '3 TeV' --nside 32 --out all.fits")
    assert "component 'theirs': its map: the pixel at l = " in text
    assert not (tmp_path / "all.fits").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--dtype float16 --out x.fits", "did you mean 'float64'"),
        ("--region lhaaso-iner --out x.fits", "did you mean 'lhaaso-inner'"),
        ("--region 'disc:0,0,1 & disc:90,0,1' --out x.fits", "is empty"),
        ("--compress --out x.png", "a name ending in .fits or .fits.gz"),
    ],
)
def test_map_refuses(options, words, tmp_path):
    assert words in bad(f"map schroer2021 --messenger gamma {ENERGIES} --nside 8 {options}")
    assert list(tmp_path.iterdir()) == []


def test_compress_keeps_a_file_unless_told(tmp_path):
    line = f"map schroer2021 --messenger gamma --nside 2 {ENERGIES} --rtol 0.01 --compress --out x.fits"
    good(line)
    before = (tmp_path / "x.fits.gz").read_bytes()
    assert "x.fits.gz: exists already" in bad(line)
    good(f"{line} --overwrite")
    assert (tmp_path / "x.fits.gz").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_map_that_is_stopped_keeps_the_old_file(tmp_path, number):
    """In a real process, while blocks are written: killed, by Ctrl-C, by a batch system."""
    path = tmp_path / "x.fits"
    path.write_text("old")
    words = ["map", "schroer2021", "--messenger", "gamma", "--nside", "512", "--out", str(path), "--overwrite"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-m", "skycocoon", *words], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        deadline = time.monotonic() + 120
        while not any(item.stat().st_size for item in tmp_path.glob(".x-unfinished*")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate()
    assert path.read_text() == "old"
    if number == signal.SIGKILL:
        assert process.returncode == -number
        good("map schroer2021 --messenger gamma --nside 1 --energies '1 TeV' --rtol 0.1 --out x.fits --overwrite")
    else:
        assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
        word = {signal.SIGINT: "interrupted", signal.SIGTERM: "stopped"}[number]
        assert said.strip() == f"skycocoon: {word}, nothing was written"
    assert [item.name for item in tmp_path.iterdir()] == ["x.fits"]


@pytest.mark.filterwarnings("always::skycocoon.errors.RangeWarning")
def test_beyond_the_range_of_the_cross_sections_one_line_warns():
    """Once in a command, and in the next one again; not at the presets' highest energy, 10 PeV."""
    line = "sed base-min --messenger gamma --region box:30,31,-1,1 --rtol 1e-2 --set components.diffuse.gas=nakanishi-sofue"
    assert "warning" not in call(f"{line} --energies '1 PeV, 10 PeV'").stderr
    for _ in range(2):
        result = call(f"{line} --energies '10 PeV, 30 PeV, 60 PeV'")
        assert result.exit_code == 0
        assert result.stderr.count("kelner2006 was made for protons up to 1e+08 GeV") == 1


def test_what_a_model_rests_on_is_shown():
    """Cross sections and local spectra beyond or beside the data."""
    text = good("show paper")
    assert "those beyond make 28% of the gamma rays and 52% of the neutrinos of 1e+07 GeV" in text
    assert "protons of min: 0.38 to 0.44 of LHAASO's protons of 2025" in text
