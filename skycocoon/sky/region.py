"""Regions: named parts of the sky, and their text form; edge pixels count by the part inside."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from operator import and_, or_, sub
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, unknown_name
from ..shipped import data_folder
from ..units import BoolArray, FloatArray, to_float
from . import healpix
from .catalogue import MASK_RADII, MASKED_CATALOGUE, Catalogue, find_catalogue
from .edges import counted_area, inside_fractions, is_empty, touched, touching
from .formats import read_mask
from .pixels import Pixels
from .shapes import Box, Complement, Disc, Discs, Everywhere, Intersection, Mask, Shape

__all__ = ["Region", "list_regions", "region_table"]


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
        What the analysis that published it masked there, and how sure the limits are.
    unmasked
        The region before sources were masked; None where none were.
    known_area
        Solid angle [sr] if it was counted before; without it, it is counted when it is asked for.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Region
    >>> inner = Region.named("lhaaso-inner")
    >>> inner
    lhaaso-inner: l 15 to 125, b -5 to 5 deg, 0.334654 sr; measured there with: sources masked
    >>> north = inner - Region.parse("box:15,125,-5,0")
    >>> north.contains([30, 30] * u.deg, [1, -1] * u.deg)
    array([ True, False])
    >>> print(f"{north.fractions(32).sum():.1f} of {12 * 32**2} pixels")
    163.7 of 12288 pixels
    """

    name: str
    shape: Shape
    reference: str = ""
    note: str = ""
    unmasked: Region | None = None
    known_area: float | None = None

    @classmethod
    def named(cls, name: str) -> Region:
        """Region of a published analysis, by its short name or the analysis' own; :func:`list_regions` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        table = region_table()
        slug = _slug(name)
        row = table.get(slug) or next((row for row in table.values() if _slug(row["analysis"]) == slug), None)
        if row is None:
            raise unknown_name("region", name, table)
        if row["unmasked"] in table:
            masked = cls.named(row["unmasked"]) - cls.parse(row["mask"])
            reference = f"{masked.reference}; mask {row['provenance']} {row['where_found']}"
            note, area = f"mask {row['provenance']}", row["solid_angle"]
            return replace(masked, name=row["name"], reference=reference, note=note, known_area=area)
        shape: Shape = Box(row["l_min"], row["l_max"], row["b_min"], row["b_max"])
        if shape.area() == 4 * math.pi:
            shape = Everywhere()
        return cls(row["name"], shape, row["doi"], row["mask"])

    @classmethod
    def box(
        cls, longitude: tuple[u.Quantity, u.Quantity], latitude: tuple[u.Quantity, u.Quantity], name: str = ""
    ) -> Region:
        """Region between two longitudes and two latitudes.

        Parameters
        ----------
        longitude
            Two Galactic longitudes [angle]: eastward from the first, also across l = 0.
        latitude
            Two Galactic latitudes [angle], increasing.
        name
            What to call it; its text form if empty.

        Returns
        -------
        Region
            The box.

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
        """Region within an angle of a direction.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates of the centre [angle].
        radius
            Angle from the centre, up to 180 deg.
        name
            What to call it; its text form if empty.

        Returns
        -------
        Region
            The disc.

        Raises
        ------
        InputError
            If an angle is out of range.
        """
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
        """Region of the pixels of a HEALPix mask that are 1: a FITS file of any nside, ordering and frame, or an array.

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

        Returns
        -------
        Region
            The pixels inside.

        Raises
        ------
        InputError
            For an unreadable file, a size that is no 12 nside^2, other values than 0 and 1, a frame that is missing or
            contradicts the file's, or a mask that leaves nothing.
        """
        if isinstance(source, np.ndarray):
            values, letter, label = source, healpix.frame_letter(frame or "G"), name or "mask"
        else:
            values, nest, in_file = read_mask(source)
            letter, label = _frame_of_mask(source, in_file, frame), name or Path(source).name
        try:
            return cls(label, Mask.of_values(values, nest, letter))
        except InputError as error:
            raise InputError(f"{label}: {error}") from None

    @classmethod
    def parse(cls, text: str) -> Region:
        """Region of a text, as on the command line.

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
        pieces = [piece for piece in re.split(r"\s*([|&])\s*|\s+(-)\s+", text.strip()) if piece is not None]
        region = _parse_one(pieces[0])
        for sign, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            region = OPERATORS[sign](region, _parse_one(piece))
        return region

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
        self, catalogue: Catalogue | str = MASKED_CATALOGUE, psf: u.Quantity | str | None = None, n: float = MASK_RADII
    ) -> Region:
        """Region without discs of radius n sqrt(psf^2 + extension^2) around a catalogue's sources.

        Parameters
        ----------
        catalogue
            A :class:`~skycocoon.sky.catalogue.Catalogue`, the name of a shipped one or an ECSV file.
        psf
            Angle, or an instrument of :data:`~skycocoon.sky.catalogue.PSF`; the catalogue's own if None, which is
            0.5 deg for 1LHAASO.
        n
            Radius in units of the root.

        Returns
        -------
        Region
            Named NAME-masked if the discs are those of the defaults, else NAME - sources:CATALOGUE,PSF,N.

        Raises
        ------
        InputError
            For an unknown catalogue, or no psf.
        """
        discs = Region.around(find_catalogue(catalogue) if isinstance(catalogue, str) else catalogue, psf, n)
        masked = self - discs
        return replace(masked, name=f"{self.name}-masked") if discs == _default_discs() else masked

    @property
    def solid_angle(self) -> u.Quantity:
        """Solid angle [sr]: closed form where there is one, else counted in pieces of 0.2 arcmin."""
        return self._area * u.sr

    @cached_property
    def _area(self) -> float:
        area = self.shape.area()
        if area is None:
            area = self.known_area
        return counted_area(self.shape) if area is None else area

    def contains(self, longitude: u.Quantity, latitude: u.Quantity) -> BoolArray:
        """Whether directions are inside.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [angle], which broadcast.

        Returns
        -------
        array
            Booleans of their common shape.
        """
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
        """Part of each pixel that lies inside.

        Parameters
        ----------
        nside
            HEALPix resolution, a power of two.
        nest
            Whether the pixels are wanted in NESTED rather than RING order.

        Returns
        -------
        array
            (12 nside^2,) 0 to 1.

        Raises
        ------
        InputError
            If the region is empty.
        """
        nside = healpix.check_nside(nside)
        fractions = inside_fractions(self.shape, nside)
        if not fractions.any():
            raise InputError(f"region {self.name!r} is empty")
        return fractions if nest else fractions[healpix.reorder(np.arange(fractions.size), nside, to_nest=True)]

    def touched(self, nside: int) -> tuple[Pixels, FloatArray]:
        """Pixels that hold a part of the region, and how much of each lies inside.

        Parameters
        ----------
        nside
            HEALPix resolution, a power of two.

        Returns
        -------
        pixels
            n pixels, in RING order.
        fractions
            (n,) above 0 and up to 1.

        Raises
        ------
        InputError
            If the region is empty.
        """
        nested, fractions = touched(self.shape, healpix.check_nside(nside))
        if not nested.size:
            raise InputError(f"region {self.name!r} is empty")
        if nested.size == 12 * nside**2:
            pixels = Pixels.whole(nside)
            return pixels, fractions[healpix.reorder(pixels.numbers, nside, to_nest=True)]
        ring = healpix.reorder(nested, nside, to_nest=False)
        order = np.argsort(ring)
        return Pixels(nside, ring[order]), fractions[order]

    def pixels(self, nside: int) -> Pixels:
        """Pixels of a map of the region: all that touch it.

        Parameters
        ----------
        nside
            HEALPix resolution, a power of two.

        Returns
        -------
        Pixels
            Of a disc, as healpy lists them, so that gammapy can make the same list.

        Raises
        ------
        InputError
            If the region is empty.
        """
        touched, _ = self.touched(nside)
        if not isinstance(self.shape, Disc) or touched.are_all:
            return touched
        ring, name = healpix.disc_pixels(nside, (self.shape.l, self.shape.b, self.shape.radius))
        return Pixels(nside, ring, name) if np.isin(touched.numbers, ring).all() else touched

    def __eq__(self, other: object) -> bool:
        """Whether two regions are the same part of the sky; their names do not count."""
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

    def plot(self, nside: int = 64) -> Any:
        """Draw which part of the sky the region covers, in Mollweide projection.

        Parameters
        ----------
        nside
            HEALPix resolution in which it is drawn.

        Returns
        -------
        matplotlib.axes.Axes
            Of the figure.
        """
        from ..plot import plot_fractions

        title = f"{self.name}: {self.solid_angle.to_value(u.sr):.4g} sr"
        return plot_fractions(self.fractions(nside)[healpix.image_pixels(nside)], title)


def _frame_of_mask(source: str | Path, in_file: str, given: str) -> str:
    """Agree on a mask's frame, as a letter: the file's, the caller's, or both if they are the same."""
    if not (given or in_file):
        raise InputError(f"{source}: the header has no COORDSYS; say frame='galactic' or 'celestial' (mask:FILE,FRAME)")
    letter = healpix.frame_letter(given or in_file)
    if given and in_file and healpix.frame_letter(in_file) != letter:
        raise InputError(f"{source}: its header says COORDSYS {in_file!r}, not {given!r}")
    return letter


