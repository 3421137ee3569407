"""An analytic density on as many nodes as its shape needs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..errors import AccuracyWarning
from ..units import FloatArray

__all__ = ["MAX_CELLS", "Lattice", "refined"]

MAX_CELLS = 30_000_000
MAX_NODES = 65_537
# Where a density is less than this part of its maximum along an axis, its error counts relative to that part.
FLOOR = 0.05


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


def refined(
    density: Callable[[Lattice], FloatArray], lattice: Lattice, axes: Iterable[int], rtol: float, interpolation: str
) -> tuple[Lattice, FloatArray]:
    """Double the nodes along each axis in turn until linear interpolation between them is good enough.

    Parameters
    ----------
    density
        Gives the (n_R, n_phi, n_z) density on a lattice.
    lattice
        Nodes to begin with.
    axes
        Those of 0, 1, 2 that the density depends on.
    rtol
        Accuracy halfway between nodes, relative to the density, or to 5 % of its maximum along the axis.
    interpolation
        ``"linear"`` in n, otherwise in ln n.

    Returns
    -------
    lattice, values
        The nodes and the density on them.

    Warns
    -----
    AccuracyWarning
        If the largest grid is not enough.
    """
    values = density(lattice)
    for axis in axes:
        while True:
            finer = lattice.doubled(axis)
            fine = density(finer)
            error = _error_halfway(fine, axis, interpolation)
            if error <= rtol:
                break
            if not finer.affordable:
                warnings.warn(
                    f"grid: interpolation is good to {error:.1e} only, not to the {rtol:.1e} asked for",
                    AccuracyWarning,
                    stacklevel=3,
                )
                break
            lattice, values = finer, fine
    return lattice, values


def _error_halfway(fine: FloatArray, axis: int, interpolation: str) -> float:
    """Largest error of interpolation between every second node, at the nodes halfway between these."""
    values = np.moveaxis(fine, axis, 0)
    between, low = values[1::2], values[0::2]
    if axis == 1:
        high = np.roll(low, -1, axis=0)
    else:
        low, high = low[:-1], low[1:]
    guess = 0.5 * (low + high) if interpolation == "linear" else np.sqrt(low) * np.sqrt(high)
    with np.errstate(invalid="ignore"):
        error = np.abs(guess - between) / (between + FLOOR * values.max(axis=0))
    return float(np.nanmax(error, initial=0.0))
