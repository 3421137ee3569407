"""run and its folder; bc and fit and their files."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from skycocoon import ModelSky, SkyMap
from skycocoon.config import load_file
from skycocoon.modelfit import prepare
from skycocoon.products.run.run import FILES
from skycocoon.units import INTENSITY

from ..conftest import EXAMPLE
from .conftest import XC, bad, call, files, good, table_of


@pytest.mark.slow
def test_run_writes_what_it_promises(results):
    out, text = results
    names = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    figures = {
        f"figures/{n}.png"
        for n in ("gamma-lhaaso-inner", "gamma-lhaaso-outer", "neutrino-icecube-allsky", "gamma-map", "neutrino-map")
    }
    maps = {f"{m}{n}.fits" for m in ("gamma", "neutrino") for n in ("", "-cocoons", "-diffuse")}
    assert names == set(FILES) | figures | maps
    assert "tau_c = 0.2528 Myr" in text
    assert "r_c = 181.7 pc" in text
    assert "Written:" in text
    for name in names:
        assert (out / name).stat().st_size > 1000
        assert f"{out / name}" in text
    assert (out / "summary.txt").read_text() in text
    for figure in figures:
        assert (out / figure).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_run_maps_and_seds_agree(results):
    out, _ = results
    sky = SkyMap.read(out / "gamma.fits")
    assert sky.energy.size == 121
    assert SkyMap.read(out / "neutrino.fits").energy[0].to_value(u.GeV) == pytest.approx(100)
    assert healpy.read_map(out / "gamma.fits", field=60).size == 12 * 16**2
    assert fits.getval(out / "neutrino.fits", "FLAVOUR", 1) == "per-flavour"
    table = Table.read(out / "seds.ecsv")
    assert set(table["region"]) == {"lhaaso-inner", "lhaaso-outer", "icecube-allsky"}
    row = table[(table["region"] == "lhaaso-inner") & (table["component"] == "cocoons")]
    k = int(np.argmin(np.abs(row["energy"] / 1e4 - 1)))
    # no mask factor in any flux
    assert row["energy"][k] ** 2 * row["intensity"][k] == pytest.approx(7.5156e-8, rel=1e-4)
    whole = table[(table["region"] == "icecube-allsky") & (table["component"] == "total")]
    nu = SkyMap.read(out / "neutrino.fits")
    np.testing.assert_allclose(nu.intensity.mean(axis=1).value[:60], whole["intensity"][:60], rtol=1e-4)


@pytest.mark.slow
def test_chi_square_with_and_without_the_factor(results):
    _, text = results
    line = next(line for line in text.splitlines() if line.strip().startswith("lhaaso-km2a-2023-inner"))
    heads = next(line for line in text.splitlines() if "without cocoons" in line)
    assert re.split(r"\s{2,}", heads.strip()) == [
        "data set", "points", "min", "without cocoons", "without diffuse", "max", "no factor"
    ]  # fmt: skip
    assert "lhaaso-inner: the model is multiplied by 0.65" in text
    model, gone, _, _, plain = (float(x) for x in line.split()[2:])
    assert model != plain
    assert gone > model + 20  # LHAASO wants cocoons
    outer = next(line for line in text.splitlines() if line.strip().startswith("lhaaso-km2a-2023-outer"))
    assert len(outer.split()) == len(line.split()) - 1
    assert all(name in text for name in ("icecube-2023-pi0", "icecube-2023-kra5", "icecube-2023-kra50"))


@pytest.mark.slow
def test_the_written_model_runs_again(results, tmp_path):
    out, _ = results
    rest = "--messenger gamma --region tibet-a --energies '3 TeV' --rtol 1e-2"
    one, two = good(f"sed {out}/model.toml {rest}"), good(f"sed paper {rest}")
    assert table_of(one)["flux"].tolist() == table_of(two)["flux"].tolist()


@pytest.mark.slow
def test_run_keeps_what_is_there(results):
    out, _ = results
    before = (out / "gamma.fits").read_bytes()
    assert "--overwrite" in bad(f"run paper --nside 8 --out {out}")
    assert (out / "gamma.fits").read_bytes() == before


@pytest.mark.slow
def test_run_overwrites_on_demand(tmp_path):
    model = tmp_path / "model.toml"
    model.write_text(EXAMPLE.replace("nside = 128", "nside = 4").replace("per_decade = 20", "per_decade = 4"))
    out = tmp_path / "results"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    points = tmp_path / "mine.ecsv"
    table = Table(
        {
            "e_ref": [10.0] * u.TeV,
            "e2dnde": [5e-8] * u.GeV / u.cm**2 / u.s / u.sr,
            "e2dnde_err": [1e-8] * u.GeV / u.cm**2 / u.s / u.sr,
        }
    )
    table.meta = {"messenger": "gamma", "region": "box:30,60,-2,2", "label": "mine"}
    table.write(points, format="ascii.ecsv")
    good(f"run {model} --out {out} --data {points} --data tibet-asgamma-2021-a --quiet")
    assert (out / "figures" / "gamma-box-30-60--2-2.png").exists()
    assert (out / "figures" / "gamma-tibet-a.png").exists()
    assert "mine" in (out / "summary.txt").read_text()
    # a model file that does not ask for the factor does not get it
    assert "x 0.65" not in (out / "summary.txt").read_text()
    before = (out / "model.toml").read_text()
    good(f"run {model} --out {out} --overwrite --quiet --set maps.nside=2")
    assert (out / "model.toml").read_text() != before
    assert (out / "notes.txt").read_text() == "mine"
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


@pytest.mark.slow
def test_a_terminated_run_leaves_nothing(tmp_path):
    """SIGTERM, as a batch system sends it, while the maps are written."""
    import signal
    import time

    out = tmp_path / "results"
    command = [sys.executable, "-m", "skycocoon", "run", "paper", "--nside", "128", "--out", str(out), "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if out.exists() and any(out.iterdir()):
            break
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_without_cocoons_is_a_null_test(tmp_path):
    good(
        f"run paper --nside 4 --out {tmp_path}/none --quiet --rtol 0.01 --set 'components.cocoons.grammage.normalisation=0 g cm-2'"
    )
    assert np.all(SkyMap.read(tmp_path / "none" / "gamma-cocoons.fits").intensity.value == 0)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("here")
    assert "not a folder" in bad(f"run paper --nside 1 --out {tmp_path}/file")
    assert "cannot write" in bad(f"run paper --nside 1 --out {tmp_path}/file/deeper")
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.slow
def test_nothing_is_half_written(tmp_path, monkeypatch):
    """A failure in the last step leaves no folder behind."""
    import skycocoon.products.run.run

    def fail(*arguments):
        raise RuntimeError("a broken figure")

    monkeypatch.setattr(skycocoon.products.run.run, "draw_map", fail)
    result = call(f"run schroer2021 --nside 1 --out {tmp_path}/results")
    assert isinstance(result.exception, RuntimeError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_failed_figure_ends_the_run_before_maps_are_written(tmp_path, monkeypatch):
    """Maps may take hours, and figures of spectra are drawn first."""
    import skycocoon.products.run.run as module

    failed, work_out, written = threading.Event(), ModelSky.map, []

    def fail(*arguments):
        failed.set()
        raise RuntimeError("a broken figure")

    def slow(*arguments):
        failed.wait(10)
        time.sleep(0.2)
        return work_out(*arguments)

    monkeypatch.setattr(module, "draw_sed", fail)
    monkeypatch.setattr(ModelSky, "map", slow)
    monkeypatch.setattr(ModelSky, "write", lambda sky, files, **keywords: written.append(files))
    assert isinstance(call(f"run schroer2021 --nside 1 --out {tmp_path}/results").exception, RuntimeError)
    assert written == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_component_maps_add_up_to_the_total(results):
    out, _ = results
    for messenger in ("gamma", "neutrino"):
        whole, *parts = (
            SkyMap.read(out / f"{messenger}{name}.fits").intensity.value for name in ("", "-cocoons", "-diffuse")
        )
        np.testing.assert_allclose(whole, sum(parts), rtol=3e-7)  # single precision


@pytest.mark.slow
def test_variants_are_in_the_table(results):
    out, _ = results
    table = Table.read(out / "seds.ecsv")
    assert set(table["component"]) == {"cocoons", "diffuse", "total", "diffuse, max", "total, max"}
    inner = table[table["region"] == "lhaaso-inner"]
    value = {name: inner[inner["component"] == name]["intensity"] for name in set(inner["component"])}
    np.testing.assert_allclose(value["total, max"], value["cocoons"] + value["diffuse, max"], rtol=1e-12)
    high = inner[inner["component"] == "total"]["energy"] > 1e5
    assert np.all(value["total, max"][high] > 1.2 * value["total"][high])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*cut by edges")  # of their map's coarse pixels by the mask
def test_run_with_a_mask_a_map_and_absorption(tmp_path):
    """Masked sources, somebody else's map beside ours, and no file of a messenger that nothing shines in."""
    E = np.geomspace(1, 1e4, 9) * u.TeV
    SkyMap(E, {"theirs": np.full((9, 12 * 32**2), 1e-16) * INTENSITY}).write(tmp_path / "theirs.fits")
    (tmp_path / "model.toml").write_text(
        """
        [components.base]
        kind = "diffuse"
        [components.other]
        kind = "map"
        file = "theirs.fits"
        [absorption]
        fields = ["cmb"]
        [maps]
        nside = 8
        energies = { from = "10 TeV", to = "1 PeV", per_decade = 4 }
        [comparison]
        mask = { lhaaso-inner = "lhaaso-inner-masked" }
        """
    )
    text = good(f"run {tmp_path}/model.toml --out {tmp_path}/out --rtol 0.001")
    assert "lhaaso-inner: the model is the mean over lhaaso-inner-masked" in text
    assert "lhaaso-outer: nothing is done" in text
    assert "leaves 0.616" in text
    assert "masked/unmasked intensity 0." in text
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"gamma-base.fits", "gamma-other.fits", "neutrino.fits", "neutrino-base.fits"} <= names
    assert "neutrino-other.fits" not in names
    regions = set(Table.read(tmp_path / "out" / "seds.ecsv")["region"])
    assert regions == {"lhaaso-inner", "lhaaso-inner-masked", "lhaaso-outer", "icecube-allsky"}
    np.testing.assert_allclose(SkyMap.read(tmp_path / "out" / "gamma-other.fits").intensity.value, 1e-16, rtol=1e-6)
    (tmp_path / "model.toml").write_text('[components.other]\nkind = "map"\nfile = "theirs.fits"\n')
    energies = """--set 'maps.energies={from="1 TeV", to="1 PeV", per_decade=4}'"""
    good(f"run {tmp_path}/model.toml --out {tmp_path}/map --nside 4 {energies}")
    assert {p.name for p in (tmp_path / "map").glob("*.fits")} == {"gamma.fits"}


