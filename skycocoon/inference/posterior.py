"""Samples of the posterior: exp(-chi-square/2) within the bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..errors import InputError, check_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Likelihood, Parameter
from .minimum import FitResult
from .search import Search

__all__ = ["Samples", "Segment", "log_probabilities", "sample"]

# Steps of a chain that are kept together, and done again if they are lost.
SEGMENT = 20
Segment = Mapping[str, NDArray[Any]]
"""Some steps of a chain, and the state of the random numbers after them, as arrays by name."""


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
    def shortcoming(self) -> str:
        """Why the chain has not converged, in words; empty if it has."""
        if self.converged:
            return ""
        if stuck := [
            p.name for p, t in zip(self.parameters, self.autocorrelation, strict=True) if not math.isfinite(t)
        ]:
            return f"the chain did not move in {', '.join(stuck)}: values and errors mean nothing"
        return (
            f"the chain is short: {self.steps - self.burn} steps, 50 autocorrelation times are "
            f"{50 * np.max(self.autocorrelation):.0f} or more; its errors are too small"
        )

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
        independent = f"about {self.independent:.0f} independent" if self.converged else "NOT CONVERGED"
        lines = [f"{len(self.chain)} points, {independent}; acceptance {self.acceptance:.2f}"]
        for row in self.table():
            lines.append(
                f"  {row['parameter']:{width}s} {row['value']:>12.5g}  -{row['error_low']:<8.2g} "
                f"+{row['error_high']:<8.2g} {row['unit']}".rstrip()
            )
        if not self.converged:
            lines.append(f"  {self.shortcoming}")
        return "\n".join(lines)


def sample(
    result: FitResult,
    *,
    walkers: int = 32,
    steps: int = 2000,
    burn: int = 500,
    thin: int | None = None,
    seed: int = 0,
    together: Callable[[FloatArray], FloatArray] | None = None,
    segments: MutableMapping[int, Segment] | None = None,
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
    together
        Computes what :func:`log_probabilities` does of (m, n) values, for instance on several processes; this process
        if None.
    segments
        Holds finished segments of the chain by their number: those that it has are not drawn again. Any mapping will
        do, one on disk survives a crash.
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
    log_probability = _LogProbability(result.likelihood, search, together)
    kept: MutableMapping[int, Segment] = {} if segments is None else segments
    sizes = [min(SEGMENT, steps - first) for first in range(0, steps, SEGMENT)]
    # The same chain wherever its probabilities are computed: other numbers of threads round sums differently.
    with progress_bar("sample", progress) as update, threadpool_limits(1, "blas"):
        for index, size in enumerate(sizes):
            if index in kept:
                continue
            if index:
                state = _end(kept[index - 1])
            else:
                alone = _LogProbability(result.likelihood, search)
                start = _starting_points(result, search, walkers, alone, np.random.default_rng(seed))
                # emcee speaks numpy's old generators; their state is all that it takes.
                state = emcee.State(start, random_state=np.random.MT19937(seed).state)
            sampler = emcee.EnsembleSampler(walkers, search.size, log_probability, vectorize=True)
            # Only the first segment's walkers are looked at: of a chain in one piece, those of others never are.
            chain = sampler.sample(state, iterations=size, skip_initial_state_check=index > 0)
            for done, _ in enumerate(chain, start=index * SEGMENT + 1):
                log_probability.leave()
                update(done / steps)
            kept[index] = _segment(sampler)
    parts = [kept[index] for index in range(len(sizes))]
    positions = np.concatenate([part["positions"] for part in parts])
    probabilities = np.concatenate([part["log_probability"] for part in parts])
    accepted = sum(part["accepted"] for part in parts)
    # tol=0: a short chain is named in the result and is no error. A parameter that did not move divides 0 by 0.
    with np.errstate(all="ignore"):
        times = np.asarray(emcee.autocorr.integrated_time(positions[burn:], tol=0), dtype=np.float64)
    if thin is None:
        longest = float(np.max(times))
        thin = int(min(max(longest / 10, 1.0), steps - burn)) if math.isfinite(longest) else 1
    # As emcee thins: the last of every `thin` steps.
    chosen = slice(burn + thin - 1, steps, thin)
    return Samples(
        parameters=result.likelihood.parameters,
        chain=search.low + search.width * positions[chosen].reshape(-1, search.size),
        log_probability=probabilities[chosen].reshape(-1),
        acceptance=float(np.mean(accepted / steps)),
        autocorrelation=times,
        walkers=walkers,
        steps=steps,
        burn=burn,
        thin=thin,
    )


def _segment(sampler: Any) -> Segment:
    """What a sampler has gone through, and the state of its random numbers afterwards."""
    _, key, position, has_normal, normal = sampler.random_state
    return {
        "positions": sampler.get_chain(),
        "log_probability": sampler.get_log_prob(),
        "accepted": np.asarray(sampler.backend.accepted),
        "generator": np.asarray(key),
        "generator_place": np.array([position, has_normal], dtype=np.int64),
        "generator_normal": np.array(normal, dtype=np.float64),
    }


def _end(segment: Segment) -> Any:
    """State of the walkers and of the random numbers at the end of a segment."""
    import emcee

    position, has_normal = segment["generator_place"].tolist()
    generator = ("MT19937", segment["generator"], position, has_normal, float(segment["generator_normal"]))
    return emcee.State(
        segment["positions"][-1], log_prob=segment["log_probability"][-1], random_state=generator, copy=True
    )


class _LogProbability:
    """-chi-square/2 at points of the unit cube, -infinity outside it, as emcee asks for it.

    An error of the model is kept, and from then on all is -infinity: emcee would print all that it knows if it were
    raised here, so the one who runs it has to call :meth:`leave`.
    """

    def __init__(
        self, likelihood: Likelihood, search: Search, together: Callable[[FloatArray], FloatArray] | None = None
    ) -> None:
        self._likelihood, self._search, self._together = likelihood, search, together
        self._error: BaseException | None = None

    def __call__(self, units: FloatArray) -> FloatArray:
        """(m,) numbers at (m, n) points."""
        result = np.full(len(units), -math.inf)
        inside = ((units >= 0.0) & (units <= 1.0)).all(axis=1)
        if self._error is None and inside.any():
            values = np.stack([self._search.values(unit) for unit in units[inside]])
            try:
                result[inside] = (
                    log_probabilities(self._likelihood, values) if self._together is None else self._together(values)
                )
            except BaseException as error:
                self._error = error
        return result

    def leave(self) -> None:
        """Raise the model's error, if there was one."""
        if self._error is not None:
            raise self._error


