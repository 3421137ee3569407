"""Chi-square as a function of one parameter, minimised over all others."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, check_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Parameter
from .minimum import FitResult, search_minimum
from .search import IMPROVED, NEAR_BOUND, SAME, Search

__all__ = ["Profile", "profile"]

# Where other valleys are looked for: at this many places of a grid, from this many starts at each.
PLACES, STARTS = 5, 8
# How many valleys are followed at most, and how far above the lowest.
VALLEYS, HIGH = 12, 100.0
# Where between two minima a ridge is looked for: not at even parts, a third valley may be half-way.
BETWEEN = (0.5, 0.71, 0.31, 0.87, 0.13)


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
        (m,) chi-square minimised over all other parameters; infinite where no finite prediction was found.
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

    def intervals(self, delta: float = 1.0) -> list[tuple[float, float]]:
        """All ranges within which chi-square is higher by less than `delta`: more than one if there are more valleys.

        Parameters
        ----------
        delta
            Difference of chi-square, as in :meth:`interval`.

        Returns
        -------
        list of (float, float)
            Lower and upper ends, first those of :meth:`interval`, then the others from left to right.
        """
        nearest = self.interval(delta)
        inside = self.delta < delta
        found = [nearest]
        # Runs of places inside; that of the minimum is known already.
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int))).reshape(-1, 2)
        root, goal = np.sqrt(np.maximum(self.delta, 0.0)), math.sqrt(delta)
        for first, end in edges.tolist():
            if first <= int(np.argmin(self.chi2)) < end:
                continue
            low = _crossing(self.grid[end - 1 :: -1], root[end - 1 :: -1], goal, self.parameter.low)
            high = _crossing(self.grid[first:], root[first:], goal, self.parameter.high)
            found.append((low, high))
        return found

    def ends(self, delta: float = 1.0, scale: float = 1.0, piece: int = 0) -> tuple[str, str]:
        """The interval in words: a number, or that it lies beyond the end of the grid.

        Parameters
        ----------
        delta
            Difference of chi-square, as in :meth:`interval`.
        scale
            Unit of the numbers, in the parameter's.
        piece
            Which of :meth:`intervals`; 0 for the one next to the minimum.

        Returns
        -------
        str, str
            Lower and upper end, e.g. ``"below 0.4"`` where the grid ends before the interval does.
        """
        low, high = self.intervals(delta)[piece]
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
    others: FloatArray | None = None,
    progress: bool = False,
) -> Profile:
    """Chi-square as a function of one parameter, minimised over all others at each value.

    Each value starts from its neighbour's solution, outward from the best fit and back inward. Other valleys are looked
    for from points spread over the box, at both ends of the grid and between, and from the minima of all starts of the
    fit. Each valley is followed to both sides, and at every value the lowest counts.

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
    others
        (k, n) values of all parameters, such as `best` of another profile: valleys are looked for from there, too.
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
    ends = np.array([np.array(result.starts[p]) for p in result.names]).T
    known = ends if others is None else np.concatenate([ends, others])
    while True:
        search = Search(result.likelihood)
        values = _default_grid(best_fit, index, points) if grid is None else grid
        scan = _Scan(search, index, values)
        with progress_bar(f"profile of {name}", progress) as update:
            scan.run(best_fit, np.array([search.unit(point) for point in known]), update)
        if search.best_chi2 > best_fit.chi2 - IMPROVED:
            break
        lower = search_minimum(Search(result.likelihood), [search.best], best_fit.minos)
        if lower.chi2 > best_fit.chi2 - IMPROVED:  # MIGRAD came back: what was met is no minimum that it could hold
            best_fit = replace(best_fit, valid=False)
            break
        best_fit = replace(lower, starts=result.starts)
    return Profile(
        parameter=parameter,
        grid=values,
        chi2=np.where(search.is_finite(scan.chi2), scan.chi2, math.inf),
        best=np.array([search.values(point) for point in scan.points]),
        result=best_fit,
        improved=best_fit is not result,
    )


