"""The accuracy contract of single rays: every column is good to the ``rtol`` asked for, or a warning says so.

    python benchmarks/contract.py [--quick] [--rays N] [--only NAME ...] [--json FILE]

Rays, half of them within 2 deg of the plane, and b = 0, l = 0 and 180 deg, the poles, tangents of rings and rims;
from the Sun in the plane, 20 pc above it and outside the cylinder; through all densities that ship, thin and tall
layers, a rough grid and a sparse one; without absorption, behind the CMB, and behind the CMB and dust at 0.1, 1 and
2 PeV; at rtol 1e-4 and 1e-6. Each is held against adaptive quadrature of the formula, or of the grid's interpolant,
which shares nothing with the kernels: a ray is cut by numpy at every kink, and panels are halved until Gauss-Legendre
rules of 12 nodes agree to 1e-10. Exit code 1 if a column is off and nothing warned. The full run takes an hour: most of
it is the reference's sea of cosmic rays.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np

from skycocoon import CylindricalGrid, SourceDisc, Sun
from skycocoon.absorption import Absorption
from skycocoon.emission.diffuse import GasInSea
from skycocoon.errors import AccuracyWarning
from skycocoon.galaxy import GAS_MODELS, PROFILES, Gas, Sea
from skycocoon.los import column
from skycocoon.units import CM_PER_KPC

RTOL = 1e-4, 1e-6
SUNS = {"in the plane": Sun(), "20 pc above": Sun(height=20 * u.pc), "outside": Sun(26 * u.kpc, 0.1 * u.kpc)}
PEV = [0.1, 1.0, 2.0] * u.PeV
ABSORPTIONS = {"none": Absorption(()), "CMB": Absorption(("cmb",)), "CMB and dust": Absorption()}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)
# Integrals of the polynomial through the nodes, from the start of a panel to each.
_LEGENDRE = [np.polynomial.legendre.Legendre.basis(k) for k in range(12)]
PRIMITIVE = np.stack([p.integ(lbnd=-1)(NODES) for p in _LEGENDRE], axis=1) @ np.linalg.inv(
    np.stack([p(NODES) for p in _LEGENDRE], axis=1)
)
REFERENCE = 1e-10


@dataclass(frozen=True)
class Case:
    """A density, what it is at points of a ray, and where that is not smooth.

    Attributes
    ----------
    density
        What the engine takes.
    formula
        Density [cm^-3 or cm^-3 s^-1] at R [kpc], phi [rad] and z [kpc] within the cylinder.
    radius, height
        Size of the cylinder [kpc].
    rings, planes, sectors
        Radii and heights [kpc] and azimuths [rad] at which it has kinks or jumps.
    suns
        From where it is looked at.
    """

    density: object
    formula: object
    radius: float
    height: float
    rings: tuple | np.ndarray = ()
    planes: tuple | np.ndarray = ()
    sectors: tuple | np.ndarray = ()
    suns: tuple = tuple(SUNS)


def disc_case(disc):
    def formula(r, phi, z):
        return disc.density(r * u.kpc, phi * u.rad, z * u.kpc).to_value("cm-3 s-1")

    return Case(disc, formula, disc.radius.to_value(u.kpc), disc.top)


def gas_case(name, **changes):
    density = GasInSea(Gas(name, **changes), Sea())
    inside = density.radius * (1 - 1e-15)
    return Case(
        density, lambda r, phi, z: density.weighted(np.minimum(r, inside), z), density.radius, density.half_height,
        rings=density.rings, suns=("in the plane", "20 pc above"),
    )  # fmt: skip


def grid_case(values, interpolation):
    """A grid of 24 x 12 x 9 nodes, |z| < 0.8 kpc, R < 12 kpc, and its interpolant in numpy."""
    r, z = np.linspace(0, 12, values.shape[0]), np.linspace(-0.8, 0.8, values.shape[2])
    n_phi = values.shape[1]
    grid = CylindricalGrid(r * u.kpc, z * u.kpc, values / u.cm**3, interpolation)
    held = np.log(values) if interpolation == "log" else values

    def formula(radius, phi, height):
        places = radius * (r.size - 1) / r[-1], (phi % (2 * math.pi)) * n_phi / (2 * math.pi)
        places = (*places, (height - z[0]) * (z.size - 1) / (z[-1] - z[0]))
        i, j, k = (
            np.clip(place.astype(int), 0, last)
            for place, last in zip(places, (r.size - 2, n_phi - 1, z.size - 2), strict=True)
        )
        result = 0.0
        for corner in range(8):
            a, b, c = corner & 1, corner >> 1 & 1, corner >> 2
            weight = 1.0
            for at, low, bit in zip(places, (i, j, k), (a, b, c), strict=True):
                weight = weight * (at - low if bit else 1 - (at - low))
            result = result + weight * held[i + a, (j + b) % n_phi, k + c]
        return np.exp(result) if interpolation == "log" else result

    return Case(grid, formula, 12.0, 0.8, r[1:-1], z[1:-1], 2 * math.pi * np.arange(n_phi) / n_phi)


def cases():
    rng = np.random.default_rng(1)
    sparse = np.where(rng.random((24, 12, 9)) < 0.03, 1.0, 0.0)
    sparse[14, 0, 4] = 1.0
    named = {f"disc {name}": disc_case(SourceDisc.preset(name)) for name in PROFILES}
    pc = u.pc
    named |= {
        "disc gaussian": disc_case(SourceDisc(vertical="gaussian")),
        "disc top-hat": disc_case(SourceDisc(vertical="top-hat")),
        "disc of 1 pc": disc_case(SourceDisc(height=1 * pc)),
        "gaussian of 5 pc": disc_case(SourceDisc(height=5 * pc, vertical="gaussian")),
        "gaussian, 20 heights": disc_case(SourceDisc(height=50 * pc, vertical="gaussian", half_height=1 * u.kpc)),
        "exponential, 1000 heights": disc_case(SourceDisc(half_height=100 * u.kpc)),
        "disc of 8 kpc": disc_case(SourceDisc(radius=8 * u.kpc)),
    }
    named |= {f"gas {name}": gas_case(name) for name in GAS_MODELS}
    named["gas galprop with HII"] = gas_case("galprop", ionised=True)
    named["rough grid"] = grid_case(rng.lognormal(sigma=2.0, size=(24, 12, 9)), "log")
    named["sparse grid"] = grid_case(sparse, "linear")
    return named


def directions(count, case, sun):
    """Galactic coordinates [rad] of rays: half near the plane, and where it is hardest; from outside to the disc."""
    rng = np.random.default_rng(2)
    radius, height = sun.place
    outside = radius > case.radius
    near = math.degrees(math.asin(min(case.radius / radius, 1.0))) if outside else 180.0
    half = count // 2
    l = rng.uniform(-near, near, count)
    b = np.degrees(np.concatenate([np.arcsin(rng.uniform(-1, 1, count - half)), np.radians(rng.uniform(-2, 2, half))]))
    if outside:
        b[: count - half] = rng.uniform(-3, 3, count - half)
    tangents = np.degrees(np.arcsin([ring / radius for ring in (*case.rings, case.radius) if ring < radius]))
    rims = np.degrees(
        np.arctan((case.height - height) / np.array([abs(radius - case.radius), radius, radius + case.radius]))
    )
    special = [(0, 0), (180, 0), (0, 90), (0, -90), (90, 0), (0, 1e-3), (1e-4, 0), (0.01, 0.01), (180, 1e-3), (0, 0.1)]
    special += [(t + d, 0) for t in tangents[-8:] for d in (-1e-3, 1e-9, 1e-3)]
    special += [(0, rim + d) for rim in rims for d in (-1e-4, 1e-4)]
    special = np.array(special)
    return np.radians(np.append(l, special[:, 0])), np.radians(np.append(b, special[:, 1]))


def cuts_of(case, l, b, sun):
    """Distances [kpc] within the cylinder at which a ray is cut, increasing; none if it misses the cylinder."""
    x0, z0 = sun.place
    ux, uy, uz = math.cos(b) * math.cos(l), math.cos(b) * math.sin(l), math.sin(b)
    flat = ux * ux + uy * uy
    middle = x0 * ux / flat if flat > 1e-24 else 0.0
    with np.errstate(all="ignore"):
        rings = np.append(case.rings, case.radius)
        chord = np.sqrt((rings**2 - (x0 * uy) ** 2 / flat) / flat)
        lids = (np.array([-case.height, case.height]) - z0) / uz
        marks = [middle - chord, middle + chord, (np.asarray(case.planes) - z0) / uz, [-z0 / uz]]
        across = ux * np.sin(case.sectors) + uy * np.cos(case.sectors)
        marks.append(x0 * np.sin(case.sectors) / across)
    near, far = (0.0, math.inf)
    if flat > 1e-24:
        if not np.isfinite(chord[-1]):
            return np.zeros(0)
        near, far = max(near, middle - chord[-1]), middle + chord[-1]
    elif x0 >= case.radius:
        return np.zeros(0)
    if uz != 0:
        near, far = max(near, lids.min()), min(far, lids.max())
    elif abs(z0) >= case.height:
        return np.zeros(0)
    if far <= near:
        return np.zeros(0)
    steps = (far - near) * 0.5 ** np.arange(1, 40)
    marks += [np.linspace(near, far, 9)]
    for bend in (0.0, middle, -z0 / uz if uz else 0.0):
        marks += [bend - steps, [bend], bend + steps]
    marks = np.concatenate(marks)
    marks = np.unique(marks[np.isfinite(marks)])
    return np.concatenate([[near], marks[(marks > near) & (marks < far)], [far]])


def reference(case, l, b, sun, absorptions):
    """Columns (m,) by adaptive quadrature behind each of several absorptions [density times cm]."""
    cuts = cuts_of(case, l, b, sun)
    if cuts.size < 2:
        return [np.zeros(1 if not absorption.fields else PEV.size) for absorption in absorptions]
    x0, z0 = sun.place
    ux, uy, uz = math.cos(b) * math.cos(l), math.cos(b) * math.sin(l), math.sin(b)

    def sampled(low, high):
        half = 0.5 * (high - low)
        s = (0.5 * (low + high))[:, None] + half[:, None] * NODES
        x, y = x0 - s * ux, s * uy
        z = np.clip(z0 + s * uz, -case.height, case.height)
        n = case.formula(np.minimum(np.hypot(x, y), case.radius), np.arctan2(y, x), z)
        return s, n, half

    low, high = cuts[:-1], cuts[1:]
    done = []
    total = float(np.sum(sampled(low, high)[1] @ WEIGHTS * 0.5 * (high - low)))
    for _ in range(30):
        *_, n, half = sampled(low, high)
        middle = 0.5 * (low + high)
        left, right = (sampled(*ends)[1] @ WEIGHTS * half / 2 for ends in ((low, middle), (middle, high)))
        error = np.abs(left + right - n @ WEIGHTS * half)
        bad = error > REFERENCE * max(total, 1e-300)
        done.append(np.stack([low[~bad], high[~bad]]))
        low, high = np.concatenate([low[bad], middle[bad]]), np.concatenate([middle[bad], high[bad]])
        if not bad.any():
            break
    panels = np.concatenate([*done, np.stack([low, high])], axis=1)
    panels = panels[:, np.argsort(panels[0])]
    s, n, half = sampled(*panels)
    held = n * WEIGHTS * half[:, None] * CM_PER_KPC
    return [_absorbed(absorption, held, s, panels, (x0, z0), (ux, uy, uz)) for absorption in absorptions]


def _absorbed(absorption, held, s, panels, place, direction):
    """Sum (m,) of what nodes of panels hold, times the transmission from there."""
    if not absorption.fields:
        return np.array([held.sum()])
    tau = absorption.uniform(PEV.to_value(u.GeV))[:, None, None] * s
    if "dust" in absorption.fields:
        # What absorbs in front of the density, too.
        if panels[0, 0] > 0:
            edges = np.linspace(0, panels[0, 0], 61)
            tau = tau + _dust_depth(absorption, edges[:-1], edges[1:], place, direction)[1][:, -1:, None]
        tau = tau + _dust_depth(absorption, *panels, place, direction)[0]
    return np.sum(held * np.exp(-tau), axis=(1, 2))


def _dust_depth(absorption, low, high, place, direction):
    """Optical depth of the dust at the nodes of panels (m, k, 12), and from the first to the end of each (m, k)."""
    half = 0.5 * (high - low)
    s = (0.5 * (low + high))[:, None] + half[:, None] * NODES
    r, z = np.hypot(place[0] - s * direction[0], s * direction[1]), place[1] + s * direction[2]
    k = absorption.coefficient(PEV, r * u.kpc, z * u.kpc).to_value("kpc-1")
    k = k - absorption.uniform(PEV.to_value(u.GeV))[:, None, None]
    gained = (k @ WEIGHTS) * half
    ends = np.cumsum(gained, axis=1)
    return (ends - gained)[..., None] + half[:, None] * (k @ PRIMITIVE.T), ends


def check(case, sun, absorption, rtol, l, b, right):
    """Largest error, part of rays within rtol, whether something warned, and where the worst is."""
    vectors = np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)], axis=-1)
    energy = PEV if absorption.fields else None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", AccuracyWarning)
        found = column(case.density, sun, vectors, rtol=rtol, absorption=absorption, energy=energy)
    found = np.atleast_2d(found)
    # A ray that touches the cylinder in rounding alone has no column that could be known.
    lit = right > 1e-14 * np.median(right[right > 0])
    error = np.where(
        lit, np.abs(found / np.where(lit, right, 1.0) - 1), np.where(found > 2e-14 * right.max(), 1.0, 0.0)
    )
    worst = np.unravel_index(np.argmax(error), error.shape)[1]
    warned = any(issubclass(w.category, AccuracyWarning) for w in said)
    return float(error.max()), float(np.mean(error <= rtol)), warned, (math.degrees(l[worst]), math.degrees(b[worst]))


def measure(names, count, absorptions, out=print):
    """Check densities one after the other; gives rows and whether the contract holds."""
    rows, kept = [], True
    for name, case in cases().items():
        if names and not any(part in name for part in names):
            continue
        for where in case.suns:
            sun = SUNS[where]
            l, b = directions(count, case, sun)
            chosen, start = [ABSORPTIONS[label] for label in absorptions], time.perf_counter()
            rays = [reference(case, *ray, sun, chosen) for ray in zip(l, b, strict=True)]
            for label, absorption, columns in zip(absorptions, chosen, zip(*rays, strict=True), strict=True):
                right = np.array(columns).T
                for rtol in RTOL:
                    worst, within, warned, place = check(case, sun, absorption, rtol, l, b, right)
                    good = within == 1.0 or warned
                    kept = kept and good
                    row = {"density": name, "sun": where, "absorption": label, "rtol": rtol, "rays": l.size}
                    rows.append(row | {"worst": worst, "within": within, "warned": warned})
                    out(
                        f"{name:26s} {where:12s} {label:12s} rtol {rtol:.0e}: worst {worst:.1e} at l {place[0]:8.3f} "
                        f"b {place[1]:8.4f}, within {100 * within:6.2f} %{', warned' if warned else ''}"
                        f"{'' if good else '   BROKEN'} ({time.perf_counter() - start:.0f} s)"
                    )
    return rows, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="40 rays and the special ones")
    parser.add_argument("--rays", type=int, default=600)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="densities whose names hold this")
    parser.add_argument("--absorption", nargs="*", default=list(ABSORPTIONS), choices=list(ABSORPTIONS))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows, kept = measure(arguments.only, 40 if arguments.quick else arguments.rays, arguments.absorption)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))
    print("kept" if kept else "BROKEN")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
