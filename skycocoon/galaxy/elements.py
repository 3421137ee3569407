"""An analytic, axisymmetric density in elements of high order: polynomials of ln n, or n, between its kinks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..kernels.tables import EMPTY, LOGARITHM, VALUE
from ..units import BoolArray, FloatArray
from .table import DensityTable

__all__ = ["Panels", "divided", "fitted", "halving_edges", "product_table"]

# ln n changes by no more than this in an element, so that no layer is thin beside the rays that cross it.
SPAN = 40.0
# Densities below these parts of the largest are nothing: in a panel that holds both, and in one that holds no more.
NOTHING, NEXT_TO_NOTHING = 1e-200, 1e-180
# Error of n counts relative to n plus this part of the largest n above and below: a ray from near the plane sees that,
# too. Less than this part of that is nothing.
FLOOR, DIM = 1e-4, 1e-13
# Where n, not ln n, is a polynomial, as at a wall where it goes to 0: relative to this part of n's largest value in the
# element, too.
WALL = 0.02
# Part of a density in the panel at the axis that may be wrong there.
INNER = 1e-5
# Panels that an axis is divided into, at most.
MAX_PANELS = 600

Profile = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Panels:
    """Panels along an axis on which a function of it is a polynomial.

    Attributes
    ----------
    edges
        (m + 1,) [kpc].
    order
        Coefficients of a polynomial.
    reached
        Largest relative error that is left.
    """

    edges: FloatArray
    order: int
    reached: float

    @property
    def nodes(self) -> FloatArray:
        """(m order,) Chebyshev nodes of all panels [kpc]: none is an edge, where a density may jump."""
        return self.at(_basis(self.order)[0])

    def at(self, places: FloatArray) -> FloatArray:
        """Places on [-1, 1] in all panels, one after the other [kpc]."""
        return _places(self.edges, places).ravel()


def _places(edges: FloatArray, places: FloatArray) -> FloatArray:
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    return np.asarray(middle[:, None] + half[:, None] * places)


@lru_cache(maxsize=32)
def _basis(order: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Chebyshev nodes, places between them where the error is largest, and two matrices.

    These take values at the nodes to coefficients of powers, and to values at the places between.
    """
    nodes = np.cos(math.pi * (np.arange(order) + 0.5) / order)[::-1]
    checks = np.cos(math.pi * np.arange(order + 1) / order)[::-1] * (1 - 1e-9)
    powers = np.linalg.inv(np.vander(nodes, increasing=True))
    return nodes, checks, powers, np.vander(checks, order, increasing=True) @ powers


def halving_edges(edges: FloatArray, smallest: float) -> FloatArray:
    """Add edges that crowd towards the first one: their distances from it halve.

    Parameters
    ----------
    edges
        Increasing edges [kpc].
    smallest
        Width of the first panel, at least [kpc].

    Returns
    -------
    array
        All edges, increasing.
    """
    steps = 0.5 ** np.arange(1, max(1, math.ceil(math.log2((edges[-1] - edges[0]) / smallest))))
    return np.unique(np.concatenate([edges, edges[0] + (edges[-1] - edges[0]) * steps]))