ALWAYS = {"fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt"}
FIGURES = {f"figures/{name}.png" for name in ("pulls", "correlation", "bc")}


def test_bc_on_stdout(tmp_path):
    result = call("bc paper --energies '10 GeV, 100 GeV, 1 TeV'")
    assert (result.exit_code, result.stderr) == (0, "")
    found = table_of(result.stdout)
    assert found.colnames == ["energy", "ratio"]
    assert found["energy"].unit == u.GeV
    np.testing.assert_allclose(found["energy"], [10, 100, 1000], rtol=1e-12)
    np.testing.assert_allclose(found["ratio"], load_file("paper").nuclei.ratio([10, 100, 1000] * u.GeV), rtol=1e-12)
    # a sixth to a thirtieth, falling: the right thing, and not its inverse
    assert 0.3 > found["ratio"][0] > found["ratio"][1] > found["ratio"][2] > 0.02
    assert files(tmp_path) == set()


def test_bc_with_changes():
    plain = table_of(good("bc paper --energies '1 TeV'"))
    none = table_of(good(f"bc paper --energies '1 TeV' --set '{XC}=0 g cm-2'"))
    both = table_of(good(f"bc paper --energies '1 TeV' --set '{XC}=0.2 g cm-2' --set transport.delta=0.6"))
    assert none["ratio"][0] < both["ratio"][0] < plain["ratio"][0]
    assert "delta = 0.6" in both.meta["changes"]
    # [transport]: at 1 TeV cocoons give X_c/X of what the Galaxy does, several times as much
    assert plain["ratio"][0] > 1.5 * none["ratio"][0]


