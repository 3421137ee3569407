"""What the benchmarks share: times of calls that alternate, processes and what they use, and reference means.

Times of one process are those of its processors, so that what else the machine does disturbs them least. References are
means of many single rays at a higher accuracy than what they are held against; they say how good they are themselves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np

from skycocoon.errors import AccuracyWarning
from skycocoon.los import column
from skycocoon.sky import healpix

MEGABYTE = 1e6


@dataclass(frozen=True)
class Spent:
    """Processor time of all threads and wall time of a call [s], and the largest resident memory of a process [MB]."""

    cpu: float
    wall: float
    peak: float = np.nan

    def least(self, other):
        return Spent(min(self.cpu, other.cpu), min(self.wall, other.wall), np.fmin(self.peak, other.peak))


def spent(call):
    """What a call takes, and what it gives."""
    start, busy = time.perf_counter(), time.process_time()
    result = call()
    return Spent(time.process_time() - busy, time.perf_counter() - start), result


def alternating(calls, seconds=3.0, most=9):
    """Least of what each of several calls takes, called in turn so that what disturbs one disturbs all.

    Another round begins while there is time for it; there are three at least, or two where that takes long:
    in the first one something may have been compiled.
    """
    least, start = {}, time.perf_counter()
    for done in range(1, most + 1):
        for name, call in calls.items():
            took = spent(call)[0]
            least[name] = took.least(least[name]) if name in least else took
        passed = time.perf_counter() - start
        if done > 1 and passed * (done + 1) / done > (seconds if done >= 3 else 4 * seconds):
            break
    return least


# A process begins with the memory of the one that it came from, so that it must come from a small one.
LAUNCHER = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run([sys.executable, *sys.argv[1:]]).returncode
wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_utime + used.ru_stime, wall, used.ru_maxrss]))
"""


def process(arguments, *, processors=None, environment=None, memory=None):
    """Run Python in a process of its own: exit code, what it takes, and what it prints.

    Parameters
    ----------
    arguments
        Of the interpreter.
    processors
        Which of them it may use; all if None.
    environment
        Variables that are changed; those with the value None are taken away.
    memory
        Most bytes of data that it may ask for.
    """
    changed = os.environ | (environment or {})
    kept = {name: value for name, value in changed.items() if value is not None}

    def prepare():
        if processors is not None:
            os.sched_setaffinity(0, processors)
        if memory is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

    child = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=kept,
        preexec_fn=prepare,
        check=False,
    )
    *printed, last = child.stdout.decode().splitlines()
    code, cpu, wall, peak = json.loads(last)
    return code, Spent(cpu, wall, peak * 1024 / MEGABYTE), "\n".join(printed)


@dataclass(frozen=True)
class Reference:
    """Values that others are held against, and how good they are themselves."""

    values: np.ndarray
    rtol: float

    def missed_by(self, values):
        """Largest relative error of values; where nothing shines there must be nothing."""
        shines = self.values > 0
        if not np.array_equal(shines, np.asarray(values) > 0):
            return np.inf
        return float(np.max(np.abs(values[shines] / self.values[shines] - 1)))


def _columns(*args, **keywords):
    """Columns of a reference, which says by itself how good it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        return column(*args, **keywords)


def sample(nside, count, seed=0):
    """Pixels (RING) of which half are within 5 deg of the plane, the one at the Galactic centre among them."""
    rng = np.random.default_rng(seed)
    vectors = healpix.directions(nside, np.arange(12 * nside**2), nest=False)
    low = np.flatnonzero(np.abs(vectors[:, 2]) < np.sin(np.radians(5)))
    centre = int(np.argmax(vectors[:, 0]))
    anywhere = rng.choice(len(vectors), count - count // 2, replace=False)
    return np.unique([centre, *anywhere, *rng.choice(low, min(count // 2, low.size), replace=False)])


def pixel_means(density, sun, nside, pixels, *, halvings=6, rtol=1e-7, **absorption):
    """Reference means over pixels: midpoints of 4^halvings parts of each, and a Richardson step."""
    nested = healpix.reorder(pixels, nside, to_nest=True)
    means = []
    for depth in (halvings - 1, halvings):
        parts = (nested[:, None] * 4**depth + np.arange(4**depth)).ravel()
        rays = healpix.directions(nside << depth, parts, nest=True)
        columns = _columns(density, sun, rays, rtol=rtol, **absorption)
        means.append(columns.reshape(*columns.shape[:-1], pixels.size, 4**depth).mean(axis=-1))
    coarse, fine = means
    better = fine + (fine - coarse) / 3
    shines = better > 0
    # Where the sky is smooth the step is far better than the last difference; at a kink half of that is left.
    return Reference(better, float(np.max(np.abs(better / np.where(shines, fine, 1.0) - 1)[shines])))


def box_mean(density, sun, box, *, scale, rtol=1e-7):
    """Reference mean over l0 to l1, b0 to b1 [deg]: Gauss nodes on panels in l and b.

    Panels are graded to the plane and the centre. ``scale`` is the height of the density [kpc]: seen from 60 kpc it is
    the width of the narrowest panel. The Sun is in the plane or near it: panels also begin where the plane is seen.
    """
    l0, l1, b0, b1 = box
    height = sun.place[1]
    plane = -np.degrees(np.arctan(height / np.array([25.0, 12.0, 6.0, 3.0, 1.5, 0.8, 0.4, 0.2]))) if height else ()
    latitudes = _edges(b0, b1, [0.0], np.degrees(scale / 60), plane)
    longitudes = _edges(l0, l1, [0.0, 360.0], 1.0, np.arange(0.0, 361.0, 5.0))
    rough, fine = (_product(density, sun, longitudes, latitudes, nodes, rtol) for nodes in (8, 12))
    return Reference(np.array([fine]), abs(rough / fine - 1))


def _edges(low, high, centres, inner, others):
    edges = {low, high, *centres, *others}
    for centre in centres:
        steps = inner * 2.0 ** np.arange(20)
        edges |= {centre + step for step in steps} | {centre - step for step in steps}
    return np.array(sorted(edge for edge in edges if low <= edge <= high))


def _product(density, sun, longitudes, latitudes, nodes, rtol):
    """Mean by the product of two rows of Gauss panels."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    places, weights = [], []
    for edges in (np.radians(longitudes), np.radians(latitudes)):
        half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
        places.append((middle + half * x).ravel())
        weights.append((half * w).ravel())
    lon, lat = np.meshgrid(*places, indexing="ij")
    weight = np.outer(*weights) * np.cos(lat)
    rays = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1).reshape(-1, 3)
    columns = _columns(density, sun, np.ascontiguousarray(rays), rtol=rtol).reshape(lon.shape)
    return float(np.sum(columns * weight) / np.sum(weight))
