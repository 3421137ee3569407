"""What this machine can do, and what the engine takes, as multiples of that, with the accuracy beside each time.

    python benchmarks/limits.py [--quick] [--only NAME ...] [--json FILE] [--strict] [--scratch FOLDER]

One run measures the yardsticks (``np.exp`` per element on one thread, ``np.multiply`` into a fresh array, a plain write
of the same bytes) and the engine in turn, and holds what the engine gives against means of many single rays. Nothing
that is remembered helps: columns are forgotten before each call, and steps of a fit go to values that were not there
before. Compiled kernels and what is made once per model are there already, but where a fresh install is meant.

Limits are printed beside the numbers, those that are exceeded are marked. The exit code is 1 if a result is not as
accurate as it should be, or a measurement failed, and with --strict also if a limit is exceeded. --quick leaves out
what takes long: nside 1024, commands of a fresh install, absorbed gas, and repetitions. --only takes parts of names.

The JSON file holds the numbers by name, and under "details" their limits, units, errors and times.

"exp" is the time of ``np.exp`` per element of a large array, warm. Times of one process are processor times of all its
threads; those of whole commands, of files and of ``thread_speedup`` are wall times and need a machine that is quiet.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import shutil
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

# Numbers of one thread; threads are measured in processes of their own.
ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
os.environ.update(dict.fromkeys(ONE_THREAD, "1"))

import astropy.units as u  # noqa: E402 (once threads are set)
import numpy as np  # noqa: E402
from measuring import MEGABYTE, Reference, alternating, box_mean, pixel_means, process, sample, spent  # noqa: E402

from skycocoon import Cocoons, CylindricalGrid, Diffuse, GalaxyModel, Region, SourceDisc, Sun  # noqa: E402
from skycocoon.absorption import Absorption, transmission_basis  # noqa: E402
from skycocoon.emission.diffuse import GasInSea  # noqa: E402
from skycocoon.galaxy import Gas, Sea  # noqa: E402
from skycocoon.los import column, column_map, intensity_map, region_means  # noqa: E402
from skycocoon.los.columns import forget_columns  # noqa: E402
from skycocoon.sky import SkyMap, healpix  # noqa: E402

SUN, DISC, GAS, COCOONS = Sun(), SourceDisc(), GasInSea(Gas(), Sea()), Cocoons()
TRANSPARENT, CMB, DUST = Absorption(()), Absorption(("cmb",)), Absorption(("cmb", "dust"))
CUBE = np.geomspace(1e1, 1e7, 121) * u.GeV
STEP = np.geomspace(1e3, 1e6, 25) * u.GeV
RTOL = 1e-4
# HERMES, commit dc9d678, -O3 -march=native -ffast-math, QAGS and threads, measured in November 2026.
HERMES_S, HERMES_EXP_NS = 73.8, 0.84
NODES_61 = 'maps.energies={from="10 GeV",to="10 PeV",per_decade=10}'


@dataclass
class Limits:
    """What was measured: printed line by line, and kept for the JSON file."""

    quick: bool
    scratch: Path
    details: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    @property
    def seconds(self):
        """For how long a measurement is repeated."""
        return 1.0 if self.quick else 5.0

    def add(self, name, value, unit, limit=None, *, error=None, allowed=RTOL, **more):
        """A number, its limit, and the relative error of the result that was timed beside what it may be."""
        row = {"value": float(value), "unit": unit, "limit": limit, **more}
        words = f"{name:36s} {value:10.4g} {unit:14s}"
        if limit is not None:
            row["exceeded"] = not value <= limit
            words += f" limit {limit:<6g}{' EXCEEDED' if row['exceeded'] else '         '}"
        if error is not None:
            row |= {"error": error, "allowed": allowed}
            words += f" error {error:.1e} of {allowed:.1e}"
            if not error <= allowed:
                self.failures.append(f"{name}: error {error:.1e}, allowed {allowed:.1e}")
                words += " TOO LARGE"
        words += "".join(f"; {key} {item:.4g}" for key, item in more.items())
        self.details[name] = row
        print(words, flush=True)

    @property
    def exceeded(self):
        return [name for name, row in self.details.items() if row.get("exceeded")]


def anew(call, *args, **keywords):
    """A call that finds no columns of before."""

    def fresh():
        forget_columns()
        return call(*args, **keywords)

    return fresh


NUMBERS = np.random.default_rng(0).uniform(-5, 0, 4_000_000)
ROOM = np.ones_like(NUMBERS)
EXPONENTIALS = partial(np.exp, NUMBERS, out=ROOM)


def in_exp(limits, call, elements):
    """Processor time of a call per element, in units of that of np.exp: the multiple, and what both take [s]."""
    least = alternating({"exp": EXPONENTIALS, "engine": call}, limits.seconds, 25)
    exp, engine = least["exp"].cpu / NUMBERS.size, least["engine"].cpu
    return engine / elements / exp, {"exp_ns": exp * 1e9, "cpu_s": engine}


def held(reference, values, rtol=RTOL):
    """Error of values, and what it may be: rtol and what the reference itself may be wrong by."""
    return {"error": reference.missed_by(values), "allowed": rtol + reference.rtol}


# What the machine can do ----------------------------------------------------------------------------------------------


def machine(limits):
    fresh = alternating({"fill": lambda: np.multiply(NUMBERS, 2.0), "copy": lambda: np.copyto(ROOM, NUMBERS)}, 1.0, 25)
    exp = alternating({"exp": EXPONENTIALS}, 1.0, 25)["exp"]
    limits.add("exp_ns", exp.cpu / NUMBERS.size * 1e9, "ns")
    limits.add("copy_gb_per_s", 2 * NUMBERS.nbytes / fresh["copy"].cpu / 1e9, "GB/s")
    limits.add("fill_gb_per_s", NUMBERS.nbytes / fresh["fill"].cpu / 1e9, "GB/s written")


# Columns --------------------------------------------------------------------------------------------------------------


def blob_grid():
    """Green's disc with an off-axis blob, 200 x 180 x 80."""
    r, z = np.linspace(0, 20, 200), np.linspace(-0.5, 0.5, 80)
    phi = 2 * np.pi * np.arange(180)[:, None] / 180
    R = np.maximum(r, 1e-4)[:, None, None]
    distance2 = (R * np.cos(phi) - 4.1) ** 2 + (R * np.sin(phi) - 2.8) ** 2 + (z - 0.05) ** 2
    n = DISC.density(R * u.kpc, phi * u.rad, z * u.kpc) * (1 + 5 * np.exp(-0.5 * distance2 / 0.5**2))
    return CylindricalGrid(r * u.kpc, z * u.kpc, n)


