"""Are the parameters of a model found again, and do their errors mean what they say? Fits of simulated data.

    python scripts/closure.py [MODEL] [--sets 200] [--seed 1] [--minos KEY ...] [--out FILE.ecsv]

The values in the model file are taken as the truth. Each set has data drawn from the model there, with the errors of
the real points, and centres of the priors drawn likewise; it is fitted from a random start within the bounds. Counted
is how often the 68 % interval of each parameter (MINOS: chi-square, minimised over all others, higher by 1) holds the
truth. See docs/closure.md for what came out. 200 sets take 10 minutes for fit-bc and 20 for fit-joint on one processor.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import skycocoon
from skycocoon.config import load_file
from skycocoon.errors import InputError
from skycocoon.execution import progress_bar
from skycocoon.inference import Likelihood, fit
from skycocoon.modelfit import prepare
from skycocoon.outputs import new_file
from skycocoon.units import FloatArray

# Chance of one sigma: what the 68 % interval should cover.
ONE_SIGMA = math.erf(math.sqrt(0.5))
# Two minima are the same within this much of chi-square.
SAME = 0.01


@dataclass(frozen=True, eq=False)
class Closure:
    """Fits of simulated sets of data.

    Attributes
    ----------
    likelihood, truth
        The likelihood whose points were simulated, and the (n,) values of the parameters that they were simulated from.
    values, error_low, error_high
        (sets, n) best values and positive errors.
    chi2, chi2_at_truth
        (sets,) least chi-square, and chi-square of the truth.
    ndof
        Degrees of freedom.
    valid, missed
        (sets,) whether MIGRAD converged; whether a fit that starts from the truth ends lower.
    at_bound
        (sets, n) whether a parameter ended at a bound.
    """

    likelihood: Likelihood
    truth: FloatArray
    values: FloatArray
    error_low: FloatArray
    error_high: FloatArray
    chi2: FloatArray
    chi2_at_truth: FloatArray
    ndof: int
    valid: np.ndarray[Any, np.dtype[np.bool_]]
    missed: np.ndarray[Any, np.dtype[np.bool_]]
    at_bound: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def covered(self) -> FloatArray:
        """(n,) part of the sets whose interval holds the truth; an interval without an end holds nothing."""
        within = (self.values - self.error_low <= self.truth) & (self.truth <= self.values + self.error_high)
        return np.asarray(np.mean(within, axis=0))

    @property
    def pulls(self) -> FloatArray:
        """(sets, n) (value - truth)/error, with the error of the side on which the truth lies."""
        off = self.values - self.truth
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(off / np.where(off > 0, self.error_low, self.error_high))

    def table(self) -> Any:
        """`astropy.table.Table`, a row for each parameter; chi-square in its header."""
        from astropy.table import Table
        from scipy.stats import chi2, kstest

        sets, n = self.values.shape
        above = self.chi2_at_truth - self.chi2
        return Table(
            {
                "parameter": [p.name for p in self.likelihood.parameters],
                "unit": [p.unit for p in self.likelihood.parameters],
                "truth": self.truth,
                "mean": self.values.mean(axis=0),
                "scatter": self.values.std(axis=0, ddof=1),
                "mean_error": (0.5 * (self.error_low + self.error_high)).mean(axis=0),
                "pull_mean": self.pulls.mean(axis=0),
                "pull_scatter": self.pulls.std(axis=0, ddof=1),
                "covered": self.covered,
                "at_bound": self.at_bound.mean(axis=0),
            },
            meta={
                "sets": sets,
                "points": {p.name: len(p) for p in self.likelihood.points},
                "not_converged": int(np.sum(~self.valid)),
                "missed": int(np.sum(self.missed)),
                "ndof": self.ndof,
                "chi2_mean": float(self.chi2.mean()),
                "chi2_variance": float(self.chi2.var(ddof=1)),
                "chi2_ks_probability": float(kstest(self.chi2, chi2(self.ndof).cdf).pvalue),
                "delta_mean": float(above.mean()),
                "delta_ks_probability": float(kstest(above, chi2(n).cdf).pvalue),
                "delta_covered": float(np.mean(above <= chi2(n).ppf(ONE_SIGMA))),
            },
        )


def started(likelihood: Likelihood, values: Sequence[float] | FloatArray) -> Likelihood:
    """The same likelihood with other starting values of its parameters.

    Parameters
    ----------
    likelihood
        Points, model and parameters.
    values
        (n,) starting values.

    Returns
    -------
    Likelihood
        With none of the remembered predictions.
    """
    pairs = zip(likelihood.parameters, values, strict=True)
    return replace(likelihood, parameters=tuple(replace(p, start=float(value)) for p, value in pairs))


def closure(
    likelihood: Likelihood,
    sets: int,
    seed: int,
    *,
    minos: bool | Sequence[str] = True,
    again: bool = True,
    progress: bool = False,
) -> Closure:
    """Simulate and fit sets of data; the starting values of the parameters are the truth.

    Parameters
    ----------
    likelihood
        Points, of which the errors count, model and parameters.
    sets
        Number of simulated sets.
    seed
        Seed of data and starts. Set k is the same whatever the number of sets.
    minos
        As in :func:`skycocoon.inference.fit`.
    again
        Whether to fit each set from the truth as well, to see whether the fit from a random start has missed anything.
    progress
        Whether to show a progress bar, on a terminal.

    Returns
    -------
    Closure
        Best values, errors and chi-square of each set.

    Raises
    ------
    InputError
        For fewer than two sets, the name of no parameter, or a model that is not finite.
    """
    if sets < 2:
        raise InputError(f"sets {sets}: 2 or more are needed")
    truth = np.array([p.start for p in likelihood.parameters])
    low, high = (np.array([getattr(p, key) for p in likelihood.parameters]) for key in ("low", "high"))
    results, at_truth, missed = [], [], []
    with progress_bar("closure", progress) as update:
        for k in range(sets):
            rng = np.random.default_rng([seed, k])
            drawn = likelihood.simulated(truth, rng)
            # The fit is told nothing of the truth.
            result = fit(started(drawn, rng.uniform(low, high)), minos=minos)
            results.append(result)
            at_truth.append(drawn.chi2(truth))
            missed.append(again and result.chi2 > fit(drawn, minos=False).chi2 + SAME)
            update((k + 1) / sets)
    return Closure(
        likelihood=likelihood,
        truth=truth,
        values=np.array([r.values for r in results]),
        error_low=np.array([r.error_low for r in results]),
        error_high=np.array([r.error_high for r in results]),
        chi2=np.array([r.chi2 for r in results]),
        chi2_at_truth=np.array(at_truth),
        ndof=results[0].ndof,
        valid=np.array([r.valid for r in results]),
        missed=np.array(missed),
        at_bound=np.array([r.at_bound for r in results]),
    )


def summary(table: Any) -> str:
    """The table in words and numbers."""
    meta = table.meta
    sets, n = meta["sets"], len(table)
    width = max(len(name) for name in table["parameter"])
    one = 1 / math.sqrt(sets)
    lines = [
        f"{'parameter':{width}s} {'truth':>10s} {'mean':>10s} {'scatter':>9s} {'error':>9s}   "
        "pull: mean scatter  covered",
        *(
            f"{row['parameter']:{width}s} {row['truth']:10.4g} {row['mean']:10.4g} {row['scatter']:9.3g} "
            f"{row['mean_error']:9.3g}   {row['pull_mean']:+10.2f} {row['pull_scatter']:7.2f}  {row['covered']:6.1%} "
            f"{row['unit']}".rstrip()
            for row in table
        ),
        f"expected of {sets} sets: pulls 0 +- {one:.2f}, scatter 1 +- {one / math.sqrt(2):.2f}, covered "
        f"{ONE_SIGMA:.1%} +- {math.sqrt(ONE_SIGMA * (1 - ONE_SIGMA)) * one:.1%}",
        f"least chi-square {meta['chi2_mean']:.1f}, expected {meta['ndof']} +- "
        f"{math.sqrt(2 * meta['ndof']) * one:.1f}; variance {meta['chi2_variance']:.0f}, expected "
        f"{2 * meta['ndof']}; probability {meta['chi2_ks_probability']:.2g}",
        f"truth above it by {meta['delta_mean']:.2f}, expected {n} +- {math.sqrt(2 * n) * one:.2f}; probability "
        f"{meta['delta_ks_probability']:.2g}; all parameters at once covered {meta['delta_covered']:.1%}",
        f"not converged: {meta['not_converged']}; a lower minimum from the truth: {meta['missed']}; at a bound: "
        + (", ".join(f"{r['parameter']} {r['at_bound']:.1%}" for r in table if r["at_bound"] > 0) or "none"),
    ]
    return "\n".join(lines)


def main() -> None:
    """Simulate, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", default="fit-bc", help="preset or file with [fit] (default: %(default)s)")
    parser.add_argument("--sets", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of data and starts (default: %(default)s)")
    parser.add_argument("--minos", action="append", metavar="KEY", help="MINOS errors of these alone (default: all)")
    parser.add_argument("--out", type=Path, help="where to write the table (ECSV)")
    options = parser.parse_args()
    try:
        loaded = load_file(options.model)
        fits = closure(
            prepare(loaded, progress=True).likelihood,
            options.sets,
            options.seed,
            minos=options.minos or True,
            progress=True,
        )
        table = fits.table()
        table.meta = {
            "model": options.model,
            "seed": options.seed,
            "skycocoon": skycocoon.__version__,
            "made_by": "scripts/closure.py",
            **table.meta,
        }
        print(summary(table))
        if options.out is not None:
            with new_file(options.out, overwrite=True) as temporary:
                table.write(temporary, format="ascii.ecsv", overwrite=True)
            print(options.out)
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
