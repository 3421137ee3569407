"""The command line itself: its help, its version, and what its start costs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skycocoon.outputs import claimed

from .conftest import bad, call, good


def test_bare_command_is_help():
    assert "Commands:" in good()


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


def test_an_interrupted_command_says_what_it_has_written(monkeypatch):
    """The figure is there; the table was not printed any more."""

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("skycocoon.products.bc.table", interrupt)
        result = call("bc paper --energies '10 GeV' --out early.png")
    assert (result.exit_code, result.stderr) == (130, "skycocoon: interrupted, nothing was written\n")
    monkeypatch.setattr("skycocoon.products.bc.chi_squares", interrupt)
    result = call("bc paper --energies '10 GeV' --out late.png")
    assert (result.exit_code, result.stderr) == (130, "skycocoon: interrupted, after late.png was written\n")
    assert [path.name for path in Path().iterdir()] == ["late.png"]


@pytest.mark.parametrize(
    ("line", "lock"),
    [
        ("run paper --out here", "here/.skycocoon-running"),
        ("fit fit-bc --out here --overwrite", "here/.skycocoon-running"),
        ("figures paper --out here", "here/.skycocoon-running"),
        ("map paper --messenger gamma --out here/map.fits", "here/.map.fits-running"),
        ("sed paper --messenger gamma --region lhaaso-inner --out here/a.ecsv", "here/.a.ecsv-running"),
    ],
)
def test_a_second_command_is_told_before_anything_is_computed(monkeypatch, line, lock):
    monkeypatch.setattr("skycocoon.config.LoadedModel.energies", lambda *_: pytest.fail("begun"))
    Path("here").mkdir()
    with claimed(Path(lock), Path("out")):
        assert f"another process is at work on it (process {os.getpid()} on " in bad(line)
    assert list(Path("here").iterdir()) == []
