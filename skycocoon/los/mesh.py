"""The sky of one density as a function of (l, b): columns on a few panels, integrated once and read everywhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..galaxy import DensityTable
from ..numerics.quadrature import gauss_legendre, panel_nodes
from ..sky import healpix
from ..units import BoolArray, FloatArray
from .panels import Integers, PanelTree, latitude_edges, longitude_edges, tangent_rings
from .view import View

if TYPE_CHECKING:
    from ..kernels.mesh import Panels

__all__ = ["ColumnMesh", "column_mesh"]

Rays = Callable[[FloatArray], FloatArray]

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
_CHECKS = np.array(
    [
        [-0.99, 0.23],
        [0.99, -0.61],
        [0.62, 0.99],
        [-0.23, -0.99],
        [0.98, 0.88],
        [-0.88, -0.98],
        [0.23, 0.22],
        [-0.6, 0.61],
    ]
)
_PLACES = [
    np.concatenate([part.ravel(), _CHECKS[:, k]]) for k, part in enumerate(np.meshgrid(NODES, NODES, indexing="ij"))
]
_CHECK_WAVES = np.polynomial.chebyshev.chebvander(_CHECKS, ORDER - 1)  # (8, 2, n)

# Part of rtol that interpolation may use; a ray's quadrature takes a fifth, and its table a tenth.
SHARE = 0.4
# Part of that which a quadrature over panels may use.
FREE = 0.02
# Errors between a few checks may be larger than at these by this factor.
UNSEEN = 1.5
# Panels to begin with span no more than this of the angle of a rough table's features: one for each node.
FEATURES_A_PANEL = 7.0
# A panel is worth its rays where this many times as many directions are asked for: some panels are halved, and theirs
# are lost.
WORTH = 2.0
# Where it need not be finer than pixels, a panel that is longer than a pixel may be as thin as this part of one.
THINNEST = 16
SMALLEST = 1e-7
# Panels on the edge of what shines, where some columns are 0, are not halved beyond this [rad].
DARK = 1e-3
# Rays that a mesh may take.
MOST_RAYS = 1_500_000
# Where a column is less than this part of the sky's median it need not be known relative to itself: at the edge of
# what shines.
FAINT = 1e-3
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
        west, east, bends = self.panels.west, self.panels.east, self.panels.bends
        object.__setattr__(self, "_kinks", np.unique(np.concatenate([west[bends < 0], east[bends > 0]])))

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
            (n, m); NaN on panels that were left out.
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
        from ..kernels.mesh import GAUSS, RHOMBUS, over_pixels

        out = np.empty((pixels.size, self.size))
        over_pixels(nside, pixels, self.panels, self._kinks, GAUSS, RHOMBUS, self._most, out)
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
    # In each row of the table: all parts of its panels.
    row = np.full(panels.axis.size, -1)
    row[: panels.bends.size] = np.repeat(np.arange(panels.rows.size - 1), np.diff(panels.rows))
    for node in np.flatnonzero(panels.axis >= 0):
        row[panels.child[node] : panels.child[node] + 2] = row[node]
    return int(np.bincount(row[panels.axis < 0]).max())


@dataclass(frozen=True, eq=False)
class _Fit:
    """Polynomials of k panels through rays, and how good they are.

    Attributes
    ----------
    coefficients
        (k, m, n, n), of ratios to the first column but for the first.
    linear
        (k,) whether the first is of the column itself.
    dark
        (k,) whether some of the columns are 0.
    error
        (k, 2) estimated relative error for want of panels in l, and in b.
    mean
        (k,) the first column averaged over the panel.
    scale
        (k,) its largest value, or the sky's least that matters.
    """

    coefficients: FloatArray
    linear: BoolArray
    dark: BoolArray
    error: FloatArray
    mean: FloatArray
    scale: FloatArray

    def of(self, chosen: BoolArray) -> _Fit:
        """The fit of some of the panels."""
        return _Fit(*(getattr(self, field.name)[chosen] for field in fields(self)))


def _fitted(columns: FloatArray, checks: FloatArray, faint: float) -> _Fit:
    """Fit polynomials to columns (k, n, n, m) on nodes of panels, and hold them against others (k, 8, m)."""
    first, beside = columns[..., 0], checks[..., 0]
    lowest, scale = first.min(axis=(1, 2)), np.maximum(first.max(axis=(1, 2)), faint)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(columns[..., :1] > 0, columns[..., 1:] / columns[..., :1], 1.0)
        check_ratios = np.where(checks[..., :1] > 0, checks[..., 1:] / checks[..., :1], 1.0)
    fit, error = _polynomials(
        np.log(np.maximum(first, 1e-300))[..., None], np.log(np.maximum(beside, 1e-300))[..., None]
    )
    # The column itself where its logarithm is none, at the edge of what shines, or is the worse polynomial.
    itself, other = _polynomials(first[..., None], beside[..., None])
    other /= np.where(lowest > 0, lowest, scale)[:, None]
    linear = (lowest <= 0) | (other.max(axis=1) < error.max(axis=1))
    fit[linear], error[linear] = itself[linear], other[linear]
    more, missed = _polynomials(ratios, check_ratios, np.maximum(ratios.mean(axis=(1, 2)), 1e-12))
    mean = np.einsum("x,kxy,y->k", WEIGHTS, first, WEIGHTS)
    return _Fit(np.concatenate([fit, more], axis=1), linear, lowest <= 0, np.maximum(error, missed), mean, scale)


def _polynomials(
    values: FloatArray, checks: FloatArray, units: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Chebyshev coefficients (k, m, n, n) of m functions, and their error (k, 2) for want of panels in l and in b.

    ``values`` (k, n, n, m) are those on the nodes, ``checks`` (k, 8, m) others; errors are in ``units`` (k, m).
    """
    coefficients = np.einsum("ax,kxym,by->kmab", _TO_COEFFICIENTS, values, _TO_COEFFICIENTS, optimize=True)
    if not values.shape[-1]:
        return coefficients, np.zeros((len(values), 2))
    size = np.abs(coefficients)
    found = np.einsum("ca,kmab,cb->kcm", _CHECK_WAVES[:, 0], coefficients, _CHECK_WAVES[:, 1], optimize=True)
    missed = UNSEEN * np.abs(found - checks).max(axis=1)
    # What is left out of a series is about as large as its last terms.
    tails = np.stack([_tail(size.sum(axis=3)), _tail(size.sum(axis=2))], axis=1)
    if units is not None:
        missed, tails = missed / units, tails / units[:, None]
    error = tails.max(axis=2)
    # What the checks miss beyond that is laid to the worse axis.
    worse, k = np.argmax(error, axis=1), np.arange(len(error))
    error[k, worse] = np.maximum(error[k, worse], missed.max(axis=1))
    return coefficients, error


