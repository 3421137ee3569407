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

__all__ = ["chosen_members", "weights_of_others"]


def chosen_members(members: FloatArray, rtol: float) -> NDArray[np.int64]:
    """Choose the members of a family of functions that represent all others by linear combination.

    Parameters
    ----------
    members
        (n_sample, n_member): each column is a function on samples of its argument.
    rtol
        Largest part of any member that may be missed, in units of the largest member's norm.

    Returns
    -------
    array
        (n_chosen,) indices of the chosen members, most important first.
    """
    triangle, order = qr(members, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.asarray(order[: max(1, int(np.count_nonzero(size > rtol * size[0])))], dtype=np.int64)


def weights_of_others(members: FloatArray, chosen: FloatArray) -> FloatArray:
    """Weights with which chosen members add up to others, by least squares.

    Parameters
    ----------
    members
        (n_sample, n_member) functions to represent.
    chosen
        (n_sample, n_chosen) functions that represent them.

    Returns
    -------
    array
        (n_member, n_chosen).
    """
    return np.asarray(lstsq(chosen, members)[0].T)
