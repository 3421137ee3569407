"""HEALPix masks as shapes: those pixels of any resolution and frame that count."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ..units import FloatArray
from . import healpix, ranges
from .healpix import Indices
from .shapes import INSIDE, PIECE_NSIDE

__all__ = ["Mask"]

# Parts across a pixel of which the distance from an edge is measured.
PARTS = 8


@dataclass(frozen=True, eq=False)
class Mask:
    """Pixels of a HEALPix mask that count, as ranges of numbers: memory grows with their edges.

    Attributes
    ----------
    edges
        (2n,) first NESTED number of each range that counts, and first one behind it, increasing.
    nside
        Resolution of the mask.
    frame
        ``"G"`` (Galactic), ``"C"`` (celestial) or ``"E"`` (ecliptic).
    """

    edges: Indices
    nside: int
    frame: str = "G"
    _starts: Indices = field(init=False, repr=False)
    _depths: FloatArray = field(init=False, repr=False)

    crossing: ClassVar[bool] = False

    def __post_init__(self) -> None:
        starts, depths = ranges.depth_steps(self.edges, self.nside)
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_depths", depths)

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Half the size of the largest block of equal pixels around each direction.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        vectors = directions if self.frame == "G" else directions @ healpix.rotation(self.frame).T
        pixels = healpix.pixels_at(self.nside, vectors, nest=True)
        depth = np.asarray(self._depths[np.searchsorted(self._starts, pixels, side="right") - 1])
        if self.frame == "G" and nside >= self.nside:
            return np.copysign(INSIDE, depth)
        if nside > self.nside:  # the pixels are at an angle to ours: their own edges matter
            near = np.abs(depth) <= ranges.TINY
            within = ranges.border_distance(self.nside, vectors[near], min(PARTS * nside, 2**ranges.MAX_ORDER))
            depth[near] = np.copysign(np.maximum(within, ranges.TINY), depth[near])
        return depth

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Whether the mask's pixel counts: its edges are those of pixels.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return np.where(self.depth(directions) > 0, 1.0, 0.0)

    def area(self) -> float:
        """Solid angle of the pixels that count."""
        return 4 * math.pi * ranges.area(self.edges, self.nside)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[str, int, bytes]:
        return self.frame, self.nside, self.edges.tobytes()

    @property
    def finest(self) -> int:
        """Its own resolution, which is exact, or a good deal finer if its pixels are at an angle to ours."""
        return self.nside if self.frame == "G" else min(16 * self.nside, PIECE_NSIDE)
