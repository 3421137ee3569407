"""Regions: named parts of the sky, and their text form; edge pixels count by the part inside."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, unknown_name
from ..inputs import check_file
from ..units import BoolArray, FloatArray, to_array, to_float
from . import healpix, ranges
from .catalogue import MASK_RADII, MASKED_CATALOGUE, find_catalogue, list_catalogues
from .edges import counted_area, inside_fractions, is_empty, touched, touching
from .expressions import KINDS, MASK_ENDING, Term, bracketed, evaluated, is_compound, quoted
from .formats import MaskStatements, read_mask
from .mask import Mask
from .pixels import Pixels
from .published import published_region, region_table
from .ranges import MaskRule
from .shapes import Box, Disc, Discs, Everywhere, Shape, complement, intersection, union

__all__ = ["Region"]


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
        """Region of a published analysis, by its short name or the analysis' own (:func:`list_regions`), or all-sky.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        if not isinstance(name, str):
            raise InputError(f"region: a name is needed, got {name!r}")
        if name.strip().lower().replace(" ", "-") in EVERYWHERE:
            return cls.everywhere()
        table = region_table()
        row = published_region(name)
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
        l0, l1 = (to_float(x, u.deg, "longitude", minimum=-360.0, maximum=720.0) for x in _pair(longitude, "longitude"))
        b0, b1 = (to_float(x, u.deg, "latitude", minimum=-90.0, maximum=90.0) for x in _pair(latitude, "latitude"))
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
    def around(cls, catalogue: Any, psf: u.Quantity | str | None = None, n: float = MASK_RADII) -> Region:
        """Discs around the sources of a catalogue, as one region.

        Parameters
        ----------
        catalogue
            The sources: a :class:`~skycocoon.sky.catalogue.Catalogue`, the name of a shipped one, the path of a file,
            an astropy table, or a SkyCoord.
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
        discs = find_catalogue(catalogue).discs(psf, n)
        return cls(discs.name, discs.shape, discs.reference)

    @classmethod
    def everywhere(cls) -> Region:
        """The whole sky."""
        return cls("all-sky", Everywhere())

    @classmethod
    def mask(
        cls,
        source: str | Path | np.ndarray[Any, Any] | Sequence[float],
        *,
        frame: str = "",
        nest: bool | None = None,
        column: str | int | None = None,
        above: float | None = None,
        inverted: bool = False,
        name: str = "",
    ) -> Region:
        """Region of the pixels of a HEALPix mask that are 1: a FITS file of any nside, ordering and frame, or an array.

        1 is kept, 0 is left out; other values need ``above``. Pixels that are `NaN`, `UNSEEN`, hidden by a masked array
        or not in the file are outside, with ``inverted`` too.

        Parameters
        ----------
        source
            FITS file: a full sky, a part of it with pixel numbers, or cells of several resolutions (MOC, NUNIQ). Or
            an array, masked array or list of 12 nside^2 numbers or booleans.
        frame
            ``"galactic"``, ``"celestial"`` or ``"ecliptic"``; needed where the file does not say (arrays: Galactic).
        nest
            Whether in NESTED rather than RING order; needed where a file does not say (arrays: RING).
        column
            Column of a file, by name or by number as in its keys TTYPE1, TTYPE2, ...; needed if there are several.
        above
            Value above which a pixel is kept.
        inverted
            Whether the pixels that were described are those to leave out: in the mask, 1 is excluded.
        name
            What to call it.

        Returns
        -------
        Region
            The pixels inside.

        Raises
        ------
        InputError
            For an unreadable file, a size that is no 12 nside^2, other values than 0 and 1 without ``above``, a
            statement that is missing or contradicts the file, or a mask that leaves nothing.

        Examples
        --------
        >>> import numpy as np
        >>> from skycocoon import Region
        >>> weights = np.linspace(0, 1, 12 * 4**2)
        >>> Region.mask(weights, above=0.75, name="bright")
        bright: 3.14159 sr
        """
        rule = MaskRule.of(above, inverted)
        if isinstance(source, (str, Path)):
            return cls._of_file(Path(source), MaskStatements(frame, nest, column, rule), name)
        if column is not None:
            raise InputError("column goes with a file, not with an array")
        label = name or "mask"
        try:
            edges, nside = ranges.of_array(source, bool(nest), rule)
        except InputError as error:
            raise InputError(f"{label}: {error}") from None
        return cls(label, Mask(edges, nside, healpix.frame_letter(frame or "G")))

    @classmethod
    def _of_file(cls, path: Path, statements: MaskStatements, name: str) -> Region:
        fields, rule = read_mask(path, statements), statements.rule
        above = "" if rule.above is None else f" above {rule.above:g}"
        what = f"column {fields.column}{above}" if fields.column else "cells"
        reference = f"{what} of {path.name}, nside {fields.nside}{', left out' if rule.inverted else ''}"
        return cls(name or path.name, Mask(fields.edges, fields.nside, fields.frame), reference)

    @classmethod
    def parse(cls, text: str, folder: str | Path = "") -> Region:
        """Region of a text, as on the command line.

        A name; ``all-sky``; ``box:l1,l2,b1,b2``; ``disc:l,b,radius`` (deg); ``mask:FILE``, and behind commas in any
        order a frame, ``RING`` or ``NESTED``, ``column=NAME``, ``above=0.5``, ``inverted`` (see :meth:`mask`); a FITS
        file; ``sources:CATALOGUE,PSF,N``, the discs of a shipped catalogue or a file of sources (see
        :meth:`without_sources`; PSF and N may be left out).
        Joined from left to right by ``|`` (or), ``&`` (and) and ``-`` (without, between blanks), brackets first; ``~``
        before one is its complement. The name of a file that holds such signs goes in quotes: ``mask:"a - b.fits"``.

        Parameters
        ----------
        text
            The text form of a region.
        folder
            Where relative paths in it begin; the current folder by default. Of a text in a file it is the file's own.

        Returns
        -------
        Region
            The region, called by its text form.

        Raises
        ------
        InputError
            For anything else, with what is allowed.

        Examples
        --------
        >>> from skycocoon import Region
        >>> Region.parse("box:0,60,-5,5 & (disc:10,0,3 | disc:20,0,3)").name
        'box:0,60,-5,5 & (disc:10,0,3 | disc:20,0,3)'
        """
        if not isinstance(text, str):
            raise InputError(f"region: a text like 'box:15,125,-5,5' is needed, got {text!r}")
        return evaluated(text, lambda term: _region_of(term, Path(folder)))

    def __or__(self, other: Region) -> Region:
        if not isinstance(other, Region):
            return NotImplemented
        return Region(f"{self.name} | {bracketed(other.name)}", union(self.shape, other.shape))

    def __and__(self, other: Region) -> Region:
        if not isinstance(other, Region):
            return NotImplemented
        return Region(f"{self.name} & {bracketed(other.name)}", intersection(self.shape, other.shape))

    def __sub__(self, other: Region) -> Region:
        if not isinstance(other, Region):
            return NotImplemented
        name, shape = f"{self.name} - {bracketed(other.name)}", intersection(self.shape, complement(other.shape))
        if not isinstance(other.shape, Discs):
            return Region(name, shape)
        reference = f"{self.reference or self.name}; without {other.reference or other.name}"
        return Region(name, shape, reference, unmasked=self.unmasked or self)

    def __invert__(self) -> Region:
        turned = self.name.startswith("~") and not is_compound(self.name)
        return Region(self.name[1:] if turned else f"~{bracketed(self.name)}", complement(self.shape))

    def without_sources(
        self, catalogue: Any = MASKED_CATALOGUE, psf: u.Quantity | str | None = None, n: float = MASK_RADII
    ) -> Region:
        """Region without discs of radius n sqrt(psf^2 + extension^2) around a catalogue's sources.

        Parameters
        ----------
        catalogue
            As in :meth:`around`.
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
        discs = Region.around(catalogue, psf, n)
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

        Raises
        ------
        InputError
            For numbers without a unit, angles that are not finite, or shapes that do not go together.
        """
        angles = [np.radians(to_array(x, u.deg, n)) for x, n in ((longitude, "longitude"), (latitude, "latitude"))]
        try:
            lon, lat = np.broadcast_arrays(*angles)
        except ValueError:
            raise InputError(f"{angles[0].shape} longitudes do not go with {angles[1].shape} latitudes") from None
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


def _pair(angles: Any, what: str) -> tuple[Any, Any]:
    try:
        first, second = angles
    except (TypeError, ValueError):
        raise InputError(f"{what}: two angles are needed, like (15 * u.deg, 125 * u.deg), got {angles!r}") from None
    return first, second


def _region_of(term: Term, folder: Path) -> Region:
    if term.kind:
        return READERS[term.kind](term, folder)
    if ":" in term.text and "/" not in term.text:
        raise unknown_name("kind of region", term.text.partition(":")[0], KINDS)
    return Region.named(term.text)


def _degrees(term: Term) -> list[u.Quantity]:
    """Read as many numbers as a form has, in degrees."""
    form = KINDS[term.kind]
    try:
        values = [float(number) for number in (term.path, *term.words)]
    except ValueError:
        values = []
    if len(values) != len(form.split(",")):
        raise InputError(f"region {term.text!r}: write it as {form}, in degrees")
    return [value * u.deg for value in values]


def _parse_box(term: Term, folder: Path) -> Region:
    l_min, l_max, b_min, b_max = _degrees(term)
    return Region.box((l_min, l_max), (b_min, b_max))


def _parse_disc(term: Term, folder: Path) -> Region:
    return Region.disc(*_degrees(term))


def _parse_mask(term: Term, folder: Path) -> Region:
    if not term.path:
        raise InputError(f"region {term.text!r}: write it as {KINDS['mask']}")
    try:
        statements = MaskStatements.of_words(term.words)
    except InputError as error:
        raise InputError(f"region {term.text!r}: {error}; {IN_QUOTES}") from None
    path = folder / term.path
    if not MASK_ENDING.search(term.path):
        check_file(path, IN_QUOTES)
    return Region._of_file(path, statements, ",".join([f"mask:{quoted(str(path))}", *statements.words]))


def _parse_sources(term: Term, folder: Path) -> Region:
    psf, radii = [*term.words, "", ""][:2]
    try:
        n = float(radii) if radii else MASK_RADII
    except ValueError:
        n = math.nan
    if len(term.words) > 2 or not term.path or not (math.isfinite(n) and n > 0):
        raise InputError(
            f"region {term.text!r}: write it as sources:CATALOGUE,PSF,N with a positive N, e.g. "
            f"sources:1lhaaso,0.5deg,2.5; {IN_QUOTES}"
        )
    catalogue = find_catalogue(term.path, folder)
    if term.path not in list_catalogues():  # a path can be read again
        catalogue = replace(catalogue, name=str(folder / term.path))
    return Region.around(catalogue, psf or None, n)


READERS: dict[str, Callable[[Term, Path], Region]] = {
    "box": _parse_box,
    "disc": _parse_disc,
    "mask": _parse_mask,
    "sources": _parse_sources,
}
EVERYWHERE = ("all-sky", "allsky", "full-sky", "everywhere")
IN_QUOTES = "a file's name with commas, brackets, |, & or ' - ' goes in quotes, like mask:\"a - b.fits\""


@lru_cache(maxsize=1)
def _default_discs() -> Region:
    """Discs that :meth:`Region.without_sources` masks by default."""
    return Region.around(find_catalogue(MASKED_CATALOGUE))
