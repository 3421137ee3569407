"""The best fit and its errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, check_name
from ..execution import progress_bar
from ..points import BoolArray
from ..units import FloatArray
from .likelihood import Likelihood
from .search import IMPROVED, Search

__all__ = ["FitResult", "fit", "search_minimum"]

# How often a fit begins again from a lower minimum that was met on the way.
RESTARTS = 4
# Flat: chi-square rises by less than this along a way as long as the bounds are apart; less than this part of the
# steepest rise is rounding. A parameter is loose if it has this share in a flat direction.
FLAT, ROUNDING, LOOSE = 0.01, 1e-10, 0.01


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """The minimum of chi-square: best values, errors and how well the model agrees with the points.

    Attributes
    ----------
    likelihood
        Points, model and parameters.
    values
        (n,) best values; exactly the bound for a parameter that ends there.
    errors
        (n,) symmetric errors, from the second derivatives (HESSE): the roots of the covariance's diagonal. 0 for a
        parameter at its bound, infinite for a `degenerate` one.
    error_low, error_high
        (n,) positive distances to where chi-square, minimised over all other parameters, is higher by 1 (MINOS). Where
        a bound comes first: the distance to it, which is 0 at a bound. NaN where no such place was found.
    minos
        Names of the parameters for which MINOS was asked for. For others these two are `errors`, cut at the bounds, or,
        where second derivatives give none (at a bound, or degenerate), followed as MINOS does.
    covariance
        (n, n) inverse of half the second derivatives. A parameter at its bound was held there: its row is 0, and the
        others are what they are with it fixed. A degenerate one has infinite variance, and NaN with all others.
    chi2
        Least chi-square, with priors.
    valid
        Whether MIGRAD converged, and to the least chi-square that was met.
    at_bound
        For each parameter, whether it ended at a bound.
    calls, predictions
        How many times chi-square was asked for, and how many of these asked the model.
    starts
        `astropy.table.Table` of the minimum that each start led to: ``chi2``, ``valid``, ``calls`` and the parameters.
    """

    likelihood: Likelihood
    values: FloatArray
    errors: FloatArray
    error_low: FloatArray
    error_high: FloatArray
    minos: tuple[str, ...]
    covariance: FloatArray
    chi2: float
    valid: bool
    at_bound: tuple[bool, ...]
    calls: int
    predictions: int
    starts: Any

    @property
    def names(self) -> list[str]:
        """Names of the parameters."""
        return self.likelihood.names

    @property
    def best(self) -> Mapping[str, float]:
        """Best value of each parameter by its name."""
        return MappingProxyType(dict(zip(self.names, self.values.tolist(), strict=True)))

    @property
    def ndof(self) -> int:
        """Degrees of freedom: points (limits too) + Gaussian priors - free parameters (those at a bound too).

        A prior counts as the measurement that it stands for, so that a nuisance normalisation with a prior costs none.
        """
        return self.likelihood.terms - len(self.likelihood.parameters)

    @property
    def p_value(self) -> float:
        """Chance of a higher chi-square if the model holds; NaN without degrees of freedom.

        For independent Gaussian errors only. Published systematic errors are correlated from point to point, and adding
        them in quadrature gives too low a chi-square: then this is no probability, and a value near 1 says nothing.
        Limits, asymmetric errors and parameters at bounds make it approximate, too.
        """
        from scipy.special import chdtrc

        return float(chdtrc(self.ndof, self.chi2)) if self.ndof > 0 else math.nan

    @property
    def correlation(self) -> FloatArray:
        """(n, n) correlation coefficients; NaN for parameters at a bound and degenerate ones."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.covariance / np.outer(self.errors, self.errors))

    @property
    def degenerate(self) -> tuple[str, ...]:
        """Names of the parameters that can be traded for one another, or moved, with chi-square hardly rising."""
        return tuple(name for name, error in zip(self.names, self.errors, strict=True) if math.isinf(error))

    @property
    def _kind_of_errors(self) -> str:
        if not self.minos:
            return "HESSE"
        return "MINOS" if len(self.minos) == len(self.names) else f"MINOS of {', '.join(self.minos)}; else HESSE"

    @property
    def chi2_by_set(self) -> dict[str, float]:
        """Chi-square of each data set, without priors."""
        return self.likelihood.chi2_by_set(self.values)

    @property
    def agreeing(self) -> int:
        """How many starts ended in this minimum: valid, and within 0.01 in chi-square."""
        return int(np.sum(np.asarray(self.starts["valid"]) & (np.asarray(self.starts["chi2"]) < self.chi2 + 0.01)))

    def plot(self, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw (data - model)/error of every point against its x, one strip for each data set.

        Parameters
        ----------
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the first strip.
        """
        from ..plot import plot_pulls

        return plot_pulls(self.likelihood.points, self.likelihood.pulls(self.values), meta)

    def plot_correlation(self, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw the correlation matrix of the parameters, with the numbers in the cells.

        Parameters
        ----------
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the matrix.
        """
        from ..plot import plot_correlation

        # No units: these are numbers between -1 and 1.
        return plot_correlation(self.correlation, [p.short_name for p in self.likelihood.parameters], meta)

    def table(self) -> Any:
        """`astropy.table.Table`: parameter, value, error_low, error_high, unit, at_bound; chi-square in its header."""
        from astropy.table import Table

        return Table(
            {
                "parameter": self.names,
                "value": self.values,
                "error_low": self.error_low,
                "error_high": self.error_high,
                "unit": [p.unit for p in self.likelihood.parameters],
                "at_bound": np.array(self.at_bound),
            },
            meta={
                "chi2": self.chi2,
                "ndof": self.ndof,
                "valid": self.valid,
                "errors": self._kind_of_errors,
                "chi2_by_set": self.chi2_by_set,
                "points_by_set": {p.name: len(p) for p in self.likelihood.points},
                "chi2_of_priors": self.likelihood.prior_chi2(self.values),
            },
        )

    def __repr__(self) -> str:
        width = max(len(name) for name in self.names)
        state = "" if self.valid else "; NOT CONVERGED"
        lines = [f"chi2 {self.chi2:.2f} for {self.ndof} degrees of freedom{state}"]
        rows = zip(self.likelihood.parameters, self.values, self.error_low, self.error_high, self.at_bound, strict=True)
        for p, value, low, high, bound in rows:
            errors = f"-{low:<8.2g} +{high:<8.2g}"
            lines.append(
                f"  {p.name:{width}s} {value:>12.5g}  {errors} {p.unit}{'  at its bound' if bound else ''}".rstrip()
            )
        if self.degenerate:
            lines.append(f"  chi-square cannot tell apart: {', '.join(self.degenerate)}; their covariance is infinite")
        by_set = self.chi2_by_set
        lines += [f"  {p.name}: chi2 {by_set[p.name]:.1f} of {len(p)} points" for p in self.likelihood.points]
        if priors := self.likelihood.priors:
            lines.append(f"  priors: chi2 {self.likelihood.prior_chi2(self.values):.1f} of {len(priors)}")
        if len(self.starts) > 1:
            lines.append(f"  {self.agreeing} of {len(self.starts)} starts end here (within 0.01 in chi2)")
        return "\n".join(lines)


def fit(
    likelihood: Likelihood,
    *,
    minos: bool | Sequence[str] = True,
    starts: int = 1,
    seed: int = 0,
    progress: bool = False,
) -> FitResult:
    """Find the least chi-square within the bounds, and the errors (MIGRAD, HESSE and MINOS of MINUIT).

    James and Roos 1975, Comput. Phys. Commun. 10, 343; through iminuit. Least squares lead MIGRAD to the minimum. Where
    a lower minimum is met on the way, be it by MINOS, the fit goes there and this one becomes the result.

    Parameters
    ----------
    likelihood
        Points, model and parameters.
    minos
        Whether to follow chi-square to its +1 for all parameters, or the names of those to do so for; 300 to 800 calls
        for each in a strongly correlated problem of seven. It follows one valley; :func:`profile` goes there and back,
        and sees another.
    starts
        Number of starts: the parameters' own, then points drawn uniformly between the bounds.
    seed
        Seed of the random starts.
    progress
        Whether to show a progress bar, on a terminal.

    Returns
    -------
    FitResult
        The least chi-square of all starts.

    Raises
    ------
    InputError
        For the name of no parameter, or if the prediction is not finite at the start, or at no random point. (Elsewhere
        it counts as a very high chi-square, from which the minimisers come back.)

    Examples
    --------
    The slope of a line through the origin, measured three times with an error of 0.1: its error is
    0.1/sqrt(1 + 4 + 9).

    >>> import numpy as np
    >>> from skycocoon.inference import Likelihood, Parameter, fit
    >>> from skycocoon.points import Points
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> error = np.full(3, 0.1)
    >>> data = Points("line", "line", x, "x", np.array([2.1, 3.9, 6.1]), error, error, np.zeros(3, dtype=bool))
    >>> likelihood = Likelihood((Parameter("slope", 1.0, 0.0, 5.0),), (data,), lambda values: [values[0] * x])
    >>> result = fit(likelihood)
    >>> print(f"{result.best['slope']:.3f} +- {result.errors[0]:.4f}, chi2 {result.chi2:.2f} for {result.ndof}")
    2.014 +- 0.0267, chi2 2.71 for 2
    """
    if starts < 1:
        raise InputError(f"starts {starts}: 1 or more are needed")
    names = likelihood.names
    asked = (names if minos else []) if isinstance(minos, bool) else [minos] if isinstance(minos, str) else list(minos)
    for name in asked:
        check_name("parameter", name, names)
    search = Search(likelihood)
    points = _starting_points(search, starts, np.random.default_rng(seed))
    with progress_bar("fit", progress) as update:
        return search_minimum(search, points, tuple(name for name in names if name in asked), update)


def _starting_points(search: Search, count: int, rng: np.random.Generator) -> list[FloatArray]:
    """Points on the unit cube where the model is finite: the parameters' own start, then random ones."""
    likelihood = search.likelihood
    first = search.unit(np.array([p.start for p in likelihood.parameters]))
    if not search.finite(first):
        raise likelihood.not_finite(search.values(first).tolist())
    points = [first]
    while len(points) < count:
        draws = (rng.uniform(size=search.size) for _ in range(100))
        point = next((draw for draw in draws if search.finite(draw)), None)
        if point is None:
            raise InputError("the model's prediction is not finite at 100 random points within the bounds; narrow them")
        points.append(point)
    return points


def search_minimum(
    search: Search,
    points: list[FloatArray],
    minos: tuple[str, ...],
    update: Callable[[float], None] = lambda part: None,
) -> FitResult:
    """Find the minimum from given starts, and the errors there; begin again if a lower minimum is met on the way.

    Parameters
    ----------
    search
        Chi-square on the unit cube.
    points
        (n,) starts on the unit cube, at which the model is finite.
    minos
        Names of the parameters for which to follow chi-square to its +1.
    update
        Called with the part of the work that is done, 0 to 1.

    Returns
    -------
    FitResult
        The best of all minima.
    """
    from astropy.table import Table

    likelihood = search.likelihood
    followed = [likelihood.names.index(name) for name in minos]
    # A start takes about as long as MINOS for a few parameters.
    work = len(points) + len(followed) / 3
    ends, rows = [], []
    for done, point in enumerate(points, start=1):
        calls = search.calls
        end = search.minimise(point)
        ends.append(end)
        values = search.values(np.array(end.values))
        rows.append((float(end.fval), bool(end.valid), search.calls - calls, *values.tolist()))
        update(done / work)
    lowest = min(ends, key=lambda end: (end.fval, not end.valid))
    for _ in range(RESTARTS):
        minimum = _settle(search, lowest)
        low, high = _errors_of(search, minimum, followed, lambda done: update((len(points) + done / 3) / work))
        is_lowest = search.best_chi2 > minimum.chi2 - IMPROVED
        if is_lowest:
            break
        lowest = search.minimise(search.best)
    return FitResult(
        likelihood=likelihood,
        values=search.values(minimum.point),
        errors=minimum.errors * search.width,
        error_low=low * search.width,
        error_high=high * search.width,
        minos=minos,
        covariance=minimum.covariance * np.outer(search.width, search.width),
        chi2=minimum.chi2,
        valid=minimum.valid and is_lowest,
        at_bound=tuple(minimum.at_bound.tolist()),
        calls=search.calls,
        predictions=search.predictions,
        starts=Table(rows=rows, names=["chi2", "valid", "calls", *likelihood.names]),
    )


@dataclass(frozen=True, eq=False)
class _Minimum:
    """A minimum on the unit cube: MINUIT there, and what holds once parameters that want a bound are held at it."""

    minuit: Any
    chi2: float
    point: FloatArray
    at_bound: BoolArray
    valid: bool
    covariance: FloatArray

    @property
    def errors(self) -> FloatArray:
        """(n,) symmetric errors; 0 at a bound, infinite where chi-square is flat."""
        return np.sqrt(np.diag(self.covariance))


def _settle(search: Search, minuit: Any) -> _Minimum:
    """Hold parameters that want a bound there, minimise over the others again, and take second derivatives (HESSE)."""
    n = search.size
    chi2, point, at_bound = search.snapped(float(minuit.fval), np.array(minuit.values), np.ones(n, dtype=bool))
    valid, covariance = bool(minuit.valid), np.zeros((n, n))
    settled = minuit
    if at_bound.any() and not at_bound.all():
        settled = search.minuit(point, np.clip(np.array(minuit.errors), 1e-7, 0.3), at_bound)
        chi2, point, valid = float(settled.fval), np.array(settled.values), bool(settled.valid)
    if not at_bound.all():
        settled.hesse()
        inner, state = np.ix_(~at_bound, ~at_bound), settled.fmin
        # MINUIT makes a singular matrix positive by force: its errors would be those of that force.
        if settled.covariance is None or state.hesse_failed or state.has_made_posdef_covar:
            covariance[inner] = _flat_covariance(search.hessian(point, ~at_bound))
        else:
            covariance[inner] = np.asarray(settled.covariance)[inner]
    return _Minimum(minuit, chi2, point, at_bound, valid, covariance)


def _flat_covariance(hessian: FloatArray) -> FloatArray:
    """(n, n) inverse of a matrix that may be singular: infinite variances along directions that are flat."""
    heights, directions = np.linalg.eigh(hessian)
    flat = heights < max(FLAT, ROUNDING * float(heights[-1]))
    steep = directions[:, ~flat]
    covariance = np.asarray(steep / heights[~flat] @ steep.T)
    loose = np.abs(directions[:, flat]).max(axis=1, initial=0.0) > LOOSE
    covariance[loose, :] = covariance[:, loose] = np.nan
    covariance[loose, loose] = np.inf
    return covariance


def _errors_of(
    search: Search, minimum: _Minimum, followed: list[int], update: Callable[[int], None]
) -> tuple[FloatArray, FloatArray]:
    """(n,) lower and upper errors on the unit cube: of HESSE, or of MINOS for those followed or without HESSE's."""
    errors, point = minimum.errors, minimum.point
    low, high = np.minimum(errors, point), np.minimum(errors, 1.0 - point)
    without = np.flatnonzero(minimum.at_bound | np.isinf(errors)).tolist()
    for done, i in enumerate(sorted({*followed, *without}), start=1):
        low[i], high[i] = _follow(search, minimum, i)
        update(min(done, len(followed)))
    return low, high


def _follow(search: Search, minimum: _Minimum, index: int) -> tuple[float, float]:
    """Lower and upper distance to chi-square + 1 on the unit cube: MINOS, or a search where it fails."""
    point, error = minimum.point, minimum.errors[index]
    sides = _minos(minimum, index) if minimum.minuit.valid else [math.nan, math.nan]
    for k, side in enumerate((-1, 1)):
        # A lower minimum on the way ends the search: the fit begins again from there.
        if math.isnan(sides[k]) and search.best_chi2 > minimum.chi2 - IMPROVED:
            step = float(error) if 0 < error < 1 else 0.05
            sides[k] = search.crossing(point, minimum.chi2, index, side, step)
    return sides[0], sides[1]


def _minos(minimum: _Minimum, index: int) -> list[float]:
    """Lower and upper distance to chi-square + 1 from MINOS; NaN where it finds none."""
    minuit, place = minimum.minuit, float(minimum.point[index])
    name = minuit.parameters[index]
    minuit.minos(name)
    ends = minuit.merrors[name]
    centre = float(minuit.values[index])
    sides = []
    for valid, at_limit, distance, room in (
        (ends.lower_valid, ends.at_lower_limit, place - (centre + ends.lower), place),
        (ends.upper_valid, ends.at_upper_limit, centre + ends.upper - place, 1.0 - place),
    ):
        inside = min(max(distance, 0.0), room) if valid else math.nan
        sides.append(room if at_limit else inside)
    return sides