@pytest.mark.parametrize(
    ("energies", "column", "unit"),
    [("10 GV", "rigidity", "GV"), ("10 GV, 1 TV", "rigidity", "GV"), ("1 TV,", "rigidity", "TV"),
     ("10 GeV", "energy", "GeV"), ("1 TeV", "energy", "TeV")],
)  # fmt: skip
def test_bc_in_energy_or_in_rigidity(energies, column, unit):
    found = table_of(good(f"bc paper --energies '{energies}'"))
    assert found.colnames == [column, "ratio"]
    assert str(found[column].unit) == unit
    np.testing.assert_allclose(found["ratio"], load_file("paper").nuclei.ratio(found[column].quantity), rtol=1e-12)


def test_bc_draws_by_default(tmp_path):
    result = call("bc")
    assert result.exit_code == 0
    found = table_of(result.stdout)
    assert len(found) == 17
    assert (tmp_path / "bc.png").read_bytes().startswith(b"\x89PNG")
    assert files(tmp_path) == {"bc.png"}
    for name in ("bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022"):
        assert f"{name}: chi-square " in result.stderr
    assert "Nothing is fitted here" in result.stderr
    assert "Written: bc.png" in result.stderr
    assert "bc.png: exists already; use --overwrite" in bad("bc")
    assert call("bc --overwrite").exit_code == 0


