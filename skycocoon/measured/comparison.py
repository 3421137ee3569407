"""A model against one data set: the target (region, average, factor) and the result of the comparison."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..sky import Region
from ..units import FloatArray

__all__ = ["Comparison", "Target"]


@dataclass(frozen=True)
class Target:
    """A measured part of the sky, and what is done to a model there before it is held against the data.

    Attributes
    ----------
    measured
        The part of the sky that was measured.
    averaged
        The part that the model is averaged over: the measured one, or that one without masked sources.
    factor
        Factor on the model for masked sources, applied once.
    factor_name
        Reason for the factor; ``"none"`` if it is 1.
    """

    measured: Region
    averaged: Region
    factor: float = 1.0
    factor_name: str = "none"

    @property
    def masked(self) -> bool:
        """Whether the model is averaged over less than was measured: the part outside masked sources."""
        return self.averaged is not self.measured


@dataclass(frozen=True)
class Comparison:
    """A model held against one data set.

    Attributes
    ----------
    measurement, region
        Names of the data set and of the part of the sky.
    factor
        Factor on the model, applied once.
    factor_name
        Reason for the factor; ``"none"`` if there was none.
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
