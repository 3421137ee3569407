"""The commands, as they are typed."""

import shlex

import pytest
from astropy.io import ascii
from click.testing import CliRunner

from skycocoon.cli.group import main


def call(line=""):
    """Run a command line as it is typed, without ``skycocoon``."""
    return CliRunner().invoke(main, shlex.split(line))


def good(line=""):
    """What a command prints that ends well."""
    result = call(line)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def bad(line):
    """The one line that a mistake ends in."""
    result = call(line)
    assert result.exit_code == 2, (result.exit_code, result.output, result.exception)
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("skycocoon: error: ")
    assert "Traceback" not in result.output
    return result.stderr


def table_of(text):
    return ascii.read(text, format="ecsv")


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """The folder of a run, and what it said."""
    out = tmp_path_factory.mktemp("run") / "results"
    result = call(f"run paper --nside 16 --rtol 0.001 --out {out}")
    assert result.exit_code == 0, result.stderr
    return out, result.stdout


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


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