def test_bc_of_another_ratio(tmp_path, undrawn):
    result = call("bc --quantity B/O")
    assert result.exit_code == 0, result.stderr
    found = table_of(result.stdout)
    np.testing.assert_allclose(found["ratio"], load_file("paper").nuclei.ratio(found["energy"].quantity, "B", "O"))
    assert found.meta["quantity"] == "B/O at the Earth, modulated"
    for name in ("bo-ams02-2021", "bo-dampe-2022"):
        assert f"{name}: chi-square " in result.stderr
    assert "Written: bo.png" in result.stderr
    assert files(tmp_path) == {"bo.png"}
    assert table_of(good("bc --quantity N/O --energies '10 GV'")).meta["quantity"].startswith("N/O")


def test_bc_figure_by_name_and_more_data(tmp_path, undrawn):
    result = call("bc fit-bc --energies '1 TeV' --out mine.pdf --data bc-pamela-2014")
    assert result.exit_code == 0, result.stderr
    assert len(table_of(result.stdout)) == 1
    assert "bc-pamela-2014: chi-square" in result.stderr
    assert files(tmp_path) == {"mine.pdf"}


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("bc --quantity B/Fe", ("--quantity: unknown element 'Fe'; allowed: B, C, N, O",)),
        ("bc --quantity boron", ("--quantity: 'boron' is no ratio of elements; write one like B/C, of B, C, N, O",)),
        ("bc --quantity B/O --data bc-pamela-2014", ("bc-pamela-2014: is B/C, B/O is needed",)),
        ("bc papr", ("unknown model 'papr'; did you mean 'paper'?",)),
        ("bc paper --energies '10 kpc'", ("--energies", "'10 kpc' has the unit 'kpc'; a unit like 'GeV'")),
        ("bc paper --energies '10 GV, 10 GeV'", ("--energies",)),
        ("bc paper --energies '10 GeV, 10 GV'", ("energies or rigidities, not both",)),
        ("bc paper --energies 10", ("--energies", "'10' has no unit")),
        ("bc paper --energies ''", ("--energies: write them like",)),
        ("bc paper --energies '-1 GeV'", ("--energies", "positive")),
        ("bc paper --energies '1 EeV'", ("B/C: 1e+09 GeV is out of range; allowed: 0.1 GeV to 300000 GeV",)),
        ("bc paper --energies '0.5 GV'", ("B/C: 0.5 GV is out of range; allowed: 1 GV to 600000 GV",)),
        ("bc --data bc-pamela", ("unknown data set 'bc-pamela'; did you mean 'bc-pamela-2014'",)),
        ("bc --data lhaaso-km2a-2023-inner", ("is a spectrum of gammas, B/C is needed",)),
        ("bc --data none.ecsv", ("none.ecsv: no such file",)),
        ("bc --out bc.txt", ("--out bc.txt: a name ending in .png or .pdf or .svg",)),
        ("bc --out nowhere/bc.png", ("nowhere/bc.png: cannot write there",)),
        ("bc --set transport.delt=0.5", ("paper: transport: unknown key 'delt'; did you mean 'delta'?",)),
        ("bc --set transport.delta=3", ("paper: transport.delta = 3: should be less than 2",)),
        ("bc --set transport.cocoons=diffuse", ("transport.cocoons", "'diffuse'; allowed: cocoons")),
    ],
)  # fmt: skip
def test_mistakes_of_bc(tmp_path, line, parts):
    text = bad(line)
    for part in parts:
        assert part in text, text
    assert files(tmp_path) == set()


