"""Columns of one density along given directions."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from ..errors import AccuracyWarning
from ..galaxy import DensityTable
from ..kernels.tables import RULE
from ..units import CM_PER_KPC, FloatArray
from .view import View

__all__ = ["ray_columns"]


def ray_columns(table: DensityTable, view: View) -> Callable[[FloatArray], FloatArray]:
    """Give the function that integrates a density along rays from the Sun.

    Parameters
    ----------
    table
        The density as kernels read it.
    view
        Where the rays start, what absorbs on them, and how accurate their columns are.

    Returns
    -------
    callable
        Takes (n, 3) unit vectors, gives (n, m) columns [density times cm], one for each of the m energies of the
        view's transmission basis.

    Warns
    -----
    AccuracyWarning
        If a ray is not as good as asked for.
    """
    from ..kernels.columns import columns

    place, density, absorbers = view.sun.place, table.for_kernels, view.basis.absorbers

    def rays(directions: FloatArray) -> FloatArray:
        out = np.empty((len(directions), absorbers.uniform.size))
        unsettled = columns(directions, place, view.s_min, density, absorbers, RULE, view.rtol / 5, out)
        if unsettled:
            words = f"columns: some rays may not be as good as the {view.rtol:.1e} asked for"
            warnings.warn(words, AccuracyWarning, stacklevel=2)
        out *= CM_PER_KPC
        return out

    return rays
