"""Data points with asymmetric errors and upper limits: pulls, and detection of duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .units import FloatArray

__all__ = [
    "SIGMA_95",
    "BoolArray",
    "DataSet",
    "Points",
    "copies",
    "pulls",
    "same_numbers",
    "same_points",
]


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


BoolArray = NDArray[np.bool_]

SIGMA_95 = 1.6448536269514722
"""One-sided Gaussian quantile of a 95 % confidence limit."""

# A copy in other units, with its last digits rounded, is still a copy.
COPY_RTOL = 1e-6


class DataSet(Protocol):
    """A published set of points of one kind: a spectrum of the sky, a ratio of nuclei."""

    @property
    def events(self) -> str:
        """Name of the data-taking that the points were counted in."""
        ...

    def overlaps(self, other: Any) -> bool:
        """Whether points of another set of this kind, of the same data-taking, would count some of the same events."""
        ...

    def repeats(self, other: Any) -> bool:
        """Whether another set of this kind holds the same numbers."""
        ...


def pulls(value: FloatArray, low: FloatArray, high: FloatArray, limit: BoolArray, model: FloatArray) -> FloatArray:
    """(data - model)/sigma with the error of the side on which the model lies; all (n,), in one unit.

    A 95 % upper limit counts as a measurement of 0 with sigma = limit/1.645.
    """
    sigma = np.where(limit, value / SIGMA_95, np.where(model > value, high, low))
    return np.asarray((np.where(limit, 0.0, value) - model) / sigma)


def same_numbers(one: u.Quantity, other: u.Quantity) -> bool:
    """Whether two arrays are the same numbers, in whatever units."""
    return bool(
        one.shape == other.shape
        and one.unit.is_equivalent(other.unit)
        and np.allclose(other.to_value(one.unit), one.value, rtol=COPY_RTOL, atol=0.0)
    )


def same_points(one: DataSet, other: DataSet) -> bool:
    """Whether two data sets would be counted twice in one chi-square.

    They are if they come from the same data-taking and overlap, or hold the same numbers.
    """
    together = type(one) is type(other) and one.events == other.events and one.overlaps(other)
    return together or copies(one, other)


def copies(one: DataSet, other: DataSet) -> bool:
    """Whether two data sets are of one kind and hold the same numbers."""
    return type(one) is type(other) and one.repeats(other)
