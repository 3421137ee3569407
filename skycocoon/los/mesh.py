"""The sky of one density as a function of (l, b): columns on a few panels, integrated once and read everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..galaxy import DensityTable
from ..numerics.quadrature import panel_nodes
from ..sky import healpix
from ..units import BoolArray, FloatArray
from .view import View

if TYPE_CHECKING:
    from ..kernels.mesh import Panels

__all__ = ["ColumnMesh", "column_mesh"]

Rays = Callable[[FloatArray], FloatArray]
Integers = NDArray[np.int64]

# Nodes of a panel in l and in b: the 7-point Kronrod extension of 3-point Gauss quadrature, nearly those of Chebyshev
# interpolation. Kronrod 1965; computed to 18 digits.
_POSITIVE = (0.434243749346802558, 0.774596669241483377, 0.960491268708020284)
NODES = np.array([*(-x for x in _POSITIVE[::-1]), 0.0, *_POSITIVE])
ORDER = NODES.size
_TO_COEFFICIENTS = np.linalg.inv(np.polynomial.chebyshev.chebvander(NODES, ORDER - 1))
# Of the rule's mean over a panel.
WEIGHTS = np.array([1 / (1 - k * k) if k % 2 == 0 else 0.0 for k in range(ORDER)]) @ _TO_COEFFICIENTS
_TO_POWERS = np.array([np.pad(np.polynomial.chebyshev.cheb2poly(row), (0, ORDER))[:ORDER] for row in np.eye(ORDER)]).T
# Places at which a panel is held against rays of their own, where interpolation is worst.
_CHECKS = np.array([[-0.99, 0.23], [0.99, -0.61], [0.62, 0.99], [-0.23, -0.99]])
_CHECK_WAVES = np.polynomial.chebyshev.chebvander(_CHECKS, ORDER - 1)  # (4, 2, n)

# Part of rtol that interpolation may use; a ray's quadrature takes a fifth, and its table a tenth.
SHARE = 0.5
# The smallest panels at the plane and at the centre to begin with, and how much wider each is than the one before.
FIRST_LATITUDE = 1 / 30  # of the layer's thickness, in kpc
FIRST_LONGITUDES = (0.0, 1.0, 4.0, 12.0, 30.0, 60.0, 110.0, 180.0)
GROWTH = 3.0
# Distances [kpc] to the plane, seen from above it, at which the layer's glare has its edges.
GLARE = (25.0, 12.0, 6.0, 3.0, 1.5, 0.75, 0.4, 0.2)
# Panels to begin with span no more than this of the angle of a rough table's features.
FEATURES_A_PANEL = 6.0
# Where it need not be finer than pixels, a panel that is longer than a pixel may be as thin as this part of one.
THINNEST = 16
SMALLEST = 1e-7
# Rays that a mesh may take.
MOST_RAYS = 1_500_000
# Where a column is less than this part of the sky's median it need not be known relative to itself: at the edge of
# what shines.
FAINT = 1e-3
# Rays at a time: small meshes are shared among threads, too.
CHUNK = 1024
# A region's rows in b for each part of a panel.
ROW_NODES = 5


@dataclass(frozen=True, eq=False)
class ColumnMesh:
    """Columns of a density all over the sky, as polynomials on panels.

    Attributes
    ----------
    panels
        What kernels read, with columns in the order of ``order``.
    order
        (m,) members of the transmission basis: the first is the one others are ratios to.
    reached
        Relative accuracy of the interpolation, as far as it was looked at.
    rays
        How many rays were integrated.
    """

    panels: Panels
    order: Integers
    reached: float
    rays: int
    _most: int = field(init=False, repr=False)
    _kinks: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_most", _most_of(self.panels))
        edges, bends = self.panels.longitudes, self.panels.bends
        object.__setattr__(self, "_kinks", np.concatenate([edges[:-1][bends < 0], edges[1:][bends > 0]]))

    @property
    def size(self) -> int:
        """Number m of columns: one for each chosen energy of the transmission basis."""
        return self.order.size

    def _members(self, columns: FloatArray) -> FloatArray:
        """Columns (n, m) in the order of the transmission basis."""
        if self.size == 1:
            return columns
        ordered = np.empty_like(columns)
        ordered[:, self.order] = columns
        return ordered

    def at(self, longitudes: FloatArray, latitudes: FloatArray) -> FloatArray:
        """Columns at directions.

        Parameters
        ----------
        longitudes, latitudes
            (n,) Galactic coordinates [rad].

        Returns
        -------
        array
            (n, m).
        """
        from ..kernels.mesh import at_directions

        out = np.empty((longitudes.size, self.size))
        at_directions(longitudes, latitudes, self.panels, out)
        return self._members(out)

    def over_pixels(self, nside: int, pixels: healpix.Indices) -> FloatArray:
        """Means over pixels; each is the same number whichever others are asked for with it.

        Parameters
        ----------
        nside
            HEALPix resolution.
        pixels
            (n,) increasing RING numbers.

        Returns
        -------
        array
            (n, m).
        """
        from ..kernels.mesh import GAUSS, over_pixels

        out = np.empty((pixels.size, self.size))
        over_pixels(nside, pixels, self.panels, self._kinks, GAUSS, self._most, out)
        return self._members(out)

    def over_box(self, longitudes: tuple[float, float], latitudes: tuple[float, float]) -> FloatArray:
        """Mean over all directions between two longitudes and two latitudes.

        Parameters
        ----------
        longitudes, latitudes
            Limits [rad], increasing; longitudes from -2 pi to 4 pi.

        Returns
        -------
        array
            (m,).
        """
        from ..kernels.mesh import GAUSS, on_parallels

        rows, weights = self._rows(*latitudes)
        weights = weights * np.cos(rows)
        out = np.empty((rows.size, self.size))
        on_parallels(rows, *longitudes, self.panels, GAUSS, self._most, out)
        mean = (weights @ out) / (weights.sum() * (longitudes[1] - longitudes[0]))
        return self._members(mean[None])[0]

    def _rows(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """Latitudes and weights of a quadrature in b that resolves all panels."""
        edges = self.panels.latitudes
        inner = [
            np.linspace(a, b, math.ceil((b - a) / width * (1 - 1e-9)) + 1)
            for a, b, width in zip(edges[:-1], edges[1:], self.panels.finest, strict=True)
        ]
        cuts = np.concatenate(inner)
        if self.panels.folded[1]:
            cuts = np.concatenate([-cuts, cuts])
        cuts = np.unique(np.concatenate([[low, high], cuts[(cuts > low) & (cuts < high)]]))
        return panel_nodes(cuts, ROW_NODES)


def _most_of(panels: Panels) -> int:
    """Panels that a parallel crosses, at most."""
    n_l, n_b = panels.bends.size, panels.latitudes.size - 1
    # In each row of the table: all parts of its panels.
    row = np.concatenate([np.tile(np.arange(n_b), n_l), np.full(panels.axis.size - n_l * n_b, -1)])
    for node in np.flatnonzero(panels.axis >= 0):
        row[panels.child[node] : panels.child[node] + 2] = row[node]
    return int(np.bincount(row[panels.axis < 0]).max())


def latitude_edges(thickness: float, height: float, folded: bool) -> FloatArray:
    """Edges of panels in b [rad], graded towards the plane and, seen from above it, towards its glare.

    Parameters
    ----------
    thickness
        Of the layer [kpc].
    height
        Of the Sun above the plane [kpc].
    folded
        Whether the southern sky is the northern one's mirror image.

    Returns
    -------
    array
        From 0 or -pi/2 to pi/2.
    """
    first = min(max(FIRST_LATITUDE * thickness, 1e-6), 0.3)
    count = max(math.floor(math.log(1.1 / first) / math.log(GROWTH)), 0)
    graded = np.concatenate([first * GROWTH ** np.arange(count + 1), [math.pi / 2]])
    if folded:
        return np.concatenate([[0.0], graded])
    glare = np.zeros(0)
    if height:
        glare = -np.arctan(height / np.array(GLARE))
        glare = glare[np.abs(glare) > first]
    return _thinned(np.concatenate([-graded[::-1], [0.0], graded]), glare)


def _thinned(edges: FloatArray, more: FloatArray, factor: float = 1.15) -> FloatArray:
    """Edges with some more among them, which push out those that are within a small factor of them."""
    ends = edges[[0, -1]]
    near = np.zeros(edges.size, dtype=bool)
    for x in more:
        near |= (edges * x > 0) & (np.abs(edges) < factor * abs(x)) & (np.abs(edges) > abs(x) / factor)
    return np.unique(np.concatenate([ends, edges[~near], more]))


def longitude_edges(rings: FloatArray, sun_radius: float, folded: bool) -> tuple[FloatArray, Integers]:
    """Edges of panels in l [rad], at tangents to rings and graded towards the centre; and where the tangents are.

    Parameters
    ----------
    rings
        Radii at which the density has a kink or a jump [kpc]: within the tangent columns go like a square root.
    sun_radius
        Of the observer [kpc].
    folded
        Whether the western sky is the eastern one's mirror image.

    Returns
    -------
    edges, bends
        (n + 1,) from 0 or -pi to pi, and (n,) as :class:`skycocoon.kernels.mesh.Panels` has them.
    """
    inner = rings[(rings > 0) & (rings <= sun_radius * (1 + 1e-12))]
    tangents = np.arcsin(np.minimum(inner / sun_radius, 1.0))
    edges = _thinned(np.radians(FIRST_LONGITUDES), tangents)
    bends = np.isin(edges[1:], tangents).astype(np.int64)
    if folded:
        return edges, bends
    return np.concatenate([-edges[:0:-1], edges]), np.concatenate([-bends[::-1], bends])


class _Growing:
    """Panels of a mesh that is being made, and their polynomials.

    Attributes
    ----------
    axis, child
        As in :class:`skycocoon.kernels.mesh.Panels`.
    place
        (k, 6) column and row in the table, and where in the table's panel each begins and ends: in l, in b.
    """

    def __init__(self, longitudes: FloatArray, bends: Integers, latitudes: FloatArray) -> None:
        self.longitudes, self.bends, self.latitudes = longitudes, bends, latitudes
        columns, rows = np.meshgrid(np.arange(bends.size), np.arange(latitudes.size - 1), indexing="ij")
        zero, one = np.zeros(columns.size), np.ones(columns.size)
        self.place = np.stack([columns.ravel(), rows.ravel(), zero, one, zero, one], axis=1)
        self.axis = np.full(columns.size, -1, dtype=np.int64)
        self.child = np.zeros(columns.size, dtype=np.int64)

    def coordinates(self, nodes: Integers, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes (k, ...) of local places x, y (...), -1 to 1, on k panels."""
        place = self.place[nodes].reshape(-1, 6, *(1,) * x.ndim)
        column, row = (place[:, k].astype(np.int64) for k in (0, 1))
        t = place[:, 2] + 0.5 * (x + 1) * (place[:, 3] - place[:, 2])
        v = place[:, 4] + 0.5 * (y + 1) * (place[:, 5] - place[:, 4])
        bend = self.bends[column]
        left, width = self.longitudes[column], np.diff(self.longitudes)[column]
        part = np.where(bend == 0, t, np.where(bend > 0, 1 - (1 - t) ** 2, t**2))
        low, height = self.latitudes[row], np.diff(self.latitudes)[row]
        return left + width * part, low + height * v

    def sizes(self, nodes: Integers) -> tuple[FloatArray, FloatArray]:
        """Angles that panels span in longitude, where they are widest, and in latitude [rad]."""
        l, b = self.coordinates(nodes, np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))
        nearest = np.where(b[:, 0] * b[:, 1] <= 0, 0.0, np.abs(b).min(axis=1))
        return (l[:, 1] - l[:, 0]) * np.cos(nearest), b[:, 1] - b[:, 0]

    def divided(self, widest: float) -> Integers:
        """Panels none of which spans more than an angle [rad]; those that do are halved."""
        nodes, small = np.arange(self.axis.size), []
        while nodes.size:
            along, up = self.sizes(nodes)
            wide, tall = (along > widest) & (along >= up), (up > widest) & (up > along)
            small.append(nodes[~(wide | tall)])
            nodes = np.concatenate([self.halve(nodes[wide], 0), self.halve(nodes[tall], 1)])
        return np.concatenate(small)

    def halve(self, nodes: Integers, axis: int) -> Integers:
        """Halve panels along an axis; gives the halves."""
        halves = np.repeat(self.place[nodes], 2, axis=0)
        low, high = 2 + 2 * axis, 3 + 2 * axis
        middle = 0.5 * (halves[0::2, low] + halves[0::2, high])
        halves[0::2, high] = middle
        halves[1::2, low] = middle
        first = self.axis.size
        self.axis[nodes] = axis
        self.child[nodes] = first + 2 * np.arange(nodes.size)
        self.place = np.concatenate([self.place, halves])
        self.axis = np.concatenate([self.axis, np.full(halves.shape[0], -1, dtype=np.int64)])
        self.child = np.concatenate([self.child, np.zeros(halves.shape[0], dtype=np.int64)])
        return np.arange(first, first + halves.shape[0])