def test_fit(small, tmp_path):
    result = call(f"fit {small} --out out --starts 2")
    assert result.exit_code == 0, result.stderr
    out = tmp_path / "out"
    assert files(out) == ALWAYS | FIGURES | {"starts.ecsv"}
    for name in files(out):
        assert f"  out/{name}" in result.stdout
    assert (out / "summary.txt").read_text() in result.stdout
    assert "2 of 2 starts end here" in result.stdout
    found = Table.read(out / "fit.ecsv", format="ascii.ecsv")
    assert found.colnames[:5] == ["parameter", "value", "error_low", "error_high", "unit"]
    assert list(found["parameter"]) == [XC, "transport.delta"]
    # best.toml is a model for every command
    assert "best.toml: good" in good("check out/best.toml")
    problem = prepare(load_file(out / "best.toml"))
    values = [p.start for p in problem.likelihood.parameters]
    np.testing.assert_array_equal(values, found["value"])
    assert problem.likelihood.chi2(values) == pytest.approx(found.meta["chi2"], rel=1e-10)
    ratio = table_of(good("bc out/best.toml --energies '1 TeV'"))["ratio"][0]
    assert ratio == pytest.approx(problem.loaded.nuclei.ratio([1] * u.TeV)[0], rel=1e-12)


def test_the_best_model_of_a_fit_runs(small, tmp_path, undrawn):
    assert call(f"fit {small} --out out --quiet").exit_code == 0
    coarse = "--nside 1 --rtol 0.01 --set maps.energies.per_decade=2 --set 'comparison.variants={}'"
    result = call(f"run out/best.toml --out ran {coarse}")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "ran/gamma.fits").exists()


