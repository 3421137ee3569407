"""Chi-square as a function of one parameter, minimised over all others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, check_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Parameter
from .minimum import FitResult, search_minimum
from .search import IMPROVED, Search

__all__ = ["Profile", "profile"]


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """Least chi-square as a function of one parameter.

    Attributes
    ----------
    parameter
        The parameter.
    grid
        (m,) its values, increasing.
    chi2
        (m,) chi-square minimised over all other parameters.
    best
        (m, n) values of all parameters there.
    result
        The fit with the least chi-square: the one that was given, or a better one if the profile met a lower minimum.
    improved
        Whether the profile met a lower minimum.
    """

    parameter: Parameter
    grid: FloatArray
    chi2: FloatArray
    best: FloatArray
    result: FitResult
    improved: bool

    @property
    def delta(self) -> FloatArray:
        """(m,) chi-square above the minimum."""
        return self.chi2 - min(self.result.chi2, float(self.chi2.min()))

    def interval(self, delta: float = 1.0) -> tuple[float, float]:
        """Values next to the minimum where chi-square is higher by `delta`; 1 for 68 %, 3.84 for 95 %.

        Interpolated in the root of the difference, exact for a parabola.

        Parameters
        ----------
        delta
            Difference of chi-square, positive.

        Returns
        -------
        float, float
            Lower and upper end, in the parameter's unit. Where the grid ends before: the bound if it ends there, else
            NaN.

        Raises
        ------
        InputError
            If `delta` is not positive.
        """
        if not delta > 0:
            raise InputError(f"delta {delta:g}: a positive difference of chi-square is needed")
        root = np.sqrt(np.maximum(self.delta, 0.0))
        lowest = int(np.argmin(self.chi2))
        low = _crossing(self.grid[lowest::-1], root[lowest::-1], math.sqrt(delta), self.parameter.low)
        high = _crossing(self.grid[lowest:], root[lowest:], math.sqrt(delta), self.parameter.high)
        return low, high

    def ends(self, delta: float = 1.0, scale: float = 1.0) -> tuple[str, str]:
        """The interval in words: a number, or that it lies beyond the end of the grid.

        Parameters
        ----------
        delta
            Difference of chi-square, as in :meth:`interval`.
        scale
            Unit of the numbers, in the parameter's.

        Returns
        -------
        str, str
            Lower and upper end, e.g. ``"below 0.4"`` where the grid ends before the interval does.
        """
        low, high = self.interval(delta)
        return (
            f"below {self.grid[0] / scale:.4g}" if math.isnan(low) else f"{low / scale:.4g}",
            f"above {self.grid[-1] / scale:.4g}" if math.isnan(high) else f"{high / scale:.4g}",
        )

    def plot(self, meta: Mapping[str, str] = MappingProxyType({}), axes: Any = None) -> Any:
        """Draw chi-square above its minimum, with the lines of 1, 2 and 3 sigma and the 1 sigma interval shaded.

        Parameters
        ----------
        meta
            How the model was made, for the small print.
        axes
            Where to draw; new ones if None.

        Returns
        -------
        matplotlib.axes.Axes
            Those that were drawn on.

        Raises
        ------
        InputError
            If chi-square is finite at fewer than two values.
        """
        from ..plot import plot_profile

        known = np.isfinite(self.delta)
        if known.sum() < 2:
            raise InputError(f"profile of {self.parameter.name}: fewer than two points are known")
        return plot_profile(
            self.grid[known],
            self.delta[known],
            self.interval(),
            name=self.parameter.short_name,
            unit=self.parameter.unit,
            ends=lambda scale: self.ends(scale=scale),
            meta=meta,
            axes=axes,
        )

    def __repr__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.parameter.name}: chi2 - minimum at {self.grid.size} values "
            f"{self.grid[0]:.4g}..{self.grid[-1]:.4g} {self.parameter.unit}".rstrip()
            + f"; within 1 from {low:.4g} to {high:.4g}"
            + ("; a lower minimum than the fit's was found" if self.improved else "")
        )


def _crossing(grid: FloatArray, root: FloatArray, goal: float, bound: float) -> float:
    """Value at which the root of delta chi-square first reaches a goal, on a grid that leads away from the minimum."""
    above = np.flatnonzero(root >= goal)
    if above.size and above[0] > 0:
        a, b = above[0] - 1, above[0]
        part = (goal - root[a]) / (root[b] - root[a])
        return float(grid[a] + part * (grid[b] - grid[a]))
    at_bound = not above.size and bool(np.isclose(grid[-1], bound, rtol=1e-12, atol=0.0))
    return bound if at_bound else math.nan


def profile(
    result: FitResult,
    name: str,
    grid: Sequence[float] | FloatArray | None = None,
    points: int = 21,
    *,
    progress: bool = False,
) -> Profile:
    """Chi-square as a function of one parameter, minimised over all others at each value.

    Goes outward from the best fit in both directions, each value starting from its neighbour's solution, and back
    inward from the outer neighbour's: the lower of the two counts.

    Parameters
    ----------
    result
        A fit.
    name
        Name of the parameter.
    grid
        Values, within the bounds. By default `points` from 3 errors below to 3 above the best value, which is one of
        them, or to the bound where that is nearer.
    points
        Number of values if no `grid` is given.
    progress
        Whether to show a progress bar, on a terminal.

    Returns
    -------
    Profile
        Chi-square and all parameters at each value. If a lower minimum than that of `result` was met, the profile is
        that about the lower one.

    Raises
    ------
    InputError
        For an unknown parameter, or values outside its bounds.

    Examples
    --------
    The slope of a line through the origin, measured at x = 1, 2 and 3 with an error of 0.1: chi-square is a parabola,
    and higher by 4 two errors of 0.1/sqrt(14) away from the best value.

    >>> import numpy as np
    >>> from skycocoon.inference import Likelihood, Parameter, fit, profile
    >>> from skycocoon.points import Points
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> error = np.full(3, 0.1)
    >>> data = Points("line", "line", x, "x", 2.0 * x, error, error, np.zeros(3, dtype=bool))
    >>> likelihood = Likelihood((Parameter("slope", 1.0, 0.0, 5.0),), (data,), lambda values: [values[0] * x])
    >>> low, high = profile(fit(likelihood), "slope").interval(4.0)
    >>> print(f"{low:.3f} to {high:.3f}")
    1.947 to 2.053
    """
    check_name("parameter", name, result.names)
    if points < 3:
        raise InputError(f"points {points}: 3 or more are needed")
    index = result.names.index(name)
    parameter = result.likelihood.parameters[index]
    if grid is not None:
        grid = _checked_grid(grid, parameter)
    best_fit = result
    while True:
        search = Search(result.likelihood)
        values = _default_grid(best_fit, index, points) if grid is None else grid
        scan = _Scan(search, index, values)
        with progress_bar(f"profile of {name}", progress) as update:
            scan.run(best_fit, update)
        if search.best_chi2 > best_fit.chi2 - IMPROVED:
            break
        best_fit = search_minimum(Search(result.likelihood), [search.best], best_fit.minos)
    return Profile(
        parameter=parameter,
        grid=values,
        chi2=scan.chi2,
        best=np.array([search.values(point) for point in scan.points]),
        result=best_fit,
        improved=best_fit is not result,
    )


class _Scan:
    """Chi-square at given values of one parameter, minimised over all others.

    Attributes
    ----------
    places
        (m,) values of the parameter, as parts of the way between its bounds.
    chi2, points
        (m,) least chi-square so far, and (m, n) points on the unit cube where.
    """

    def __init__(self, search: Search, index: int, values: FloatArray) -> None:
        self.search, self.index = search, index
        self.places = (values - search.low[index]) / search.width[index]
        self.chi2 = np.full(values.size, math.inf)
        self.points = np.zeros((values.size, search.size))

    def run(self, result: FitResult, update: Callable[[float], None]) -> None:
        """Walk out from the best fit and back, to both sides."""
        best = self.search.unit(result.values)
        size = self.places.size
        split = int(np.searchsorted(self.places, best[self.index]))
        done = count(1)
        for order in (range(split, size), range(split - 1, -1, -1)):
            for _ in chain(self.walk_out(order, best, result.chi2), self.walk_back(order)):
                update(next(done) / (2 * size))

    def walk_out(self, order: range, best: FloatArray, best_chi2: float) -> Iterator[int]:
        """Minimise at each value in turn, from the solution at the one before; the best fit at its own value."""
        near = best
        for k in order:
            if abs(self.places[k] - best[self.index]) < 1e-12:
                self.chi2[k], near = best_chi2, best
            else:
                self.chi2[k], near = self.profiled(k, near)
            self.points[k] = near
            yield k

    def walk_back(self, order: range) -> Iterator[int]:
        """Minimise again from the solution farther out: a branch entered late on the way out may be better before."""
        for k in reversed(order[:-1]):
            chi2, point = self.profiled(k, self.points[k + order.step])
            if chi2 < self.chi2[k]:
                self.chi2[k], self.points[k] = chi2, point
            yield k

    def profiled(self, k: int, near: FloatArray) -> tuple[float, FloatArray]:
        """Least chi-square at value k and the point where, near a given point."""
        start = near.copy()
        start[self.index] = self.places[k]
        return self.search.profiled(start, self.index)


def _checked_grid(grid: Sequence[float] | FloatArray, parameter: Parameter) -> FloatArray:
    """Values of a profile, increasing; an error if one is outside the bounds."""
    values = np.unique(np.asarray(grid, dtype=np.float64))
    if values.size == 0 or not ((values >= parameter.low) & (values <= parameter.high)).all():
        raise InputError(
            f"{parameter.name}: a profile's values must be within the bounds {parameter.low:g} to {parameter.high:g}"
        )
    return values


def _default_grid(result: FitResult, index: int, points: int) -> FloatArray:
    """Best value and 3 errors to both sides, cut at the bounds; as even as the best value allows."""
    parameter, best = result.likelihood.parameters[index], float(result.values[index])
    ends = []
    for error, bound, sign in (
        (result.error_low[index], parameter.low, -1.0),
        (result.error_high[index], parameter.high, 1.0),
    ):
        if not (math.isfinite(error) and error > 0):
            error = result.errors[index]
        reach = 3.0 * error if math.isfinite(error) else math.inf
        # An error that ends at the bound says only that chi-square is not higher by 1 before it.
        ends.append(bound if reach >= abs(bound - best) else best + sign * reach)
    low, high = ends
    below = round((points - 1) * (best - low) / (high - low)) if high > low else 0
    below = min(max(below, 1 if best > low else 0), points - (2 if high > best else 1))
    return np.unique(np.concatenate([np.linspace(low, best, below + 1), np.linspace(best, high, points - below)]))
