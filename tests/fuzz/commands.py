"""Random command lines, from the commands' own parameters: each does its work, or is refused in one line, with nothing written.

``python -m tests.fuzz.commands 500 --seed 1`` from the root; ``--only 12`` shows a case; ``--processes 40`` runs so many
of them as processes of their own.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import astropy.units as u
import click
import healpy
import numpy as np
from click.testing import CliRunner

from skycocoon import SourceDisc, intensity_map, load_model
from skycocoon.cli import main
from skycocoon.shipped import data_folder

from ..conftest import EXAMPLE
from .tally import HangError, Tally, numbers, rng, timed

# Commands that do their work may take so long [s]; what is refused, as long as any other input.
WORK = 40.0

ABSURD = [
    "",
    " ",
    "-",
    "--",
    "0",
    "-1",
    "1e400",
    "nan",
    "inf",
    "１２",
    "٣ TeV",
    "1 TeV trailing",
    "é",
    "\udcff",
    "a\nb",
    "\x1b[31m",
    "x" * 5000,
    "9" * 5000,
    "=",
    "a=",
    "=1",
    "a.b.c=1",
    ".".join("a" * 3000) + "=1",
    "a=" + "[" * 3000,
    "/dev/zero",
    "/dev/null",
    "/",
    ".",
    "..",
    "/nonexistent/x.fits",
    "fifo",
    "empty.toml",
    "empty.fits",
    "empty.ecsv",
    "binary.toml",
    "http://127.0.0.1:9/x.fits",
    "ftp://127.0.0.1:9/x.ecsv",
    "s3://x/y.toml",
    "tcp://127.0.0.1:9",
    "paper",
    "gamma.fits",
    "points.ecsv",
    "mask.fits",
    "grid.npz",
    "$HOME",
    "~",
    "*",
    "| rm",
    "gamma",
    "10 TeV",
    "1 TeV,",
    ",,,",
    "1 kpc",
    "10 TeV, 1 TeV",
    "-1 TeV",
    "nan TeV",
    "1e400 TeV",
    "1e-300 eV",
    "box:1,2",
    "box:1,2,3,4,5",
    "disc:0,0,-1",
    "disc:nan,0,1",
    "box:30,20,5,-5",
    "mask:mask.fits",
    "mask:gamma.fits",
    "sources:1lhaaso,-1deg",
    "(" * 500,
    "|".join(["lhaaso-inner"] * 500),
    "~" * 3000 + "lhaaso-inner",
    "lhaaso-iner",
    "transport.delta=0.1..0.9:3",
    "transport.delta=0.9..0.1:3",
    "transport.delta=0..inf:3",
    "transport.delta=0.1..0.9:99999999999999999999",
    "nothing=1..2:2",
]
NAMES = [
    "",
    "x",
    "out",
    "out/x",
    "out.fits",
    "out.fits.gz",
    "out.png",
    "out.pdf",
    "out.ecsv",
    "out.nc",
    "no/such/out.fits",
]
GOOD = {
    "model": ["small.toml", "small.toml", "small.toml", "paper", "fit-bc", "schroer2021", "gamma.fits"],
    "preset": ["paper", "fit-joint"],
    "settings": ["maps.nside=4", 'components.cocoons.grammage.cutoff="300 TV"', "galaxy.sun_radius=8 kpc"],
    "rtol": ["1e-2", "1e-1", "1e-3"],
    "flavour": ["per-flavour", "all-flavour"],
    "messenger": ["gamma", "neutrino"],
    "out": NAMES,
    "nside": ["1", "2", "4"],
    "energies": ["10 TeV", "1 TeV, 10 TeV"],
    "energy": ["10 TeV"],
    "region": ["disc:50,0,3", "box:30,40,-2,2", "lhaaso-inner"],
    "regions": ["disc:50,0,3", "box:30,40,-2,2"],
    "dtype": ["float32", "float64"],
    "workers": ["1"],
    "dask": [],
    "data": ["points.ecsv", "lhaaso-km2a-2023-inner", "bc-ams02-2021"],
    "starts": ["1"],
    "over": ["galaxy.sun_radius=8kpc..9kpc:2"],
    "sobol": ["2"],
    "seed": ["3"],
    "part": ["sea", "gas", "absorption"],
    "factor": ["0.65"],
    "unit": ["cm-2 s-1 sr-1 GeV-1"],
    "frame": ["galactic"],
    "ordering": ["RING", "NESTED"],
    "energies_of_map": ["1 TeV, 10 TeV"],
}


def place():
    """A folder with the files that command lines name; it becomes the working directory."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.chdir(folder)
    small = EXAMPLE.replace("nside = 128", "nside = 2").replace("per_decade = 20", "per_decade = 1")
    Path("small.toml").write_text(small)
    for name in ("empty.toml", "empty.fits", "empty.ecsv"):
        Path(name).touch()
    Path("binary.toml").write_bytes(bytes(range(256)))
    os.mkfifo("fifo")
    sky = intensity_map(load_model("small.toml"), "gamma", [1, 10] * u.TeV, 2, rtol=1e-2)
    sky.write("gamma.fits")
    healpy.write_map("mask.fits", np.repeat([0.0, 1.0], 24), coord="G", dtype=float)
    SourceDisc().grid(1e-3).write("grid.npz")
    points = (data_folder() / "measurements" / "lhaaso-km2a-2023-inner.ecsv").read_bytes()
    Path("points.ecsv").write_bytes(points)
    return folder