def divided(
    profile: Profile, edges: FloatArray, order: int, rtol: float, *, floor: Profile | None = None, inner: bool = False
) -> Panels:
    """Halve panels until polynomials of ln n, or of n, are good enough in each.

    Parameters
    ----------
    profile
        Gives n, (k, s), at k places along the axis [kpc], for s places across.
    edges
        Edges to begin with: the kinks and jumps of the density [kpc].
    order
        Coefficients of a polynomial.
    rtol
        Relative accuracy of the density.
    floor
        Gives densities (k, s), or of a shape that broadcasts to it, at k places along the axis: the error of n counts
        relative to the sum of n and these, and n may be a polynomial instead of ln n. Without it ln n alone will do.
    inner
        Whether the panel at the axis may be as bad as little of the density lies in it, in the integral over R: no
        polynomial is R^a there.

    Returns
    -------
    Panels
        The panels.
    """
    nodes, checks, _, between = _basis(order)
    places = np.concatenate([nodes, checks])
    done: list[tuple[float, float]] = []
    low, high = edges[:-1], edges[1:]
    keep = high > low
    # A jump is an edge twice: an element of no width.
    done += [(float(a), float(b)) for a, b in zip(low[~keep], high[~keep], strict=True)]
    low, high = low[keep], high[keep]
    peak, total, worst = 0.0, 0.0, 0.0
    while low.size:
        x = 0.5 * (low + high)[:, None] + 0.5 * (high - low)[:, None] * places
        n = profile(x.ravel()).reshape(*x.shape, -1)
        if not total:
            peak = float(n.max())
            total = float(np.max(np.sum(n.mean(axis=1) * (high - low)[:, None], axis=0)))
        least = None if floor is None else np.broadcast_to(floor(x.ravel()), (x.size, n.shape[2])).reshape(n.shape)
        error, certain = _errors(n, order, between, peak, least)
        if inner and low[0] == 0.0:
            held = _missed(n[0], order, between) * (high[0] - low[0])
            if held <= min(rtol, INNER) * total:
                error[0] = min(error[0], held / total)
                certain[0] = True
        good = (error <= rtol) & certain
        full = len(done) + low.size + (~good).sum() > MAX_PANELS
        tiny = high - low < 1e-9 * edges[-1]
        if full or tiny.any():
            worst = max(worst, float(error[~good & (tiny | full)].max(initial=0.0)))
            good |= tiny | full
        worst = max(worst, float(error[good & (error <= rtol)].max(initial=0.0)))
        done += [(float(a), float(b)) for a, b in zip(low[good], high[good], strict=True)]
        low, high = low[~good], high[~good]
        middle = 0.5 * (low + high)
        low, high = np.stack([low, middle], axis=1).ravel(), np.stack([middle, high], axis=1).ravel()
    done.sort()
    return Panels(np.array([done[0][0], *(b for _, b in done)]), order, worst)


def _errors(
    n: FloatArray, order: int, between: FloatArray, peak: float, floor: FloatArray | None
) -> tuple[FloatArray, BoolArray]:
    """Largest error (m,) in each of m panels of the better of the polynomials of ln n and n.

    And whether ln n spans little enough.
    """
    largest = n.max(axis=1)
    logs, span, positive = _logarithms(n, peak, axis=1)
    of_log = np.abs(np.matmul(between, logs[:, :order]) - logs[:, order:])
    if floor is None:
        empty = largest <= NEXT_TO_NOTHING * peak
        error = np.where(positive, of_log.max(axis=1), np.inf)
        return np.where(empty, 0.0, error).max(axis=1), (empty | (span <= SPAN)).all(axis=1)
    true, scale = n[:, order:], n[:, order:] + floor[:, order:]
    empty = np.all(n <= DIM / FLOOR * floor, axis=1)
    of_log = (of_log * true / np.where(scale > 0, scale, 1.0)).max(axis=1)
    scale = scale + WALL * largest[:, None]
    of_value = np.abs(np.matmul(between, n[:, :order]) - true) / np.where(scale > 0, scale, 1.0)
    of_value = of_value.max(axis=1)
    error = np.where(positive & (span <= SPAN), np.minimum(of_log, of_value), of_value)
    return np.where(empty, 0.0, error).max(axis=1), np.ones(len(n), dtype=bool)


