"""The table that the kernels read: density values on uniform nodes, and the scale of their features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import astropy.units as u
import numpy as np

from ..units import FloatArray

if TYPE_CHECKING:
    from ..kernels.columns import Table

__all__ = ["NUMBER_DENSITY", "RATE_DENSITY", "Density", "DensityTable", "table_of", "uniform"]

RATE_DENSITY = u.Unit("cm-3 s-1")
"""Internal unit of a source rate per volume."""
NUMBER_DENSITY = u.Unit("cm-3")
"""Internal unit of a number per volume, such as gas."""
# A table keeps its shape on every n-th node alone if interpolation between these is this good, in units of the density
# plus a small part of its maximum along the axis. That only has to make sure that no feature is stepped over: the
# error control of the quadrature does the rest.
GRAIN_TOLERANCE = 0.5
NEGLIGIBLE = 3e-3
# Part of all that the table holds, below which a feature in R does not decide how finely the sky is looked at.
LITTLE = 0.005
# Change of ln n's slope across a node, in units of 1/cell, that is called a crease.
CREASE = 0.01


@dataclass(frozen=True, eq=False)
class DensityTable:
    """A density as :func:`skycocoon.kernels.columns.columns` reads it: values on uniform nodes, and their axes.

    Attributes
    ----------
    values
        (n_R, n_phi, n_z) density in cm^-3 s^-1 or cm^-3, or its natural logarithm. n_phi = 1 is axisymmetric.
    axes
        (3, 3): for R, phi and z (R and z: or their square roots) the first node, nodes per unit and the outer boundary
        in kpc.
    root, folded, steep, logarithmic
        Nodes uniform in sqrt(R); z stands for |z|; nodes uniform in sqrt(|z|); values are ln n.
    rulers
        For R, phi and z the number of grains between the first node and each: a grain is as many cells as the table is
        smooth over. All 0 along an axis for which one panel of a quadrature can do.
    creases
        Heights [kpc] of kinks in z, at which rays are split: the plane, and the edges of layers.
    rings
        Increasing radii [kpc] at which the density has a kink or a jump, the outer wall last: seen from the Sun, a
        column has a square root at their tangents, sin l = R/R_sun.
    """

    values: FloatArray
    axes: FloatArray
    root: bool
    folded: bool
    steep: bool
    logarithmic: bool
    rulers: tuple[FloatArray, FloatArray, FloatArray]
    creases: FloatArray
    rings: FloatArray

    @property
    def axisymmetric(self) -> bool:
        """Whether the density does not depend on azimuth."""
        return self.values.shape[1] == 1

    @property
    def for_kernels(self) -> Table:
        """The table as the kernels take it."""
        from ..kernels.columns import Table

        flags = self.root, self.folded, self.steep, self.logarithmic
        return Table(self.values, self.axes, flags, np.concatenate(self.rulers), self.creases)

    def feature_angle(self, sun_radius: float) -> float:
        """Angle [rad] under which the smallest feature in R and phi is seen; infinite for a smooth table.

        Layers in z do not count: along the plane they are seen edge-on.

        Parameters
        ----------
        sun_radius
            Distance of the observer from the Galactic axis [kpc].

        Returns
        -------
        float
            The angle.
        """
        first, scale, last = self.axes[0]
        angles = [math.inf]
        if self.rulers[0][-1] > 0:
            nodes = first + np.arange(self.values.shape[0]) / scale
            if self.root:
                nodes = nodes**2
            edges = np.interp(np.arange(math.ceil(self.rulers[0][-1]) + 1), self.rulers[0], nodes)
            # Features that hold next to nothing may be small: rings around the axis, kinks of a profile far from the
            # plane. And a ring around the observer has no edge in the sky.
            held = np.diff(np.interp(edges, nodes, self._within(nodes)))
            angle = np.diff(edges) / (sun_radius + edges[1:])
            angles += list(angle[(held > LITTLE) & (edges[:-1] < sun_radius)])
        if self.rulers[1][-1] > 0:
            grain = 1 / np.diff(self.rulers[1]).max() / self.axes[1, 1]
            angles.append(grain * last / 4 / (sun_radius + last / 4))
        return float(min(angles))

    def _within(self, radii: FloatArray) -> FloatArray:
        """Part of all that the table holds inside each of the nodes in R [kpc]."""
        z = np.arange(self.values.shape[2]) / self.axes[2, 1]
        across = np.gradient(z**2 if self.steep else z)
        n = np.exp(self.values - self.values.max()) if self.logarithmic else self.values
        ring = n.mean(axis=1) @ across * radii
        steps = np.diff(radii) * (ring[1:] + ring[:-1])
        return np.concatenate([[0.0], np.cumsum(steps)]) / np.sum(steps)

    @property
    def thickness(self) -> float:
        """Height of the layer [kpc]: half the integral over z of all that the table holds, over its value in the plane.

        Of an exponential layer this is its scale height.
        """
        z = self.axes[2, 0] + np.arange(self.values.shape[2]) / self.axes[2, 1]
        z = z**2 if self.steep else z
        radius = self.axes[0, 0] + np.arange(self.values.shape[0]) / self.axes[0, 1]
        weight = radius**3 if self.root else radius
        n = np.exp(self.values - self.values.max()) if self.logarithmic else self.values
        layer = weight @ n.mean(axis=1)
        # An exponential between two nodes: exact for the layers of discs.
        low, high = layer[:-1], layer[1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where((low > 0) & (high > 0) & (low != high), (high - low) / np.log(high / low), (low + high) / 2)
        area = float(np.diff(z) @ mean) * (2 if self.folded else 1)
        # A layer that leaves the plane empty is as thick as one that is brightest there.
        middle = float(np.interp(0.0, z, layer))
        return 0.5 * area / max(middle, 1e-3 * float(layer.max()))

    def density(self, points: FloatArray) -> FloatArray:
        """Interpolated density [cm^-3 s^-1 or cm^-3] at Galactocentric (x, y, z) [kpc], shape (n, 3)."""
        from ..kernels.columns import density

        points = np.ascontiguousarray(points, dtype=np.float64)
        out = np.empty(len(points))
        density(points, self.for_kernels, out)
        return out


def uniform(x: FloatArray) -> bool:
    """Whether nodes are equally spaced, but for rounding."""
    step = np.diff(x)
    return bool(np.ptp(step) <= 1e-6 * step.mean())


def table_of(
    radius: FloatArray, height: FloatArray, values: FloatArray, logarithmic: bool, smooth: bool
) -> DensityTable:
    """Make the table that kernels read of a density on a cylindrical grid.

    Parameters
    ----------
    radius
        (n_R,) nodes [kpc], uniform in R or in sqrt(R).
    height
        (n_z,) nodes [kpc], uniform in z or, from 0, in sqrt(z). From 0 they stand for both sides of the plane.
    values
        (n_R, n_phi, n_z) density [cm^-3 s^-1 or cm^-3], not negative. Equal values at all azimuths are kept once.
    logarithmic
        Whether the table interpolates ln n; zeros become e^-5 times the least other value.
    smooth
        Whether the density has no feature that a quadrature over a whole ray could step over; otherwise the scale of
        its features is worked out from the values.

    Returns
    -------
    DensityTable
        The table.
    """
    n = values
    if n.shape[1] > 1 and np.all(n == n[:, :1]):
        n = n[:, :1]
    if logarithmic:
        floor = math.log(n[n > 0].min()) - 5.0
        with np.errstate(divide="ignore"):
            n = np.maximum(np.log(n), floor)
    root, steep = not uniform(radius), not uniform(height)
    t = np.sqrt(radius) if root else radius
    h = np.sqrt(height) if steep else height
    n_phi = n.shape[1]
    if smooth:
        rulers = np.zeros(t.size), np.zeros(n_phi + 1), np.zeros(h.size)
    else:
        rulers = ruler(n, 0, False, logarithmic), ruler(n, 1, True, logarithmic), ruler(n, 2, False, logarithmic)
    return DensityTable(
        values=np.ascontiguousarray(n),
        axes=np.array(
            [
                [t[0], (t.size - 1) / (t[-1] - t[0]), radius[-1]],
                [0.0, n_phi / (2 * math.pi), 2 * math.pi],
                [h[0], (h.size - 1) / (h[-1] - h[0]), height[-1]],
            ]
        ),
        root=root,
        folded=bool(height[0] == 0.0),
        steep=steep,
        logarithmic=logarithmic,
        rulers=rulers,
        creases=creases_of(n, height, logarithmic),
        # Inside the first node the density is constant: a kink, if the node is not the axis.
        rings=radius[[0, -1]] if radius[0] > 0 else radius[-1:],
    )


def ruler(values: FloatArray, axis: int, periodic: bool, logarithmic: bool) -> FloatArray:
    """Grains between the first node of an axis and each of its nodes (and, if it is periodic, once around).

    The grain at a node is the largest power of two of cells over which linear interpolation still gives the table.

    Parameters
    ----------
    values
        (n_R, n_phi, n_z) density or its logarithm.
    axis
        0, 1 or 2.
    periodic
        Whether the axis closes on itself.
    logarithmic
        Whether the values are logarithms.

    Returns
    -------
    array
        (n,) or, if periodic, (n + 1,) grains; all 0 if one grain spans more than half of the axis.
    """
    moved = np.moveaxis(values, axis, 0)
    if periodic:
        moved = np.concatenate([moved, moved[:1]])
    cells = len(moved) - 1
    if logarithmic:
        moved = moved - moved.max()
    true = np.exp(moved) if logarithmic else moved
    peak = true.max(axis=0)
    scale = true + NEGLIGIBLE * np.maximum(peak, NEGLIGIBLE * peak.max())
    index = np.arange(cells + 1)
    grain = np.ones(cells)
    stride = 2
    while stride <= cells:
        picked = np.append(np.arange(0, cells, stride), cells)
        low = np.clip(np.searchsorted(picked, index, side="right") - 1, 0, len(picked) - 2)
        weight = ((index - picked[low]) / (picked[low + 1] - picked[low])).reshape(-1, 1, 1)
        rough = moved[picked[low]] * (1 - weight) + moved[picked[low + 1]] * weight
        if logarithmic:
            rough = np.exp(rough)
        error = np.max(np.abs(rough - true) / np.where(scale > 0, scale, 1.0), axis=(1, 2))
        worst = np.maximum.reduceat(error, picked[:-1])
        good = (worst <= GRAIN_TOLERANCE)[np.minimum(index[:-1] // stride, len(picked) - 2)]
        grain = np.where(good & (grain == stride // 2), stride, grain)
        if not good.any():
            break
        stride *= 2
    if grain.min() * 2 > cells:
        return np.zeros(cells + 1)
    return np.concatenate([[0.0], np.cumsum(1 / grain)])


def creases_of(values: FloatArray, height: FloatArray, logarithmic: bool) -> FloatArray:
    """Heights at which rays are to be split: the plane, and up to four at which the slope in z changes by over 1 %.

    Parameters
    ----------
    values
        (n_R, n_phi, n_z) density or its logarithm.
    height
        (n_z,) nodes [kpc].
    logarithmic
        Whether the values are logarithms.

    Returns
    -------
    array
        Increasing heights [kpc], of both signs if the nodes begin in the plane.
    """
    plane = np.zeros(1) if height[0] <= 0.0 <= height[-1] else np.zeros(0)
    bend = np.abs(values[..., 2:] - 2 * values[..., 1:-1] + values[..., :-2])
    if logarithmic:
        bend = np.where(values[..., 1:-1] > values.max() + math.log(NEGLIGIBLE), bend, 0.0)
    else:
        bend = bend / np.abs(values).max()
    change = bend.max(axis=(0, 1)) if bend.size else np.zeros(0)
    sharp = np.argsort(change)[::-1][:4]
    heights = height[1:-1][sharp[change[sharp] > CREASE]]
    both = np.concatenate([plane, heights, -heights if height[0] == 0.0 else np.zeros(0)])
    return np.unique(both)


class Density(Protocol):
    """A rate or a number per volume that can be integrated along rays."""

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read, good to a relative accuracy."""
        ...

    def __hash__(self) -> int:
        """Columns of a density are remembered by the density."""
        ...