def _parse_one(text: str) -> Region:
    """Region of a text without operators but ``~``."""
    if text.startswith("~"):
        return ~_parse_one(text[1:].strip())
    kind, colon, rest = text.partition(":")
    if colon and kind in KINDS:
        return KINDS[kind](text, rest)
    if text.endswith((".fits", ".fits.gz", ".fit")):
        return Region.mask(text)
    return Region.named(text)


def _degrees(text: str, rest: str, form: str) -> list[u.Quantity]:
    """Read as many numbers as a form has, in degrees."""
    try:
        values = [float(number) for number in rest.split(",")]
    except ValueError:
        values = []
    if len(values) != len(form.split(",")):
        raise InputError(f"region {text!r}: write it as {form}, in degrees")
    return [value * u.deg for value in values]


def _parse_box(text: str, rest: str) -> Region:
    l_min, l_max, b_min, b_max = _degrees(text, rest, "box:l1,l2,b1,b2")
    return Region.box((l_min, l_max), (b_min, b_max))


def _parse_disc(text: str, rest: str) -> Region:
    return Region.disc(*_degrees(text, rest, "disc:l,b,radius"))


def _parse_mask(text: str, rest: str) -> Region:
    path, _, frame = rest.partition(",")
    return Region.mask(path, frame=frame)


