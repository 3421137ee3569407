"""Columns of one density along given directions."""

from __future__ import annotations

from collections.abc import Callable

import astropy.units as u
import numpy as np

from ..absorption import TRANSPARENT, Absorption, TransmissionBasis, transmission_basis
from ..errors import InputError
from ..galaxy import DensityTable, Sun
from ..units import CM_PER_KPC, FloatArray


def ray_columns(
    table: DensityTable, sun: Sun, rtol: float, s_min: float, absorber: TransmissionBasis = TRANSPARENT
) -> Callable[[FloatArray], FloatArray]:
    """Function of (n, 3) directions that gives (n, m) columns, one for each of the attenuation's energies."""
    from ..kernels.columns import KRONROD, columns

    place = sun.place

    def rays(directions: FloatArray) -> FloatArray:
        out = np.empty((len(directions), absorber.size))
        columns(directions, place, s_min, *table.arguments, *absorber.arguments, KRONROD, rtol / 5, out)
        out *= CM_PER_KPC
        return out

    return rays


def transmission_for(absorption: Absorption, sun: Sun, energy: u.Quantity | None) -> TransmissionBasis:
    if energy is None and absorption.fields:
        raise InputError("columns: absorption needs energies")
    return transmission_basis(absorption, sun)