@dataclass(frozen=True, eq=False)
class _Fit:
    """Polynomials of k panels through rays, and how good they are.

    Attributes
    ----------
    coefficients
        (k, m, n, n), of ratios to the first column but for the first.
    linear
        (k,) whether the first is of the column itself.
    error
        (k, 2) estimated relative error for want of panels in l, and in b.
    """

    coefficients: FloatArray
    linear: BoolArray
    error: FloatArray


def _fitted(columns: FloatArray, checks: FloatArray, faint: float) -> _Fit:
    """Fit polynomials to columns (k, n, n, m) on nodes of panels, and hold them against others (k, 4, m)."""
    first = columns[..., 0]
    linear = ~np.all(first > 0, axis=(1, 2))
    scale = np.maximum(first.max(axis=(1, 2)), faint)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(linear[:, None, None], first, np.log(first))
        ratios = np.where(columns[..., :1] > 0, columns[..., 1:] / columns[..., :1], 1.0)
        check_ratios = np.where(checks[..., :1] > 0, checks[..., 1:] / checks[..., :1], 1.0)
    functions = np.concatenate([values[..., None], ratios], axis=-1)
    coefficients = np.einsum("ax,kxym,by->kmab", _TO_COEFFICIENTS, functions, _TO_COEFFICIENTS, optimize=True)
    # How large errors of the coefficients are, relative to columns.
    unit = np.concatenate(
        [np.where(linear, 1 / scale, 1.0)[:, None], 1 / np.maximum(ratios.mean(axis=(1, 2)), 1e-12)], axis=1
    )
    size = np.abs(coefficients) * unit[:, :, None, None]
    along, up = size.sum(axis=3), size.sum(axis=2)
    tails = np.stack([np.maximum(part[..., -1], 0.2 * part[..., -2]).max(axis=1) for part in (along, up)], axis=1)
    found = np.einsum("ca,kmab,cb->kcm", _CHECK_WAVES[:, 0], coefficients, _CHECK_WAVES[:, 1], optimize=True)
    with np.errstate(divide="ignore"):
        right = np.where(linear[:, None], checks[..., 0], np.log(np.maximum(checks[..., 0], 1e-300)))
    error = np.abs(np.concatenate([found[..., :1] - right[..., None], found[..., 1:] - check_ratios], axis=-1))
    missed = (error * unit[:, None]).max(axis=(1, 2))
    # What the checks miss beyond the tails is laid to the worse axis.
    worse = np.argmax(tails, axis=1)
    k = np.arange(len(worse))
    tails[k, worse] = np.maximum(tails[k, worse], missed)
    return _Fit(coefficients, linear, tails)


