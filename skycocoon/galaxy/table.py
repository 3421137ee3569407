"""The table that the kernels read: a density in elements, and the scale of its features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..kernels.tables import EMPTY, LOGARITHM, VALUE, Table
from ..numerics.quadrature import panel_nodes
from ..units import FloatArray

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


@dataclass(frozen=True, eq=False)
class DensityTable:
    """A density as :func:`skycocoon.kernels.columns.columns` reads it: elements between edges in R and z.

    Attributes
    ----------
    values
        Elements: (m_R, m_z, p, q) coefficients of powers of local coordinates from -1 to 1, of n in cm^-3 s^-1 or
        cm^-3, or of ln n. Cells: (m_R + 1, n_phi, m_z + 1, 1) n or ln n at the edges; n_phi = 1 is axisymmetric.
    radius, height
        (m_R + 1,) edges in R, from 0, and (m_z + 1,) in z [kpc]; every kink is one, and a jump is two.
    kinds
        (m_R, m_z) what an element holds: nothing, n or ln n.
    root, folded, steep
        Local coordinates are of sqrt(R); z stands for \\|z\\|; local coordinates are of sqrt(\\|z\\|).
    cells
        Whether n or ln n is linear between neighbouring nodes.
    rings
        Increasing radii [kpc] at which the density has a kink or a jump, the outer wall last: seen from the Sun, a
        column has a square root at their tangents, sin l = R/R_sun.
    reached
        Relative accuracy with which the table stands for the density; 0 for cells, which are the density.
    """

    values: FloatArray
    radius: FloatArray
    height: FloatArray
    kinds: NDArray[np.int8]
    root: bool
    folded: bool
    steep: bool
    cells: bool
    rings: FloatArray
    reached: float

    @property
    def axisymmetric(self) -> bool:
        """Whether the density does not depend on azimuth."""
        return not self.cells or self.values.shape[1] == 1

    @property
    def logarithmic(self) -> bool:
        """Whether it is ln n that is interpolated, somewhere."""
        return bool(np.any(self.kinds == LOGARITHM))

    @cached_property
    def for_kernels(self) -> Table:
        """The table as the kernels take it."""
        radial, vertical = (
            _local(np.sqrt(edges) if root else edges, self.cells)
            for edges, root in ((self.radius, self.root), (self.height, self.steep))
        )
        azimuth = (
            2 * math.pi * np.arange(1 if self.axisymmetric else self.values.shape[1]) / max(self.values.shape[1], 1)
        )
        turns = np.stack([np.sin(azimuth), np.cos(azimuth)], axis=1)
        flags = self.root, self.folded, self.steep, self.cells
        return Table(self.values, self.radius, self.height, radial, vertical, turns, self.kinds, flags)

    @cached_property
    def _rulers(self) -> tuple[FloatArray, FloatArray]:
        """Grains of rough cells between the first node and each, in R and in phi; all 0 where one panel would do."""
        if not self.cells:
            return np.zeros(1), np.zeros(1)
        n = self.values[..., 0]
        return ruler(n, 0, False, self.logarithmic), ruler(n, 1, True, self.logarithmic)

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
        across, around = self._rulers
        angles = [math.inf]
        if across[-1] > 0:
            edges = np.interp(np.arange(math.ceil(across[-1]) + 1), across, self.radius)
            # Features that hold next to nothing may be small: rings around the axis, kinks of a profile far from the
            # plane. And a ring around the observer has no edge in the sky.
            held = np.diff(np.interp(edges, self.radius, self._within()))
            angle = np.diff(edges) / (sun_radius + edges[1:])
            angles += list(angle[(held > LITTLE) & (edges[:-1] < sun_radius)])
        if around[-1] > 0:
            grain = 2 * math.pi / (np.diff(around).max() * self.values.shape[1])
            last = self.radius[-1]
            angles.append(grain * last / 4 / (sun_radius + last / 4))
        return float(min(angles))

    def _within(self) -> FloatArray:
        """Part of all that cells hold inside each of the nodes in R."""
        across = np.gradient(self.height)
        values = self.values[..., 0]
        n = np.exp(values - values.max()) if self.logarithmic else values
        ring = n.mean(axis=1) @ across * self.radius
        steps = np.diff(self.radius) * (ring[1:] + ring[:-1])
        return np.asarray(np.concatenate([[0.0], np.cumsum(steps)]) / np.sum(steps))

    @cached_property
    def thickness(self) -> float:
        """Height of the layer [kpc]: half the integral over z of all that the table holds, over its largest value in z.

        Of an exponential layer this is its scale height.

        Raises
        ------
        InputError
            If the density is next to nothing but in a small part of its cylinder, where nothing finds it.
        """
        z, dz = _gauss(self.height, self.steep, self.cells)
        radius = self.radius[-1] * (np.arange(40) + 0.5) / 40
        azimuth = 2 * math.pi * np.arange(1 if self.axisymmetric else 12) / 12
        layer = self._rings(radius, azimuth, np.append(z, max(self.height[0], 0.0))) @ radius
        half = float(0.5 * layer[:-1] @ dz * (2 if self.folded else 1))
        if not (0 < half < math.inf and layer.max() > 0):
            raise InputError(
                f"density: it is 0 in nearly all of its cylinder, R < {self.radius[-1]:.4g} kpc, "
                f"|z| < {self.height[-1]:.4g} kpc: its radius, its height or the Sun's radius is out of range"
            )
        return half / float(layer.max())

    def integral(self) -> float:
        """Volume integral of the table [density times kpc^3], by Gauss-Legendre quadrature in every element (eq. 2)."""
        r, dr = _gauss(self.radius, self.root, self.cells)
        z, dz = _gauss(self.height, self.steep, self.cells)
        n_phi = 1 if self.axisymmetric else self.values.shape[1]
        # The rectangle rule in azimuth is exact for n that is linear between its nodes.
        azimuth = 2 * math.pi * np.arange(n_phi) / n_phi
        rings = self._rings(r, azimuth, z) @ (dr * r)
        return float(2 * math.pi * rings @ dz * (2 if self.folded else 1))

    def _rings(self, radius: FloatArray, azimuth: FloatArray, height: FloatArray) -> FloatArray:
        """Means over azimuths, (n_z, n_R)."""
        R, Z = np.meshgrid(radius, height)
        result = np.zeros(R.shape)
        for phi in azimuth:
            points = np.stack([R * math.cos(phi), R * math.sin(phi), Z], axis=-1).reshape(-1, 3)
            result += self.density(points).reshape(R.shape)
        return result / azimuth.size

    def density(self, points: FloatArray) -> FloatArray:
        """Interpolated density [cm^-3 s^-1 or cm^-3] at Galactocentric (x, y, z) [kpc], shape (n, 3)."""
        from ..kernels.columns import density

        points = np.ascontiguousarray(points, dtype=np.float64)
        out = np.empty(len(points))
        density(points, self.for_kernels, out)
        return out


def _local(edges: FloatArray, cells: bool) -> FloatArray:
    """Origins and scales (m, 2) of local coordinates: from 0 to 1 in a cell, from -1 to 1 in an element."""
    width = np.diff(edges)
    with np.errstate(divide="ignore"):
        scale = np.where(width > 0, (1.0 if cells else 2.0) / width, 0.0)
    return np.stack([edges[:-1] if cells else 0.5 * (edges[1:] + edges[:-1]), scale], axis=1)


def _gauss(edges: FloatArray, root: bool, cells: bool) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights [kpc] in all elements along an axis."""
    # An element may span many e-folds of ln n: the fewer there are, the more nodes in each.
    count = 2 if edges.size > 65 and cells else 4 if edges.size > 17 and cells else 24
    t, dt = panel_nodes(np.sqrt(edges) if root else edges, count)
    return (t**2, 2 * t * dt) if root else (t, dt)


