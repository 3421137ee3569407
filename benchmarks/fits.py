"""What a step of a fit costs, and a whole fit, beside their limits, in one run.

    python benchmarks/fits.py

1. B/C with new transport at the energies of a data set: `Nuclei(...).ratio(energies)`, once compiled.
2. One likelihood evaluation, every parameter another each time, so that nothing remembered helps:
   a. LHAASO inner and outer and one IceCube template; free are X_c, R_c, the protons' slope and efficiency, the scale
      of the diffuse emission and LHAASO's normalisation;
   b. the presets fit-bc and fit-joint.
3. Whole fits from the model's values, without MINOS errors and with them; how many evaluations they make, and how many
   of these ask the model again (a step in a normalisation alone does not).

Nothing is asserted. Times belong to the machine; the best of many counts, of whole fits there is one.
"""

from __future__ import annotations

import dataclasses
import os
import time
import timeit
from itertools import count
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import astropy.units as u
import numpy as np

from skycocoon.config import load_file, load_text
from skycocoon.inference import fit
from skycocoon.measured import RatioMeasurement
from skycocoon.modelfit import prepare

SKY = """
base = "paper"

[fit]
data = ["lhaaso-km2a-2023-inner", "lhaaso-km2a-2023-outer", "icecube-2023-pi0"]

[fit.parameters]
"components.cocoons.grammage.normalisation" = { bounds = ["0 g cm-2", "1.5 g cm-2"] }
"components.cocoons.grammage.cutoff" = { bounds = ["10 TV", "1000 TV"] }
"components.cocoons.injection.proton.slope" = { bounds = [4.1, 4.5], prior = { mean = 4.31, sigma = 0.02 } }
"components.cocoons.injection.proton.efficiency" = { bounds = [0.01, 0.3], prior = { mean = 0.07, sigma = 0.02 } }
"components.diffuse.column_scale" = { bounds = [0.3, 3.0], prior = { mean = 1.0, sigma = 0.3 } }

[fit.normalisations]
lhaaso = { sigma = 0.10, data = ["lhaaso-km2a-2023-inner", "lhaaso-km2a-2023-outer"] }
"""


def best(call, repeats=15):
    """Least time of a call [ms]."""
    call()
    number = max(1, int(50e-3 / timeit.timeit(call, number=1)))
    return min(timeit.repeat(call, number=number, repeat=repeats)) / number * 1e3


def ratio():
    """Nuclei in a slab that was not there before."""
    nuclei = load_file("fit-bc").nuclei
    diffusion = nuclei.slab.diffusion
    print("B/C, new transport")
    for name in ("bc-ams02-2018", "bc-ams02-2021"):
        x = RatioMeasurement.named(name).x
        steps = count(1)

        def call(x=x, steps=steps):
            slab = dataclasses.replace(nuclei.slab, diffusion=diffusion * (1 + 1e-6 * next(steps)))
            return dataclasses.replace(nuclei, slab=slab).ratio(x)

        where = "rigidities [GV]" if x.unit.is_equivalent(u.GV) else "energies [GeV per nucleon]"
        print(f"  {x.size:3d} {where:30s} {best(call):8.2f} ms   (limit 10)")


def evaluation(name, likelihood, limit=""):
    """A likelihood whose parameters are all others than before."""
    start = np.array([p.start for p in likelihood.parameters])
    steps = count(1)

    def call():
        return likelihood.chi2(start * (1 + 1e-7 * next(steps)))

    before = likelihood.predictions
    spent = best(call)
    # What is remembered must not have helped.
    fresh = likelihood.predictions - before == next(steps) - 1
    sizes = f"{sum(map(len, likelihood.points))} points, {start.size} parameters"
    print(f"  {name:16s} {sizes:25s} {spent:8.2f} ms   {limit}{'' if fresh else '   NOT FRESH'}")


def whole(name, likelihood):
    for minos in (False, True):
        start = time.perf_counter()
        result = fit(likelihood, minos=minos)
        spent = time.perf_counter() - start
        state = "" if result.valid else "   NOT CONVERGED"
        print(
            f"  {name:16s} {'with MINOS' if minos else 'without':12s} {spent:8.2f} s    {result.calls:5d} evaluations, "
            f"{result.predictions:5d} of the model   chi-square {result.chi2:.2f} for {result.ndof}{state}"
        )


def main():
    ratio()
    likelihoods = {"gamma, neutrino": prepare(load_text(SKY, "gamma, neutrino", Path())).likelihood}
    likelihoods |= {name: prepare(load_file(name)).likelihood for name in ("fit-bc", "fit-joint")}
    limits = {"gamma, neutrino": "(limit 1)"}
    print("one likelihood evaluation, all parameters new")
    for name, likelihood in likelihoods.items():
        evaluation(name, likelihood, limits.get(name, ""))
    print("whole fits")
    for name, likelihood in likelihoods.items():
        whole(name, likelihood)


if __name__ == "__main__":
    main()
