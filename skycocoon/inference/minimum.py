"""The best fit and its errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, unknown_name
from ..execution import progress_bar
from ..units import FloatArray
from .likelihood import Likelihood
from .search import IMPROVED, Search

__all__ = [
    "FitResult",
    "fit",
]


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """Where chi-square is least.

    Attributes
    ----------
    likelihood
        What was fitted.
    values
        (n,) best values; exactly the bound for a parameter that ends there.
    errors
        (n,) symmetric errors, from the second derivatives (HESSE). NaN for a parameter at its bound.
    error_low, error_high
        (n,) positive distances to where chi-square, minimised over all other parameters, is higher by 1 (MINOS). Where
        a bound comes first: the distance to it. NaN where no such place was found.
    minos
        Names of the parameters for which these two are MINOS errors; for others they are `errors`, cut at the bounds.
    covariance
        (n, n) inverse of half the second derivatives. A parameter at its bound was held there: its row is NaN, and the
        others are what they are with it fixed.
    chi2
        Least chi-square, with priors.
    valid
        Whether MIGRAD converged.
    at_bound
        Which parameters ended at a bound.
    calls, predictions
        How many times chi-square was asked for, and how many of these asked the model.
    starts
        `astropy.table.Table` of what every start led to: ``chi2``, ``valid``, ``calls`` and the parameters.
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
        return [p.name for p in self.likelihood.parameters]

    @property
    def best(self) -> Mapping[str, float]:
        """Best value of every parameter by its name."""
        return MappingProxyType(dict(zip(self.names, self.values.tolist(), strict=True)))

    @property
    def ndof(self) -> int:
        """Degrees of freedom: points (limits too) + Gaussian priors - free parameters (those at a bound too).

        A prior counts as the measurement that it stands for, so that a nuisance normalisation with a prior costs none.
        """
        likelihood = self.likelihood
        return likelihood._flat[0].size + len(likelihood._priors) - len(likelihood.parameters)

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
        """(n, n) correlation coefficients; NaN for parameters at a bound."""
        sigma = np.sqrt(np.diag(self.covariance))
        return np.asarray(self.covariance / np.outer(sigma, sigma))

    @property
    def _kind_of_errors(self) -> str:
        if not self.minos:
            return "HESSE"
        return "MINOS" if len(self.minos) == len(self.names) else f"MINOS of {', '.join(self.minos)}; else HESSE"

    @property
    def chi2_by_set(self) -> dict[str, float]:
        """Chi-square of every data set, without priors."""
        return self.likelihood.chi2_by_set(self.values)

    @property
    def agreeing(self) -> int:
        """How many starts ended in this minimum: valid, and within 0.01 in chi-square."""
        return int(np.sum(np.asarray(self.starts["valid"]) & (np.asarray(self.starts["chi2"]) < self.chi2 + 0.01)))

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
        by_set = self.chi2_by_set
        lines += [f"  {p.name}: chi2 {by_set[p.name]:.1f} of {len(p)} points" for p in self.likelihood.points]
        if self.likelihood._priors:
            lines.append(
                f"  priors: chi2 {self.likelihood.prior_chi2(self.values):.1f} of {len(self.likelihood._priors)}"
            )
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

    James and Roos 1975, Comput. Phys. Commun. 10, 343; through iminuit. Least squares lead MIGRAD to the minimum. A
    lower minimum that anybody comes by on the way, MINOS too, is gone to and becomes the result.

    Parameters
    ----------
    likelihood
        Points, model and parameters.
    minos
        Whether to follow chi-square to its +1 for every parameter, or the names of those for which to; 300 to 800 calls
        for each in a strongly correlated problem of seven. It follows one valley; :func:`profile` goes there and back,
        and sees another.
    starts
        Number of starts: the parameters' own, then points drawn uniformly between the bounds.
    seed
        Of those.
    progress
        Whether to show a progress bar, on a terminal.

    Raises
    ------
    InputError
        For the name of no parameter, or if the prediction is not finite at the start, or at no random point. (Elsewhere
        it counts as a very high chi-square, from which the minimisers come back.)
    """
    if starts < 1:
        raise InputError(f"starts {starts}: 1 or more are needed")
    names = [p.name for p in likelihood.parameters]
    asked = (names if minos else []) if isinstance(minos, bool) else [minos] if isinstance(minos, str) else list(minos)
    for name in asked:
        if name not in names:
            raise unknown_name("parameter", name, names)
    problem = Search(likelihood)
    points = [problem.unit(np.array([p.start for p in likelihood.parameters]))]
    if not problem.finite(points[0]):
        raise InputError(likelihood._not_finite(problem.values(points[0]).tolist()))
    rng = np.random.default_rng(seed)
    while len(points) < starts:
        draws = (rng.uniform(size=problem.size) for _ in range(100))
        point = next((draw for draw in draws if problem.finite(draw)), None)
        if point is None:
            raise InputError("the model's prediction is not finite at 100 random points within the bounds; narrow them")
        points.append(point)
    with progress_bar("fit", progress) as update:
        return search_minimum(problem, points, tuple(name for name in names if name in asked), update)


def search_minimum(
    problem: Search, points: list[FloatArray], minos: tuple[str, ...], update: Callable[[float], None]
) -> FitResult:
    from astropy.table import Table

    likelihood = problem.likelihood
    found, rows = [], []
    followed = [i for i, p in enumerate(likelihood.parameters) if p.name in minos]
    # A start takes about as long as MINOS for a few parameters.
    work = len(points) + len(followed) / 3
    for done, point in enumerate(points, start=1):
        calls = problem.calls
        minuit = problem.minimise(point)
        found.append(minuit)
        values = problem.values(np.array(minuit.values))
        rows.append((float(minuit.fval), bool(minuit.valid), problem.calls - calls, *values.tolist()))
        update(done / work)
    minuit = min(found, key=lambda m: (m.fval, not m.valid))
    for _ in range(4):
        n = problem.size
        chi2, point, at = problem.snapped(float(minuit.fval), np.array(minuit.values), np.ones(n, dtype=bool))
        valid, covariance = bool(minuit.valid), np.full((n, n), np.nan)
        settled = minuit
        if at.any() and not at.all():
            settled = problem.minuit(point, np.clip(np.array(minuit.errors), 1e-7, 0.3), at)
            chi2, point, valid = float(settled.fval), np.array(settled.values), bool(settled.valid)
        if not at.all():
            settled.hesse()
            inner = np.flatnonzero(~at)
            if settled.covariance is not None:
                covariance[np.ix_(inner, inner)] = np.asarray(settled.covariance)[np.ix_(inner, inner)]
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(np.diag(covariance))
        low, high = np.minimum(errors, point), np.minimum(errors, 1.0 - point)
        for done, i in enumerate(followed, start=1):
            low[i], high[i] = _minos(problem, minuit, point, chi2, i, errors[i])
            update((len(points) + done / 3) / work)
        if problem.best_chi2 > chi2 - IMPROVED:
            break
        minuit = problem.minimise(problem.best)
    names = ["chi2", "valid", "calls", *(p.name for p in likelihood.parameters)]
    return FitResult(
        likelihood,
        problem.values(point),
        errors * problem.width,
        low * problem.width,
        high * problem.width,
        minos,
        covariance * np.outer(problem.width, problem.width),
        chi2,
        valid,
        tuple(at.tolist()),
        problem.calls,
        likelihood.predictions - problem.asked,
        Table(rows=rows, names=names),
    )


def _minos(
    problem: Search, minuit: Any, point: FloatArray, chi2: float, index: int, error: float
) -> tuple[float, float]:
    """Lower and upper distance to chi-square + 1 on the unit cube: MINOS, or a search where it fails."""
    name = minuit.parameters[index]
    sides = [math.nan, math.nan]
    if minuit.valid:
        minuit.minos(name)
        merror = minuit.merrors[name]
        centre = float(minuit.values[index])
        room = (point[index], 1.0 - point[index])
        for k, (valid, at_limit, distance) in enumerate(
            (
                (merror.lower_valid, merror.at_lower_limit, point[index] - (centre + merror.lower)),
                (merror.upper_valid, merror.at_upper_limit, centre + merror.upper - point[index]),
            )
        ):
            if at_limit:
                sides[k] = room[k]
            elif valid:
                sides[k] = min(max(distance, 0.0), room[k])
    for k, side in enumerate((-1, 1)):
        # A lower minimum on the way ends the search: the fit begins again from there.
        if math.isnan(sides[k]) and problem.best_chi2 > chi2 - IMPROVED:
            sides[k] = problem.crossing(point, chi2, index, side, error if math.isfinite(error) else 0.05)
    return sides[0], sides[1]