def _tail(size: FloatArray) -> FloatArray:
    """The last coefficient of a series (..., n), or a part of the one before, which may be the only one of its kind."""
    return np.asarray(np.maximum(size[..., -1], 0.2 * size[..., -2]))


def _powers(coefficients: FloatArray) -> FloatArray:
    """Coefficients of powers, from those of Chebyshev polynomials."""
    return np.ascontiguousarray(np.einsum("ia,kmab,jb->kmij", _TO_POWERS, coefficients, _TO_POWERS, optimize=True))


def _reaches(coefficients: FloatArray, linear: BoolArray, allowed: float) -> FloatArray:
    """How far panels reach, of which (k, n, n) are the coefficients; see :class:`skycocoon.kernels.mesh.Panels`.

    By the errors of Gauss rules of two, three and four points over each panel, along an axis, at most ``allowed``.
    """
    from ..kernels.mesh import REACH

    reaches = np.empty((len(coefficients), 2))
    across = np.polynomial.chebyshev.chebvander(NODES, ORDER - 1)
    for axis in (0, 1):
        turned = np.swapaxes(coefficients, 1, 2) if axis else coefficients

        def mean(points: int, turned: FloatArray = turned) -> FloatArray:
            """Of each panel along the axis, at the nodes of the other (k, n)."""
            nodes, weights = gauss_legendre(points)
            along = np.polynomial.chebyshev.chebvander(nodes, ORDER - 1)
            values = np.einsum("xa,kab,yb->kxy", along, turned, across, optimize=True)
            flat = linear[:, None, None]
            values = np.where(flat, values, np.exp(np.where(flat, 0.0, values - turned[:, :1, :1])))
            return np.asarray(np.einsum("x,kxy->ky", weights / 2, values))

        best = mean(6)
        scale = np.abs(best).max(axis=1) + 1e-300
        reach = np.full(len(coefficients), 0.02)
        for points, part in enumerate(REACH[1:], start=2):
            error = np.abs(mean(points) - best).max(axis=1) / scale
            # The error of n points goes like the power 2 n of how long a stretch they are on.
            reach = np.maximum(reach, part * (error / allowed) ** (0.5 / points))
        reaches[:, axis] = np.minimum(reach, 1.0)
    return reaches