def _centres(limits, name, density, limit):
    nside = 128
    call = anew(column_map, density, SUN, nside, pixel="centre")
    pixels = sample(nside, 600)
    truth = Reference(column(density, SUN, healpix.directions(nside, pixels, nest=False), rtol=1e-7), 0.0)
    accuracy = held(truth, call()[pixels])
    multiple, times = in_exp(limits, call, 12 * nside**2)
    limits.add(name, multiple, "exp per pixel", limit, **accuracy, **times)


def centres(limits):
    _centres(limits, "centre_exp_per_pixel", DISC, 80)


def hermes(limits):
    """The work that HERMES did in 73.8 s of processor time where np.exp took 0.84 ns: 24 energies at pixel centres."""
    energy = np.geomspace(1e2, 1e6, 24)
    (term,) = COCOONS.terms("gamma")

    def intensities():
        columns = column_map(DISC, SUN, 128, pixel="centre")
        return np.multiply(term.spectrum(energy)[:, None] / (4 * np.pi), columns)

    least = alternating({"exp": EXPONENTIALS, "engine": anew(intensities)}, limits.seconds, 25)
    exp_ns = least["exp"].cpu / NUMBERS.size * 1e9
    theirs = HERMES_S * exp_ns / HERMES_EXP_NS
    limits.add("hermes_over_ours", theirs / least["engine"].cpu, "times", cpu_s=least["engine"].cpu, exp_ns=exp_ns)


