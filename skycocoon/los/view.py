"""What all rays of a question share."""

from __future__ import annotations

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..errors import InputError
from ..units import FloatArray, to_array

__all__ = [
    "RTOL",
]

RTOL = 1e-4
"""Default relative accuracy of a column, of a pixel mean and of a region mean."""

NOTHING = Absorption(())


def energy_nodes(energy: u.Quantity) -> tuple[u.Quantity, FloatArray]:
    energy = np.atleast_1d(energy)
    gev = to_array(energy, u.GeV, "energy")
    if gev.ndim != 1 or gev.size == 0 or np.any(gev <= 0):
        raise InputError("energy: a list of positive energies is needed")
    if np.any(np.diff(gev) <= 0):
        raise InputError("energy: the nodes must increase")
    return energy, gev
