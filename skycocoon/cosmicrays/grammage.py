"""Grammage that particles cross in a cocoon, as a function of rigidity (eqs. 6 and 15)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import astropy.units as u
import numpy as np

from ..errors import InputError
from ..units import FloatArray, to_array, to_float

__all__ = ["LAWS", "TURBULENCE", "ConstantGrammage", "DiffusiveGrammage", "ExponentialGrammage", "Grammage"]

COLUMN = u.g / u.cm**2

TURBULENCE: MappingProxyType[str, float] = MappingProxyType({"kolmogorov": 1 / 3, "kraichnan": 1 / 2, "bohm": 1.0})
"""Slopes delta of D(R) ~ R^delta by the name of the turbulence."""


class Grammage(Protocol):
    """A law X_c(R)."""

    @property
    def normalisation(self) -> u.Quantity:
        """X_c0 [g cm^-2]."""
        ...

    def at(self, rigidity: FloatArray) -> FloatArray:
        """X_c [g cm^-2] at rigidities [GV]."""
        ...

    def __call__(self, rigidity: u.Quantity) -> u.Quantity:
        """X_c [g cm^-2] at rigidities."""
        ...


def _normalisation(law: str, value: u.Quantity) -> float:
    """X_c0 [g cm^-2], checked."""
    return to_float(value, COLUMN, f"{law} grammage: normalisation", minimum=0.0)


def _cutoff(law: str, value: u.Quantity) -> float:
    """R_c [GV], checked."""
    return to_float(value, u.GV, f"{law} grammage: cutoff", minimum=0.0, exclusive=True)


@dataclass(frozen=True)
class ConstantGrammage:
    """The same grammage at every rigidity.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import ConstantGrammage
    >>> print(ConstantGrammage()([1, 1000] * u.GV))
    [0.4 0.4] g / cm2
    """

    normalisation: u.Quantity = field(default=0.4 * COLUMN)

    def __post_init__(self) -> None:
        _ = self._x0

    # Read once: a fit makes a law in every step, and evaluates it more than once.
    @cached_property
    def _x0(self) -> float:
        return _normalisation("constant", self.normalisation)

    def __str__(self) -> str:
        return f"X_c = {self.normalisation:g}"

    def at(self, rigidity: FloatArray) -> FloatArray:
        """X_c0 [g cm^-2]."""
        return np.full_like(rigidity, self._x0)

    def __call__(self, rigidity: u.Quantity) -> u.Quantity:
        """X_c0."""
        return self.at(to_array(rigidity, u.GV, "rigidity")) * COLUMN


@dataclass(frozen=True)
class ExponentialGrammage:
    """X_c0 exp(-R/R_c) (eq. 6). Published: X_c0 = 0.4 g cm^-2. Reconstructed: R_c = 100 TV (range 30 to 300).

    Parameters
    ----------
    normalisation
        X_c0 [g cm^-2].
    cutoff
        R_c, rigidity [V].

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import ExponentialGrammage
    >>> print(ExponentialGrammage(cutoff=100 * u.TV)([1, 100] * u.TV).round(3))
    [0.396 0.147] g / cm2
    """

    normalisation: u.Quantity = field(default=0.4 * COLUMN)
    cutoff: u.Quantity = field(default=100.0 * u.TV)

    def __post_init__(self) -> None:
        _ = self._numbers

    @cached_property
    def _numbers(self) -> tuple[float, float]:
        """X_c0 [g cm^-2] and R_c [GV]."""
        return _normalisation("exponential", self.normalisation), _cutoff("exponential", self.cutoff)

    def __str__(self) -> str:
        return f"X_c = {self.normalisation:g} exp(-R/{self.cutoff:g})"

    def at(self, rigidity: FloatArray) -> FloatArray:
        """X_c [g cm^-2] at rigidities [GV]."""
        x0, cutoff = self._numbers
        return np.asarray(x0 * np.exp(rigidity * (-1 / cutoff)))

    def __call__(self, rigidity: u.Quantity) -> u.Quantity:
        """X_c at rigidities."""
        return self.at(to_array(rigidity, u.GV, "rigidity")) * COLUMN


@dataclass(frozen=True)
class DiffusiveGrammage:
    """Advection below R_c, diffusion above: X_c0 / [1 + (R/R_c)^delta] (eq. 15).

    Parameters
    ----------
    normalisation, cutoff
        X_c0 and R_c.
    delta
        Slope of the diffusion coefficient: 1/3 Kolmogorov, 1/2 Kraichnan, 1 Bohm.
    sharp
        X_c0 min[1, (R/R_c)^-delta] instead: the same limits, a factor 2 higher at R_c.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import DiffusiveGrammage
    >>> print(DiffusiveGrammage(cutoff=100 * u.TV, delta=0.5)([1, 100] * u.TV).round(3))
    [0.364 0.2  ] g / cm2
    """

    normalisation: u.Quantity = field(default=0.4 * COLUMN)
    cutoff: u.Quantity = field(default=100.0 * u.TV)
    delta: float = field(default=0.5, metadata={"needed": "e.g. 0.5 (kraichnan) or 1 (bohm)"})
    sharp: bool = False

    def __post_init__(self) -> None:
        _ = self._numbers
        if not (math.isfinite(self.delta) and 0 < self.delta <= 2):
            raise InputError(f"diffusive grammage: delta {self.delta:g} is out of range; allowed: above 0 to 2")

    @cached_property
    def _numbers(self) -> tuple[float, float]:
        """X_c0 [g cm^-2] and R_c [GV]."""
        return _normalisation("diffusive", self.normalisation), _cutoff("diffusive", self.cutoff)

    def __str__(self) -> str:
        if self.sharp:
            return f"X_c = {self.normalisation:g} min[1, (R/{self.cutoff:g})^-{self.delta:g}]"
        return f"X_c = {self.normalisation:g} / [1 + (R/{self.cutoff:g})^{self.delta:g}]"

    def at(self, rigidity: FloatArray) -> FloatArray:
        """X_c [g cm^-2] at rigidities [GV]."""
        x0, cutoff = self._numbers
        escape = (rigidity / cutoff) ** self.delta
        loss = np.maximum(1.0, escape) if self.sharp else 1.0 + escape
        return np.asarray(x0 / loss)

    def __call__(self, rigidity: u.Quantity) -> u.Quantity:
        """X_c at rigidities."""
        return self.at(to_array(rigidity, u.GV, "rigidity")) * COLUMN


LAWS = MappingProxyType(
    {"constant": ConstantGrammage, "exponential": ExponentialGrammage, "diffusive": DiffusiveGrammage}
)
"""Laws by the name they have in a model file."""
