"""Parts of the sky: boxes, discs, masks and what can be made of them; edge pixels count by the part inside."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import astropy.units as u
import numpy as np

from ..errors import InputError, unknown_name
from ..files import data_folder
from ..units import FloatArray, to_float
from . import healpix

if TYPE_CHECKING:
    from .catalogue import Catalogue

__all__ = [
    "MASK_RADII",
    "Box",
    "Complement",
    "Disc",
    "Discs",
    "Everywhere",
    "Intersection",
    "Mask",
    "Region",
    "Shape",
    "list_regions",
]

# Edge pixels are divided until the pieces are this fine (1.7 arcmin); these are counted in pieces of 0.2 arcmin.
EDGE_NSIDE = 2048
PIECE_NSIDE = 8 * EDGE_NSIDE
INSIDE = math.pi
MASK_RADII = 2.5
"""Radius of a masked disc in units of sqrt(psf^2 + extension^2), as in the diffuse analysis of LHAASO-KM2A
(Cao et al. 2023, PRL 131, 151001) [from memory]."""
# So many directions at a time are measured against the discs near them.
NEIGHBOURS = 2048


class Shape(Protocol):
    """A part of the sphere, described by a depth.

    ``depth(directions)`` is positive inside and negative outside; its size [rad] is at most the distance to the edge.
    Where the directions are centres of HEALPix pixels of ``nside``, a mask that is uniform within these may say so.
    ``coverage`` is the part inside of small pixels around directions.
    """

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Signed lower bound of the distance to the edge [rad] for unit vectors (n, 3), Galactic."""
        ...

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part inside, 0 to 1, of pixels of a width [rad] at directions."""
        ...

    def area(self) -> float | None:
        """Solid angle [sr] in closed form, if there is one."""
        ...

    @property
    def finest(self) -> int:
        """Resolution at which its edges are counted."""
        ...


@dataclass(frozen=True)
class Everywhere:
    """The whole sphere."""

    def __str__(self) -> str:
        return "the whole sky"

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Nowhere near an edge."""
        return np.full(len(directions), INSIDE)

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """All of it."""
        return np.ones(len(directions))

    def area(self) -> float:
        """4 pi."""
        return 4 * math.pi

    @property
    def finest(self) -> int:
        """Any."""
        return 1