class _Scan:
    """Chi-square at given values of one parameter, minimised over all others.

    At each value all valleys that were met are kept, and each is followed to both ends of the grid: the one that is
    lowest here need not be lowest there.

    Attributes
    ----------
    places
        (m,) values of the parameter, as parts of the way between its bounds.
    valleys
        For each place the minima there, each chi-square and the (n,) point on the unit cube; the lowest first.
    """

    def __init__(self, search: Search, index: int, values: FloatArray) -> None:
        self.search, self.index = search, index
        self.places = (values - search.low[index]) / search.width[index]
        self.valleys: list[list[tuple[float, FloatArray]]] = [[] for _ in self.places]
        self._ahead: deque[tuple[int, FloatArray]] = deque()

    @property
    def chi2(self) -> FloatArray:
        """(m,) least chi-square at each place."""
        return np.array([valleys[0][0] for valleys in self.valleys])

    @property
    def points(self) -> FloatArray:
        """(m, n) points of the unit cube where it is."""
        return np.array([valleys[0][1] for valleys in self.valleys])

    def run(self, result: FitResult, others: FloatArray, update: Callable[[float], None]) -> None:
        """Follow the valley of the best fit, those of other points, and those that starts all over the box lead to."""
        best, size = self.search.unit(result.values), self.places.size
        split = int(np.searchsorted(self.places, best[self.index]))
        if split < size and abs(self.places[split] - best[self.index]) < 1e-12:
            self._enter(split, result.chi2, best)
        else:
            self._ahead.extend((k, best) for k in (split, split - 1) if 0 <= k < size)
        starts = [(int(np.abs(self.places - point[self.index]).argmin()), point) for point in others]
        starts += self._spread()
        done = count(1)
        work = 2 * size + len(starts)
        for _ in self._follow():
            update(min(next(done) / work, 1.0))
        for k, start in starts:
            # Roughly first: most starts end in a valley that is known.
            chi2, point = self.search.profiled(self._at(k, start), self.index, precision=1e-4)
            if self._is_new(k, chi2, point):
                self._ahead.append((k, point))
            for _ in self._follow():
                pass
            update(min(next(done) / work, 1.0))

    def _spread(self) -> list[tuple[int, FloatArray]]:
        """Starts at a few places from end to end: a Latin hypercube of the other parameters."""
        if self.search.size == 1:
            return []
        places = np.unique(np.linspace(0, self.places.size - 1, PLACES).round().astype(int)).tolist()
        number = len(places) * STARTS
        rng = np.random.default_rng(0)
        strata = rng.permuted(np.tile(np.arange(number), (self.search.size, 1)), axis=1).T
        cube = (strata + rng.uniform(size=strata.shape)) / number
        return [(places[i % len(places)], point) for i, point in enumerate(cube)]

    def _at(self, k: int, point: FloatArray) -> FloatArray:
        start = point.copy()
        start[self.index] = self.places[k]
        return start

    def _follow(self) -> Iterator[int]:
        """Minimise from each point ahead; a valley that is new there is followed to the neighbours on both sides."""
        while self._ahead:
            k, near = self._ahead.popleft()
            self._enter(k, *self.search.profiled(self._at(k, near), self.index))
            yield k

    def _enter(self, k: int, chi2: float, point: FloatArray) -> None:
        """Keep a minimum if it is a valley of its own, or lower in a known one, and go on to the neighbours."""
        if not self._is_new(k, chi2, point):
            return
        valleys = [known for known in self.valleys[k] if not self._same(known, (chi2, point))]
        self.valleys[k] = sorted([*valleys, (chi2, point)], key=lambda valley: valley[0])[:VALLEYS]
        self._ahead.extend((near, point) for near in (k + 1, k - 1) if 0 <= near < self.places.size)

    def _is_new(self, k: int, chi2: float, point: FloatArray) -> bool:
        """Whether a minimum is neither in a known valley, and not lower there, nor too high to matter."""
        known = self.valleys[k]
        if known and (chi2 > known[0][0] + HIGH or (len(known) == VALLEYS and chi2 >= known[-1][0])):
            return False
        return not any(other[0] <= chi2 + SAME and self._same(other, (chi2, point)) for other in known)

    def _same(self, one: tuple[float, FloatArray], other: tuple[float, FloatArray]) -> bool:
        """Whether two minima are in one valley: chi-square is no higher between them."""
        way = other[1] - one[1]
        if np.abs(way).max() < NEAR_BOUND:
            return True
        top = max(one[0], other[0]) + IMPROVED
        return all(self.search.chi2(one[1] + part * way) <= top for part in BETWEEN)


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
        reach = 3.0 * error if 0 < error < math.inf else math.inf
        # An error that ends at the bound says only that chi-square is not higher by 1 before it.
        ends.append(bound if reach >= abs(bound - best) else best + sign * reach)
    low, high = ends
    below = round((points - 1) * (best - low) / (high - low)) if high > low else 0
    below = min(max(below, 1 if best > low else 0), points - (2 if high > best else 1))
    return np.unique(np.concatenate([np.linspace(low, best, below + 1), np.linspace(best, high, points - below)]))
