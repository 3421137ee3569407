"""The commands, as they are typed."""

import re
import subprocess
import sys

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import ascii, fits
from astropy.table import Table
from click.testing import CliRunner

from skycocoon import SkyMap, list_measurements, list_presets, list_regions
from skycocoon.cli.group import main
from skycocoon.products.run.run import FILES
from skycocoon.units import INTENSITY

from ..config.test_loading import EXAMPLE


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def good(*arguments):
    result = call(*arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def bad(*arguments):
    result = call(*arguments)
    assert result.exit_code == 2, (result.exit_code, result.output, result.exception)
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("skycocoon: error: ")
    assert "Traceback" not in result.output
    return result.stderr


def table_of(text):
    return ascii.read(text, format="ecsv")


def test_sed_gamma():
    text = good(
        "sed", "paper", "--messenger", "gamma", "--region", "lhaaso-inner", "--energies", "1 TeV, 10 TeV, 100 TeV"
    )
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
        "sed", "paper", "--messenger", "neutrino", "--region", "icecube-allsky", "--energies", "10 TeV",
        "--set", "components.cocoons.grammage.cutoff=300 TV", "--set", "components.cocoons.disc.height=0.2 kpc",
    )  # fmt: skip
    table = table_of(text)
    assert len(table) == 3
    assert table.meta["flavour"].startswith("per flavour")
    assert "grammage.cutoff = 300 TV" in table.meta["changes"]
    plain = table_of(
        good("sed", "paper", "--messenger", "neutrino", "--region", "icecube-allsky", "--energies", "10 TeV")
    )
    assert table["flux"][0] > 1.5 * plain["flux"][0]
    every = table_of(
        good(
            "sed",
            "paper",
            "--messenger",
            "neutrino",
            "--region",
            "icecube-allsky",
            "--energies",
            "10 TeV",
            "--flavour",
            "all-flavour",
        )
    )
    assert every["flux"][0] == pytest.approx(3 * plain["flux"][0], rel=1e-9)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "results"
    result = call("run", "paper", "--nside", 16, "--rtol", 1e-3, "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, result.stdout


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
    rest = ("--messenger", "gamma", "--region", "tibet-a", "--energies", "3 TeV", "--rtol", 1e-2)
    one, two = good("sed", out / "model.toml", *rest), good("sed", "paper", *rest)
    assert table_of(one)["flux"].tolist() == table_of(two)["flux"].tolist()


@pytest.mark.slow
def test_run_keeps_what_is_there(results):
    out, _ = results
    before = (out / "gamma.fits").read_bytes()
    assert "--overwrite" in bad("run", "paper", "--nside", 8, "--out", out)
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
    good("run", model, "--out", out, "--data", points, "--data", "tibet-asgamma-2021-a", "--quiet")
    assert (out / "figures" / "gamma-box-30-60--2-2.png").exists()
    assert (out / "figures" / "gamma-tibet-a.png").exists()
    assert "mine" in (out / "summary.txt").read_text()
    # a model file that does not ask for the factor does not get it
    assert "x 0.65" not in (out / "summary.txt").read_text()
    before = (out / "model.toml").read_text()
    good("run", model, "--out", out, "--overwrite", "--quiet", "--set", "maps.nside=2")
    assert (out / "model.toml").read_text() != before
    assert (out / "notes.txt").read_text() == "mine"
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


@pytest.mark.slow
def test_map_then_sed_and_plot_from_it(tmp_path):
    path = tmp_path / "gamma.fits"
    good(
        "map",
        "schroer2021",
        "--messenger",
        "gamma",
        "--nside",
        64,
        "--energies",
        "1 TeV, 3 TeV, 10 TeV, 30 TeV",
        "--out",
        path,
    )
    mapped = table_of(good("sed", path, "--region", "lhaaso-inner"))
    direct = table_of(
        good(
            "sed",
            "schroer2021",
            "--messenger",
            "gamma",
            "--region",
            "lhaaso-inner",
            "--energies",
            "1 TeV, 3 TeV, 10 TeV, 30 TeV",
        )
    )
    np.testing.assert_allclose(mapped["intensity"], direct["intensity"], rtol=3e-3)
    between = table_of(good("sed", path, "--region", "lhaaso-inner", "--energies", "5 TeV"))
    assert mapped["intensity"][1] > between["intensity"][0] > mapped["intensity"][2]
    good("plot", path, "--energy", "3 TeV", "--out", tmp_path / "map.png")
    good(
        "plot",
        path,
        "--region",
        "lhaaso-inner",
        "--data",
        "lhaaso-km2a-2023-inner",
        "--factor",
        0.65,
        "--out",
        tmp_path / "sed.pdf",
    )
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert (tmp_path / "sed.pdf").read_bytes().startswith(b"%PDF")
    assert "is a map of gammas" in bad("sed", path, "--messenger", "neutrino", "--region", "lhaaso-inner")
    assert "--set goes with a model" in bad("sed", path, "--region", "lhaaso-inner", "--set", "maps.nside=2")
    assert "exists already" in bad("plot", path, "--out", tmp_path / "map.png")
    assert "exists already" in bad("map", "schroer2021", "--messenger", "gamma", "--out", path)
    path.write_bytes(path.read_bytes()[:-10_000])
    assert "not a whole FITS file" in bad("sed", path, "--region", "lhaaso-inner")


def test_a_neutrino_map_is_converted(tmp_path):
    path = tmp_path / "nu.fits"
    good("map", "schroer2021", "--messenger", "neutrino", "--nside", 64, "--energies", "1 TeV, 10 TeV", "--out", path)
    one = table_of(good("sed", path, "--region", "lhaaso-inner"))
    every = table_of(good("sed", path, "--region", "lhaaso-inner", "--flavour", "all-flavour"))
    np.testing.assert_allclose(every["flux"], 3 * one["flux"], rtol=1e-9)
    assert every.meta["flavour"].startswith("sum of the three")
    assert one.meta["from"] == "map, nside 64"
    assert "rtol" not in one.meta
    assert "neutrinos, not of gammas" in bad("plot", path, "--messenger", "gamma", "--out", tmp_path / "x.png")
    assert "--set goes with a model" in bad("plot", path, "--set", "maps.nside=2", "--out", tmp_path / "x.png")
    assert "one energy" in bad("plot", path, "--energy", "1 TeV, 2 TeV", "--out", tmp_path / "x.png")


def test_negative_points_are_arrows_and_do_not_stop_a_run(tmp_path):
    unit = u.TeV / u.cm**2 / u.s / u.sr
    table = Table(
        {"e_ref": [20.0, 50.0] * u.TeV, "e2dnde": [-7e-11, 2e-11] * unit, "e2dnde_err": [1e-10, 1e-11] * unit}
    )
    table.meta = {"messenger": "gamma", "region": "lhaaso-inner"}
    table.write(tmp_path / "mine.ecsv", format="ascii.ecsv")
    good(
        "plot",
        "paper",
        "--messenger",
        "gamma",
        "--region",
        "lhaaso-inner",
        "--data",
        tmp_path / "mine.ecsv",
        "--out",
        tmp_path / "x.png",
    )


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
        "run",
        "paper",
        "--nside",
        4,
        "--out",
        tmp_path / "none",
        "--quiet",
        "--rtol",
        1e-2,
        "--set",
        "components.cocoons.grammage.normalisation=0 g cm-2",
    )
    assert np.all(SkyMap.read(tmp_path / "none" / "gamma-cocoons.fits").intensity.value == 0)


