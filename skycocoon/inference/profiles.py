"""Chi-square as a function of one parameter, minimised over all others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, unknown_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Parameter
from .minimum import FitResult, search_minimum
from .search import IMPROVED, Search

__all__ = [
    "Profile",
    "profile",
]


@dataclass(frozen=True, eq=False, repr=False)
class Profile:
    """Least chi-square as a function of one parameter.

    Attributes
    ----------
    parameter
        Which.
    grid
        (m,) its values, increasing.
    chi2
        (m,) chi-square minimised over all others.
    best
        (m, n) all parameters there.
    result
        The fit with the least chi-square: the one that was given, or a better one if the profile came by a lower
        minimum.
    improved
        Whether it did.
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

        Interpolated in the root of the difference, exact for a parabola. A side on which the grid ends before: the
        bound if it ends there, else NaN.
        """
        if not delta > 0:
            raise InputError(f"delta {delta:g}: a positive difference of chi-square is needed")
        root = np.sqrt(np.maximum(self.delta, 0.0))
        goal = math.sqrt(delta)
        place = int(np.argmin(self.chi2))
        sides = []
        for order, bound in (
            (np.arange(place, -1, -1), self.parameter.low),
            (np.arange(place, self.grid.size), self.parameter.high),
        ):
            above = np.flatnonzero(root[order] >= goal)
            if above.size and above[0] > 0:
                a, b = order[above[0] - 1], order[above[0]]
                part = (goal - root[a]) / (root[b] - root[a])
                sides.append(float(self.grid[a] + part * (self.grid[b] - self.grid[a])))
            else:
                ends = not above.size and bool(np.isclose(self.grid[order[-1]], bound, rtol=1e-12, atol=0.0))
                sides.append(bound if ends else math.nan)
        return sides[0], sides[1]

    def ends(self, delta: float = 1.0, scale: float = 1.0) -> tuple[str, str]:
        """The interval in words, in units of `scale`: where the grid ends before it does, there is no number."""
        low, high = self.interval(delta)
        return (
            f"below {self.grid[0] / scale:.4g}" if math.isnan(low) else f"{low / scale:.4g}",
            f"above {self.grid[-1] / scale:.4g}" if math.isnan(high) else f"{high / scale:.4g}",
        )

    def __repr__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.parameter.name}: chi2 - minimum at {self.grid.size} values "
            f"{self.grid[0]:.4g}..{self.grid[-1]:.4g} {self.parameter.unit}".rstrip()
            + f"; within 1 from {low:.4g} to {high:.4g}"
            + ("; a lower minimum than the fit's was found" if self.improved else "")
        )


def profile(
    result: FitResult,
    name: str,
    grid: Sequence[float] | FloatArray | None = None,
    points: int = 21,
    *,
    progress: bool = False,
) -> Profile:
    """Chi-square over one parameter, minimised over all others at each value.

    Goes outward from the best fit in both directions, each value starting from its neighbour's solution, and back
    inward from the outer neighbour's: the lower of the two counts.

    Parameters
    ----------
    result
        A fit.
    name
        Parameter.
    grid
        Values, within the bounds. By default `points` from 3 errors below to 3 above the best value, which is one of
        them, or to the bound where that is nearer.
    points
        Their number.
    progress
        Whether to show a progress bar, on a terminal.

    Raises
    ------
    InputError
        For an unknown parameter, or values outside its bounds.
    """
    if name not in result.names:
        raise unknown_name("parameter", name, result.names)
    if points < 3:
        raise InputError(f"points {points}: 3 or more are needed")
    likelihood = result.likelihood
    index = result.names.index(name)
    parameter = likelihood.parameters[index]
    given = result
    while True:
        problem = Search(likelihood)
        best = problem.unit(result.values)
        values = _grid(result, index, points) if grid is None else np.unique(np.asarray(grid, dtype=np.float64))
        inside = (values >= parameter.low) & (values <= parameter.high)
        if values.size == 0 or not inside.all():
            raise InputError(
                f"{name}: a profile's values must be within the bounds {parameter.low:g} to {parameter.high:g}"
            )
        places = (values - parameter.low) / problem.width[index]
        chi2 = np.full(values.size, math.inf)
        solutions = np.zeros((values.size, problem.size))
        split = int(np.searchsorted(places, best[index]))
        with progress_bar(f"profile of {name}", progress) as update:
            done = 0
            for order in (range(split, values.size), range(split - 1, -1, -1)):
                near = best
                for k in order:
                    start = near.copy()
                    start[index] = places[k]
                    if abs(places[k] - best[index]) < 1e-12:
                        chi2[k], near = result.chi2, best
                    else:
                        chi2[k], near = problem.profiled(start, index)
                    solutions[k] = near
                    done += 1
                    update(done / (2 * values.size))
                # Back: a branch that was entered late on the way out may be the better one before, too.
                for k in reversed(order[:-1]):
                    start = solutions[k + order.step].copy()
                    start[index] = places[k]
                    other, point = problem.profiled(start, index)
                    if other < chi2[k]:
                        chi2[k], solutions[k] = other, point
                    done += 1
                    update(done / (2 * values.size))
        if problem.best_chi2 > result.chi2 - IMPROVED:
            break
        result = search_minimum(Search(likelihood), [problem.best], result.minos, lambda part: None)
    return Profile(
        parameter, values, chi2, np.array([problem.values(s) for s in solutions]), result, result is not given
    )


def _grid(result: FitResult, index: int, points: int) -> FloatArray:
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
