"""What all rays of a question share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import astropy.units as u
import numpy as np

from ..absorption import Absorption, TransmissionBasis, transmission_basis
from ..errors import InputError
from ..galaxy import Sun
from ..units import FloatArray, to_array, to_quantity

__all__ = ["NOTHING", "RTOL", "View", "energy_nodes"]

RTOL = 1e-4
"""Default relative accuracy of a column, of a pixel mean and of a region mean."""

NOTHING = Absorption(())
"""A transparent Galaxy."""


@dataclass(frozen=True)
class View:
    """How the Galaxy is looked at: where rays end, what absorbs along them, and how accurate their columns are.

    Attributes
    ----------
    sun
        Where the rays start, seen from the observer.
    absorption
        What absorbs gamma rays on the way.
    rtol
        Relative accuracy of columns and of their means.
    s_min
        Distance at which a density begins to count [kpc].
    """

    sun: Sun
    absorption: Absorption = NOTHING
    rtol: float = RTOL
    s_min: float = 0.0

    @property
    def basis(self) -> TransmissionBasis:
        """The few energies at which absorbed columns are integrated."""
        return transmission_basis(self.absorption, self.sun, self.rtol)

    def beyond(self, s_min: float) -> View:
        """The same view of what is further away than ``s_min`` [kpc]."""
        return self if s_min == self.s_min else replace(self, s_min=s_min)


def energy_nodes(energy: u.Quantity) -> tuple[u.Quantity, FloatArray]:
    """Check increasing energies, and give them as a Quantity and in GeV.

    Raises
    ------
    InputError
        If they are not one list of positive, increasing energies.
    """
    energy = np.atleast_1d(to_quantity(energy, u.GeV, "energy"))
    gev = to_array(energy, u.GeV, "energy")
    if gev.ndim != 1 or gev.size == 0 or np.any(gev <= 0):
        raise InputError("energy: a list of positive energies is needed")
    if np.any(np.diff(gev) <= 0):
        raise InputError("energy: the nodes must increase")
    return energy, gev
