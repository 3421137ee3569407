"""Interpolative decomposition: represent a family of functions by a few of its members.

Pivoted QR chooses the members, least squares gives the weights of all others. exp(-tau(E, s)) for all energies, or
R^-delta(r) for all rigidities, are nearly linear combinations of a dozen of themselves. What is linear in them, such as
an integral along a ray, is worked out for these alone (Cheng et al. 2005, SIAM J. Sci. Comput. 26, 1389).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq, qr

from ..units import FloatArray

__all__ = [
    "chosen_members",
    "weights_of_others",
]


def chosen_members(members: FloatArray, rtol: float) -> NDArray[np.int64]:
    """Which members are enough for the others, most important first.

    Parameters
    ----------
    members
        (n_sample, n_member): each column is a function on samples of its argument.
    rtol
        What may be missed of any member, in units of the largest one's norm.
    """
    triangle, order = qr(members, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.asarray(order[: max(1, int(np.count_nonzero(size > rtol * size[0])))], dtype=np.int64)


def weights_of_others(members: FloatArray, chosen: FloatArray) -> FloatArray:
    """Weights (n_member, n_chosen) with which chosen members add up to others, by least squares.

    Parameters
    ----------
    members, chosen
        (n_sample, n_member) and (n_sample, n_chosen).
    """
    return np.asarray(lstsq(chosen, members)[0].T)