def grid(limits):
    _centres(limits, "grid_exp_per_pixel", blob_grid(), 600)


def _means(density, nside, rtol=RTOL, count=24, halvings=6):
    """A map of pixel means, to be called, and how accurate it is."""
    call = anew(column_map, density, SUN, nside, rtol=rtol)
    pixels = sample(nside, count)
    truth = pixel_means(density, SUN, nside, pixels, halvings=halvings, rtol=rtol / 100)
    return call, held(truth, call()[pixels], rtol)


def means(limits):
    for name, nside, limit in (("mean_exp_per_pixel", 128, 150), ("mean_exp_per_pixel_512", 512, 40)):
        call, accuracy = _means(DISC, nside)
        multiple, times = in_exp(limits, call, 12 * nside**2)
        limits.add(name, multiple, "exp per pixel", limit, **accuracy, **times)


def plane(limits):
    call, accuracy = _means(DISC, 32)
    least = alternating({"engine": call}, limits.seconds)["engine"]
    limits.add("plane_s", least.cpu, "s", 0.03, **accuracy)


def rtol_growth(limits):
    calls = {}
    for rtol in (1e-4, 1e-6):
        calls[rtol], accuracy = _means(DISC, 128, rtol, halvings=7)
    least = alternating(calls, limits.seconds)
    limits.add("rtol_growth", least[1e-6].cpu / least[1e-4].cpu, "times", 4, **accuracy, cpu_s=least[1e-6].cpu)


def gas(limits):
    call, accuracy = _means(GAS, 64, count=16, halvings=5)
    least = alternating({"disc": anew(column_map, DISC, SUN, 64), "gas": call}, limits.seconds)
    ratio = least["gas"].cpu / least["disc"].cpu
    limits.add("gas_map_over_disc_map", ratio, "times", 10, **accuracy)
    limits.add("gas_map_s", least["gas"].cpu, "s", 0.5, **accuracy)


# Cubes ----------------------------------------------------------------------------------------------------------------


def cube(absorption, nside, energy=CUBE, component=COCOONS):
    """An intensity cube of a component, its columns worked out anew."""
    return anew(intensity_map, GalaxyModel((component,), SUN, absorption), "gamma", energy, nside)


def _cube_error(absorption, nside, sky):
    pixels, some = sample(nside, 12), slice(0, None, 15)
    absorbed = {"absorption": absorption, "energy": CUBE[some]}
    truth = pixel_means(DISC, SUN, nside, pixels, halvings=5, rtol=1e-6, **absorbed)
    (term,) = COCOONS.terms("gamma")
    spectrum = term.spectrum(CUBE.value)[some, None] / (4 * np.pi)
    return held(Reference(spectrum * truth.values, truth.rtol), sky.intensity.value[some][:, pixels])


def absorbed(limits):
    calls = {name: cube(a, 128) for name, a in (("plain", TRANSPARENT), ("cmb", CMB), ("dust", DUST))}
    accuracy = {name: _cube_error(a, 128, calls[name]()) for name, a in (("cmb", CMB), ("dust", DUST))}
    least = alternating(calls, 2 * limits.seconds)
    for name, limit in (("cmb", 1.5), ("dust", 4)):
        ratio = least[name].cpu / least["plain"].cpu
        limits.add(f"{name}_over_plain", ratio, "times", limit, **accuracy[name], cpu_s=least[name].cpu)


def once(limits):
    """What absorption needs once for a model: the few energies that stand for all others, and the field of the dust."""

    def basis():
        transmission_basis.cache_clear()
        return transmission_basis(DUST, SUN)

    least = alternating({"basis": basis}, limits.seconds)["basis"]
    limits.add("absorption_once_s", least.cpu, "s", energies=basis().size)


def absorbed_gas(limits):
    if limits.quick:
        return
    cases = {"plain": TRANSPARENT, "cmb": CMB, "dust": DUST}
    calls = {name: cube(absorption, 64, component=Diffuse()) for name, absorption in cases.items()}
    least = alternating(calls, limits.seconds)
    for name in ("cmb", "dust"):
        limits.add(f"gas_{name}_over_plain", least[name].cpu / least["plain"].cpu, "times", cpu_s=least[name].cpu)