class _Making:
    """A mesh that is being made.

    Attributes
    ----------
    tree
        Its panels.
    taken
        Rays that were integrated.
    reached
        Relative accuracy of the panels that are not halved.
    """

    def __init__(self, table: DensityTable, view: View, rays: Rays, finest: float, spacing: float) -> None:
        radius, height = (float(x) for x in view.sun.place)
        self.folded = table.axisymmetric, table.folded and height == 0.0
        latitudes = latitude_edges(table.thickness, self.folded[1])
        rings = [tangent_rings(table.rings, view.sun.place, table.thickness, row) for row in pairwise(latitudes)]
        self.tree = PanelTree(latitudes, [longitude_edges(part, radius, self.folded[0]) for part in rings])
        self.first = self.tree.divided(max(FEATURES_A_PANEL * table.feature_angle(radius), finest))
        self._rays, self._finest, self._tolerance = rays, finest, SHARE * view.rtol
        self._smallest = WORTH * _PLACES[0].size * spacing**2
        self.taken, self.reached = 0, max(table.reached, view.basis.reached)
        self.order = np.arange(view.basis.size)
        self._faint = 0.0
        self.kept: list[tuple[Integers, _Fit]] = []
        self.left: list[Integers] = []

    def worth(self, nodes: Integers) -> Integers:
        """Panels in which more directions are asked for than rays are needed for them; the others are left."""
        along, up = self.tree.sizes(nodes)
        small = along * up < self._smallest
        self.left.append(nodes[small])
        return nodes[~small]

    def look(self, nodes: Integers) -> _Fit:
        """Integrate rays on panels, and fit polynomials to them."""
        l, b = self.tree.coordinates(nodes, *_PLACES)
        columns = self._rays(healpix.unit_vectors(l.ravel(), b.ravel())).reshape(*l.shape, -1)
        self.taken += l.size
        if not self._faint:
            # All others are ratios to the column that is absorbed least.
            self.order = np.argsort(-columns.sum(axis=(0, 1)), kind="stable")
            shining = columns[..., self.order[0]]
            self._faint = FAINT * float(np.median(shining[shining > 0])) if np.any(shining > 0) else 1.0
        columns = columns[..., self.order]
        on_nodes = columns[:, : ORDER**2].reshape(-1, ORDER, ORDER, self.order.size)
        return _fitted(on_nodes, columns[:, ORDER**2 :], self._faint)

    def wanting(self, nodes: Integers, fit: _Fit) -> BoolArray:
        """Whether panels are to be halved (k, 2), in l and in b: the worst of them, where rays run out."""
        bad = fit.error > self._tolerance
        # A panel that is small enough for its pixels is not halved further, unless it is thin, and may be thinner.
        size = np.stack(self.tree.sizes(nodes), axis=1)
        long = size.max(axis=1, keepdims=True) > self._finest
        bad &= (size > self._finest) | (long & (size > self._finest / THINNEST))
        bad &= size > np.where(fit.dark, DARK, SMALLEST)[:, None]
        affordable = max((MOST_RAYS - self.taken) // (4 * _PLACES[0].size), 0)
        error = np.where(bad.any(axis=1), fit.error.max(axis=1), 0.0)
        if np.count_nonzero(error) > affordable:
            bad[np.argsort(-error, kind="stable")[affordable:]] = False
        return bad

    def keep(self, nodes: Integers, fit: _Fit, changed: FloatArray) -> None:
        """Keep panels that are not halved.

        ``changed`` (k,) says by how much halving changed the mean over them and their neighbours.
        """
        # Where something is dark, errors count in units of the sky's median.
        error = fit.error.max(axis=1) * np.where(fit.dark, np.minimum(FAINT * fit.scale / self._faint, 1.0), 1.0)
        if self._finest > 0:
            # What counts of a panel that is smaller than pixels is its mean. Halving divides the error of that by four
            # or more, so that it is a third of the change, or less.
            error = np.where(error > self._tolerance, np.minimum(error, changed / (3 * fit.scale)), error)
        self.reached = max(self.reached, float(error.max(initial=0.0)))
        self.kept.append((nodes, fit))

    def step(self, nodes: Integers, above: FloatArray, parts: Integers) -> tuple[Integers, FloatArray, Integers]:
        """Look at panels, keep those that are good and halve the others.

        Parameters
        ----------
        nodes
            (k,) panels, of which neighbours are parts of the same one.
        above, parts
            Means over the panels that these are parts of, and the number of parts of each.

        Returns
        -------
        nodes, above, parts
            The halves or quarters of the panels that were not good.
        """
        if self._smallest > 0:
            nodes = self.worth(nodes)
            above, parts = np.full(nodes.size, np.inf), np.ones(nodes.size, dtype=np.int64)
            if not nodes.size:
                return nodes, above, parts
        fit = self.look(nodes)
        bad = self.wanting(nodes, fit)
        groups = np.concatenate([[0], np.cumsum(parts)[:-1]])
        changed = np.repeat(np.abs(above - np.add.reduceat(fit.mean, groups) / parts), parts)
        done = np.asarray(~bad.any(axis=1))
        self.keep(nodes[done], fit.of(done), changed[done])
        both = bad.all(axis=1)
        along, up = bad[:, 0] & ~both, bad[:, 1] & ~both
        quarters = self.tree.halve(self.tree.halve(nodes[both], 0), 1)
        halves = self.tree.halve(nodes[along], 0), self.tree.halve(nodes[up], 1)
        above = np.concatenate([fit.mean[both], fit.mean[along], fit.mean[up]])
        parts = np.repeat([4, 2], [np.count_nonzero(both), above.size - np.count_nonzero(both)])
        return np.concatenate([quarters, *halves]), above, parts

    def mesh(self) -> ColumnMesh:
        """The mesh of all panels that were kept."""
        from ..kernels.mesh import Panels

        tree, left = self.tree, sum(nodes.size for nodes in self.left)
        leaves = np.concatenate([*(nodes for nodes, _ in self.kept), *self.left])
        unknown = np.full((left, self.order.size, ORDER, ORDER), np.nan)
        coefficients = np.concatenate([*(fit.coefficients for _, fit in self.kept), unknown])
        linear = np.concatenate([*(fit.linear for _, fit in self.kept), np.ones(left, dtype=np.bool_)])
        known = slice(0, leaves.size - left)
        reach = np.ones((leaves.size, 2))
        reach[known] = _reaches(coefficients[known, 0], linear[known], FREE * self._tolerance)
        tree.child[leaves] = np.arange(leaves.size)
        panels = Panels(
            tree.latitudes,
            tree.rows,
            tree.west,
            tree.east,
            tree.bends,
            tree.smallest_heights(leaves, 1 / reach[:, 1]),
            tree.axis,
            tree.child,
            _powers(coefficients),
            linear,
            reach,
            self.folded,
        )
        return ColumnMesh(panels, self.order, self.reached, self.taken)


def column_mesh(
    table: DensityTable,
    view: View,
    rays: Rays,
    *,
    finest: float = 0.0,
    spacing: float = 0.0,
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
    spacing
        Angle between the directions that will be asked for [rad]. Panels that hold fewer of them than rays are needed
        for a panel are left out: columns there are NaN. 0 leaves out none.
    progress
        Called with the part that is done.

    Returns
    -------
    ColumnMesh
        The mesh, and the accuracy that it reached.
    """
    making = _Making(table, view, rays, finest, spacing)
    nodes = making.first
    above, parts = np.full(nodes.size, np.inf), np.ones(nodes.size, dtype=np.int64)
    while nodes.size:
        nodes, above, parts = making.step(nodes, above, parts)
        progress(1 - nodes.size / making.tree.axis.size)
    return making.mesh()