def uniform(x: FloatArray) -> bool:
    """Whether nodes are equally spaced, but for rounding."""
    step = np.diff(x)
    return bool(np.ptp(step) <= 1e-6 * step.mean())


def table_of(radius: FloatArray, height: FloatArray, values: FloatArray, logarithmic: bool) -> DensityTable:
    """Make the table that kernels read of a density on a cylindrical grid: its cells.

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

    Returns
    -------
    DensityTable
        The table.
    """
    n = values
    if n.shape[1] > 1 and np.all(n == n[:, :1]):
        n = n[:, :1]
    root, steep = not uniform(radius), not uniform(height)
    if radius[0] > 0:
        # Inside the first node the density is that of the first node.
        radius, n = np.concatenate([[0.0], radius]), np.concatenate([n[:1], n])
    full = n.max(axis=1) > 0
    full = full[1:, 1:] | full[:-1, 1:] | full[1:, :-1] | full[:-1, :-1]
    if logarithmic:
        floor = math.log(n[n > 0].min()) - 5.0
        with np.errstate(divide="ignore"):
            n = np.maximum(np.log(n), floor)
    return DensityTable(
        values=np.ascontiguousarray(n[..., None]),
        radius=radius,
        height=height,
        kinds=np.where(full, LOGARITHM if logarithmic else VALUE, EMPTY).astype(np.int8),
        root=root,
        folded=bool(height[0] == 0.0),
        steep=steep,
        cells=True,
        # Inside the first node the density is constant: a kink, if the node is not the axis.
        rings=radius[[1, -1]] if values.shape[0] < radius.size else radius[-1:],
        reached=0.0,
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


class Density(Protocol):
    """A rate or a number per volume that can be integrated along rays."""

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read, good to a relative accuracy."""
        ...

    def __hash__(self) -> int:
        """Columns of a density are remembered by the density."""
        ...