def case(seed, index):
    """The arguments of a number."""
    random = rng(seed, "command", index)
    name = random.choice(sorted(main.commands))
    arguments = [name]
    # Some are wrong in one place, some in many, and some are right.
    wrongness = random.choice((0.0, 0.1, 0.1, 0.4, 0.9))
    for parameter in main.commands[name].params:
        wanted = parameter.required or random.random() < (
            0.9 if parameter.name in ("rtol", "nside", "model", "out") else 0.2
        )
        if wanted and random.random() < wrongness / 4:
            wanted = False
        for _ in range((1 if not parameter.multiple else random.choice((1, 1, 2))) if wanted else 0):
            arguments += words(parameter, random, wrongness)
    if random.random() < wrongness / 5:
        arguments.insert(
            random.randrange(len(arguments) + 1), random.choice([*ABSURD, "--nonsense", "-x", "--help", "--version"])
        )
    return arguments


def words(parameter, random, wrongness):
    """One parameter of a command, as it is written."""
    if getattr(parameter, "is_flag", False):
        return [parameter.opts[-1]]
    value = random.choice(ABSURD) if random.random() < wrongness else random.choice(GOOD.get(parameter.name) or ABSURD)
    if isinstance(parameter, click.Argument):
        return [value]
    return [parameter.opts[-1], value] if random.random() < 0.8 else [f"{parameter.opts[-1]}={value}"]


def contents():
    """Files here, and when they were written."""
    return {str(path): path.lstat().st_mtime_ns for path in sorted(Path().rglob("*")) if not path.is_dir()}


def complaint(code, stdout, stderr, before, took):
    """What is wrong with what a command line led to; None if nothing is."""
    if "HangError" in stderr:  # the time limit came in a callback, of which Python only tells
        return None
    if code not in (0, 2):
        return f"exit code {code}: {stderr.strip().splitlines()[-1:]}"
    if "Traceback" in stderr + stdout:
        return f"a traceback: {stderr.strip().splitlines()[-1:]}"
    errors = [line for line in stderr.splitlines() if line.startswith("skycocoon: error: ")]
    others = [line for line in stderr.splitlines() if not line.startswith(("skycocoon: ", "\r")) and line.strip()]
    if code == 0:
        return f"an error with exit code 0: {errors}" if errors else None
    if len(errors) != 1 or others:
        return f"{len(errors)} lines of errors, and {others[:2]}: {errors[:1]}"
    if len(errors[0]) > 1200:
        return f"a line of {len(errors[0])} characters: {errors[0][:100]}"
    if contents() != before:
        return f"files changed though it was refused: {sorted(set(contents().items()) ^ set(before.items()))[:3]}: {errors[0]}"
    if took > 10:
        return f"refused after {took:.0f} s: {errors[0]}"
    return None


def in_process(arguments):
    """Exit code and what was said, in this process."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def as_process(arguments):
    """The same of a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-m", "skycocoon", *arguments]
    done = subprocess.run(words, capture_output=True, check=False, env=environment)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def run_one(tally, index, arguments, invoke):
    """Run a command line and look at everything that it left."""
    before, began = contents(), time.monotonic()
    shown = f"{index}: {' '.join(shlex.quote(word[:60]) for word in arguments)}"
    try:
        code, stdout, stderr = timed(lambda: invoke(arguments), WORK)
    except HangError:
        tally.counts["still at work"] += 1
        tally.slowest = (WORK, shown)
        return
    except Exception as error:
        place = error.__traceback__
        while place.tb_next is not None:
            place = place.tb_next
        frame = place.tb_frame.f_code
        tally.fault(
            shown, f"{type(error).__name__} in {Path(frame.co_filename).name}:{frame.co_name}: {str(error)[:150]!r}"
        )
        return
    took = time.monotonic() - began
    tally.slowest = max(tally.slowest, (took, shown))
    if (wrong := complaint(code, stdout, stderr, before, took)) is not None:
        tally.fault(shown, wrong)
    else:
        tally.counts["done" if code == 0 else "refused"] += 1


def run(count, seed=1, processes=0):
    """Run command lines; give what became of them."""
    tally, home = Tally(), Path.cwd()
    place()
    try:
        for index in range(count):
            run_one(tally, index, case(seed, index), as_process if index < processes else in_process)
    finally:
        os.chdir(home)
    return tally


if __name__ == "__main__":
    parser = numbers(__doc__, 500)
    parser.add_argument("--processes", type=int, default=0)
    given = parser.parse_args()
    if given.only is None:
        print(run(given.count, given.seed, given.processes).report())
    else:
        place()
        tally = Tally()
        print(case(given.seed, given.only))
        run_one(tally, given.only, case(given.seed, given.only), in_process)
        print(tally.report())
