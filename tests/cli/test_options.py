"""What the options of a command allow: a mistake ends in one line, and nothing is written."""

import pytest

from .conftest import bad

SED = "sed schroer2021 --messenger gamma --region lhaaso-inner"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rnu paper", "did you mean 'run'"),
        ("run papr", "did you mean 'paper'"),
        ("run paper --nside 100", "64 or 128"),
        ("run paper --nside -4", "power of two"),
        ("run paper --nside many", "many"),
        ("run paper --nsid 64", "--nside"),
        ("run paper --out", "--out"),
        ("run paper --data lhaso", "data set"),
        ("run paper --data none.ecsv", "no such file"),
        ("run paper --rtol 0", "1e-7"),
        ("run paper --set 'maps.energies.to=1 EeV'", "1e+08 GeV"),
        ("run paper --set 'maps.energies.from=1 MeV'", "1 GeV"),
        ("run paper --set 'maps.energies.to=50 GeV'", "neutrinos begin"),
        ("run paper --set maps.nside", "KEY=VALUE"),
        ("run paper --nside 8192", "GiB are needed for 3 maps"),
        (f"{SED} --energies '1 parsec'", "GeV"),
        (f"{SED} --energies '1 m'", "GeV"),
        (f"{SED} --energies '10'", "no unit"),
        (f"{SED} --energies '-1 TeV'", "positive"),
        (f"{SED} --energies 'nan TeV'", "finite"),
        (f"{SED} --energies ''", "--energies"),
        (f"{SED} --energies '1 EeV'", "1e+08 GeV"),
        ("sed paper --messenger neutrino --region lhaaso-inner --energies '10 GeV'", "100 GeV"),
        ("sed paper --messenger gama --region lhaaso-inner", "did you mean 'gamma'"),
        ("sed paper --region lhaaso-inner", "--messenger is missing"),
        ("sed paper --messenger gamma", "--region"),
        ("sed paper --messenger gamma --region lhaso-inner", "did you mean 'lhaaso-inner'"),
        ("sed paper --messenger gamma --region box:0,1,2", "box:l1,l2,b1,b2"),
        ("sed paper --messenger gamma --region 'box:0,1,80,81 & box:0,1,-81,-80' --energies '1 TeV'", "empty"),
        ("sed paper --messenger gamma --region mask:none.fits", "no such file"),
        ("sed none.fits --region lhaaso-inner", "no such file"),
        (f"{SED} --energies '1 TeV' --set 'components.cocoons.disc.heigth=1 kpc'", "did you mean 'height'"),
        (f"{SED} --energies '1 TeV' --set 'components.cocoons.disc.height=1 s'", "components.cocoons.disc.height"),
        (f"{SED} --energies '1 TeV' --set 'components.cocoons.disc.height=-1 kpc'", "> 0"),
        (f"{SED} --energies '1 TeV' --flavour tau", "per-flavour"),
        ("plot paper --out x.txt", ".png"),
        ("map paper --messenger gamma --out x.png", ".fits"),
        (f"{SED} --energies '1 TeV' --out x.fits", ".ecsv"),
        ("run paper --out ''", "folder"),
        ("plot paper --messenger gamma --region lhaaso-inner --factor -1 --out x.png", "positive"),
        ("plot paper --messenger gamma --region lhaaso-outer --data lhaaso-km2a-2023-inner --out x.png", "lhaaso-inner"),
        ("plot paper --out x.png", "--messenger"),
        ("plot paper --part sea --region lhaaso-inner --out x.png", "--region does not go with --part"),
        ("plot paper --part gas --data nosuch.ecsv --out x.png", "--data does not go with --part"),
        (f"{SED} --energies '1 TeV 10 TeV'", "a comma is missing"),
        ("bc paper --energies '10 GeV, 10 GV'", "energies or rigidities, not both"),
        ("bc paper --energies '10 GeV/n 20 GeV/n'", "a comma is missing"),
        ("bc paper --quantity B/B", "'B/B' is 1; two elements are needed"),
        ("plot paper --messenger gamma --data tibet-asgamma-2021-a --out x.png", "--region"),
        ("plot paper --messenger gamma --region lhaaso-inner --data tibet-asgamma-2021-a --out x.png", "tibet-a"),
        ("map paper --messenger gamma --out none/x.fits --nside 1 --energies '1 TeV'", "cannot write"),
        ("init papr", "did you mean 'paper'"),
        ("show lhaaso-iner", "did you mean 'lhaaso-inner'"),
    ],
)  # fmt: skip
def test_mistakes_end_in_one_line_exit_code_2_and_nothing_written(line, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in bad(line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--dask x", "--dask 'x': write it like tcp://HOST:8786 or scheduler.json"),
        ("--dask http://127.0.0.1:9", "--dask 'http://127.0.0.1:9': write it like tcp://HOST:8786"),
        ("--dask ''", "--dask '': write it like"),
        ("--workers 99999999", "of memory are needed for 99999999 workers"),
        ("--flavour ''", "unknown flavour convention ''; allowed: per-flavour, all-flavour"),
    ],
)
def test_workers_and_conventions_that_are_none(words, says, tmp_path):
    line = f"map paper --messenger neutrino --nside 1 --energies '10 TeV' --rtol 0.1 --out {tmp_path}/x.fits {words}"
    assert says in bad(line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "energies",
    [
        "",
        " ",
        ",",
        "10",
        "0 TeV",
        "-1 TeV",
        "nan TeV",
        "inf TeV",
        "1e400 TeV",
        "10 m",
        "10 TeV 20",
        "1 TeV;2 TeV",
        "1-10 TeV",
        "10 Tev",
        "10 ＴeV",
        "1 dex(GeV)",
        "1e-400 TeV",
        "10**400 TeV",
    ],
)
def test_energies_that_are_none(energies):
    line = bad(f"sed paper --messenger gamma --region lhaaso-inner --energies '{energies}'")
    assert line.startswith("skycocoon: error: --energies: ")
    assert "GeV" in line or "TeV" in line


def test_the_option_that_is_wrong_is_named():
    assert "error: --energy: write them" in bad("plot paper --out x.png --messenger gamma --energy ''")
    assert "'--seed': -1 is not in the range" in bad(
        "scan paper --over galaxy.sun_radius=8kpc..9kpc --sobol 2 --seed -1 --messenger gamma --region lhaaso-inner --out x.nc"
    )