def log_probabilities(likelihood: Likelihood, values: FloatArray) -> FloatArray:
    """-chi-square/2 at points within the bounds, -infinity where the prediction is not finite.

    Parameters
    ----------
    likelihood
        Points, model and parameters.
    values
        (m, n) values of the parameters.

    Returns
    -------
    array
        (m,).
    """
    chi2 = np.array([likelihood.chi2(point) for point in values])
    return np.where(np.isfinite(chi2), -0.5 * chi2, -math.inf)


def _starting_points(
    result: FitResult, search: Search, walkers: int, log_probability: _LogProbability, rng: np.random.Generator
) -> FloatArray:
    """(walkers, n) points about the best fit where the model is finite, a tenth of the errors away or less."""
    sizes = np.stack([result.errors, result.error_low, result.error_high]) / search.width
    spread = np.where((sizes > 0) & np.isfinite(sizes), sizes, 1e-6).max(axis=0)
    best = search.unit(result.values)
    start = np.empty((walkers, search.size))
    for k in range(walkers):
        for shrink in 0.1 * 0.5 ** np.arange(30):
            # Reflected at the bounds: walkers on one and the same bound would never leave it.
            unit = np.abs(best + shrink * spread * rng.standard_normal(search.size))
            start[k] = np.clip(1.0 - np.abs(1.0 - unit), 0.0, 1.0)
            if math.isfinite(log_probability(start[k : k + 1])[0]):
                break
            log_probability.leave()
    return start
