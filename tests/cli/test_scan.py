"""scan, as it is typed; a whole job that is killed goes on where it was."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import bad, call

xarray = pytest.importorskip("xarray")
AXIS = "--over components.cocoons.grammage.cutoff=10TV..1PV:3:log"
REST = "--messenger gamma --region disc:30,0,2 --energies '1 TeV, 10 TeV' --rtol 1e-2"


def test_a_scan_of_two_keys():
    result = call(f"scan schroer2021 {AXIS} --over components.cocoons.disc.height=50pc..200pc:2 {REST} --out x.nc")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.endswith("x.nc: grammage_cutoff 3, disc_height 2, region 1, component 1, energy 2\n")
    with xarray.open_dataset("x.nc") as data:
        assert data.grammage_cutoff.values.tolist() == [10, 100, 1000]
        assert (data.intensity > 0).all()
    assert [path.name for path in Path().iterdir()] == ["x.nc"]
    assert "use --overwrite to replace it" in bad(f"scan schroer2021 {AXIS} {REST} --out x.nc")


def test_a_scan_of_sobol_points_says_nothing_when_told_so():
    line = f"scan schroer2021 --over components.cocoons.disc.height=50pc..200pc {REST} --sobol 4 --seed 1 --quiet"
    result = call(f"{line} --out x.nc")
    assert (result.exit_code, result.output) == (0, "")
    with xarray.open_dataset("x.nc") as data:
        assert data.sizes["point"] == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{AXIS} {AXIS} --out x.nc", "--over components.cocoons.grammage.cutoff is there twice"),
        (f"{AXIS} --out x.fits", "--out x.fits: a name ending in .nc is needed"),
        (f"{AXIS} --out none/x.nc", "none/x.nc: cannot write there (no folder none)"),
        ("--over components.cocoons.disc.height=1pc..2pc --out x.nc", "--over 'components.cocoons.disc.height=1pc..2pc': write"),
        ("--over transport.delta=0.3..0.5:2 --out x.nc", "--over transport.delta: the sky does not depend on it"),
        (f"{AXIS} --sobol 4 --out x.nc", "write it as KEY=a..b or KEY=a..b:log"),
        (f"{AXIS} --workers 2 --dask tcp://127.0.0.1:1 --out x.nc", "--workers and --dask: give one of them"),
        (f"{AXIS} --workers 0 --out x.nc", "--workers"),
    ],
)  # fmt: skip
def test_mistakes(words, said):
    assert said in bad(f"scan schroer2021 {words} {REST}")
    assert list(Path().iterdir()) == []


LONG = "--over components.cocoons.disc.height=50pc..200pc:60 --messenger gamma --region lhaaso-inner --energies '1 TeV'"


def start(*words):
    command = [sys.executable, "-m", "skycocoon", "scan", "schroer2021", *shlex.split(LONG), "--out", "x.nc", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)


def stop(process, sign, blocks):
    """Wait for so many finished blocks, and send a signal to the process and its workers; give what it said."""
    folder = Path("x.nc.skycocoon-blocks")
    while process.poll() is None and len(list(folder.glob("block-*.npz"))) < blocks:
        time.sleep(0.01)
    assert process.poll() is None, process.stderr.read()
    os.killpg(process.pid, sign)
    _, said = process.communicate(timeout=60)
    return said


def test_a_killed_job_goes_on_and_ends_in_the_same_bytes():
    """Killed in the middle with its workers, then interrupted by Ctrl-C, then left alone; and in one go."""
    stop(start("--workers", "2"), signal.SIGKILL, 1)
    assert not Path("x.nc").exists()
    assert "holds" in bad(f"scan schroer2021 {LONG} --out x.nc")
    before = {path.name for path in Path("x.nc.skycocoon-blocks").glob("block-*.npz")}
    process = start("--resume")
    said = stop(process, signal.SIGINT, len(before) + 2)
    assert process.returncode == 130
    last = said.splitlines()[-1]
    assert last.startswith("skycocoon: interrupted, ")
    assert last.endswith("of 60 blocks are kept in x.nc.skycocoon-blocks; --resume goes on from there")
    assert "Traceback" not in said
    assert call(f"scan schroer2021 {LONG} --out x.nc --resume --quiet").exit_code == 0
    assert call(f"scan schroer2021 {LONG} --out y.nc --quiet").exit_code == 0
    assert Path("x.nc").read_bytes() == Path("y.nc").read_bytes()
    assert sorted(path.name for path in Path().iterdir()) == ["x.nc", "y.nc"]
