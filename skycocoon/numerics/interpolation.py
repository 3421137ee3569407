"""Spectra between their nodes: power laws, curved where the nodes are near enough to show it, and 0 beside a zero."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..units import ROUNDING, FloatArray

__all__ = ["NEAR", "interpolated"]

NEAR = 10**0.5 * (1 + 1e-6)
"""Ratio of neighbouring energies up to which the curvature of a spectrum is interpolated: two nodes per decade."""


def interpolated(nodes: FloatArray, energy: float, values: Callable[[int], FloatArray]) -> FloatArray:
    """Interpolate spectra at an energy within their nodes: the rule of spectra and of maps alike.

    At a node it is the node's value. Between a node at which a spectrum is 0 and the next it is 0, elsewhere a power
    law: ``ln I`` straight in ``ln E``. Where the four nodes about the energy, or the four at an end, are half a decade
    apart or less and none is 0, ``ln I`` is bent by the harmonic mean of its curvatures at the interval's two nodes:
    of fourth order, and straight where the two have different signs, as beside a step (PPH interpolation: Amat, Donat,
    Liandrat and Trillo 2006, Found. Comput. Math. 6, 193). At an end the curvature goes on as a geometric series.

    Parameters
    ----------
    nodes
        (n,) energies, increasing.
    energy
        Where, from the first to the last node.
    values
        Gives the spectra at node 0, 1, ...: arrays of one shape, not negative.

    Returns
    -------
    array
        Of that shape.

    Examples
    --------
    >>> spectrum = np.array([0.0, 1.0, 0.01])
    >>> [f"{interpolated(np.array([1.0, 10.0, 100.0]), e, spectrum.__getitem__):.3g}" for e in (2.0, 10.0, 20.0)]
    ['0', '1', '0.25']
    """
    nearest = int(np.argmin(np.abs(nodes - energy)))
    if math.isclose(nodes[nearest], energy, rel_tol=ROUNDING) or nodes.size == 1:
        return np.asarray(values(nearest), dtype=np.float64)
    low = min(int(np.searchsorted(nodes, energy)), nodes.size - 1) - 1
    first = min(max(low - 1, 0), nodes.size - 4)
    curved = first >= 0 and bool(np.all(nodes[first + 1 : first + 4] <= NEAR * nodes[first : first + 3]))
    places = range(first, first + 4) if curved else range(low, low + 2)
    x, at, here = np.log(nodes[places.start : places.stop]), math.log(energy), low - places.start
    share = (at - x[here]) / (x[here + 1] - x[here])
    with np.errstate(divide="ignore", invalid="ignore"):
        y = [np.log(values(place)) for place in places]
        ln = (1 - share) * y[here] + share * y[here + 1]
        if curved:
            bend = _curvature(x, y, here, at)
            bend *= 0.5 * (x[here + 1] - at) * (at - x[here])
            # Infinite next to a zero, NaN where two zeros meet.
            ln -= np.where(np.isfinite(bend), bend, 0.0)
        return np.where(np.isneginf(y[here]) | np.isneginf(y[here + 1]), 0.0, np.exp(ln))


def _curvature(x: FloatArray, y: list[FloatArray], here: int, at: float) -> FloatArray:
    """Second derivative of y between nodes ``here`` and ``here + 1`` of four; 0 if it changes sign.

    The weights of the mean are those that would make a cubic of an arithmetic one.
    """
    slopes = [(y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in range(3)]
    left, right = ((slopes[k + 1] - slopes[k]) * (2 / (x[k + 2] - x[k])) for k in range(2))
    start, end = x[0], x[3]
    if here == 0:
        left, right, start, end = left**2 / right, left, 2 * x[0] - x[1], x[2]
    elif here == 2:
        left, right, start, end = right, right**2 / left, x[1], 2 * x[3] - x[2]
    share = (at - start) / (end - start)
    product = np.maximum(left * right, 0.0)
    return np.asarray(product / ((1 - share) * right + share * left))
