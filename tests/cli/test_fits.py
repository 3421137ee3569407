"""`skycocoon bc` and `skycocoon fit`, as they are typed."""

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

import skycocoon.plot
from skycocoon.config import load_file
from skycocoon.measured import RatioMeasurement
from skycocoon.modelfit import prepare

from .test_commands import bad, call, good, table_of

XC = "components.cocoons.grammage.normalisation"
SMALL = f"""base = "fit-bc"
[fit]
data = ["bc-dampe-2022"]
minos = false
profiles = []
[fit.normalisations]
bc-dampe-2022 = false
[fit.parameters]
"transport.diffusion" = false
"transport.break_delta" = false
"transport.cross_section_scale" = false
"{XC}" = {{ bounds = ["0 g cm-2", "1.5 g cm-2"] }}
"transport.delta" = {{ bounds = [0.4, 0.8], prior = {{ mean = 0.63, sigma = 0.03 }} }}
[fit.ranges]
bc-dampe-2022 = {{ from = "20 GeV" }}
"""
ALWAYS = {"fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt"}
FIGURES = {f"figures/{name}.png" for name in ("pulls", "correlation", "bc")}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are made but not rendered, which takes most of the time."""
    monkeypatch.setattr(skycocoon.plot, "save", lambda axes, *paths: [path.write_bytes(b"") for path in paths])


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# -------------------------------------------------------------------------------------------------------------- bc


def test_bc_on_stdout(tmp_path):
    result = call("bc", "paper", "--energies", "10 GeV, 100 GeV, 1 TeV")
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
    plain = table_of(good("bc", "paper", "--energies", "1 TeV"))
    none = table_of(good("bc", "paper", "--energies", "1 TeV", "--set", f"{XC}=0 g cm-2"))
    both = table_of(
        good("bc", "paper", "--energies", "1 TeV", "--set", f"{XC}=0.2 g cm-2", "--set", "transport.delta=0.6")
    )
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
    found = table_of(good("bc", "paper", "--energies", energies))
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
    assert call("bc", "--overwrite").exit_code == 0


def test_bc_figure_by_name_and_more_data(tmp_path, undrawn):
    result = call("bc", "fit-bc", "--energies", "1 TeV", "--out", "mine.pdf", "--data", "bc-pamela-2014")
    assert result.exit_code == 0, result.stderr
    assert len(table_of(result.stdout)) == 1
    assert "bc-pamela-2014: chi-square" in result.stderr
    assert files(tmp_path) == {"mine.pdf"}


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("bc", "papr"), ("unknown model 'papr'; did you mean 'paper'?",)),
        (("bc", "paper", "--energies", "10 kpc"), ("--energies", "'10 kpc' has the unit 'kpc'; a unit like 'GeV'")),
        (("bc", "paper", "--energies", "10 GV, 10 GeV"), ("--energies",)),
        (("bc", "paper", "--energies", "10 GeV, 10 GV"), ("--energies", "a unit like 'GeV'")),
        (("bc", "paper", "--energies", "10"), ("--energies", "'10' has no unit")),
        (("bc", "paper", "--energies", ""), ("--energies: write them like",)),
        (("bc", "paper", "--energies", "-1 GeV"), ("--energies", "positive")),
        (("bc", "paper", "--energies", "1 EeV"), ("B/C: 1e+09 GeV is out of range; allowed: 0.1 GeV to 300000 GeV",)),
        (("bc", "paper", "--energies", "0.5 GV"), ("B/C: 0.5 GV is out of range; allowed: 1 GV to 600000 GV",)),
        (("bc", "--data", "bc-pamela"), ("unknown data set 'bc-pamela'; did you mean 'bc-pamela-2014'?",)),
        (("bc", "--data", "lhaaso-km2a-2023-inner"), ("is a spectrum of gammas, B/C is needed",)),
        (("bc", "--data", "none.ecsv"), ("none.ecsv: no such file",)),
        (("bc", "--out", "bc.txt"), ("--out bc.txt: a name ending in .png or .pdf or .svg",)),
        (("bc", "--out", "nowhere/bc.png"), ("nowhere/bc.png: cannot write there",)),
        (("bc", "--set", "transport.delt=0.5"), ("paper: transport: unknown key 'delt'; did you mean 'delta'?",)),
        (("bc", "--set", "transport.delta=3"), ("paper: transport.delta = 3: should be less than 2",)),
        (("bc", "--set", "transport.cocoons=diffuse"), ("transport.cocoons", "'diffuse'; allowed: cocoons")),
    ],
)  # fmt: skip
def test_mistakes_of_bc(tmp_path, arguments, parts):
    text = bad(*arguments)
    for part in parts:
        assert part in text, text
    assert files(tmp_path) == set()


# ------------------------------------------------------------------------------------------------------------- fit


def test_fit(small, tmp_path):
    result = call("fit", small, "--out", "out", "--starts", 2)
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
    assert "best.toml: good" in good("check", "out/best.toml")
    problem = prepare(load_file(out / "best.toml"))
    values = [p.start for p in problem.likelihood.parameters]
    np.testing.assert_array_equal(values, found["value"])
    assert problem.likelihood.chi2(values) == pytest.approx(found.meta["chi2"], rel=1e-10)
    ratio = table_of(good("bc", "out/best.toml", "--energies", "1 TeV"))["ratio"][0]
    assert ratio == pytest.approx(problem.loaded.nuclei.ratio([1] * u.TeV)[0], rel=1e-12)


def test_the_best_model_of_a_fit_runs(small, tmp_path, undrawn):
    assert call("fit", small, "--out", "out", "--quiet").exit_code == 0
    result = call("run", "out/best.toml", "--nside", 1, "--rtol", 1e-2, "--out", "ran",
                  "--set", "maps.energies.per_decade=2", "--set", "comparison.variants={}")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "ran/gamma.fits").exists()


def test_fit_without_words(small, undrawn):
    result = call("fit", small, "--out", "out", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_a_posterior_if_asked_for(small, tmp_path):
    tiny = ("--set", "sampling.walkers=8", "--set", "sampling.steps=30", "--set", "sampling.burn=10")
    result = call("fit", small, "--out", "out", *tiny)
    assert result.exit_code == 0, result.stderr
    out = tmp_path / "out"
    assert files(out) == ALWAYS | FIGURES | {"posterior.ecsv", "chain.fits", "figures/corner.png"}
    assert len(Table.read(out / "chain.fits")) == 8 * 20
    assert (out / "figures/corner.png").read_bytes().startswith(b"\x89PNG")
    assert list(Table.read(out / "posterior.ecsv", format="ascii.ecsv")["parameter"]) == [XC, "transport.delta"]


def test_sampling_without_emcee(small, tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "emcee" else find(name, *more))
    text = bad("fit", small, "--sample", "--out", "out")
    assert text == 'skycocoon: error: [sampling]: emcee is not installed; pip install "skycocoon[sampling]"\n'
    assert files(tmp_path) == {"small.toml"}


def test_fit_replaces_nothing_unless_told_to(small, tmp_path, undrawn):
    assert call("fit", small, "--out", "out").exit_code == 0
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "out/summary.txt").write_text("old")
    assert "out/fit.ecsv: exists already; use --overwrite" in bad("fit", small, "--out", "out")
    assert (tmp_path / "out/summary.txt").read_text() == "old"
    assert call("fit", small, "--out", "out", "--overwrite").exit_code == 0
    assert (tmp_path / "out/summary.txt").read_text() != "old"
    assert (tmp_path / "out/mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("fit", "paper"), ("paper: there is no [fit]", "fit-bc, fit-joint")),
        (("fit", "fit-b"), ("unknown model 'fit-b'; did you mean 'fit-bc'?",)),
        (("fit", "fit-bc", "--rtol", "1"), ("--rtol 1 is out of range",)),
        (("fit", "fit-bc", "--starts", "0"), ("0 is not in the range 1<=x<=1000",)),
        (("fit", "fit-bc", "--out", ""), ("--out: a folder is needed",)),
        (("fit", "fit-bc", "--out", "small.toml"), ("small.toml: exists and is not a folder",)),
        (("fit", "fit-bc", "--set", 'fit.data=["bc-dampe-2022"]', "--set", "fit.normalisations.bc-calet-2022=0.05"),
         ("normalisations.bc-calet-2022", "not in data")),
        (("fit", "fit-bc", "--set", 'fit.parameters."transport.detla"={bounds=[0,1]}'), ("did you mean 'delta'?",)),
        (("fit", "fit-bc", "--set", 'fit.minos="yes"'), ("fit.minos = 'yes'", "boolean")),
        (("fit", "fit-bc", "--set", "sampling={steps=100,burn=200}"), ("sampling", "burn = 200: fewer than steps = 100")),
        (("fit", "fit-bc", "--set", f"{XC}=2 g cm-2"), ("the model's 2 g cm-2 is outside its bounds, 0 g cm-2 to 1.5",)),
        (("fit", "fit-bc", "--set", "transport.delta=0.95"), ("fit.parameters.transport.delta: the model's 0.95 is outside",)),
        (("fit", "small.toml", "--set", 'fit.data=["bc-dampe"]', "--set", "fit.ranges={}"),
         ("small.toml: fit.data: unknown data set 'bc-dampe'; did you mean 'bc-dampe-2022'?",)),
    ],
)  # fmt: skip
def test_mistakes_of_fit(small, tmp_path, arguments, parts):
    text = bad(*arguments)
    for part in parts:
        assert part in text, text
    assert files(tmp_path) == {"small.toml"}


# -------------------------------------------------------------------------------------------------- check and show


@pytest.mark.parametrize("name", ["fit-bc", "fit-joint"])
def test_check_says_what_will_be_fitted(name):
    text = good("check", name)
    assert f"{name}: good" in text
    assert f"fit: {XC}, " in text
    assert "normalisation.bc-dampe-2022" in text
    assert "bc-ams02-2021 (53)" in text
    assert ("lhaaso-km2a-2023-inner (10)" in text) == (name == "fit-joint")


def test_check_finds_mistakes_of_a_fit(small):
    text = bad("check", small, "--set", "fit.ranges.bc-dampe-2022.from=1 PV")
    assert "small.toml: fit.ranges.bc-dampe-2022: " in text
    assert "no point" in text


def test_show_a_ratio():
    text = good("show", "bc-ams02-2021")
    assert text.startswith(f"{RatioMeasurement.named('bc-ams02-2021')}")
    for part in ("B/C", "GV", "doi", "events"):
        assert part in text
    every = good("show")
    for name in ("bc-ams02-2021", "fit-bc", "fit-joint", "lhaaso-km2a-2023-inner"):
        assert name in every


def test_init_prints_the_shipped_fits(tmp_path):
    text = good("init", "fit-joint")
    (tmp_path / "mine.toml").write_text(text)
    assert load_file(tmp_path / "mine.toml").file == load_file("fit-joint").file


def test_what_lies_there_from_before_is_said(small, tmp_path, undrawn):
    assert call("fit", small, "--out", "out", "--set", f'fit.profiles=["{XC}"]').exit_code == 0
    again = call("fit", small, "--out", "out", "--overwrite")
    assert "out holds files from before, too: figures/profile-grammage-normalisation.png, profile-gramm" in again.stderr


@pytest.mark.parametrize("text", ["10 GeV/n, 1 TeV/n", "10 GeV / nuc", "10 GeV/nucleon"])
def test_energies_per_nucleon_as_people_write_them(text):
    table = table_of(good("bc", "paper", "--energies", text))
    assert table["energy"][0] == 10.0


def test_bc_of_a_fitted_model_has_the_data_of_its_fit(tmp_path, undrawn):
    said = call("bc", "fit-bc").stderr
    assert "bc-ams02-2021: chi-square" in said
    assert "bc-ams02-2018" not in said
    assert "[fit.normalisations], which are 1 here" in said
