"""A model held against one data set."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..units import FloatArray

__all__ = [
    "Comparison",
]


@dataclass(frozen=True)
class Comparison:
    """A model against one data set.

    Attributes
    ----------
    measurement, region
        Names of the data set and of the part of the sky.
    factor
        What the model was multiplied by, once, and
    factor_name
        why; ``"none"`` if it was not.
    chi2
        Chi-square.
    points
        Number of independent values that went into it.
    skipped
        Points outside the model's energies.
    pulls
        (data - model) / error of every point that was used.
    """

    measurement: str
    region: str
    factor: float
    factor_name: str
    chi2: float
    points: int
    skipped: int
    pulls: FloatArray = field(repr=False)
