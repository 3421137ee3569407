"""Commands where people work: closed streams, other locales, no home, settings of matplotlib that are not ours."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SED = [
    "sed",
    "schroer2021",
    "--messenger",
    "gamma",
    "--region",
    "disc:30,0,2",
    "--energies",
    "10 TeV",
    "--rtol",
    "0.01",
]


def run(arguments, redirected="", *, beginning=(), **environment):
    """Run a command in a shell that redirects its streams; the process that ended."""
    line = f'exec "$@" {redirected}'
    command = [*beginning, sys.executable, "-m", "skycocoon", *arguments]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        ["bash", "-c", line, "bash", *command], capture_output=True, text=True, encoding="utf-8", env=whole
    )


@pytest.mark.parametrize("redirected", ["2>&-", "<&-", "<&- 2>&-"])
def test_closed_streams_that_are_not_needed(redirected):
    done = run(SED, redirected)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("total 10.0")


@pytest.mark.parametrize("arguments", [SED, ["init"], ["bc", "--energies", "10 GeV"]])
def test_nowhere_to_print_to(arguments):
    done = run(arguments, ">&-")
    assert done.returncode == 2
    assert done.stderr == "skycocoon: error: stdout is closed: there is nowhere to print to\n"


def test_a_command_that_writes_files_needs_no_stream(tmp_path):
    """Nor do files get the numbers of closed streams, into which other code prints."""
    done = run([*SED, "--out", "sed.ecsv"], ">&- 2>&-", beginning=["env", "-C", str(tmp_path)])
    assert done.returncode == 0
    assert (tmp_path / "sed.ecsv").read_text().splitlines()[-1].startswith("total 10.0")


@pytest.mark.parametrize("arguments", [["show"], ["init"], ["--help"], ["run", "--help"], ["--version"], SED])
def test_a_reader_that_goes_early_is_no_error(arguments):
    done = run(arguments, "| true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["show"], ["--version"], SED])
def test_a_full_disk_behind_stdout_is_one_line(arguments):
    done = run(arguments, "> /dev/full")
    assert done.returncode == 2
    assert done.stderr == "skycocoon: error: output: No space left on device\n"


def test_a_mistake_that_nobody_can_be_told_has_its_code():
    for redirected in ("2>&-", "2> /dev/full", "2>&1 | true; exit ${PIPESTATUS[0]}"):
        assert run(["show", "nothing"], redirected).returncode == 2


@pytest.fixture
def accented(tmp_path):
    """A model with a name that is not ASCII."""
    text = run(["init", "schroer2021"]).stdout
    path = tmp_path / "model.toml"
    path.write_text(text.replace("[components.cocoons", '[components."é"'), encoding="utf-8")
    return path


LOCALES = {
    "C": {"LC_ALL": "C"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII streams": {"PYTHONIOENCODING": "ascii"},
    "Latin-1 streams": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_text_is_utf_8_in_any_locale(accented, tmp_path, locale):
    """Printed or written, a table has the same bytes."""
    arguments = [SED[0], str(accented), *SED[2:]]
    done = run(arguments, **LOCALES[locale])
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(arguments).stdout
    assert "\né 10.0" in done.stdout
    assert run([*arguments, "--out", str(tmp_path / "sed.ecsv")], **LOCALES[locale]).returncode == 0
    assert "\né 10.0" in (tmp_path / "sed.ecsv").read_text(encoding="utf-8")


def test_a_file_name_that_the_locale_has_not_is_one_line(tmp_path):
    done = run(["run", "paper", "--nside", "1", "--out", str(tmp_path / "out"), "--quiet"], **LOCALES["ASCII"])
    assert done.returncode == 0, done.stderr
    model = tmp_path / "model.toml"
    text = (tmp_path / "out" / "model.toml").read_text(encoding="utf-8")
    model.write_text(text.replace("[components.cocoons", '[components."é"'), encoding="utf-8")
    done = run(["run", str(model), "--nside", "1", "--out", str(tmp_path / "more"), "--quiet"], **LOCALES["ASCII"])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "names of files are ascii in this locale; LC_ALL=C.UTF-8 helps" in done.stderr
    assert not (tmp_path / "more").exists()


def test_names_of_files_need_not_be_text(accented, tmp_path):
    """As of an old disk, in Latin-1: they are written as they are, and shown so that they can be recognised."""
    model = os.fsencode(tmp_path) + b"/m\xe9.toml"
    os.rename(accented, model)
    out = os.fsencode(tmp_path) + b"/sed-\xe9.ecsv"
    done = subprocess.run([sys.executable, "-m", "skycocoon", SED[0], model, *SED[2:], "--out", out], cwd=ROOT)
    assert done.returncode == 0
    assert "m\\udce9.toml" in Path(os.fsdecode(out)).read_text(encoding="utf-8")


def as_somebody_else():
    """What begins a command of a user without a name or rights, who can read everything; the superuser has all rights."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("the superuser writes everywhere, and there is no setpriv")
    reads = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return ["setpriv", *reads, "--reuid", "12345", "--regid", "12345", "--clear-groups"]


@pytest.fixture
def open_folder():
    """A folder for everybody; pytest's own may not be entered by others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def read_only(open_folder):
    """The package, as it is installed in a container: nobody can write beside it."""
    folder = open_folder / "installed"
    shutil.copytree(ROOT / "skycocoon", folder / "skycocoon", ignore=shutil.ignore_patterns("*.nb?"))
    shutil.copytree(ROOT / "data", folder / "data")
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("home", ["/nonexistent", "/", None])
def test_a_container_without_a_home(read_only, open_folder, home):
    """Nothing is left where the command is run; the second time, kernels are there."""
    work, scratch = open_folder / "work", open_folder / "tmp"
    for folder in (work, scratch):
        folder.mkdir()
        folder.chmod(0o777)
    beginning = ["env", "-C", str(work), *(["-u", "HOME"] if home is None else [f"HOME={home}"]), *as_somebody_else()]
    for number in range(2):
        arguments = ["bc", "--energies", "10 GeV", "--out", f"{number}.png"]
        done = run(arguments, beginning=beginning, PYTHONPATH=str(read_only), TMPDIR=str(scratch))
        assert done.returncode == 0, done.stderr
        assert "matplotlib" not in done.stderr.lower()
    assert sorted(path.name for path in work.iterdir()) == ["0.png", "1.png"]
    assert home is None or list(scratch.glob("skycocoon-*/.cache/numba/**/*.nbc"))


HOSTILE = """
text.usetex : True
font.size : 30
font.family : serif
axes.facecolor : red
axes.prop_cycle : cycler("color", ["r"])
savefig.bbox : tight
savefig.transparent : True
figure.figsize : 1, 1
lines.marker : o
image.cmap : jet
axes.grid : True
backend : TkAgg
xtick.labelsize : 40
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", ["nonsense", "module://matplotlib_inline.backend_inline_that_is_missing", "TkAgg", ""]
)
@pytest.mark.parametrize("what", [["--region", "disc:30,0,2"], ["--nside", "8"]])
def test_figures_do_not_depend_on_settings_of_matplotlib(tmp_path, backend, what):
    """To the last byte."""
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    options = ["plot", "schroer2021", "--messenger", "gamma", *what, "--rtol", "0.01", "--out"]
    environment = {"MPLBACKEND": backend, "DISPLAY": "", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    done = run([*options, str(tmp_path / "theirs.png")], **environment)
    assert done.returncode == 0, done.stderr
    assert run([*options, str(tmp_path / "ours.png")]).returncode == 0
    assert (tmp_path / "theirs.png").read_bytes() == (tmp_path / "ours.png").read_bytes()
