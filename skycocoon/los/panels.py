"""Panels of the sky: where their edges are to begin with, and how they are halved."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..units import FloatArray

__all__ = ["Integers", "PanelTree", "latitude_edges", "longitude_edges", "tangent_rings"]

Integers = NDArray[np.int64]

# The smallest panels at the plane and at the centre to begin with, and how much wider each is than the one before.
FIRST_LATITUDE = 1 / 25  # of the layer's thickness, in kpc
FIRST_LONGITUDES = (0.0, 1.0, 4.0, 12.0, 30.0, 60.0, 110.0, 180.0)
GROWTH = 2.0
# Heights at which a ring's tangent no longer matters, in units of the layer's thickness.
HIGH = 8.0
# An edge that is nearer to a tangent than by this factor is left out.
BESIDE = 1.15


def latitude_edges(thickness: float, folded: bool) -> FloatArray:
    """Edges of panels in b [rad], graded towards the plane.

    Parameters
    ----------
    thickness
        Of the layer [kpc].
    folded
        Whether the southern sky is the northern one's mirror image.

    Returns
    -------
    array
        From 0 or -pi/2 to pi/2.
    """
    first = min(max(FIRST_LATITUDE * thickness, 1e-6), 0.3)
    count = max(math.floor(math.log(1.1 / first) / math.log(GROWTH)), 0)
    graded = np.concatenate([[0.0], first * GROWTH ** np.arange(count + 1), [math.pi / 2]])
    return graded if folded else np.concatenate([-graded[:0:-1], graded])


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
        (n + 1,) from 0 or -pi to pi, and (n,) 1 at an eastern edge, -1 at a western one.
    """
    inner = rings[(rings > 0) & (rings <= sun_radius * (1 + 1e-12))]
    tangents = np.arcsin(np.minimum(inner / sun_radius, 1.0))
    edges = np.radians(FIRST_LONGITUDES)
    # A tangent pushes out the edges beside it, but for the first and the last.
    beside = np.abs(np.log(np.maximum(edges[:, None], 1e-300) / tangents)) < math.log(BESIDE)
    beside[[0, -1]] = False
    edges = np.unique(np.concatenate([edges[~beside.any(axis=1)], tangents]))
    bends = np.isin(edges[1:], tangents).astype(np.int64)
    if folded:
        return edges, bends
    return np.concatenate([-edges[:0:-1], edges]), np.concatenate([-bends[::-1], bends])


def tangent_rings(rings: FloatArray, place: FloatArray, thickness: float, latitudes: tuple[float, float]) -> FloatArray:
    """Rings whose tangents matter between two latitudes: those that are reached near enough to the plane.

    Parameters
    ----------
    rings
        Radii [kpc].
    place
        R and z of the Sun [kpc].
    thickness
        Of the layer [kpc].
    latitudes
        The two [rad].

    Returns
    -------
    array
        Some of the rings.
    """
    radius, height = place
    distance = np.sqrt(np.maximum(radius**2 - rings**2, 0.0))
    low, high = (height + distance * math.tan(min(max(b, -1.57), 1.57)) for b in latitudes)
    nearest = np.where(low * high <= 0, 0.0, np.minimum(np.abs(low), np.abs(high)))
    return rings[nearest < HIGH * thickness]


