"""Gauss-Legendre quadrature on panels."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..units import FloatArray

__all__ = [
    "halving_panels",
]

GAUSS_X, GAUSS_W = np.polynomial.legendre.leggauss(10)


def panel_edges(kinks: FloatArray, end: float, longest: float) -> FloatArray:
    """Panel edges from 0 to an end, at kinks and not further apart than ``longest``."""
    marks = np.unique(np.concatenate([[0.0], kinks[(kinks > 0) & (kinks < end)], [end]]))
    parts = [np.linspace(a, b, math.ceil((b - a) / longest) + 1)[:-1] for a, b in pairwise(marks)]
    return np.concatenate([*parts, [end]])


def panel_nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights of panels."""
    half = 0.5 * np.diff(edges)[:, None]
    x = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * GAUSS_X
    return x.ravel(), (half * GAUSS_W).ravel()


def halving_panels(
    lower: float, upper: float, points: list[tuple[float, float]], nodes: int = 6
) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on panels that halve towards each of ``points`` (where, smallest panel)."""
    steps = 2.0 ** np.arange(40)
    edges = [np.array([lower, upper])]
    for where, smallest in points:
        edges += [np.array([where]), where - smallest * steps, where + smallest * steps]
    cuts = np.unique(np.clip(np.concatenate(edges), lower, upper))
    x, w = np.polynomial.legendre.leggauss(nodes)
    half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()
