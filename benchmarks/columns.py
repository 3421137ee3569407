"""What a column map costs, beside its yardsticks, in one run.

    python benchmarks/columns.py

1. The paper's disc at nside 128, pixel centres, through the grid, on one thread; and a 200 x 180 x 80 grid that is not
   axisymmetric. Yardstick: the time of ``np.exp`` per element of a large float64 array, warm.
2. The same columns by plain vectorised numpy (scipy's map_coordinates for the 3-D look-up) at equal accuracy: fixed
   steps along every ray, doubled until the largest error on 1200 rays is the kernel's own (or 1e-6). The rays are a
   random sample with the plane over-represented.

Accuracies are asserted; times are printed, and belong to the machine.
"""

from __future__ import annotations

import math
import os
import time

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import astropy.units as u
import numpy as np

from skycocoon import CylindricalGrid, SourceDisc, Sun
from skycocoon.los import column, column_map

NSIDE = 128
PIXELS = 12 * NSIDE**2
SUN = Sun()


class OneThread:
    """An executor that runs everything here and now."""

    @staticmethod
    def map(function, *iterables):
        return list(map(function, *iterables))


def best(call, repeats=7):
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def exp_time():
    x = np.random.default_rng(0).uniform(-5, 0, 4_000_000)
    out = np.empty_like(x)
    return best(lambda: np.exp(x, out=out), 15) / x.size


def blob_grid():
    """Green's disc with an off-axis blob, 200 x 180 x 80."""
    r, z = np.linspace(0, 20, 200), np.linspace(-0.5, 0.5, 80)
    phi = 2 * math.pi * np.arange(180)[:, None] / 180
    R = np.maximum(r, 1e-4)[:, None, None]
    distance2 = (R * np.cos(phi) - 4.1) ** 2 + (R * np.sin(phi) - 2.8) ** 2 + (z - 0.05) ** 2
    n = SourceDisc().density(R * u.kpc, phi * u.rad, z * u.kpc) * (1 + 5 * np.exp(-0.5 * distance2 / 0.5**2))
    return CylindricalGrid(r * u.kpc, z * u.kpc, n)


def numpy_disc(disc):
    """Density of the disc at (x, y, z), vectorised."""

    def density(x, y, z):
        r = np.sqrt(x * x + y * y)
        return disc.shape(r, z) * ((r < 20) & (np.abs(z) < 0.5))

    norm = disc.normalisation.to_value("cm-3 s-1") * u.kpc.to(u.cm)
    return lambda x, y, z: density(x, y, z) * norm


def numpy_grid(grid):
    """Trilinear interpolation of ln n at (x, y, z), vectorised: scipy's map_coordinates, azimuth wrapped."""
    from scipy.ndimage import map_coordinates

    table = grid.table()
    values = np.concatenate([table.values, table.values[:, :1]], axis=1)
    r_last, z_last = table.axes[0, 2], table.axes[2, 2]

    def density(x, y, z):
        r = np.sqrt(x * x + y * y)
        i = r * table.axes[0, 1]
        j = (np.arctan2(y, x) % (2 * math.pi)) * table.axes[1, 1]
        k = (z - table.axes[2, 0]) * table.axes[2, 1]
        n = np.exp(map_coordinates(values, [i.ravel(), j.ravel(), k.ravel()], order=1, mode="nearest")).reshape(r.shape)
        return n * ((r < r_last) & (np.abs(z) < z_last)) * u.kpc.to(u.cm)

    return density


def numpy_columns(density, vectors, steps, leave):
    """Midpoint rule with a fixed number of steps between the Sun and each ray's end."""
    s = leave[:, None] * ((np.arange(steps) + 0.5) / steps)
    x, y, z = vectors.T[:, :, None]
    return density(8.5 - s * x, s * y, s * z).mean(axis=1) * leave


def ends(vectors):
    x, y, z = vectors.T
    c2 = x * x + y * y
    wall = (8.5 * x + np.sqrt((8.5 * x) ** 2 + c2 * (400 - 8.5**2))) / c2
    return np.minimum(wall, 0.5 / np.maximum(np.abs(z), 1e-300))


def measure(name, density, plain, limit):
    import healpy

    unit = exp_time()
    ours = best(lambda: column_map(density, SUN, NSIDE, pixel="centre", executor=OneThread())) / PIXELS
    rng = np.random.default_rng(1)
    vectors = np.stack(healpy.pix2vec(NSIDE, rng.choice(PIXELS, 1000, replace=False)), axis=-1)
    low = np.flatnonzero(np.abs(np.stack(healpy.pix2vec(NSIDE, np.arange(PIXELS)))[2]) < math.sin(math.radians(3)))
    plane = np.stack(healpy.pix2vec(NSIDE, rng.choice(low, 200, replace=False)), axis=-1)
    both = np.concatenate([vectors, plane])
    truth = column(density, SUN, both, rtol=1e-6)
    error = np.abs(column(density, SUN, both) / truth - 1).max()
    assert error < 1e-4, error
    steps, missed = 64, np.inf
    while missed > max(error, 1e-6) and steps < 65536:
        steps *= 2
        missed = max(
            np.abs(numpy_columns(plain, part, steps, ends(part)) / column(density, SUN, part, rtol=1e-6) - 1).max()
            for part in np.array_split(both, 12)
        )
    part = vectors[:200]
    theirs = best(lambda: numpy_columns(plain, part, steps, ends(part)), 3) / len(part)
    print(f"{name}, nside {NSIDE}, one thread")
    print(f"  np.exp                     {unit * 1e9:10.2f} ns per element")
    print(
        f"  skycocoon                  {ours * 1e9:10.1f} ns per pixel   = {ours / unit:7.1f} np.exp   (limit {limit})"
    )
    print(f"  its error                  {error:10.1e} at most, on 1200 rays")
    ratio = theirs / ours
    print(
        f"  numpy, {steps:6d} steps       {theirs * 1e9:10.1f} ns per pixel   = {ratio:7.1f} times as long   (limit 50)"
    )
    print(f"  its error                  {missed:10.1e} at most")


def main():
    disc = SourceDisc()
    measure("Paper's disc, axisymmetric, through the grid", disc, numpy_disc(disc), 100)
    grid = blob_grid()
    measure("200 x 180 x 80 grid, not axisymmetric", grid, numpy_grid(grid), 1500)
    for nside in (64, 128, 256):
        start = time.perf_counter()
        column_map(disc, SUN, nside)
        print(f"pixel means of the disc at nside {nside}, all threads: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
