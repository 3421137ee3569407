"""Samples of the posterior: exp(-chi-square/2) within the bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, check_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Likelihood, Parameter
from .minimum import FitResult
from .search import Search

__all__ = ["Samples", "sample"]


@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Points drawn from the posterior: exp(-chi-square/2) within the bounds.

    Attributes
    ----------
    parameters
        The n parameters.
    chain
        (m, n) points in the units of the parameters, walkers after one another at each step.
    log_probability
        (m,) -chi-square/2.
    acceptance
        Mean fraction of proposed steps that were accepted; 0.2 to 0.5 is healthy.
    autocorrelation
        (n,) integrated autocorrelation times [steps of a walker, before thinning]. An underestimate if the chain is
        shorter than 50 of them. NaN for a parameter that did not move.
    walkers, steps, burn, thin
        Number of walkers and of steps of each; the first `burn` steps were left out, one in `thin` of the rest kept.
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

        Parameters
        ----------
        name
            Name of the parameter.
        probability
            One or several, 0 to 1.

        Returns
        -------
        float or array
            In the parameter's unit.

        Raises
        ------
        InputError
            For an unknown parameter.
        """
        names = [p.name for p in self.parameters]
        check_name("parameter", name, names)
        return np.quantile(self.chain[:, names.index(name)], probability)

    def plot(self, best: Sequence[float] | None = None, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw every parameter and every pair, with 68.3 and 95.4 % contours.

        Parameters
        ----------
        best
            (n,) values that are marked with lines, e.g. of the fit.
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the first parameter alone.

        Raises
        ------
        InputError
            If the package corner is missing.
        """
        from ..plot import plot_corner

        names, units = [p.short_name for p in self.parameters], [p.unit for p in self.parameters]
        return plot_corner(np.asarray(self.chain), names, units, best, meta)

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
        Number of walkers, even, at least twice the number of parameters (raised to that if it is less).
    steps, burn
        Steps of each walker, and how many of them are left out at the beginning.
    thin
        Keep one step in this many; a tenth of the longest autocorrelation time by default.
    seed
        Seed of the random numbers: the same seed gives the same chain.
    progress
        Whether to show a progress bar, on a terminal.

    Returns
    -------
    Samples
        The chain, and how far it can be trusted.

    Raises
    ------
    InputError
        If emcee is missing, or there are no steps left.

    Examples
    --------
    The slope of a line through the origin, measured three times; the same seed gives the same chain.

    >>> import numpy as np
    >>> from skycocoon.inference import Likelihood, Parameter, fit, sample
    >>> from skycocoon.points import Points
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> error = np.full(3, 0.1)
    >>> data = Points("line", "line", x, "x", 2.0 * x, error, error, np.zeros(3, dtype=bool))
    >>> likelihood = Likelihood((Parameter("slope", 1.0, 0.0, 5.0),), (data,), lambda values: [values[0] * x])
    >>> samples = sample(fit(likelihood), walkers=8, steps=300, burn=100, thin=2)
    >>> samples.chain.shape
    (800, 1)
    >>> print(f"{samples.quantile('slope', 0.5):.1f}")
    2.0
    """
    try:
        import emcee
    except ImportError:
        raise InputError('sampling needs emcee; install it with: pip install "skycocoon[sampling]"') from None
    if not 0 <= burn < steps:
        raise InputError(f"steps {steps}, burn {burn}: fewer must be left out than are run")
    if thin is not None and not 1 <= thin <= steps - burn:
        raise InputError(f"thin {thin}: allowed: 1 to {steps - burn}")
    search = Search(result.likelihood)
    walkers = max(walkers + walkers % 2, 2 * search.size)
    log_probability = _LogProbability(result.likelihood, search)
    start = _starting_points(result, search, walkers, log_probability, np.random.default_rng(seed))
    sampler = emcee.EnsembleSampler(walkers, search.size, log_probability)
    # emcee speaks numpy's old generators; its state is all that it takes.
    state = emcee.State(start, random_state=np.random.MT19937(seed).state)
    with progress_bar("sample", progress) as update:
        for done, _ in enumerate(sampler.sample(state, iterations=steps), start=1):
            update(done / steps)
            if log_probability.interrupted:
                raise KeyboardInterrupt
    # tol=0: a short chain is named in the result and is no error. A parameter that did not move divides 0 by 0.
    with np.errstate(all="ignore"):
        times = np.asarray(sampler.get_autocorr_time(discard=burn, tol=0), dtype=np.float64)
    if thin is None:
        longest = float(np.max(times))
        thin = int(min(max(longest / 10, 1.0), steps - burn)) if math.isfinite(longest) else 1
    chain = sampler.get_chain(discard=burn, thin=thin, flat=True)
    return Samples(
        parameters=result.likelihood.parameters,
        chain=search.low + search.width * chain,
        log_probability=sampler.get_log_prob(discard=burn, thin=thin, flat=True),
        acceptance=float(np.mean(sampler.acceptance_fraction)),
        autocorrelation=times,
        walkers=walkers,
        steps=steps,
        burn=burn,
        thin=thin,
    )


class _LogProbability:
    """-chi-square/2 on the unit cube, -infinity outside it, as emcee asks for it.

    Attributes
    ----------
    interrupted
        Whether the user interrupted the model. From then on all is -infinity: emcee would print all that it knows if an
        exception reached it, so the one who runs it has to look here and leave.
    """

    def __init__(self, likelihood: Likelihood, search: Search) -> None:
        self.likelihood, self.search = likelihood, search
        self.interrupted = False

    def __call__(self, unit: FloatArray) -> float:
        if self.interrupted or (unit < 0.0).any() or (unit > 1.0).any():
            return -math.inf
        try:
            chi2 = self.likelihood.chi2(self.search.values(unit))
        except KeyboardInterrupt:
            self.interrupted = True
            return -math.inf
        return -0.5 * chi2 if math.isfinite(chi2) else -math.inf


def _starting_points(
    result: FitResult, search: Search, walkers: int, log_probability: _LogProbability, rng: np.random.Generator
) -> FloatArray:
    """(walkers, n) points about the best fit where the model is finite, a tenth of the errors away or less."""
    sizes = np.stack([result.errors, result.error_low, result.error_high]) / search.width
    with np.errstate(invalid="ignore"):
        spread = np.nanmax(np.where(sizes > 0, sizes, 1e-6), axis=0)
    best = search.unit(result.values)
    start = np.empty((walkers, search.size))
    for k in range(walkers):
        for shrink in 0.1 * 0.5 ** np.arange(30):
            # Reflected at the bounds: walkers on one and the same bound would never leave it.
            unit = np.abs(best + shrink * spread * rng.standard_normal(search.size))
            start[k] = np.clip(1.0 - np.abs(1.0 - unit), 0.0, 1.0)
            if math.isfinite(log_probability(start[k])):
                break
    return start