def _logarithms(n: FloatArray, peak: float, axis: int | tuple[int, int]) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Ln n, how much it spans along an axis, and whether n is nowhere next to nothing there."""
    logs = np.log(np.maximum(n, NOTHING * peak))
    return logs, np.ptp(logs, axis=axis), n.min(axis=axis) > NOTHING * peak


def _missed(n: FloatArray, order: int, between: FloatArray) -> float:
    """Mean error of n in a panel when ln n is a polynomial."""
    logs = np.log(np.maximum(n, 1e-300))
    return float(np.abs(np.exp(between @ logs[:order]) - n[order:]).mean(axis=0).max())


def product_table(radial: Panels, vertical: Panels, profiles: tuple[Profile, Profile], scale: float) -> DensityTable:
    """Table of a density that is a product of a function of R and one of \\|z\\|.

    Parameters
    ----------
    radial, vertical
        Panels in R and \\|z\\|.
    profiles
        The functions of R and of \\|z\\| [kpc].
    scale
        Factor of their product.

    Returns
    -------
    DensityTable
        ln n is the sum of two polynomials in each element.
    """
    parts, held = [], []
    for panels, profile in zip((radial, vertical), profiles, strict=True):
        n = profile(panels.nodes).reshape(-1, panels.order)
        full = n.min(axis=1) > NOTHING * n.max()
        held.append(full)
        parts.append(np.log(np.where(full[:, None], n, 1.0)) @ _basis(panels.order)[2].T)
    values = np.zeros((len(parts[0]), len(parts[1]), radial.order, vertical.order))
    values[..., 0] += parts[0][:, None]
    values[..., 0, :] += parts[1]
    values[..., 0, 0] += math.log(scale)
    kinds = np.where(np.outer(*held), LOGARITHM, EMPTY).astype(np.int8)
    return _table(radial, vertical, values, kinds, max(radial.reached, vertical.reached))


def fitted(
    function: Callable[[FloatArray, FloatArray], FloatArray], floor: FloatArray, radial: Panels, vertical: Panels
) -> DensityTable:
    """Table of a density that is symmetric about the plane.

    Parameters
    ----------
    function
        Density at broadcasting R and \\|z\\| [kpc].
    floor
        (m_R,) densities in elements: the error of n counts relative to the sum of n and these.
    radial, vertical
        Panels in R and \\|z\\|.

    Returns
    -------
    DensityTable
        Polynomials of ln n or n in each element, whichever is better between their nodes.
    """
    shape = radial.edges.size - 1, radial.order, vertical.edges.size - 1, vertical.order
    n = function(radial.nodes[:, None], vertical.nodes).reshape(shape)
    places = np.array([-0.93, -0.31, 0.55])
    true = function(radial.at(places)[:, None], vertical.at(places)).reshape(shape[0], 3, shape[2], 3)
    peak = float(n.max())
    floor = floor[:, None, None, None]
    logs, span, positive = _logarithms(n, peak, axis=(1, 3))
    to_powers = _basis(radial.order)[2], _basis(vertical.order)[2].T
    at = [np.vander(places, size, increasing=True) for size in (radial.order, vertical.order)]

    def polynomials(values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Coefficients (m_R, m_z, p, q), and the polynomials at the places between."""
        powers = np.matmul(np.matmul(to_powers[0], values.transpose(0, 2, 1, 3)), to_powers[1])
        return powers, np.matmul(np.matmul(at[0], powers), at[1].T)

    true = true.transpose(0, 2, 1, 3)
    of_log, guess = polynomials(logs)
    log_error = (np.abs(guess - np.log(np.maximum(true, NOTHING * peak))) * true / (true + floor)).max(axis=(2, 3))
    of_value, guess = polynomials(n)
    wall = WALL * n.max(axis=(1, 3))[..., None, None]
    value_error = (np.abs(guess - true) / (true + floor + wall)).max(axis=(2, 3))
    logarithmic = positive & (span <= SPAN) & (log_error <= value_error)
    full = n.max(axis=(1, 3)) > DIM / FLOOR * floor[:, :, 0, 0]
    kinds = np.where(full, np.where(logarithmic, LOGARITHM, VALUE), EMPTY).astype(np.int8)
    values = np.where(logarithmic[..., None, None], of_log, of_value)
    return _table(radial, vertical, values, kinds, float(np.where(logarithmic, log_error, value_error)[full].max()))


def _table(
    radial: Panels, vertical: Panels, values: FloatArray, kinds: NDArray[np.int8], reached: float
) -> DensityTable:
    return DensityTable(
        values=np.ascontiguousarray(values), radius=radial.edges, height=vertical.edges, kinds=kinds, root=False,
        folded=True, steep=False, cells=False, rings=radial.edges[-1:], reached=reached,
    )  # fmt: skip
