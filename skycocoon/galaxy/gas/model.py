"""A published gas model: densities of HI and H2, X_CO, and radii of kinks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...units import FloatArray

__all__ = ["LN2", "GasModel", "Profile"]

LN2 = math.log(2.0)
"""Turns the half width of a Gaussian layer into its exponent."""

Profile = Callable[[FloatArray, FloatArray], FloatArray]
"""Density [cm^-3] at broadcasting R and z [kpc]."""


@dataclass(frozen=True)
class GasModel:
    """A published model of atomic and molecular hydrogen.

    Attributes
    ----------
    reference
        Papers, in a few words.
    atomic, molecular
        H nuclei [cm^-3] at R and z [kpc], as an array of the shape that these broadcast to; zeros where there are none,
        also in a model without H2.
    x_co
        X_CO that its H2 is based on [cm^-2 (K km/s)^-1]; None if it is not known to us.
    x_co_source
        The publication of that X_CO; without one, a clause that says why and that ends the message "gas x_co: not with
        the model NAME, ...", such as "it has no H2".
    provenance
        What is published and what is not.
    kinks
        A function that gives the radii [kpc] at which a density has a kink or a jump; by default there are none.
    """

    reference: str
    atomic: Profile
    molecular: Profile
    x_co: float | None
    x_co_source: str
    provenance: str
    kinks: Callable[[], tuple[float, ...]] = tuple