class PanelTree:
    """A table of panels of the sky, each of which may be halved, and its halves again.

    Parameters
    ----------
    latitudes
        (n_b + 1,) edges of the table's rows [rad].
    columns
        For each row the edges of its panels in longitude, and where these have roots, as :func:`longitude_edges`
        gives them.

    Attributes
    ----------
    rows, west, east, bends, axis, child
        As in :class:`skycocoon.kernels.mesh.Panels`.
    place
        (k, 6) panel of the table and its row, and where in that panel each begins and ends, 0 to 1: in l, in b.
    """

    def __init__(self, latitudes: FloatArray, columns: list[tuple[FloatArray, Integers]]) -> None:
        self.latitudes = latitudes
        self.rows = np.concatenate([[0], np.cumsum([bends.size for _, bends in columns])])
        self.west = np.concatenate([edges[:-1] for edges, _ in columns])
        self.east = np.concatenate([edges[1:] for edges, _ in columns])
        self.bends = np.concatenate([bends for _, bends in columns])
        number = np.arange(self.bends.size, dtype=np.float64)
        row = np.repeat(np.arange(len(columns)), np.diff(self.rows))
        zero, one = np.zeros(number.size), np.ones(number.size)
        self.place = np.stack([number, row, zero, one, zero, one], axis=1)
        self.axis = np.full(number.size, -1, dtype=np.int64)
        self.child = np.zeros(number.size, dtype=np.int64)

    def coordinates(self, nodes: Integers, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Longitudes and latitudes of places on panels.

        Parameters
        ----------
        nodes
            (k,) panels.
        x, y
            (...) places on each, -1 to 1, in longitude (or its root) and latitude.

        Returns
        -------
        longitudes, latitudes
            (k, ...) [rad].
        """
        place = self.place[nodes].reshape(-1, 6, *(1,) * x.ndim)
        column, row = (place[:, k].astype(np.int64) for k in (0, 1))
        t = place[:, 2] + 0.5 * (x + 1) * (place[:, 3] - place[:, 2])
        v = place[:, 4] + 0.5 * (y + 1) * (place[:, 5] - place[:, 4])
        bend = self.bends[column]
        left, width = self.west[column], (self.east - self.west)[column]
        part = np.where(bend == 0, t, np.where(bend > 0, 1 - (1 - t) ** 2, t**2))
        low, height = self.latitudes[row], np.diff(self.latitudes)[row]
        return left + width * part, low + height * v

    def sizes(self, nodes: Integers) -> tuple[FloatArray, FloatArray]:
        """Angles that panels span.

        Parameters
        ----------
        nodes
            (k,) panels.

        Returns
        -------
        along, up
            (k,) in longitude, where they are widest, and in latitude [rad].
        """
        l, b = self.coordinates(nodes, np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))
        nearest = np.where(b[:, 0] * b[:, 1] <= 0, 0.0, np.abs(b).min(axis=1))
        return (l[:, 1] - l[:, 0]) * np.cos(nearest), b[:, 1] - b[:, 0]

    def divided(self, widest: float) -> Integers:
        """Halve panels until none spans more than an angle.

        Parameters
        ----------
        widest
            The angle [rad].

        Returns
        -------
        array
            Panels that are not halved.
        """
        nodes, small = np.arange(self.axis.size), []
        while nodes.size:
            along, up = self.sizes(nodes)
            wide, tall = (along > widest) & (along >= up), (up > widest) & (up > along)
            small.append(nodes[~(wide | tall)])
            nodes = np.concatenate([self.halve(nodes[wide], 0), self.halve(nodes[tall], 1)])
        return np.concatenate(small)

    def halve(self, nodes: Integers, axis: int) -> Integers:
        """Halve panels.

        Parameters
        ----------
        nodes
            (k,) panels.
        axis
            0 in longitude, 1 in latitude.

        Returns
        -------
        array
            (2 k,) the halves of one after those of another.
        """
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

    def smallest_heights(self, nodes: Integers, units: FloatArray) -> FloatArray:
        """Smallest angle in latitude that any of some panels spans, for each row of the table.

        Parameters
        ----------
        nodes
            (k,) panels, of every row.
        units
            (k,) what multiplies the angle of each.

        Returns
        -------
        array
            (n_b,) [rad].
        """
        smallest = np.full(self.latitudes.size - 1, np.inf)
        np.minimum.at(smallest, self.place[nodes, 1].astype(np.int64), self.sizes(nodes)[1] * units)
        return smallest
