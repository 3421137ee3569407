"""Samples of the posterior."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, unknown_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Parameter
from .minimum import FitResult
from .search import Search

__all__ = [
    "Samples",
    "sample",
]


@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Points drawn from the posterior: exp(-chi-square/2) within the bounds.

    Attributes
    ----------
    parameters
        Their parameters.
    chain
        (m, n) points, walkers after one another at each step.
    log_probability
        (m,) -chi-square/2.
    acceptance
        Mean part of the steps that were taken; 0.2 to 0.5 is healthy.
    autocorrelation
        (n,) integrated autocorrelation times [steps of a walker, before thinning]. An underestimate if the chain is
        shorter than 50 of them. NaN for a parameter that did not move.
    walkers, steps, burn, thin
        As run: `burn` of the `steps` were left out, one in `thin` of the rest kept.
    """

    parameters: tuple[Parameter, ...]
    chain: FloatArray
    log_probability: FloatArray
    acceptance: float
    autocorrelation: FloatArray
    walkers: int
    steps: int
    burn: int
    thin: int

    @property
    def converged(self) -> bool:
        """Whether the chain is longer than 50 autocorrelation times, as emcee advises."""
        times = self.autocorrelation
        return bool(np.isfinite(times).all() and self.steps - self.burn >= 50 * times.max())

    @property
    def independent(self) -> float:
        """About how many of the points are independent, for the slowest parameter."""
        return float(self.walkers * (self.steps - self.burn) / np.max(self.autocorrelation))

    @property
    def covariance(self) -> FloatArray:
        """(n, n) covariance of the points."""
        return np.atleast_2d(np.cov(self.chain, rowvar=False))

    def quantile(self, name: str, probability: float | Sequence[float]) -> Any:
        """Quantiles of one parameter, e.g. 0.95 for an upper limit of 95 % credibility.

        Raises
        ------
        InputError
            For an unknown parameter.
        """
        names = [p.name for p in self.parameters]
        if name not in names:
            raise unknown_name("parameter", name, names)
        return np.quantile(self.chain[:, names.index(name)], probability)

    def table(self) -> Any:
        """`astropy.table.Table`: parameter, value (median), error_low, error_high (to 16 and 84 %), unit."""
        from astropy.table import Table

        low, middle, high = np.quantile(self.chain, [0.15865525393145707, 0.5, 0.8413447460685429], axis=0)
        return Table(
            {
                "parameter": [p.name for p in self.parameters],
                "value": middle,
                "error_low": middle - low,
                "error_high": high - middle,
                "unit": [p.unit for p in self.parameters],
                "autocorrelation": self.autocorrelation,
            },
            meta={"acceptance": self.acceptance, "converged": self.converged, "points": len(self.chain)},
        )

    def __repr__(self) -> str:
        width = max(len(p.name) for p in self.parameters)
        lines = [
            f"{len(self.chain)} points, about {self.independent:.0f} independent; acceptance {self.acceptance:.2f}"
        ]
        for row in self.table():
            lines.append(
                f"  {row['parameter']:{width}s} {row['value']:>12.5g}  -{row['error_low']:<8.2g} "
                f"+{row['error_high']:<8.2g} {row['unit']}".rstrip()
            )
        if not self.converged:
            lines.append(
                f"  the chain is short: {self.steps - self.burn} steps, 50 autocorrelation times are "
                f"{50 * np.max(self.autocorrelation):.0f}"
            )
        return "\n".join(lines)


def sample(
    result: FitResult,
    *,
    walkers: int = 32,
    steps: int = 2000,
    burn: int = 500,
    thin: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Samples:
    """Draw from the posterior with an ensemble of walkers (emcee).

    Foreman-Mackey et al. 2013, PASP 125, 306. Flat priors between the bounds, Gaussian ones where a parameter has one.
    Walkers start about the best fit, a tenth of the errors away.

    Parameters
    ----------
    result
        A fit.
    walkers
        Their number, even, at least twice that of the parameters (raised to that if it is less).
    steps, burn
        Steps of each walker, and how many of them are left out at the beginning.
    thin
        Keep one step in this many; a tenth of the longest autocorrelation time by default.
    seed
        Same seed, same chain.
    progress
        Whether to show a progress bar, on a terminal.

    Raises
    ------
    InputError
        If emcee is missing, or there are no steps left.
    """
    try:
        import emcee
    except ImportError:
        raise InputError('sampling needs emcee; install it with: pip install "skycocoon[sampling]"') from None
    if not 0 <= burn < steps:
        raise InputError(f"steps {steps}, burn {burn}: fewer must be left out than are run")
    if thin is not None and not 1 <= thin <= steps - burn:
        raise InputError(f"thin {thin}: allowed: 1 to {steps - burn}")
    problem = Search(result.likelihood)
    n = problem.size
    walkers = max(walkers + walkers % 2, 2 * n)

    interrupted: list[bool] = []

    def log_probability(unit: FloatArray) -> float:
        if interrupted or (unit < 0.0).any() or (unit > 1.0).any():
            return -math.inf
        try:
            residuals = result.likelihood._residuals(problem.values(unit).tolist())
        except KeyboardInterrupt:  # emcee would print all it knows; the loop below leaves instead
            interrupted.append(True)
            return -math.inf
        chi2 = math.inf if residuals is None else float(residuals @ residuals)
        return -0.5 * chi2 if math.isfinite(chi2) else -math.inf

    rng = np.random.default_rng(seed)
    sizes = np.stack([result.errors, result.error_low, result.error_high]) / problem.width
    with np.errstate(invalid="ignore"):
        spread = np.nanmax(np.where(sizes > 0, sizes, 1e-6), axis=0)
    best = problem.unit(result.values)
    start = np.empty((walkers, n))
    for k in range(walkers):
        # Reflected at the bounds: walkers on one and the same bound would never leave it.
        for shrink in 0.1 * 0.5 ** np.arange(30):
            unit = np.abs(best + shrink * spread * rng.standard_normal(n))
            start[k] = np.clip(1.0 - np.abs(1.0 - unit), 0.0, 1.0)
            if math.isfinite(log_probability(start[k])):
                break
    sampler = emcee.EnsembleSampler(walkers, n, log_probability)
    # emcee speaks numpy's old generators; its state is all that it takes.
    state = emcee.State(start, random_state=np.random.MT19937(seed).state)
    with progress_bar("sample", progress) as update:
        for done, _ in enumerate(sampler.sample(state, iterations=steps), start=1):
            update(done / steps)
            if interrupted:
                raise KeyboardInterrupt
    # tol=0: a short chain is said in the result and is no error. A parameter that did not move divides 0 by 0.
    with np.errstate(all="ignore"):
        times = np.asarray(sampler.get_autocorr_time(discard=burn, tol=0), dtype=np.float64)
    if thin is None:
        longest = float(np.max(times))
        thin = int(min(max(longest / 10, 1.0), steps - burn)) if math.isfinite(longest) else 1
    chain = sampler.get_chain(discard=burn, thin=thin, flat=True)
    return Samples(
        result.likelihood.parameters,
        problem.low + problem.width * chain,
        sampler.get_log_prob(discard=burn, thin=thin, flat=True),
        float(np.mean(sampler.acceptance_fraction)),
        times,
        walkers,
        steps,
        burn,
        thin,
    )
