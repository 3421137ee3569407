"""An analytic density on as many nodes as its shape needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..numerics.quadrature import halving_panels
from ..units import FloatArray

__all__ = ["MAX_CELLS", "Lattice", "refined", "total"]

Function = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
Sampled = tuple["Lattice", FloatArray, float]

MAX_CELLS = 30_000_000
MAX_NODES = 65_537
# Where a density is less than this part of its maximum along an axis, its error counts relative to that part.
FLOOR = 0.05
# Places at which layers are looked for, and how much nearer to the plane, or the axis, each is than the last.
CROWD, CROWDED = 0.77, 48
# Panels of the total halve this often towards the plane and the axis.
HALVINGS = 18


@dataclass(frozen=True)
class Lattice:
    """Nodes of a cylindrical grid, uniform in sqrt(R) and in phi, whose numbers can be doubled.

    Attributes
    ----------
    counts
        Numbers of nodes (n_R, n_phi, n_z).
    radius, height
        Size of the cylinder [kpc]: R < radius, \\|z\\| < height.
    symmetric
        Whether the nodes in z begin in the plane.
    steep
        Whether they are uniform in sqrt(z).
    """

    counts: tuple[int, int, int]
    radius: float
    height: float
    symmetric: bool
    steep: bool

    @property
    def nodes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """R [kpc], phi [rad] and z [kpc]."""
        n_r, n_phi, n_z = self.counts
        r = self.radius * np.linspace(0.0, 1.0, n_r) ** 2
        phi = 2 * math.pi * np.arange(n_phi) / n_phi
        z = np.linspace(0.0 if self.symmetric else -self.height, self.height, n_z)
        return r, phi, self.height * (z / self.height) ** 2 if self.steep else z

    @property
    def affordable(self) -> bool:
        """Whether a grid may be as large as this."""
        return max(self.counts) <= MAX_NODES and math.prod(self.counts) <= MAX_CELLS

    def doubled(self, axis: int) -> Lattice:
        """The same nodes along an axis and others halfway between them."""
        n_r, n_phi, n_z = self.counts
        counts = (2 * n_r - 1, n_phi, n_z), (n_r, 2 * n_phi, n_z), (n_r, n_phi, 2 * n_z - 1)
        return replace(self, counts=counts[axis])


def refined(function: Function, lattice: Lattice, axes: Iterable[int], rtol: float, interpolation: str) -> Sampled:
    """Double the nodes along each axis in turn until linear interpolation between them is good enough.

    It is looked at halfway between the nodes and at places that crowd towards the axis and the plane, where thin layers
    lie.

    Parameters
    ----------
    function
        Gives the density at broadcasting R [kpc], phi [rad] and z [kpc].
    lattice
        Nodes to begin with.
    axes
        Those of 0, 1, 2 that the density depends on.
    rtol
        Accuracy, relative to the density, or to 5 % of its maximum along the axis.
    interpolation
        ``"linear"`` in n, otherwise in ln n.

    Returns
    -------
    lattice, values, reached
        The nodes, the density on them, and the largest error that was seen.
    """
    values = _on(function, lattice.nodes)
    reached = 0.0
    for axis in axes:
        while True:
            finer = lattice.doubled(axis)
            fine = _on(function, finer.nodes)
            crowded = 0.0 if axis == 1 else _error_of_crowd(function, lattice, values, axis, interpolation)
            error = max(_error_halfway(fine, axis, interpolation), crowded)
            if error <= rtol or not finer.affordable:
                reached = max(reached, error)
                break
            lattice, values = finer, fine
    return lattice, values, reached


def total(function: Function, lattice: Lattice) -> float:
    """Volume integral of a density, on panels that halve towards the axis and the plane.

    Parameters
    ----------
    function
        Gives the density at broadcasting R [kpc], phi [rad] and z [kpc].
    lattice
        Its cylinder, and azimuths that do.

    Returns
    -------
    float
        [density times kpc^3].
    """
    smallest = 2.0**-HALVINGS
    r, dr = halving_panels(0.0, lattice.radius, [(0.0, smallest * lattice.radius)])
    low = 0.0 if lattice.symmetric else -lattice.height
    z, dz = halving_panels(low, lattice.height, [(0.0, smallest * lattice.height)])
    n = function(r[:, None, None], lattice.nodes[1][:, None], z)
    mean = np.broadcast_to(n, (r.size, lattice.counts[1], z.size)).mean(axis=1)
    return float(2 * math.pi * (r * dr) @ mean @ dz * (2 if lattice.symmetric else 1))


def _on(function: Function, nodes: tuple[FloatArray, FloatArray, FloatArray]) -> FloatArray:
    """Density (n_R, n_phi, n_z) on nodes."""
    r, phi, z = nodes
    return np.broadcast_to(function(r[:, None, None], phi[:, None], z), (r.size, phi.size, z.size))


def _error_halfway(fine: FloatArray, axis: int, interpolation: str) -> float:
    """Largest error of interpolation between every second node, at the nodes halfway between these."""
    values = np.moveaxis(fine, axis, 0)
    between, low = values[1::2], values[0::2]
    if axis == 1:
        high = np.roll(low, -1, axis=0)
    else:
        low, high = low[:-1], low[1:]
    return _error(low, high, 0.5, between, values.max(axis=0), interpolation)


def _error_of_crowd(function: Function, lattice: Lattice, values: FloatArray, axis: int, interpolation: str) -> float:
    """Largest error of interpolation in R or z at places that crowd towards 0."""
    size = lattice.radius if axis == 0 else lattice.height
    places: FloatArray = np.asarray(size * CROWD ** np.arange(1, CROWDED), dtype=np.float64)
    if axis == 2 and not lattice.symmetric:
        places = np.append(-places, places)
    nodes: list[FloatArray] = list(lattice.nodes)
    along = nodes[axis]
    nodes[axis] = places
    true = np.moveaxis(_on(function, (nodes[0], nodes[1], nodes[2])), axis, 0)
    index = np.clip(np.searchsorted(along, places, side="right") - 1, 0, along.size - 2)
    low, high, at = along[index], along[index + 1], places
    if axis == 0 or lattice.steep:
        low, high, at = (np.asarray(np.sqrt(x)) for x in (low, high, at))
    weight = ((at - low) / (high - low)).reshape(-1, 1, 1)
    moved = np.moveaxis(values, axis, 0)
    peak = np.maximum(moved.max(axis=0), true.max(axis=0))
    return _error(moved[index], moved[index + 1], weight, true, peak, interpolation)


def _error(
    low: FloatArray,
    high: FloatArray,
    weight: FloatArray | float,
    true: FloatArray,
    peak: FloatArray,
    interpolation: str,
) -> float:
    """Largest error of interpolation between two densities, relative to the true one or a part of the largest."""
    if interpolation == "linear":
        guess = low + weight * (high - low)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            guess = np.exp((1 - weight) * np.log(low) + weight * np.log(high))
    with np.errstate(invalid="ignore"):
        error = np.abs(np.nan_to_num(guess) - true) / (true + FLOOR * peak)
    return float(np.nanmax(error, initial=0.0))
