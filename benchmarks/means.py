"""The accuracy contract of means: over pixels and regions they are good to the ``rtol`` asked for.

    python benchmarks/means.py [--quick] [--only NAME ...] [--rtol RTOL]

Means over pixels of nside 16 to 512, in the plane, at the centre, at tangents of rings, at the poles and at random, and
over boxes; of discs, thin layers, gas and a grid; with the Sun in the plane and 20 pc above.

Pixels are held against rays at the centres of their equal parts, twice as many across until a rule of second order says
that they are good to a fifth of rtol; boxes against product quadrature on panels that halve towards the plane, the
centre and the tangents. Exit code 1 if a mean is off.
"""

from __future__ import annotations

import argparse
import math
import sys

import astropy.units as u
import healpy
import numpy as np

from skycocoon import CylindricalGrid, Region, SourceDisc, Sun
from skycocoon.emission.diffuse import GasInSea
from skycocoon.galaxy import GAS_MODELS, Gas, Sea
from skycocoon.los import column, column_map, region_column
from skycocoon.numerics.quadrature import halving_panels
from skycocoon.sky.healpix import unit_vectors

SUNS = {"in the plane": Sun(), "20 pc above": Sun(height=20 * u.pc)}
NSIDES = 16, 64, 512
BOXES = (15, 125, -5, 5), (20, 40, -2, 2), (-10, 10, -1, 1)
# Longitudes and latitudes [deg] in pixels that are hard: the centre, the plane, a tangent of the gas, poles.
PLACES = ((0, 0), (0, 1), (0.3, 0), (359, 0), (180, 0), (26.39, 0.1), (10.2, -0.2), (5, -1), (45, 90), (45, -89))
MOST_ACROSS = 256


def blob():
    """Green's disc with a bright spot of 0.5 kpc, on 100 x 90 x 40 nodes."""
    r, z = np.linspace(0, 20, 100), np.linspace(-0.5, 0.5, 41)
    phi = 2 * math.pi * np.arange(90)[:, None] / 90
    R = np.maximum(r, 1e-4)[:, None, None]
    distance2 = (R * np.cos(phi) - 4.1) ** 2 + (R * np.sin(phi) - 2.8) ** 2 + (z - 0.05) ** 2
    n = SourceDisc().density(R * u.kpc, phi * u.rad, z * u.kpc) * (1 + 5 * np.exp(-0.5 * distance2 / 0.5**2))
    return CylindricalGrid(r * u.kpc, z * u.kpc, n)


def cases():
    named = {
        "disc": SourceDisc(),
        "disc of 5 pc": SourceDisc(height=5 * u.pc),
        "disc gaussian": SourceDisc(vertical="gaussian"),
        "disc top-hat": SourceDisc(vertical="top-hat"),
    }
    named |= {f"gas {name}": GasInSea(Gas(name), Sea()) for name in GAS_MODELS}
    return named | {"grid": blob()}


def pixel_mean(density, sun, nside, pixel, rtol):
    """Mean over a pixel from rays at the centres of its parts, and how well it is known."""
    means, across = [], 16
    while True:
        parts = healpy.ring2nest(nside, pixel) * across**2 + np.arange(across**2)
        vectors = np.stack(healpy.pix2vec(nside * across, parts, nest=True), axis=-1)
        means.append(column(density, sun, vectors, rtol=0.1 * rtol).mean())
        if len(means) > 2:
            best, before = ((4 * b - a) / 3 for a, b in (means[-2:], means[-3:-1]))
            if abs(best / before - 1) < 0.2 * rtol or across >= MOST_ACROSS:
                return best, abs(best / before - 1)
        across *= 2


def box_mean(density, sun, limits, rtol, nodes=6):
    """Mean over a box by product quadrature, of so many nodes a panel and more."""
    l0, l1, b0, b1 = np.radians(limits)
    radius, height = sun.place
    rings = density.table(rtol / 10).rings
    tangents = np.arcsin(rings[rings < radius] / radius)
    points = [(0.0, 0.01), *((sign * t, 0.002) for t in tangents for sign in (-1, 1))]
    l, dl = halving_panels(l0, l1, points, nodes)
    glare = [(-math.atan(height / s), 1e-3) for s in (20.0, 5.0, 1.0) if height]
    b, db = halving_panels(b0, b1, [(0.0, 1e-5), *glare], nodes + 2)
    total, weight = 0.0, db * np.cos(b)
    for part, width in zip(np.array_split(l, 50), np.array_split(dl, 50), strict=True):
        if part.size:
            columns = column(density, sun, unit_vectors(part[:, None], b).reshape(-1, 3), rtol=0.1 * rtol)
            total += width @ columns.reshape(part.size, b.size) @ weight
    return total / (dl.sum() * weight.sum())


def check(name, density, seen, sun, arguments, rng):
    """Largest errors of pixels of each resolution and of boxes, printed; whether all are good."""
    good = True
    for nside in arguments.nsides:
        sky = column_map(density, sun, nside, rtol=arguments.rtol)
        lon, lat = np.transpose(PLACES)
        pixels = np.unique(np.append(healpy.ang2pix(nside, lon, lat, lonlat=True), rng.integers(0, sky.size, 4)))
        truth, doubt = np.transpose([pixel_mean(density, sun, nside, p, arguments.rtol) for p in pixels])
        error = np.abs(sky[pixels] / truth - 1)
        worst = int(np.argmax(error - doubt))
        l, b = healpy.pix2ang(nside, pixels[worst], lonlat=True)
        off = error[worst] > arguments.rtol + doubt[worst]
        good &= not off
        print(
            f"{name:22s} {seen:13s} nside {nside:4d}  {error[worst]:.1e} at l {l:6.2f}, b {b:6.2f} deg "
            f"(known to {doubt[worst]:.0e}){'  TOO LARGE' if off else ''}",
            flush=True,
        )
    for limits in arguments.boxes:
        box = "box:{},{},{},{}".format(*limits)
        error = region_column(density, sun, Region.parse(box), rtol=arguments.rtol)
        rough, truth = (box_mean(density, sun, limits, arguments.rtol, nodes) for nodes in (6, 9))
        error, doubt = abs(error / truth - 1), abs(rough / truth - 1)
        off = error > arguments.rtol + doubt
        good &= not off
        print(
            f"{name:22s} {seen:13s} {box:14s} {error:.1e} (known to {doubt:.0e}){'  TOO LARGE' if off else ''}",
            flush=True,
        )
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one resolution and one box")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of densities")
    parser.add_argument("--rtol", type=float, default=1e-4)
    arguments = parser.parse_args()
    arguments.nsides, arguments.boxes = (NSIDES[1:2], BOXES[1:2]) if arguments.quick else (NSIDES, BOXES)
    rng, good = np.random.default_rng(0), True
    for name, density in cases().items():
        if any(part in name for part in arguments.only):
            for seen, sun in SUNS.items():
                good &= check(name, density, seen, sun, arguments, rng)
    print("all means are good" if good else "FAILED")
    sys.exit(not good)


if __name__ == "__main__":
    main()
