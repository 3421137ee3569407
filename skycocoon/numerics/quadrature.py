"""Gauss-Legendre quadrature on panels."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..units import FloatArray

__all__ = ["gauss_legendre", "halving_panels", "panel_edges", "panel_nodes", "unit_panel"]


@lru_cache(maxsize=32)
def gauss_legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (count,) of Gauss-Legendre quadrature from -1 to 1, read-only."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def panel_nodes(edges: FloatArray, count: int = 10) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on neighbouring panels.

    Parameters
    ----------
    edges
        (n + 1,) increasing edges of n panels.
    count
        Nodes in each panel.

    Returns
    -------
    nodes, weights
        (n count,) of all panels, increasing.

    Examples
    --------
    >>> x, w = panel_nodes(np.array([0.0, 1.0, 3.0]), 2)
    >>> float(w @ x**3)
    20.25
    """
    x, w = gauss_legendre(count)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()


def unit_panel(count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights (count,) from 0 to 1."""
    return panel_nodes(np.array([0.0, 1.0]), count)


def panel_edges(kinks: FloatArray, end: float, longest: float) -> FloatArray:
    """Edges of panels from 0 to an end, none of which contains a kink of the integrand.

    Parameters
    ----------
    kinks
        Places at which the integrand is not smooth; those outside the range do not matter.
    end
        Last edge.
    longest
        Largest width of a panel.

    Returns
    -------
    array
        (n + 1,) increasing edges.
    """
    marks = np.unique(np.concatenate([[0.0], kinks[(kinks > 0) & (kinks < end)], [end]]))
    parts = [np.linspace(a, b, math.ceil((b - a) / longest) + 1)[:-1] for a, b in pairwise(marks)]
    return np.concatenate([*parts, [end]])


def halving_panels(
    lower: float, upper: float, points: list[tuple[float, float]], count: int = 6
) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on panels whose widths halve towards some points.

    Parameters
    ----------
    lower, upper
        Ends of the range.
    points
        Each with the width of the smallest panel beside it.
    count
        Nodes in each panel.

    Returns
    -------
    nodes, weights
        Of all panels, increasing.
    """
    steps = 2.0 ** np.arange(40)
    edges = [np.array([lower, upper])]
    for point, smallest in points:
        edges += [np.array([point]), point - smallest * steps, point + smallest * steps]
    return panel_nodes(np.unique(np.clip(np.concatenate(edges), lower, upper)), count)