def test_bare_command_is_help():
    assert "Commands:" in good()


def test_sed_to_a_file(tmp_path):
    path = tmp_path / "sed.ecsv"
    arguments = (
        "sed",
        "schroer2021",
        "--messenger",
        "gamma",
        "--region",
        "disc:80,0,5",
        "--energies",
        "1 TeV",
        "--out",
        path,
    )
    assert good(*arguments) == ""
    assert Table.read(path).meta["region"] == "disc:80,0,5"
    assert "exists already" in bad(*arguments)
    good(*arguments, "--overwrite")


def test_init_prints_a_model_that_works(tmp_path):
    text = good("init")
    path = tmp_path / "model.toml"
    path.write_text(text)
    assert "good" in good("check", path)
    assert "0.0507" in good("init", "schroer2021")
    assert "#" in text


def test_check_says_what_is_wrong(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(EXAMPLE.replace("height", "heigth", 1))
    assert "did you mean 'height'" in bad("check", path)
    text = good("check", "paper", "--set", "components.cocoons.grammage.normalisation=0.8 g cm-2")
    assert "tau_c = 0.5056 Myr" in text


@pytest.mark.slow
def test_show(results):
    text = good("show")
    for name in (*list_presets(), *list_measurements(), *list_regions()):
        assert name in text
    assert "tau_c" in good("show", "paper")
    assert "10.1103/PhysRevLett.131.151001" in good("show", "lhaaso-km2a-2023-inner")
    assert "0.334654 sr" in good("show", "lhaaso-inner")
    assert "l 15 to 125, b -5 to 5 deg" in good("show", "lhaaso-inner")
    assert "nside 16" in good("show", results[0] / "gamma.fits")
    assert "neutrino icecube-allsky total" in good("show", results[0] / "seds.ecsv")
    assert "did you mean 'schroer2021'" in bad("show", "schroer2020")


SED = ("sed", "schroer2021", "--messenger", "gamma", "--region", "lhaaso-inner", "--energies", "1 TeV")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rnu", "paper"), "did you mean 'run'"),
        (("run", "papr"), "did you mean 'paper'"),
        (("run", "paper", "--nside", "100"), "64 or 128"),
        (("run", "paper", "--nside", "-4"), "power of two"),
        (("run", "paper", "--nside", "many"), "many"),
        (("run", "paper", "--nsid", "64"), "--nside"),
        (("run", "paper", "--out"), "--out"),
        (("run", "paper", "--data", "lhaso"), "data set"),
        (("run", "paper", "--data", "none.ecsv"), "no such file"),
        (("run", "paper", "--rtol", "0"), "1e-7"),
        (("run", "paper", "--set", "maps.energies.to=1 EeV"), "1e+08 GeV"),
        (("run", "paper", "--set", "maps.energies.from=1 MeV"), "1 GeV"),
        (("run", "paper", "--set", "maps.energies.to=50 GeV"), "neutrinos begin"),
        (("run", "paper", "--set", "maps.nside"), "KEY=VALUE"),
        (("run", "paper", "--nside", "8192"), "memory"),
        ((*SED[:-1], "1 parsec"), "GeV"),
        ((*SED[:-1], "1 m"), "GeV"),
        ((*SED[:-1], "10"), "no unit"),
        ((*SED[:-1], "-1 TeV"), "positive"),
        ((*SED[:-1], "nan TeV"), "finite"),
        ((*SED[:-1], ""), "--energies"),
        ((*SED[:-1], "1 EeV"), "1e+08 GeV"),
        (("sed", "paper", "--messenger", "neutrino", "--region", "lhaaso-inner", "--energies", "10 GeV"), "100 GeV"),
        (("sed", "paper", "--messenger", "gama", "--region", "lhaaso-inner"), "did you mean 'gamma'"),
        (("sed", "paper", "--region", "lhaaso-inner"), "--messenger is missing"),
        (("sed", "paper", "--messenger", "gamma"), "--region"),
        (("sed", "paper", "--messenger", "gamma", "--region", "lhaso-inner"), "did you mean 'lhaaso-inner'"),
        (("sed", "paper", "--messenger", "gamma", "--region", "box:0,1,2"), "box:l1,l2,b1,b2"),
        (("sed", "paper", "--messenger", "gamma", "--region", "box:0,1,80,81 & box:0,1,-81,-80", "--energies", "1 TeV"), "empty"),
        (("sed", "paper", "--messenger", "gamma", "--region", "mask:none.fits"), "no such file"),
        (("sed", "none.fits", "--region", "lhaaso-inner"), "no such file"),
        ((*SED, "--set", "components.cocoons.disc.heigth=1 kpc"), "did you mean 'height'"),
        ((*SED, "--set", "components.cocoons.disc.height=1 s"), "components.cocoons.disc.height"),
        ((*SED, "--set", "components.cocoons.disc.height=-1 kpc"), "> 0"),
        ((*SED, "--flavour", "tau"), "per-flavour"),
        (("plot", "paper", "--out", "x.txt"), ".png"),
        (("map", "paper", "--messenger", "gamma", "--out", "x.png"), ".fits"),
        ((*SED, "--out", "x.fits"), ".ecsv"),
        (("run", "paper", "--out", ""), "folder"),
        (("plot", "paper", "--messenger", "gamma", "--region", "lhaaso-inner", "--factor", "-1", "--out", "x.png"), "positive"),
        (("plot", "paper", "--messenger", "gamma", "--region", "lhaaso-outer", "--data", "lhaaso-km2a-2023-inner", "--out", "x.png"), "lhaaso-inner"),
        (("plot", "paper", "--out", "x.png"), "--messenger"),
        (("plot", "paper", "--messenger", "gamma", "--data", "tibet-asgamma-2021-a", "--out", "x.png"), "--region"),
        (("plot", "paper", "--messenger", "gamma", "--region", "lhaaso-inner", "--data", "tibet-asgamma-2021-a", "--out", "x.png"), "tibet-a"),
        (("map", "paper", "--messenger", "gamma", "--out", "none/x.fits", "--nside", "1", "--energies", "1 TeV"), "cannot write"),
        (("init", "papr"), "did you mean 'paper'"),
        (("show", "lhaaso-iner"), "did you mean 'lhaaso-inner'"),
    ],
)  # fmt: skip
def test_mistakes_end_in_one_line_exit_code_2_and_nothing_written(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in bad(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("here")
    assert "not a folder" in bad("run", "paper", "--nside", 1, "--out", tmp_path / "file")
    assert "cannot write" in bad("run", "paper", "--nside", 1, "--out", tmp_path / "file" / "deeper")
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.slow
def test_nothing_is_half_written(tmp_path, monkeypatch):
    """A failure in the last step leaves no folder behind."""
    import skycocoon.products.run.run

    def fail(*arguments):
        raise RuntimeError("a broken figure")

    monkeypatch.setattr(skycocoon.products.run.run, "draw_map", fail)
    result = call("run", "schroer2021", "--nside", 1, "--out", tmp_path / "results")
    assert isinstance(result.exception, RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom skycocoon.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = [m for m in ('numpy', 'astropy', 'healpy', 'numba', 'matplotlib', 'scipy', 'pydantic') if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "skycocoon run paper --nside 64 --out results/" in done.stdout


def test_version():
    assert re.fullmatch(r"skycocoon \d+\.\d+\.\d+\S*\n", good("--version"))


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
    text = good("run", tmp_path / "model.toml", "--out", tmp_path / "out", "--rtol", 1e-3)
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
    energies = ("--set", "maps.energies={from='1 TeV', to='1 PeV', per_decade=4}")
    good("run", tmp_path / "model.toml", "--out", tmp_path / "map", "--nside", 4, *energies)
    assert {p.name for p in (tmp_path / "map").glob("*.fits")} == {"gamma.fits"}


@pytest.mark.parametrize("part", ["sea", "gas", "absorption"])
def test_plot_part(part, tmp_path):
    good("plot", "base-max", "--part", part, "--out", tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 10_000


def test_plot_part_refuses(tmp_path):
    assert "did you mean 'gas'" in bad("plot", "paper", "--part", "gass", "--out", tmp_path / "x.png")
    assert "no component of kind 'diffuse'" in bad("plot", "schroer2021", "--part", "sea", "--out", tmp_path / "x.png")


def test_show_catalogues():
    assert "1lhaaso: 90 sources" in good("show")
    assert "10.3847/1538-4365/acfd29" in good("show", "1lhaaso")
    assert "did you mean '1lhaaso'" in bad("show", "sources:1lhaso")


def test_check_compares_a_maps_energies_with_the_models(tmp_path):
    sky = SkyMap(np.geomspace(1, 10, 3) * u.TeV, {"theirs": np.full((3, 12), 1e-15) * INTENSITY})
    sky.write(tmp_path / "theirs.fits")
    path = tmp_path / "model.toml"
    path.write_text('[components.theirs]\nkind = "map"\nfile = "theirs.fits"\n')
    assert "outside = 'zero'" in bad("check", path)
    text = good("check", path, "--set", "components.theirs.outside=zero")
    assert "gamma maps" in text
    assert "neutrino maps" not in text


def test_show_a_catalogue_of_ones_own(tmp_path):
    Table({"l": [10.0, 20.0] * u.deg, "b": [0.0, 1.0] * u.deg}).write(tmp_path / "mine.ecsv")
    assert "2 sources" in good("show", tmp_path / "mine.ecsv")
