"""How cost grows: with pixels, with energies, with accuracy and with components, drawn and printed.

    python benchmarks/growth.py [--out docs/figures/growth.png] [--seconds 2]

Processor time of all threads, best of some, of what is asked for anew: compiled kernels and tables of densities are
there, columns are not. Dotted lines have the slope of proportional growth.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import astropy.units as u
import matplotlib as mpl
import numpy as np
from matplotlib.ticker import NullLocator
from measuring import alternating

from skycocoon import Cocoons, Diffuse, GalaxyModel, SourceDisc, Sun
from skycocoon.absorption import Absorption
from skycocoon.emission.diffuse import GasInSea
from skycocoon.galaxy import Gas, Sea
from skycocoon.los import column_map, intensity_map
from skycocoon.los.columns import forget_columns
from skycocoon.plot import save, style
from skycocoon.plot.style import GREY, LINES, new_figure

SUN, DISC, GAS = Sun(), SourceDisc(), GasInSea(Gas(), Sea())
FIELDS = {"transparent": (), "CMB": ("cmb",), "CMB and dust": ("cmb", "dust")}
MARKS = ("o-", "s--", "D-.")


@dataclass
class Growth:
    """Times of calls, over what grows."""

    title: str
    label: str
    x: list[float]
    calls: dict[str, list]
    upwards: bool = True


def nodes(count):
    return np.geomspace(1e2, 1e6, count) * u.GeV if count > 1 else [1e4] * u.GeV


def columns(density, nside, rtol=1e-4):
    return lambda: column_map(density, SUN, nside, rtol=rtol)


def cube(components, absorption, count, nside=128):
    model = GalaxyModel(tuple(components), SUN, Absorption(absorption))
    return lambda: intensity_map(model, "gamma", nodes(count), nside)


def cocoons(count, alike):
    """Components with spectra of their own, on one disc or on discs of their own."""
    for k in range(count):
        disc = DISC if alike else SourceDisc(height=(0.1 + 0.01 * k) * u.kpc)
        yield replace(Cocoons(), name=f"cocoons {k}", density=disc, gas_density=(1 + k) / u.cm**3)


def growths():
    nsides = [32, 64, 128, 256, 512, 1024]
    counts = [1, 2, 5, 10, 20, 50, 100, 200]
    rtols = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    numbers = [1, 2, 3, 4, 6, 8]
    densities = {"disc": DISC, "gas in the sea": GAS}
    return [
        Growth(
            "columns, pixel means",
            "nside",
            nsides,
            {name: [columns(d, nside) for nside in nsides] for name, d in densities.items()},
        ),
        Growth(
            "cube of cocoons, nside 128",
            "energies",
            counts,
            {name: [cube([Cocoons()], fields, n) for n in counts] for name, fields in FIELDS.items()},
        ),
        Growth(
            "columns, pixel means, nside 128",
            "rtol",
            rtols,
            {name: [columns(d, 128, rtol) for rtol in rtols] for name, d in densities.items()},
            upwards=False,
        ),
        Growth(
            "cube of 61 energies, nside 128",
            "components",
            numbers,
            {
                "each with its own density": [cube(cocoons(n, False), (), 61) for n in numbers],
                "on one density": [cube(cocoons(n, True), (), 61) for n in numbers],
                "diffuse, and cocoons on one density": [
                    cube([Diffuse(), *cocoons(n - 1, True)], (), 61) for n in numbers
                ],
            },
        ),
    ]


def measured(call, seconds):
    def fresh():
        forget_columns()
        call()

    return alternating({"": fresh}, seconds, 25)[""].cpu


def draw(axes, growth, times, proportional):
    for (name, y), mark, colour in zip(times.items(), MARKS, LINES, strict=False):
        axes.plot(growth.x, y, mark, color=colour, ms=4, lw=1.5, label=name)
    x = np.array(growth.x, dtype=float)
    first = min(y[0] for y in times.values())
    if proportional is not None:
        axes.plot(x, 0.5 * first * (x / x[0]) ** proportional, ":", color=GREY, lw=1, label="_")
    axes.set_xscale("log")
    axes.set_yscale("log")
    if not growth.upwards:
        axes.invert_xaxis()
    elif len(growth.x) <= 8:
        axes.set_xticks(growth.x, [f"{value:g}" for value in growth.x])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(growth.label)
    axes.set_ylabel("processor time [s]")
    axes.set_title(growth.title, fontsize=10)
    axes.legend(fontsize=8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "figures" / "growth.png")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each point of a curve")
    options = parser.parse_args()
    mpl.use("Agg")
    # Pixels grow as nside squared; no more is claimed of the others than what is linear.
    slopes = {"nside": 2.0, "energies": 1.0, "components": 1.0}
    with style():
        figure = new_figure((9.0, 7.0))
        panels = figure.subplots(2, 2).ravel()
        for axes, growth in zip(panels, growths(), strict=True):
            times = {name: [measured(call, options.seconds) for call in calls] for name, calls in growth.calls.items()}
            print(f"{growth.title}, over {growth.label}: processor time [s]")
            for name, row in {"": growth.x, **times}.items():
                print(f"  {name:36s}" + "".join(f"{value:10.3g}" for value in row), flush=True)
            draw(axes, growth, times, slopes.get(growth.label))
    save(panels[0], options.out)


if __name__ == "__main__":
    main()
