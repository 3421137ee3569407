"""Shapes on the sphere: boxes, discs, and their combinations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from ..errors import InputError
from ..units import FloatArray
from . import healpix

__all__ = [
    "Box",
    "Complement",
    "Disc",
    "Discs",
    "Everywhere",
    "Intersection",
    "Shape",
    "complement",
    "intersection",
    "union",
]

# Edge pixels are divided until the pieces are this fine (1.7 arcmin); these are counted in pieces of 0.2 arcmin.
EDGE_NSIDE = 2048
PIECE_NSIDE = 8 * EDGE_NSIDE
INSIDE = math.pi
# Shapes are not put into one another deeper than this.
MAX_NESTING = 200
# So many directions at a time are measured against the discs near them.
NEIGHBOURS = 2048


class Shape(Protocol):
    """A part of the sphere, described by the depth of directions in it.

    All directions are (n, 3) Galactic unit vectors.
    """

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Signed lower bound of the distance to the edge.

        Parameters
        ----------
        directions
            (n, 3) unit vectors.
        nside
            Resolution of the HEALPix pixels of which these are the centres, if they are: a mask that is uniform within
            such pixels has no edge in them.

        Returns
        -------
        array
            (n,) [rad], positive inside and negative outside; its size is at most the distance to the edge.
        """
        ...

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of small pixels that is inside.

        Parameters
        ----------
        directions
            (n, 3) unit vectors of the pixels' centres.
        width
            Width of the pixels [rad].

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        ...

    def area(self) -> float | None:
        """Solid angle [sr] in closed form, if there is one."""
        ...

    @property
    def finest(self) -> int:
        """Resolution at which its edges are counted."""
        ...

    @property
    def crossing(self) -> bool:
        """Whether its edges cross those of other shapes at any angle, as sources' discs do, and run along none."""
        ...


@dataclass(frozen=True)
class Everywhere:
    """The whole sphere."""

    finest: ClassVar[int] = 1
    crossing: ClassVar[bool] = False

    def __str__(self) -> str:
        return "the whole sky"

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Half the sphere's girth: there is no edge.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        return np.full(len(directions), INSIDE)

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Every pixel is inside as a whole.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return np.ones(len(directions))

    def area(self) -> float:
        """Solid angle of the sphere, 4 pi."""
        return 4 * math.pi


@dataclass(frozen=True)
class Box:
    """Between two longitudes and two latitudes.

    Attributes
    ----------
    l_min, l_max
        Galactic longitudes [deg], going eastward from the first.
    b_min, b_max
        Galactic latitudes [deg].
    """

    l_min: float
    l_max: float
    b_min: float
    b_max: float

    finest: ClassVar[int] = PIECE_NSIDE
    crossing: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"l {self.l_min:g} to {self.l_max:g}, b {self.b_min:g} to {self.b_max:g} deg"

    @property
    def width(self) -> float:
        """Extent in longitude [deg]."""
        return 360.0 if abs(self.l_max - self.l_min) >= 360.0 else (self.l_max - self.l_min) % 360.0

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Distance to the nearest parallel or meridian.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        x, y, z = directions.T
        lat = np.arcsin(np.clip(z, -1.0, 1.0))
        depth = np.full(len(directions), INSIDE)
        if self.b_min > -90.0:
            depth = np.minimum(depth, lat - math.radians(self.b_min))
        if self.b_max < 90.0:
            depth = np.minimum(depth, math.radians(self.b_max) - lat)
        if self.width < 360.0:
            lon = np.degrees(np.arctan2(y, x))
            edges = np.radians([self.l_min, self.l_max])
            # A meridian ends at the poles: beyond them, on the far side, the nearest of its points is a pole.
            reach = np.full(len(directions), INSIDE)
            for edge in edges:
                across = np.arcsin(np.clip(np.abs(y * np.cos(edge) - x * np.sin(edge)), 0.0, 1.0))
                ahead = x * np.cos(edge) + y * np.sin(edge) > 0
                reach = np.minimum(reach, np.where(ahead, across, math.pi / 2 - np.abs(lat)))
            sign = np.where((lon - self.l_min) % 360.0 <= self.width, 1.0, -1.0)
            depth = np.minimum(depth, sign * reach)
        return depth

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of a pixel on this side of a straight edge.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return _ramp(self.depth(directions) / width)

    def area(self) -> float:
        """Width times the difference of sin b."""
        lat = np.sin(np.radians([self.b_min, self.b_max]))
        return math.radians(self.width) * float(lat[1] - lat[0])


@dataclass(frozen=True)
class Disc:
    """Within an angle of a direction.

    Attributes
    ----------
    l, b
        Galactic coordinates of the centre [deg].
    radius
        The angle [deg].
    """

    l: float
    b: float
    radius: float

    finest: ClassVar[int] = PIECE_NSIDE
    crossing: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{self.radius:g} deg around l {self.l:g}, b {self.b:g} deg"

    @property
    def centre(self) -> FloatArray:
        """Unit vector (3,) of the centre."""
        return healpix.unit_vectors(math.radians(self.l), math.radians(self.b))

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Radius minus separation.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        return math.radians(self.radius) - _separation(directions, self.centre)

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of a pixel on this side of a straight edge.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return _ramp(self.depth(directions) / width)

    def area(self) -> float:
        """2 pi (1 - cos radius)."""
        return 4 * math.pi * math.sin(math.radians(self.radius) / 2) ** 2