@dataclass(frozen=True)
class Box:
    """Between two longitudes, going eastward from the first, and two latitudes [deg]."""

    l_min: float
    l_max: float
    b_min: float
    b_max: float

    def __str__(self) -> str:
        return f"l {self.l_min:g} to {self.l_max:g}, b {self.b_min:g} to {self.b_max:g} deg"

    @property
    def width(self) -> float:
        """Extent in longitude [deg]."""
        return 360.0 if abs(self.l_max - self.l_min) >= 360.0 else (self.l_max - self.l_min) % 360.0

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Distance to the nearest parallel or meridian."""
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
        """Part of a pixel on this side of a straight edge."""
        return _ramp(self.depth(directions) / width)

    def area(self) -> float:
        """Width times the difference of sin b."""
        lat = np.sin(np.radians([self.b_min, self.b_max]))
        return math.radians(self.width) * float(lat[1] - lat[0])

    @property
    def finest(self) -> int:
        """As fine as edges are counted."""
        return PIECE_NSIDE


@dataclass(frozen=True)
class Disc:
    """Within an angle of a direction [deg]."""

    l: float
    b: float
    radius: float

    def __str__(self) -> str:
        return f"{self.radius:g} deg around l {self.l:g}, b {self.b:g} deg"

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Radius minus separation."""
        return math.radians(self.radius) - _separation(directions, _unit_vectors(self.l, self.b))

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of a pixel on this side of a straight edge."""
        return _ramp(self.depth(directions) / width)

    def area(self) -> float:
        """2 pi (1 - cos radius)."""
        return 4 * math.pi * math.sin(math.radians(self.radius) / 2) ** 2

    @property
    def finest(self) -> int:
        """As fine as edges are counted."""
        return PIECE_NSIDE


@dataclass(frozen=True)
class Discs:
    """Within any of many discs: (n,) longitudes, latitudes and radii [deg]."""

    l: tuple[float, ...]
    b: tuple[float, ...]
    radius: tuple[float, ...]

    def __str__(self) -> str:
        return f"{len(self.radius)} discs"

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Depth in the disc that one is deepest in, or nearest to.

        Neighbours in the list should be neighbours in the sky, as HEALPix pixels in NESTED order are: then few of the
        discs can be the deepest for any of a stretch of them, and only those are measured.
        """
        centres = _unit_vectors(np.array(self.l), np.array(self.b))
        radius = np.radians(self.radius)
        depth = np.full(len(directions), -INSIDE)
        for first in range(0, len(directions), NEIGHBOURS):
            chunk = directions[first : first + NEIGHBOURS]
            middle = chunk[len(chunk) // 2]
            reach = _separation(chunk, middle).max()
            there = radius - _separation(centres, middle)
            for i in np.flatnonzero(there + reach >= there.max() - reach):
                depth[first : first + NEIGHBOURS] = np.maximum(
                    depth[first : first + NEIGHBOURS], radius[i] - _separation(chunk, centres[i])
                )
        return depth

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Part of a pixel on this side of a straight edge."""
        return _ramp(self.depth(directions) / width)

    def area(self) -> None:
        """No closed form: they overlap."""
        return None

    @property
    def finest(self) -> int:
        """As fine as edges are counted."""
        return PIECE_NSIDE


@dataclass(frozen=True, eq=False)
class Mask:
    """Pixels of a HEALPix mask that count.

    Parameters
    ----------
    inside
        (12 nside^2,) booleans in NESTED order.
    frame
        ``"G"``, ``"C"`` or ``"E"``.
    """

    inside: np.ndarray[Any, np.dtype[np.bool_]]
    frame: str = "G"
    _depth: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_depth", _mask_depth(self.inside))

    @property
    def nside(self) -> int:
        """Resolution of the mask."""
        return math.isqrt(self.inside.size // 12)

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """Half the size of the largest block of equal pixels around each direction."""
        vectors = directions @ healpix.rotation(self.frame).T
        depth = np.asarray(self._depth[healpix.pixels_at(self.nside, vectors, nest=True)])
        if self.frame == "G" and nside >= self.nside:
            return np.copysign(INSIDE, depth)
        return depth

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """Whether the mask's pixel counts: its edges are those of pixels."""
        return np.where(self.depth(directions) > 0, 1.0, 0.0)

    def area(self) -> float:
        """Pixels that count times their size."""
        return float(self.inside.mean()) * 4 * math.pi

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.frame == other.frame and np.array_equal(self.inside, other.inside)

    def __hash__(self) -> int:
        return hash((self.frame, self.inside.tobytes()))

    @property
    def finest(self) -> int:
        """Its own resolution, which is exact, or a good deal finer if its pixels are at an angle to ours."""
        return self.nside if self.frame == "G" else min(16 * self.nside, PIECE_NSIDE)


@dataclass(frozen=True)
class Intersection:
    """In all of the shapes."""

    parts: tuple[Shape, ...]

    def depth(self, directions: FloatArray, nside: int = 0) -> FloatArray:
        """The smallest depth."""
        return np.asarray(np.min([part.depth(directions, nside) for part in self.parts], axis=0))

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """The smallest coverage, of which sources' discs take or leave their part.

        Two edges of regions may run together, where the smallest is right. Those of sources' discs only cross others:
        the product is right on average, and what discs take and what they leave add up to the whole.
        """
        free = [isinstance(part.part if isinstance(part, Complement) else part, Discs) for part in self.parts]
        result = np.ones(len(directions))
        for part, crosses in sorted(zip(self.parts, free, strict=True), key=lambda pair: pair[1]):
            covered = part.coverage(directions, width)
            result = result * covered if crosses else np.minimum(result, covered)
        return result

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
        """The depth with the other sign."""
        return -self.part.depth(directions, nside)

    def coverage(self, directions: FloatArray, width: float) -> FloatArray:
        """What the shape leaves."""
        return 1.0 - self.part.coverage(directions, width)

    def area(self) -> float | None:
        """What the shape leaves of the sphere."""
        area = self.part.area()
        return None if area is None else 4 * math.pi - area

    @property
    def finest(self) -> int:
        """The shape's."""
        return self.part.finest


@dataclass(frozen=True, eq=False, repr=False)
class Region:
    """A named part of the sky.

    Made by :meth:`named`, :meth:`box`, :meth:`disc`, :meth:`mask` or :meth:`parse`, and combined with ``|`` (union),
    ``&`` (intersection), ``-`` (without) and ``~`` (complement); :meth:`without_sources` masks those of a catalogue.

    Attributes
    ----------
    name
        What it is called in tables and figures.
    shape
        Which directions belong to it.
    reference
        Where its limits come from.
    note
        What was masked there by whoever published it, and how sure the limits are.
    unmasked
        The region before sources were masked; None where none were.
    """

    name: str
    shape: Shape
    reference: str = ""
    note: str = ""
    unmasked: Region | None = None

    @classmethod
    def named(cls, name: str) -> Region:
        """A region of the shipped table, by its short name or the analysis' own; :func:`list_regions` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        table = _table()
        key = _slug(name)
        row = table.get(key)
        if row is None:
            row = next((r for r in table.values() if _slug(r["analysis"]) == key), None)
        if row is None:
            raise unknown_name("region", name, table)
        if row["mask"].startswith("sources:"):
            whole = cls.named(row["name"].removesuffix("-masked"))
            masked = whole - cls.parse(row["mask"])
            reference = f"{masked.reference}; mask {row['provenance']} {row['where_found']}"
            return replace(masked, name=row["name"], reference=reference, note=f"mask {row['provenance']}")
        shape: Shape = Box(row["l_min"], row["l_max"], row["b_min"], row["b_max"])
        if shape.area() == 4 * math.pi:
            shape = Everywhere()
        return cls(row["name"], shape, row["doi"], row["mask"])

    @classmethod
    def box(
        cls, longitude: tuple[u.Quantity, u.Quantity], latitude: tuple[u.Quantity, u.Quantity], name: str = ""
    ) -> Region:
        """Between two Galactic longitudes (eastward from the first, also across l = 0) and two latitudes.

        Raises
        ------
        InputError
            If the box is empty or a latitude is beyond a pole.
        """
        l0, l1 = (to_float(x, u.deg, "longitude", minimum=-360.0, maximum=720.0) for x in longitude)
        b0, b1 = (to_float(x, u.deg, "latitude", minimum=-90.0, maximum=90.0) for x in latitude)
        if b1 <= b0 or l0 == l1:
            raise InputError(f"region: the box l {l0:g}..{l1:g}, b {b0:g}..{b1:g} deg is empty")
        shape = Box(l0, l1, b0, b1)
        return cls(name or f"box:{l0:g},{l1:g},{b0:g},{b1:g}", shape)

    @classmethod
    def disc(cls, longitude: u.Quantity, latitude: u.Quantity, radius: u.Quantity, name: str = "") -> Region:
        """Within an angle of a direction."""
        l = to_float(longitude, u.deg, "longitude", minimum=-360.0, maximum=720.0)
        b = to_float(latitude, u.deg, "latitude", minimum=-90.0, maximum=90.0)
        r = to_float(radius, u.deg, "radius", minimum=0.0, maximum=180.0, exclusive=True)
        return cls(name or f"disc:{l:g},{b:g},{r:g}", Disc(l, b, r))

    @classmethod
    def everywhere(cls) -> Region:
        """The whole sky."""
        return cls("all-sky", Everywhere())

    @classmethod
    def mask(
        cls, source: str | Path | np.ndarray[Any, Any], *, frame: str = "", nest: bool = False, name: str = ""
    ) -> Region:
        """Pixels of a HEALPix mask that are 1: a FITS file of any nside, ordering and frame, or an array.

        Parameters
        ----------
        source
            FITS file (first column of its first HEALPix table) or array, of 0 and 1; `NaN` and `UNSEEN` are outside.
        frame
            ``"galactic"``, ``"celestial"`` or ``"ecliptic"``; needed where the file does not say (arrays: Galactic).
        nest
            Ordering of an array; a file says its own.
        name
            What to call it.

        Raises
        ------
        InputError
            For an unreadable file, a size that is no 12 nside^2, other values than 0 and 1, a frame that is missing or
            contradicts the file's, or a mask that leaves nothing.
        """
        if isinstance(source, np.ndarray):
            values, letter, label = source, healpix.frame_letter(frame or "G"), name or "mask"
        else:
            from .formats import read_mask

            values, nest, found = read_mask(source)
            label = name or Path(source).name
            if not (frame or found):
                raise InputError(
                    f"{source}: the header has no COORDSYS; say frame='galactic' or 'celestial' (mask:FILE,FRAME)"
                )
            letter = healpix.frame_letter(frame or found)
            if frame and found and healpix.frame_letter(found) != letter:
                raise InputError(f"{source}: its header says COORDSYS {found!r}, not {frame!r}")
        nside = math.isqrt(values.size // 12)
        if values.ndim != 1 or 12 * nside**2 != values.size or nside & (nside - 1) or not nside:
            raise InputError(f"{label}: a mask of {values.size} pixels is no HEALPix map; 12 nside^2 are needed")
        seen = np.isfinite(values) & (values > -1e30)
        other = seen & (values != 0) & (values != 1)
        if other.any():
            raise InputError(f"{label}: a mask is of 0 and 1, this has {values[other][0]:g}; say which values count")
        inside = seen & (values == 1)
        if not nest:
            inside = inside[healpix.reorder(np.arange(inside.size), nside, to_nest=False)]
        if not inside.any():
            raise InputError(f"{label}: the mask leaves no pixel, the region is empty")
        return cls(label, Mask(inside, letter))

    @classmethod
    def parse(cls, text: str) -> Region:
        """A region from the command line.

        A name; ``box:l1,l2,b1,b2``; ``disc:l,b,radius`` (deg); ``mask:FILE`` or ``mask:FILE,FRAME``; a FITS file;
        ``sources:CATALOGUE,PSF,N``, the discs of a shipped catalogue or an ECSV file (see :meth:`without_sources`; PSF
        and N may be left out).
        Joined from left to right by ``|`` (or), ``&`` (and) and ``-`` (without, between blanks); ``~`` before one is
        its complement.

        Raises
        ------
        InputError
            For anything else, with what is allowed.
        """
        pieces = re.split(r"\s*([|&])\s*|\s+(-)\s+", text.strip())
        pieces = [p for p in pieces if p is not None]
        region = cls._parse_one(pieces[0])
        for sign, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            other = cls._parse_one(piece)
            region = region | other if sign == "|" else region & other if sign == "&" else region - other
        return region

    @classmethod
    def _parse_one(cls, text: str) -> Region:
        if text.startswith("~"):
            return ~cls._parse_one(text[1:].strip())
        kind, colon, rest = text.partition(":")
        if colon and kind in ("box", "disc"):
            count, form = (4, "box:l1,l2,b1,b2") if kind == "box" else (3, "disc:l,b,radius")
            try:
                values = [float(x) for x in rest.split(",")]
            except ValueError:
                values = []
            if len(values) != count:
                raise InputError(f"region {text!r}: write it as {form}, in degrees")
            if kind == "box":
                return cls.box((values[0] * u.deg, values[1] * u.deg), (values[2] * u.deg, values[3] * u.deg))
            return cls.disc(values[0] * u.deg, values[1] * u.deg, values[2] * u.deg)
        if colon and kind == "mask":
            path, _, frame = rest.partition(",")
            return cls.mask(path, frame=frame)
        if colon and kind == "sources":
            from .catalogue import find_catalogue

            words = [x.strip() for x in rest.split(",")]
            name, psf, times = [*words, "", ""][:3]
            try:
                n = float(times) if times else MASK_RADII
            except ValueError:
                n = math.nan
            if len(words) > 3 or not name or not (math.isfinite(n) and n > 0):
                raise InputError(
                    f"region {text!r}: write it as sources:CATALOGUE,PSF,N with a positive N, e.g. "
                    "sources:1lhaaso,0.5deg,2.5"
                )
            return find_catalogue(name).discs(psf or None, n)
        if text.endswith((".fits", ".fits.gz", ".fit")):
            return cls.mask(text)
        return cls.named(text)

    def __or__(self, other: Region) -> Region:
        outside_both = Intersection((Complement(self.shape), Complement(other.shape)))
        return Region(f"{self.name} | {other.name}", Complement(outside_both))

    def __and__(self, other: Region) -> Region:
        return Region(f"{self.name} & {other.name}", Intersection((self.shape, other.shape)))

    def __sub__(self, other: Region) -> Region:
        shape = Intersection((self.shape, Complement(other.shape)))
        if not isinstance(other.shape, Discs):
            return Region(f"{self.name} - {other.name}", shape)
        reference = f"{self.reference or self.name}; without {other.reference or other.name}"
        return Region(f"{self.name} - {other.name}", shape, reference, unmasked=self.unmasked or self)

    def __invert__(self) -> Region:
        return Region(f"~{self.name}", Complement(self.shape))

    def without_sources(
        self,
        catalogue: Catalogue | str = "1lhaaso",
        psf: u.Quantity | str | None = None,
        n: float = MASK_RADII,
    ) -> Region:
        """The region without discs of radius n sqrt(psf^2 + extension^2) around a catalogue's sources.

        Parameters
        ----------
        catalogue
            A :class:`~skycocoon.sky.catalogue.Catalogue`, the name of a shipped one or an ECSV file.
        psf
            Angle, or an instrument of :data:`~skycocoon.sky.catalogue.PSF`; the catalogue's own if None, which is
            0.5 deg for 1LHAASO.
        n
            Radius in units of the root.

        Raises
        ------
        InputError
            For an unknown catalogue, or no psf.
        """
        from .catalogue import find_catalogue

        usual = find_catalogue("1lhaaso").discs()
        listed = find_catalogue(catalogue) if isinstance(catalogue, str) else catalogue
        discs = listed.discs(psf, n)
        masked = self - discs
        return replace(masked, name=f"{self.name}-masked") if discs == usual else masked

    @property
    def solid_angle(self) -> u.Quantity:
        """Solid angle [sr]: closed form where there is one, else counted in pieces of 0.2 arcmin."""
        return self._area * u.sr

    @cached_property
    def _area(self) -> float:
        area = self.shape.area()
        return _counted_area(self) if area is None else area

    def contains(self, longitude: u.Quantity, latitude: u.Quantity) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether directions (l, b) are inside."""
        lon, lat = np.broadcast_arrays(longitude.to_value(u.rad), latitude.to_value(u.rad))
        vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
        return np.asarray(self.shape.depth(vectors.reshape(-1, 3)) >= 0).reshape(lon.shape)

    def covers(self, other: Region) -> bool:
        """Whether another region lies in this one, to a quarter of a degree."""
        nside = 256
        pixels, _ = touching(other, nside)
        vectors = healpix.directions(nside, pixels, nest=True)
        inside = vectors[other.shape.depth(vectors, nside) > 0]
        return bool(inside.size) and bool(np.all(self.shape.depth(inside) > -healpix.pixel_width(nside)))

    def fractions(self, nside: int, nest: bool = False) -> FloatArray:
        """Part of each pixel that lies inside, (12 nside^2,).

        Raises
        ------
        InputError
            If the region is empty.
        """
        nside = healpix.check_nside(nside)
        result = _fractions(self, nside)
        if not result.any():
            raise InputError(f"region {self.name!r} is empty")
        if not nest:
            result = result[healpix.reorder(np.arange(result.size), nside, to_nest=True)]
        return result

    def __eq__(self, other: object) -> bool:
        """Whether two regions are the same part of the sky, whatever they are called."""
        return isinstance(other, Region) and self.shape == other.shape

    def __hash__(self) -> int:
        return hash(self.shape)

    def __repr__(self) -> str:
        note = f"; measured there with: {self.note}" if self.note and self.note != "none" else ""
        limits = f"{self.shape}, " if isinstance(self.shape, (Box, Disc, Everywhere)) else ""
        if self.unmasked is not None:
            part = float(self.solid_angle / self.unmasked.solid_angle)
            note = f", {part:.4f} of {self.unmasked.name}" + (f"; {self.note}" if self.note else "")
        return f"{self.name}: {limits}{self.solid_angle.to_value(u.sr):.6g} sr{note}"

    def plot(self, **options: Any) -> Any:
        """Draw the region on the sky; see :func:`skycocoon.plot.plot_region`."""
        from importlib import import_module

        return import_module("skycocoon.plot").plot_region(self, **options)


def touching(region: Region, nside: int) -> tuple[healpix.Indices, np.ndarray[Any, np.dtype[np.bool_]]]:
    """NESTED pixels that may hold a part of the region, and whether each is inside as a whole."""
    level = min(nside, 32)
    pixels = np.arange(12 * level**2)
    found: list[healpix.Indices] = []
    while True:
        depth = region.shape.depth(healpix.directions(level, pixels, nest=True), level)
        reach = healpix.pixel_radius(level)
        whole, edge = pixels[depth >= reach], pixels[np.abs(depth) < reach]
        # What is inside as a whole is not looked at again.
        parts = (nside // level) ** 2
        found.append((parts * whole[:, None] + np.arange(parts)).ravel())
        if level == nside:
            break
        pixels = (4 * edge[:, None] + np.arange(4)).ravel()
        level *= 2
    inside = np.concatenate(found)
    return np.concatenate([inside, edge]), np.repeat([True, False], [inside.size, edge.size])


def edge_parts(
    region: Region, nside: int, pixels: healpix.Indices, across: int = 8
) -> tuple[FloatArray, FloatArray, bool]:
    """Part inside of each of some NESTED pixels: the mean coverage of their pieces, ``across`` squared at most.

    Also the directions of the centres of these parts, and whether any piece is inside by more than a half: along an
    edge that two disjoint regions share, none is.
    """
    anything = False
    fine = min(max(region.shape.finest, nside), across * nside)
    count = (fine // nside) ** 2
    parts, centres = np.empty(pixels.size), np.empty((pixels.size, 3))
    step = 1_280_000 // across**2
    for first in range(0, pixels.size, step):
        chosen = slice(first, first + step)
        pieces = (count * pixels[chosen, None] + np.arange(count)).ravel()
        vectors = healpix.directions(fine, pieces, nest=True)
        coverage = region.shape.coverage(vectors, healpix.pixel_width(fine))
        anything = anything or bool(np.any(coverage > 0.5 + 1e-9))
        parts[chosen] = coverage.reshape(-1, count).mean(axis=1)
        # Where nothing is inside, anywhere will do.
        weight = coverage.reshape(-1, count, 1) + 1e-9
        centre = (vectors.reshape(-1, count, 3) * weight).sum(axis=1)
        centres[chosen] = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    return parts, centres, anything


def _unit_vectors(l: Any, b: Any) -> FloatArray:
    """Unit vectors (..., 3) of longitudes and latitudes [deg]."""
    lon, lat = np.radians(l), np.radians(b)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


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


def _fractions(region: Region, nside: int) -> FloatArray:
    """Parts inside in NESTED order, by dividing edge pixels."""
    result = np.zeros(12 * nside**2)
    pixels, whole = touching(region, nside)
    result[pixels[whole]] = 1.0
    found = bool(whole.any())
    pending, owner, level = pixels[~whole], pixels[~whole], nside
    finest = max(2 * nside, min(EDGE_NSIDE, region.shape.finest))
    while pending.size:
        level *= 2
        pending = (4 * pending[:, None] + np.arange(4)).ravel()
        owner = np.repeat(owner, 4)
        vectors = healpix.directions(level, pending, nest=True)
        share = (nside / level) ** 2
        if level >= finest:
            parts, _, anything = edge_parts(region, level, pending)
            result += np.bincount(owner, parts, result.size) * share
            if not (anything or found):
                result[:] = 0.0
            break
        depth = region.shape.depth(vectors, level)
        reach = healpix.pixel_radius(level)
        whole = depth >= reach
        found = found or bool(whole.any())
        result += np.bincount(owner[whole], minlength=result.size) * share
        edge = np.abs(depth) < reach
        pending, owner = pending[edge], owner[edge]
    return result


def _counted_area(region: Region) -> float:
    return float(_fractions(region, 64).mean() * 4 * math.pi)


def _mask_depth(inside: np.ndarray[Any, np.dtype[np.bool_]]) -> FloatArray:
    """Signed lower bound of the distance to a pixel of the other kind, per NESTED pixel.

    On every coarser level, a block of equal pixels whose eight neighbours are the same is at least half a block away.
    """
    import healpy

    tiny = 1e-12
    depth = np.full(inside.size, tiny)
    low = high = inside.astype(np.int8)
    nside = math.isqrt(inside.size // 12)
    while nside >= 1:
        pixels = np.arange(12 * nside**2)
        around = healpy.get_all_neighbours(nside, pixels, nest=True)
        around = np.where(around < 0, pixels, around)
        calm = (low[around].min(axis=0) == high[around].max(axis=0)) & (low == high)
        calm &= low[around].min(axis=0) == low
        size = 0.5 * math.sqrt(4 * math.pi / (12 * nside**2))
        depth = np.where(np.repeat(calm, inside.size // calm.size), size, depth)
        low, high = (
            low.reshape(-1, 4).min(axis=1) if nside > 1 else low,
            high.reshape(-1, 4).max(axis=1) if nside > 1 else high,
        )
        nside //= 2
    return np.where(inside, depth, -depth)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    from astropy.table import Table

    table = Table.read(data_folder() / "regions.ecsv", format="ascii.ecsv")
    rows: dict[str, dict[str, Any]] = {}
    for row in table:
        entry = {name: row[name] for name in table.colnames}
        for name in ("l_min", "l_max", "b_min", "b_max"):
            entry[name] = float(entry[name])
        for name in ("name", "analysis", "mask", "doi", "where_found"):
            entry[name] = str(entry[name])
        rows[entry["name"]] = entry
    return rows


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def list_regions() -> list[str]:
    """Names of the shipped regions."""
    return list(_table())