def fill(limits):
    nside = 128 if limits.quick else 256
    columns = column_map(DISC, SUN, nside)
    spectrum = COCOONS.terms("gamma")[0].spectrum(CUBE.value)[:, None]
    call = cube(TRANSPARENT, nside)
    product = spectrum * columns / (4 * np.pi)
    accuracy = held(Reference(product, 0.0), call().intensity.value, 1e-12)
    del product
    least = alternating({"fill": lambda: np.multiply(spectrum, columns), "cube": call}, limits.seconds)
    ratio = least["cube"].cpu / least["fill"].cpu
    limits.add("cube_over_fill", ratio, "times", 3, **accuracy, cpu_s=least["cube"].cpu, fill_s=least["fill"].cpu)


# Files ----------------------------------------------------------------------------------------------------------------


def flushed(path):
    """Wait until a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write(limits):
    sky = cube(TRANSPARENT, 128)()
    path, plain = limits.scratch / "sky.fits", limits.scratch / "plain"
    sky.write(path)
    raw = np.fromfile(path, dtype=np.uint8)

    def ours():
        sky.write(path, overwrite=True)
        flushed(path)

    def theirs():
        raw.tofile(plain)
        flushed(plain)

    least = alternating({"plain": theirs, "ours": ours}, 2 * limits.seconds)
    # Single precision is what a file keeps; far above the cut-off, where that ends, there may be nothing.
    before, after = sky.intensity.value, SkyMap.read(path).intensity.to_value(sky.intensity.unit)
    bright = before > np.finfo(np.float32).tiny
    accuracy = held(Reference(before[bright], 0.0), after[bright], 1e-7)
    ratio = least["ours"].wall / least["plain"].wall
    rate = raw.nbytes / least["plain"].wall / MEGABYTE
    limits.add("write_over_tofile", ratio, "times", 2, **accuracy, wall_s=least["ours"].wall, plain_mb_per_s=rate)


# Threads --------------------------------------------------------------------------------------------------------------


def _threads_child():
    """Time a map of nside 512 and say what it holds: run in a process that may use some processors only."""
    call = cube(TRANSPARENT, 512, np.geomspace(1e1, 1e7, 25) * u.GeV)
    cube(TRANSPARENT, 8)()
    walls = [spent(call)[0].wall for _ in range(3)]
    # Reproducible to the bit, however many threads there are.
    total = int(np.bitwise_xor.reduce(call().intensity.value.view(np.uint64), axis=None))
    print(json.dumps({"wall": min(walls), "bits": total}))


def threads(limits):
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        print("thread_speedup: needs two processors", flush=True)
        return
    walls, bits = {1: np.inf, 2: np.inf}, set()
    for _ in range(1 if limits.quick else 3):
        for number in walls:
            code, _, printed = process(
                [__file__, "--child", "threads"],
                processors=processors[:number],
                environment=dict.fromkeys(ONE_THREAD, str(number)),
            )
            if code:
                raise RuntimeError(printed)
            result = json.loads(printed.splitlines()[-1])
            walls[number] = min(walls[number], result["wall"])
            bits.add(result["bits"])
    speedup = walls[1] / walls[2]
    same = {"error": float(len(bits) - 1), "allowed": 0.0}
    limits.add("thread_speedup", speedup, "times", **same, at_least=1.7, wall_1=walls[1], wall_2=walls[2])
    limits.details["thread_speedup"]["exceeded"] = not speedup >= 1.7
    if speedup < 1.7:
        print("thread_speedup: EXCEEDED, at least 1.7 is wanted", flush=True)


# Fits -----------------------------------------------------------------------------------------------------------------

REGIONS = tuple(Region.named(name) for name in ("lhaaso-inner", "lhaaso-outer", "icecube-allsky"))
BOXES = (15.0, 125.0, -5.0, 5.0), (125.0, 235.0, -5.0, 5.0), (0.0, 360.0, -90.0, 90.0)


def _step_error(make, scale):
    """Error of the means of a component in the three regions."""
    component, sun, _ = make(0)
    (term,) = component.terms("gamma")
    truths = [box_mean(term.density, sun, box, scale=scale) for box in BOXES]
    truth = Reference(np.array([item.values[0] for item in truths]), max(item.rtol for item in truths))
    spectrum = term.spectrum(STEP.value)[0] / (4 * np.pi)
    return held(truth, region_means("gamma", STEP, REGIONS, sun, TRANSPARENT)(component)[0] / spectrum)


def _step(limits, name, make, limit, accuracy):
    """Time [ms] of a step to a geometry that was not there before: means of all regions, 25 energies."""
    number = count(1)

    def step():
        component, sun, absorption = make(1e-5 * next(number))
        return region_means("gamma", STEP, REGIONS, sun, absorption)(component)

    least = alternating({"step": step}, limits.seconds)["step"]
    limits.add(name, least.cpu * 1e3, "ms", limit, **accuracy)
    return least.cpu * 1e3


def geometry(limits):
    diffuse = Diffuse()
    aside = dataclasses.replace

    # Each gives a component, the Sun and what absorbs, a little off where they were.
    def disc_height(x):
        return aside(COCOONS, density=SourceDisc(height=(0.1 + x) * u.kpc)), SUN, TRANSPARENT

    def sun_height(x):
        return COCOONS, Sun(height=(0.02 + x) * u.kpc), TRANSPARENT

    def dust_scale(x):
        return COCOONS, SUN, Absorption(("cmb", "dust"), 1.4 + x)

    def halo_height(x):
        return aside(diffuse, sea=Sea(halo_height=(4.0 + x) * u.kpc)), SUN, TRANSPARENT

    def gas_sun_height(x):
        return diffuse, Sun(height=(0.02 + x) * u.kpc), TRANSPARENT

    families = {
        "geometry_step_ms": (20, 0.1, (disc_height, sun_height, dust_scale)),
        "geometry_step_gas_ms": (100, 0.06, (halo_height, gas_sun_height)),
    }
    for name, (limit, scale, makes) in families.items():
        steps = []
        for make in makes:
            # What is behind dust is held against rays with the cubes.
            accuracy = {} if make is dust_scale else _step_error(make, scale)
            steps.append(_step(limits, f"{name}.{make.__name__}", make, limit, accuracy))
        limits.add(name, max(steps), "ms", limit)


def likelihood(limits):
    from fits import SKY

    from skycocoon.config import load_text
    from skycocoon.modelfit import prepare

    target = prepare(load_text(SKY, "gamma, neutrino", Path())).likelihood
    start = np.array([parameter.start for parameter in target.parameters])
    steps = count(1)

    def hundred():
        for _ in range(100):
            target.chi2(start * (1 + 1e-7 * next(steps)))

    target.chi2(start)
    before = target.predictions
    least = alternating({"likelihood": hundred}, limits.seconds)["likelihood"]
    # What is remembered must not have helped.
    stale = float(next(steps) - 1 - (target.predictions - before))
    limits.add("likelihood_ms", least.cpu * 10, "ms", 1, error=stale, allowed=0.0)


# Commands -------------------------------------------------------------------------------------------------------------

EVERY_THREAD = dict.fromkeys(ONE_THREAD)


def command(limits, *arguments, **keywords):
    """Run skycocoon in a process of its own, with a folder for what it writes: its exit code and what it takes."""
    with tempfile.TemporaryDirectory(dir=limits.scratch) as folder:
        words = [str(folder) if word == "OUT" else word.replace("OUT/", f"{folder}/") for word in arguments]
        environment = EVERY_THREAD | keywords.pop("environment", {})
        return process(["-m", "skycocoon", *words], environment=environment, **keywords)


def whole(limits, name, limit, *arguments, repeats=3, **keywords):
    """Wall time of a command, best of some."""
    least = None
    for _ in range(1 if limits.quick else repeats):
        code, took, printed = command(limits, *arguments, **keywords)
        if code:
            raise RuntimeError(printed[-2000:])
        least = took if least is None else took.least(least)
    limits.add(name, least.wall, "s", limit, cpu_s=least.cpu, peak_mb=least.peak)


def start(limits):
    for name, arguments in {"import_s": ["-c", "import skycocoon"], "help_s": ["-m", "skycocoon", "--help"]}.items():
        least = None
        for _ in range(3 if limits.quick else 9):
            _, took, _ = process(arguments, environment=EVERY_THREAD)
            least = took if least is None else took.least(least)
        limits.add(name, least.wall, "s", cpu_s=least.cpu)


def run(limits):
    arguments = ("run", "paper", "--nside", "64", "--out", "OUT", "--quiet")
    whole(limits, "run_paper_s", 5, *arguments)
    if limits.quick:
        return
    with tempfile.TemporaryDirectory(dir=limits.scratch) as empty:
        whole(limits, "first_run_s", 20, *arguments, repeats=1, environment={"NUMBA_CACHE_DIR": empty})


def memory(limits):
    if limits.quick:
        return
    words = ("map", "paper", "--messenger", "gamma", "--nside", "1024", "--set", NODES_61, "--out", "OUT/sky.fits")
    # A machine that is used by others, too, is not filled.
    code, took, printed = command(limits, *words, memory=8 * 2**30)
    if code:
        print(printed[-500:].strip(), flush=True)
    peak = np.inf if code else took.peak
    limits.add("peak_rss_nside1024_mb", peak, "MB", 1200, wall_s=took.wall, cpu_s=took.cpu)


MEASUREMENTS = {
    machine: ("exp_ns", "copy_gb_per_s", "fill_gb_per_s"),
    start: ("import_s", "help_s"),
    centres: ("centre_exp_per_pixel",),
    hermes: ("hermes_over_ours",),
    means: ("mean_exp_per_pixel", "mean_exp_per_pixel_512"),
    plane: ("plane_s",),
    rtol_growth: ("rtol_growth",),
    grid: ("grid_exp_per_pixel",),
    gas: ("gas_map_over_disc_map", "gas_map_s"),
    absorbed: ("cmb_over_plain", "dust_over_plain"),
    once: ("absorption_once_s",),
    absorbed_gas: ("gas_cmb_over_plain", "gas_dust_over_plain"),
    fill: ("cube_over_fill",),
    write: ("write_over_tofile",),
    geometry: ("geometry_step_ms", "geometry_step_gas_ms"),
    likelihood: ("likelihood_ms",),
    threads: ("thread_speedup",),
    run: ("run_paper_s", "first_run_s"),
    memory: ("peak_rss_nside1024_mb",),
}
CHILDREN = {"threads": _threads_child}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out what takes long")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="numbers whose names contain one of these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    parser.add_argument("--strict", action="store_true", help="exit code 1 also for an exceeded limit")
    parser.add_argument("--scratch", type=Path, help="folder on the disk that is measured; temporary by default")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        CHILDREN[options.child]()
        return 0
    scratch = Path(tempfile.mkdtemp(prefix="limits-", dir=options.scratch))
    limits = Limits(options.quick, scratch)
    try:
        for measure, names in MEASUREMENTS.items():
            if options.only and not any(part in name for part in options.only for name in names):
                continue
            try:
                measure(limits)
            except Exception as error:
                # The others are still worth having, also of a revision that lacks what is asked for.
                traceback.print_exc(limit=-2)
                limits.failures.append(f"{', '.join(names)}: {error}")
    finally:
        shutil.rmtree(scratch)
    if options.json:
        numbers = {name: row["value"] for name, row in limits.details.items()}
        about = {"processor": platform.processor() or platform.machine(), "processors": len(os.sched_getaffinity(0))}
        about |= {"python": platform.python_version(), "numpy": np.__version__, "quick": options.quick}
        report = {**numbers, "machine": about, "details": limits.details, "failures": limits.failures}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"limits exceeded: {', '.join(limits.exceeded) or 'none'}")
    for failure in limits.failures:
        print(f"FAILED: {failure}")
    return int(bool(limits.failures) or (options.strict and bool(limits.exceeded)))


if __name__ == "__main__":
    sys.exit(main())
