"""Values of a map's pixels: none masked, infinite or negative, but those that the caller lets be zero."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError, check_name
from ...units import BoolArray, FloatArray

__all__ = ["NEGATIVE", "OUTSIDE_SKY", "Cleaner", "check_plane"]

# Masked pixels, as healpy.UNSEEN.
UNSEEN = -1.6375e30
OUTSIDE_SKY = ("error", "zero")
"""What the sky is where a map has no pixels, or masked ones: an error, or 0."""
NEGATIVE = ("error", "zero")
"""What negative values are: an error, or 0."""


@dataclass(eq=False)
class Cleaner:
    """Checks values, and makes those 0 that the caller lets be 0.

    Attributes
    ----------
    headers
        FITS headers, whose keys BAD_DATA name values of masked pixels.
    outside_sky, negative
        One of :data:`OUTSIDE_SKY`, and of :data:`NEGATIVE`; None for the first.
    of_file
        Whether values are of a file, on which the caller can make statements.
    masked
        How many values were masked, and are 0.
    below, above
        Sums of the negative values, which are 0, and of the positive ones, at each energy.
    """

    headers: list[Any]
    outside_sky: str | None = None
    negative: str | None = None
    of_file: bool = True
    masked: int = 0
    below: dict[str, list[float]] = field(default_factory=dict)
    above: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside_sky = check_name("choice for the sky outside the map", self.outside_sky or "error", OUTSIDE_SKY)
        self.negative = check_name("choice for negative values", self.negative or "error", NEGATIVE)

    def clean(self, values: FloatArray, where: str) -> None:
        """Make masked and negative values of a plane 0, in place, if the caller lets them be.

        Parameters
        ----------
        values
            (m,) numbers.
        where
            At which energy, for messages.

        Raises
        ------
        InputError
            If a value is infinite, or masked or negative and not let be; with how many are.
        """
        if not values.size:
            return
        bad = {UNSEEN, *(float(header["BAD_DATA"]) for header in self.headers if header.get("BAD_DATA"))}
        # The extremes are NaN if any value is: one pass, without masks, over what is nearly always right.
        if not (values.min() >= 0 and math.isfinite(values.max()) and not any(b > 0 for b in bad)):
            self._clean(values, bad, where)
        if self.negative == "zero":
            self.above[where] = self.above.get(where, 0.0) + float(values.sum())

    def _clean(self, values: FloatArray, bad: set[float], where: str) -> None:
        unseen = np.zeros(values.shape, dtype=bool)
        for value in bad:  # in single precision
            unseen |= np.abs(values - value) <= 1e-5 * abs(value)
        undefined = ~np.isfinite(values)
        if self.outside_sky == "zero":
            outside = unseen | np.isnan(values)
            self.masked += int(outside.sum())
            values[outside] = 0.0
            unseen &= False
            undefined &= ~outside
        below = (values < 0) & ~unseen & ~undefined
        if self.negative == "zero":
            self.below.setdefault(where, []).extend(values[below])
            values[below] = 0.0
            below &= False
        wrong = {"UNSEEN (masked)": unseen, "NaN or infinite": undefined, "negative": below}
        if kinds := [f"{count} {kind}" for kind, which in wrong.items() if (count := int(which.sum()))]:
            ways = _ways(values, below, unseen | np.isnan(values)) if self.of_file else ""
            raise InputError(f"{', '.join(kinds)} of {values.size} values at {where}; values >= 0 are needed{ways}")

    def notes(self) -> dict[str, str]:
        """What was made 0, for the map's ``meta``; complete when all values were read."""
        notes = {}
        if self.outside_sky == "zero":
            masked = f", and {self.masked} masked values are 0" if self.masked else ""
            notes["outside_sky"] = f"zero: the sky that the file has not is 0{masked}"
        if self.negative == "zero" and (sums := {where: sum(values) for where, values in self.below.items() if values}):
            worst = max(sums, key=lambda where: sums[where] / -(self.above[where] or math.inf))
            part = f"{-sums[worst] / self.above[worst]:.2g} of the rest" if self.above[worst] else "all of it"
            count = sum(map(len, self.below.values()))
            notes["negative"] = f"zero: {count} negative values are 0; their sum is {part} at {worst}, where it is most"
        return notes


def check_plane(values: FloatArray, where: str) -> None:
    """Check that values are finite, not masked and not negative.

    Parameters
    ----------
    values
        (m,) numbers.
    where
        Which they are, for the message.

    Raises
    ------
    InputError
        Otherwise, with how many values are wrong.
    """
    Cleaner([], of_file=False).clean(values, where)


def _ways(values: FloatArray, below: BoolArray, masked: BoolArray) -> str:
    """Which statements would let negative and masked values be."""
    ways = ""
    if below.any():
        lowest, highest = values[below].min(), values[np.isfinite(values)].max()
        ways = (
            f"; the lowest is {lowest:.3g}, the highest {highest:.3g}; if they are noise about zero, as component "
            "separations leave it, say negative = 'zero' (--negative zero)"
        )
    if masked.any():
        ways += "; if the sky is 0 where the map has no values, say outside_sky = 'zero' (--outside-sky zero)"
    return ways
