"""Data points with asymmetric errors and upper limits: pulls, and detection of duplicates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import astropy.units as u
import numpy as np

from .errors import InputError
from .units import BoolArray, FloatArray

__all__ = ["SIGMA_95", "DataSet", "Points", "copies", "limit_sigmas", "pulls", "same_points", "same_rows"]


@dataclass(frozen=True, eq=False)
class Points:
    """Measured points of one data set, in one unit.

    Attributes
    ----------
    name, label
        Short name, and the name in a figure's legend.
    x, x_label
        (n,) where they were measured, for figures only, and the name and unit of that axis.
    value
        (n,) measured values; for a limit, the limit.
    error_low, error_high
        (n,) errors, positive (ignored for limits).
    limit
        (n,) whether a value is a 95 % upper limit.

    Raises
    ------
    InputError
        For arrays that differ in length or are empty, values that are not finite, errors or limits not positive.
    """

    name: str
    label: str
    x: FloatArray
    x_label: str
    value: FloatArray
    error_low: FloatArray
    error_high: FloatArray
    limit: BoolArray

    def __post_init__(self) -> None:
        for key in ("x", "value", "error_low", "error_high"):
            object.__setattr__(self, key, np.asarray(getattr(self, key), dtype=np.float64))
        object.__setattr__(self, "limit", np.asarray(self.limit, dtype=bool))
        shapes = {key: getattr(self, key).shape for key in ("x", "value", "error_low", "error_high", "limit")}
        if self.value.ndim != 1 or self.value.size == 0 or len(set(shapes.values())) > 1:
            raise InputError(f"{self.name}: columns of one length, one value or more, are needed, got {shapes}")
        if not np.isfinite(self.value).all():
            raise InputError(f"{self.name}: values must be finite")
        low, high = self.error_low[~self.limit], self.error_high[~self.limit]
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low > 0).all() and (high > 0).all()):
            raise InputError(f"{self.name}: errors must be positive and finite")
        if (self.value[self.limit] <= 0).any():
            raise InputError(f"{self.name}: an upper limit must be positive")

    def __len__(self) -> int:
        return self.value.size

    def pulls(self, model: FloatArray) -> FloatArray:
        """Return (data - model)/error of every point; see :func:`pulls`.

        Parameters
        ----------
        model
            (n,) what a model predicts for the points, in their unit.

        Returns
        -------
        ndarray
            (n,) pulls; their sum of squares is chi-square.

        Raises
        ------
        InputError
            If the model has another shape.
        """
        model = np.asarray(model, dtype=np.float64)
        if model.shape != self.value.shape:
            raise InputError(f"{self.name}: a model of {self.value.size} values is needed, got the shape {model.shape}")
        return pulls(self.value, self.error_low, self.error_high, self.limit, model)


SIGMA_95 = 1.6448536269514722
"""One-sided Gaussian quantile of a 95 % confidence limit."""

# gammapy's confidence of n sigma: what lies within n sigma on both sides, with seven digits, for tenths of a sigma.
_TWO_SIDED = {round(math.erf(n / math.sqrt(200)), 7): n / 10 for n in range(1, 60)}

# A copy in other units, with its last digits rounded, is still a copy.
COPY_RTOL = 1e-6


def limit_sigmas(confidence: object) -> float:
    """One-sided Gaussian quantile of an upper limit's confidence: how many sigma the limit is above zero.

    Parameters
    ----------
    confidence
        What a header says under ``UL_CONF``, between 0.5 and 1: the probability to be below the limit. The values that
        gammapy writes for limits of n sigma, such as 0.9544997 for two, are those between -n and n: they give n.

    Returns
    -------
    float
        1.6449 for 0.95.

    Raises
    ------
    InputError
        If it is no number between 0.5 and 1.

    Examples
    --------
    >>> print(f"{limit_sigmas(0.95):.4f} {limit_sigmas('0.9'):.4f} {limit_sigmas(0.9544997):.4f}")
    1.6449 1.2816 2.0000
    """
    try:
        value = float(str(confidence))
    except ValueError:
        value = math.nan
    if not 0.5 < value < 1:
        raise InputError(f"UL_CONF {confidence}: a confidence between 0.5 and 1 is needed, like 0.95")
    return _TWO_SIDED.get(round(value, 7)) or NormalDist().inv_cdf(value)


class DataSet(Protocol):
    """A published set of points of one kind: a spectrum of the sky, a ratio of nuclei."""

    @property
    def events(self) -> str:
        """Name of the data-taking from which the points come."""
        ...

    def overlaps(self, other: Any) -> bool:
        """Return whether another set of this kind and data-taking may share events with this one."""
        ...

    def repeats(self, other: Any) -> bool:
        """Return whether another set of this kind holds the same numbers, or one of the two a part of the other's."""
        ...


def pulls(value: FloatArray, low: FloatArray, high: FloatArray, limit: BoolArray, model: FloatArray) -> FloatArray:
    """Return (data - model)/sigma with the error of the side on which the model lies.

    A 95 % upper limit counts as a measurement of 0 with sigma = limit/1.645.

    Parameters
    ----------
    value, low, high
        (n,) measured values and their errors, in one unit; for a limit, the limit and any errors.
    limit
        (n,) whether a value is a 95 % upper limit.
    model
        (n,) what a model predicts, in the same unit.

    Returns
    -------
    ndarray
        (n,) pulls.
    """
    sigma = np.where(limit, value / SIGMA_95, np.where(model > value, high, low))
    return np.asarray((np.where(limit, 0.0, value) - model) / sigma)


def same_points(one: DataSet, other: DataSet) -> bool:
    """Return whether one chi-square of two data sets would count a measurement twice.

    It would if they come from the same data-taking and overlap, or hold the same numbers.

    Parameters
    ----------
    one, other
        The data sets; two of different kinds are never the same.

    Returns
    -------
    bool
        True if only one of them may be used.
    """
    together = type(one) is type(other) and one.events == other.events and one.overlaps(other)
    return together or copies(one, other)


def same_rows(one: tuple[u.Quantity, u.Quantity], other: tuple[u.Quantity, u.Quantity]) -> bool:
    """Return whether all points of the shorter of two sets are among those of the other, within 1e-6.

    Parameters
    ----------
    one, other
        Where the points were measured, (n,), and their values, (n,); units may differ.

    Returns
    -------
    bool
        False, too, for units of another kind.
    """
    equal = True
    for a, b in zip(one, other, strict=True):
        if not a.unit.is_equivalent(b.unit):
            return False
        equal = equal & np.isclose(b.to_value(a.unit), a.value[:, np.newaxis], rtol=COPY_RTOL, atol=0.0)
    return bool(np.any(equal, axis=1).all() or np.any(equal, axis=0).all())


def copies(one: DataSet, other: DataSet) -> bool:
    """Return whether two data sets are of one kind and hold the same numbers, or one a part of those of the other.

    Parameters
    ----------
    one, other
        The data sets.

    Returns
    -------
    bool
        True for copies, whatever they are called and in whatever units.
    """
    return type(one) is type(other) and one.repeats(other)