def _powers(coefficients: FloatArray) -> FloatArray:
    """Coefficients of powers, from those of Chebyshev polynomials."""
    return np.ascontiguousarray(np.einsum("ia,kmab,jb->kmij", _TO_POWERS, coefficients, _TO_POWERS, optimize=True))


def column_mesh(
    table: DensityTable,
    view: View,
    rays: Rays,
    *,
    finest: float = 0.0,
    progress: Callable[[float], None] = lambda part: None,
) -> ColumnMesh:
    """Integrate a density over the sky, on as many panels as its columns need.

    Parameters
    ----------
    table
        The density.
    view
        What all rays share.
    rays
        Function of (n, 3) directions that gives (n, m) columns.
    finest
        Panels no wider than this are not halved [rad]: what is averaged over larger pixels does not need it.
    progress
        Called with the part that is done.

    Returns
    -------
    ColumnMesh
        The mesh, and the accuracy that it reached.
    """
    from ..kernels.mesh import Panels

    radius, height = (float(x) for x in view.sun.place)
    folded = table.axisymmetric, table.folded and height == 0.0
    longitudes, bends = longitude_edges(table.rings, radius, folded[0])
    latitudes = latitude_edges(table.thickness, height, folded[1])
    growing = _Growing(longitudes, bends, latitudes)
    tolerance = SHARE * view.rtol
    nodes = growing.divided(max(FEATURES_A_PANEL * table.feature_angle(radius), finest))
    order, faint = None, 0.0
    leaves: list[_Fit] = []
    owners: list[Integers] = []
    taken, reached = 0, 0.0
    above = np.full(nodes.size, np.inf)  # means over the panels that these are parts of
    parts = np.ones(nodes.size, dtype=np.int64)
    x, y = (
        np.concatenate([part.ravel(), _CHECKS[:, k]]) for k, part in enumerate(np.meshgrid(NODES, NODES, indexing="ij"))
    )
    while nodes.size:
        l, b = growing.coordinates(nodes, x, y)
        columns = rays(healpix.unit_vectors(l.ravel(), b.ravel())).reshape(*l.shape, -1)
        taken += l.size
        if order is None:
            # Others are ratios to the column that is absorbed least.
            order = np.argsort(-columns.sum(axis=(0, 1)), kind="stable")
            shining = columns[..., order[0]]
            shining = shining[shining > 0]
            faint = FAINT * float(np.median(shining)) if shining.size else 1.0
        columns = columns[..., order]
        inner = columns[:, : ORDER**2].reshape(-1, ORDER, ORDER, order.size)
        fit = _fitted(inner, columns[:, ORDER**2 :], faint)
        means = np.einsum("x,kxy,y->k", WEIGHTS, inner[..., 0], WEIGHTS)
        bad = fit.error > tolerance
        bad0 = bad.copy()
        # A panel that is small enough for its pixels is not halved further, unless it is thin, and may be thinner.
        size = np.stack(growing.sizes(nodes), axis=1)
        bad &= (size > finest) | ((size > finest / THINNEST) & (size.max(axis=1, keepdims=True) > finest))
        bad &= size > SMALLEST
        split = bad.any(axis=1)
        affordable = max((MOST_RAYS - taken) // (4 * x.size), 0)
        if np.count_nonzero(split) > affordable:
            worst = np.argsort(-np.where(split, fit.error.max(axis=1), 0.0), kind="stable")[:affordable]
            kept = np.zeros(split.size, dtype=bool)
            kept[worst] = True
            split &= kept
        done = ~split
        leaves.append(_Fit(fit.coefficients[done], fit.linear[done], fit.error[done]))
        owners.append(nodes[done])
        error = fit.error.max(axis=1)
        if finest > 0:
            # What counts of a panel that is smaller than pixels is its mean: by how much halving changed it.
            groups = np.cumsum(np.concatenate([[0], parts]))[:-1]
            changed = np.abs(above - np.add.reduceat(means, groups) / parts) if nodes.size else means
            scale = np.maximum(inner[..., 0].max(axis=(1, 2)), faint)
            error = np.where(bad0.any(axis=1), np.minimum(error, np.repeat(changed, parts) / scale), error)
        reached = max(reached, float(error[done].max(initial=0.0)))
        both = split & bad.all(axis=1)
        quarters = growing.halve(nodes[both], 0)
        nodes = np.concatenate(
            [
                growing.halve(quarters, 1),
                growing.halve(nodes[split & bad[:, 0] & ~both], 0),
                growing.halve(nodes[split & bad[:, 1] & ~both], 1),
            ]
        )
        above = np.concatenate([means[both], means[split & bad[:, 0] & ~both], means[split & bad[:, 1] & ~both]])
        parts = np.repeat([4, 2], [np.count_nonzero(both), above.size - np.count_nonzero(both)])
        progress(1 - nodes.size / growing.axis.size)
    owner = np.concatenate(owners)
    growing.child[owner] = np.arange(owner.size)
    _, tall = growing.sizes(owner)
    smallest = np.full(latitudes.size - 1, np.inf)
    np.minimum.at(smallest, growing.place[owner, 1].astype(np.int64), tall)
    panels = Panels(
        longitudes,
        latitudes,
        bends,
        smallest,
        growing.axis,
        growing.child,
        _powers(np.concatenate([leaf.coefficients for leaf in leaves])),
        np.concatenate([leaf.linear for leaf in leaves]),
        folded,
    )
    assert order is not None
    return ColumnMesh(panels, order, reached, taken)