def _parse_sources(text: str, rest: str) -> Region:
    words = [word.strip() for word in rest.split(",")]
    name, psf, radii = [*words, "", ""][:3]
    try:
        n = float(radii) if radii else MASK_RADII
    except ValueError:
        n = math.nan
    if len(words) > 3 or not name or not (math.isfinite(n) and n > 0):
        raise InputError(
            f"region {text!r}: write it as sources:CATALOGUE,PSF,N with a positive N, e.g. sources:1lhaaso,0.5deg,2.5"
        )
    return Region.around(find_catalogue(name), psf or None, n)


# Words before a colon, and what reads (the whole text, what follows the colon).
KINDS: dict[str, Callable[[str, str], Region]] = {
    "box": _parse_box,
    "disc": _parse_disc,
    "mask": _parse_mask,
    "sources": _parse_sources,
}
OPERATORS: dict[str, Callable[[Region, Region], Region]] = {"|": or_, "&": and_, "-": sub}


@lru_cache(maxsize=1)
def _default_discs() -> Region:
    """Discs that :meth:`Region.without_sources` masks by default."""
    return Region.around(find_catalogue(MASKED_CATALOGUE))


@lru_cache(maxsize=1)
def region_table() -> dict[str, dict[str, Any]]:
    """Shipped table of published regions: for each name a row, with limits as floats [deg] and all else as texts."""
    from astropy.table import Table

    table = Table.read(data_folder() / "regions.ecsv", format="ascii.ecsv")
    numbers = ("l_min", "l_max", "b_min", "b_max", "e_min", "e_max", "solid_angle")
    rows = [{key: float(row[key]) if key in numbers else str(row[key]) for key in table.colnames} for row in table]
    return {str(row["name"]): row for row in rows}


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def list_regions() -> list[str]:
    """Names of the shipped regions of published analyses, for :meth:`Region.named`.

    Examples
    --------
    >>> from skycocoon import list_regions
    >>> list_regions()[:2]
    ['lhaaso-inner', 'lhaaso-outer']
    """
    return list(region_table())