@dataclass(frozen=True)
class Discs:
    """Within any of many discs around sources.

    Attributes
    ----------
    l, b
        (n,) Galactic coordinates of the centres [deg].
    radius
        (n,) radii [deg].
    """

    l: tuple[float, ...]
    b: tuple[float, ...]
    radius: tuple[float, ...]

    finest: ClassVar[int] = PIECE_NSIDE
    crossing: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"{len(self.radius)} discs"

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Depth in the disc that one is deepest in, or nearest to.

        Neighbours in the list should be neighbours in the sky, as HEALPix pixels in NESTED order are: then few of the
        discs can be the deepest for any of a stretch of them, and only those are measured.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        centres = healpix.unit_vectors(np.radians(self.l), np.radians(self.b))
        radius = np.radians(self.radius)
        depth = np.full(len(directions), -INSIDE)
        for first in range(0, len(directions), NEIGHBOURS):
            chunk = directions[first : first + NEIGHBOURS]
            middle = chunk[len(chunk) // 2]
            reach = _separation(chunk, middle).max()
            middle_depth = radius - _separation(centres, middle)
            for i in np.flatnonzero(middle_depth + reach >= middle_depth.max() - reach):
                depth[first : first + NEIGHBOURS] = np.maximum(
                    depth[first : first + NEIGHBOURS], radius[i] - _separation(chunk, centres[i])
                )
        return depth

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of a pixel on this side of a straight edge.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return _ramp(self.depth(directions) / width)

    def area(self) -> None:
        """No closed form: they overlap."""
        return None


@dataclass(frozen=True)
class Intersection:
    """In all of the shapes."""

    parts: tuple[Shape, ...]

    crossing: ClassVar[bool] = False

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """The smallest depth.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        return np.asarray(np.min([part.depth(directions, nside) for part in self.parts], axis=0))

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """The smallest coverage of the parts, times the coverages of sources' discs.

        Two edges of regions may run together, where the smallest is right. Those of sources' discs only cross others:
        the product is right on average, and what discs take and what they leave add up to the whole.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        coverage = np.ones(len(directions))
        for part in sorted(self.parts, key=lambda part: part.crossing):
            covered = part.coverage(directions, width)
            coverage = coverage * covered if part.crossing else np.minimum(coverage, covered)
        return coverage

    def area(self) -> None:
        """No closed form."""
        return None

    @property
    def finest(self) -> int:
        """The finest of the parts'."""
        return max(part.finest for part in self.parts)


@dataclass(frozen=True)
class Complement:
    """Outside a shape."""

    part: Shape

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """The depth with the other sign.

        Parameters
        ----------
        directions, nside
            As in :meth:`Shape.depth`.

        Returns
        -------
        array
            (n,) [rad].
        """
        return -self.part.depth(directions, nside)

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """What the shape leaves.

        Parameters
        ----------
        directions, width
            As in :meth:`Shape.coverage`.

        Returns
        -------
        array
            (n,) 0 to 1.
        """
        return 1.0 - self.part.coverage(directions, width)

    def area(self) -> float | None:
        """Solid angle of the sphere minus that of the shape."""
        area = self.part.area()
        return None if area is None else 4 * math.pi - area

    @property
    def finest(self) -> int:
        """That of the shape."""
        return self.part.finest

    @property
    def crossing(self) -> bool:
        """As the shape, which has the same edges."""
        return self.part.crossing


def complement(shape: Shape) -> Shape:
    """Outside a shape; the shape itself if it is an outside already.

    Parameters
    ----------
    shape
        Part of the sphere.

    Returns
    -------
    Shape
        The rest of it.
    """
    return shape.part if isinstance(shape, Complement) else Complement(shape)


def intersection(*shapes: Shape) -> Shape:
    """In all of some shapes; one shape of many parts, however they were put together.

    Parameters
    ----------
    *shapes
        Parts of the sphere.

    Returns
    -------
    Intersection
        What they have in common.

    Raises
    ------
    InputError
        If shapes lie in one another too deep.
    """
    parts = [part for shape in shapes for part in (shape.parts if isinstance(shape, Intersection) else (shape,))]
    if max(map(_nesting, parts)) >= MAX_NESTING:
        raise InputError("region: it goes from | to & and back too often (more than some 50 times); make a mask of it")
    return Intersection(tuple(parts))


def union(*shapes: Shape) -> Shape:
    """In any of some shapes.

    Parameters
    ----------
    *shapes
        Parts of the sphere.

    Returns
    -------
    Shape
        Outside of what lies outside of all.
    """
    return complement(intersection(*map(complement, shapes)))


def _nesting(shape: Shape) -> int:
    if isinstance(shape, Complement):
        return 1 + _nesting(shape.part)
    return 1 + max(map(_nesting, shape.parts)) if isinstance(shape, Intersection) else 0


def _separation(directions: FloatArray, centre: FloatArray) -> FloatArray:
    """Angles (n,) between unit vectors (n, 3) and one [rad]; exact for small ones too: chord instead of arccos."""
    away = directions - centre
    # Several times faster than a norm along the short axis.
    chord = np.sqrt(np.einsum("ij,ij->i", away, away))
    return np.asarray(2 * np.arcsin(np.minimum(chord / 2, 1.0)))


def _ramp(t: FloatArray) -> FloatArray:
    """Part of a pixel on this side of an edge at a distance of t widths, on average over orientations.

    A smooth step is summed over rows of pixels with an error that a hard or a straight one does not reach.
    """
    t = np.clip(0.5 + t / 1.8, 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t))
