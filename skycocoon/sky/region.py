"""Parts of the sky: boxes, discs, masks and what can be made of them; edge pixels count by the part inside."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, unknown_name
from ..shipped import data_folder
from ..units import FloatArray, to_float
from . import healpix
from .catalogue import MASK_RADII, Catalogue, find_catalogue
from .edges import counted_area, inside_fractions, is_empty, touching
from .formats import read_mask
from .shapes import Box, Complement, Disc, Discs, Everywhere, Intersection, Mask, Shape

__all__ = [
    "Region",
    "list_regions",
]


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
    def around(cls, catalogue: Catalogue, psf: u.Quantity | str | None = None, n: float = MASK_RADII) -> Region:
        """Discs around the sources of a catalogue, as one region.

        Parameters
        ----------
        catalogue
            The sources.
        psf
            Angle, or an instrument of :data:`~skycocoon.sky.catalogue.PSF`; the catalogue's own if None.
        n
            Radius in units of sqrt(psf^2 + extension^2).

        Returns
        -------
        Region
            Named by its text form, e.g. ``"sources:1lhaaso,0.5deg"``.

        Raises
        ------
        InputError
            If there is no psf, or a radius of more than 180 deg.
        """
        discs = catalogue.discs(psf, n)
        return cls(discs.name, discs.shape, discs.reference)

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
            return cls.around(find_catalogue(name), psf or None, n)
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
        usual = Region.around(find_catalogue("1lhaaso"))
        listed = find_catalogue(catalogue) if isinstance(catalogue, str) else catalogue
        discs = Region.around(listed, psf, n)
        masked = self - discs
        return replace(masked, name=f"{self.name}-masked") if discs == usual else masked

    @property
    def solid_angle(self) -> u.Quantity:
        """Solid angle [sr]: closed form where there is one, else counted in pieces of 0.2 arcmin."""
        return self._area * u.sr

    @cached_property
    def _area(self) -> float:
        area = self.shape.area()
        return counted_area(self.shape) if area is None else area

    def contains(self, longitude: u.Quantity, latitude: u.Quantity) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether directions (l, b) are inside."""
        lon, lat = np.broadcast_arrays(longitude.to_value(u.rad), latitude.to_value(u.rad))
        vectors = healpix.unit_vectors(lon, lat)
        return np.asarray(self.shape.depth(vectors.reshape(-1, 3)) >= 0).reshape(lon.shape)

    def covers(self, other: Region) -> bool:
        """Whether another region lies in this one, to a quarter of a degree."""
        nside = 256
        pixels, _ = touching(other.shape, nside)
        vectors = healpix.directions(nside, pixels, nest=True)
        inside = vectors[other.shape.depth(vectors, nside) > 0]
        return bool(inside.size) and bool(np.all(self.shape.depth(inside) > -healpix.pixel_width(nside)))

    def overlaps(self, other: Region) -> bool:
        """Whether two regions share more than an edge."""
        return not is_empty((self & other).shape)

    def fractions(self, nside: int, nest: bool = False) -> FloatArray:
        """Part of each pixel that lies inside, (12 nside^2,).

        Raises
        ------
        InputError
            If the region is empty.
        """
        nside = healpix.check_nside(nside)
        result = inside_fractions(self.shape, nside)
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