def test_fit_without_words(small, undrawn):
    result = call(f"fit {small} --out out --quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.filterwarnings("ignore:the chain is short:skycocoon.errors.AccuracyWarning")
def test_a_posterior_if_asked_for(small, tmp_path):
    tiny = "--set sampling.walkers=8 --set sampling.steps=30 --set sampling.burn=10"
    result = call(f"fit {small} --out out {tiny}")
    assert result.exit_code == 0, result.stderr
    out = tmp_path / "out"
    assert files(out) == ALWAYS | FIGURES | {"posterior.ecsv", "chain.fits", "figures/corner.png"}
    assert len(Table.read(out / "chain.fits")) == 8 * 20
    assert (out / "figures/corner.png").read_bytes().startswith(b"\x89PNG")
    assert list(Table.read(out / "posterior.ecsv", format="ascii.ecsv")["parameter"]) == [XC, "transport.delta"]


@pytest.mark.filterwarnings("ignore:the chain is short:skycocoon.errors.AccuracyWarning")
def test_a_posterior_whose_chain_is_kept_is_the_same(small, undrawn):
    tiny = "--set sampling.walkers=8 --set sampling.steps=30 --set sampling.burn=10 --quiet"
    good(f"fit {small} --out one {tiny}")
    good(f"fit {small} --out two {tiny} --resume")
    assert files(Path("one")) == files(Path("two"))
    for name in files(Path("one")):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes(), name
    assert not Path("two.skycocoon-blocks").exists()


def test_workers_are_for_samples(small):
    assert "--workers, --dask and --resume are for samples" in bad(f"fit {small} --out out --workers 2")


def test_sampling_without_emcee(small, tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "emcee" else find(name, *more))
    text = bad(f"fit {small} --sample --out out")
    assert text == 'skycocoon: error: [sampling]: emcee is not installed; pip install "skycocoon[sampling]"\n'
    assert files(tmp_path) == {"small.toml"}


def test_fit_replaces_nothing_unless_told_to(small, tmp_path, undrawn):
    assert call(f"fit {small} --out out").exit_code == 0
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "out/summary.txt").write_text("old")
    assert "out/fit.ecsv: exists already; use --overwrite" in bad(f"fit {small} --out out")
    assert (tmp_path / "out/summary.txt").read_text() == "old"
    assert call(f"fit {small} --out out --overwrite").exit_code == 0
    assert (tmp_path / "out/summary.txt").read_text() != "old"
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("fit paper", ("paper: there is no [fit]", "fit-bc, fit-joint")),
        ("fit fit-b", ("unknown model 'fit-b'; did you mean 'fit-bc'?",)),
        ("fit fit-bc --rtol 1", ("--rtol 1 is out of range",)),
        ("fit fit-bc --starts 0", ("0 is not in the range 1<=x<=1000",)),
        ("fit fit-bc --out ''", ("--out: a folder is needed",)),
        ("fit fit-bc --out small.toml", ("small.toml: exists and is not a folder",)),
        ("""fit fit-bc --set 'fit.data=["bc-dampe-2022"]' --set fit.normalisations.bc-calet-2022=0.05""",
         ("normalisations.bc-calet-2022", "not in data")),
        ("""fit fit-bc --set 'fit.parameters."transport.detla"={bounds=[0,1]}'""", ("did you mean 'delta'?",)),
        ("""fit fit-bc --set 'fit.minos="yes"'""", ("fit.minos = 'yes'", "boolean")),
        ("fit fit-bc --set 'sampling={steps=100,burn=200}'", ("sampling", "burn = 200: fewer than steps = 100")),
        (f"fit fit-bc --set '{XC}=2 g cm-2'", ("the model's 2 g cm-2 is outside its bounds, 0 g cm-2 to 1.5",)),
        ("fit fit-bc --set transport.delta=0.95", ("fit.parameters.transport.delta: the model's 0.95 is outside",)),
        ("""fit small.toml --set 'fit.data=["bc-dampe"]' --set 'fit.ranges={}'""",
         ("small.toml: fit.data: unknown data set 'bc-dampe'; did you mean 'bc-dampe-2022'",)),
    ],
)  # fmt: skip
def test_mistakes_of_fit(small, tmp_path, line, parts):
    text = bad(line)
    for part in parts:
        assert part in text, text
    assert files(tmp_path) == {"small.toml"}


def test_what_lies_there_from_before_is_said(small, tmp_path, undrawn):
    assert call(f"""fit {small} --out out --set 'fit.profiles=["{XC}"]'""").exit_code == 0
    again = call(f"fit {small} --out out --overwrite")
    assert "out holds files from before, too: figures/profile-grammage-normalisation.png, profile-gramm" in again.stderr


@pytest.mark.parametrize("text", ["10 GeV/n, 1 TeV/n", "10 GeV / nuc", "10 GeV/nucleon"])
def test_energies_per_nucleon_as_people_write_them(text):
    table = table_of(good(f"bc paper --energies '{text}'"))
    assert table["energy"][0] == 10.0


def test_bc_of_a_fitted_model_has_the_data_of_its_fit(tmp_path, undrawn):
    said = call("bc fit-bc").stderr
    assert "bc-ams02-2021: chi-square" in said
    assert "bc-ams02-2018" not in said
    assert "[fit.normalisations], which are 1 here" in said


@pytest.mark.slow
def test_a_run_by_way_of_blocks_writes_the_same_files(tmp_path):
    """Maps of all messengers and components are one job; figures and tables are made as always."""
    good(f"run paper --nside 8 --rtol 1e-2 --quiet --out {tmp_path}/one")
    good(f"run paper --nside 8 --rtol 1e-2 --quiet --out {tmp_path}/two --resume")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    for name in files(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
