"""Images of the sky in the projections of the FITS standard, such as Fermi's ``gll_iem``: means over HEALPix pixels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...errors import InputError
from ...resources import check_memory
from ...units import FloatArray
from .. import healpix
from ..overlaps import PARTS, WEIGHT_BYTES, Overlaps, Sample, overlaps, rotated
from ..pixels import Pixels
from .container import Content
from .energies import energy_key, energy_table

__all__ = ["SkyImage", "images", "read_image"]

# Frames by the first letters of an axis' type.
LONGITUDES = {"GLON": "G", "RA": "C", "ELON": "E"}
LATITUDES = {"GLAT": "G", "DEC": "C", "ELAT": "E"}
# Frames of right ascension that are healpy's celestial one to 0.03 arcsec.
CELESTIAL = ("", "ICRS", "FK5")
# Projections in which an image goes round the sky: the projection, and no other, repeats itself along its x.
CYLINDRICAL = ("CAR", "CEA", "MER")
# Parts across a HEALPix pixel that an image's pixels are divided into, at least.
PARTS_ACROSS = 6
# Widest pixel [deg], and the ratio of its sides, that an image may have.
WIDEST, FLATTEST = 180.0, 1000.0
# Step [pixels] along which the size of a part is measured.
STEP = 1e-3


def images(file: Any) -> list[Any]:
    """HDUs of a file that are images, of two or more axes."""
    return [hdu for hdu in file if getattr(hdu, "is_image", False) and hdu.header.get("NAXIS", 0) > 1]


def read_image(file: Any) -> Content:
    """Read an image of the sky, or a cube of one for each energy.

    Parameters
    ----------
    file
        HDUs of the file, one of which is an image.

    Returns
    -------
    Content
        Its planes, row after row, and its geometry. Energies are in the table ENERGIES (in MeV if it has no unit, as
        Fermi's have none), in EBOUNDS, in the one that BANDSHDU names or, of a single image, in the key ENERGY.

    Raises
    ------
    InputError
        If there are several images, or more than three axes; or as :meth:`SkyImage.of`.
    """
    found = images(file)
    if len(found) > 1:
        raise InputError(f"{len(found)} images, {', '.join(h.name or 'unnamed' for h in found)}; one is needed")
    hdu, shape = found[0], found[0].shape
    if len(shape) > 3:
        raise InputError(
            f"its image has {len(shape)} axes, {' x '.join(map(str, shape[::-1]))}; longitude, latitude and, of a "
            "cube, energy are needed"
        )
    planes = [partial(np.ravel, plane) for plane in hdu.data.reshape(-1, *shape[-2:])]
    energy, unit = energy_table(file, hdu, "MeV")
    if energy is None and len(planes) == 1 and "ENERGY" in hdu.header:
        value, unit = energy_key(hdu.header)
        energy = np.array([value])
    text = str(hdu.header.get("BUNIT", "")).strip()
    image = SkyImage.of(hdu.header, shape[-2:], np.isnan(planes[0]()))
    return Content(planes, [hdu.header], [text] if text else [], energy, unit, image=image)


@dataclass(frozen=True, eq=False)
class SkyImage:
    """Geometry of an image: where on the sky its pixels are.

    Attributes
    ----------
    wcs
        Projection, with all of its two axes.
    frame
        Letter of its frame.
    shape
        Rows and columns.
    blank
        (rows * columns,) whether a pixel has no value.
    """

    wcs: Any
    frame: str
    shape: tuple[int, int]
    blank: Any

    @classmethod
    def of(cls, header: Any, shape: tuple[int, int], blank: Any) -> SkyImage:
        """Read the projection from a header.

        Parameters
        ----------
        header
            Of the image.
        shape
            Rows and columns.
        blank
            (rows * columns,) whether a pixel has no value.

        Returns
        -------
        SkyImage
            The geometry.

        Raises
        ------
        InputError
            If the first two axes are no longitude and latitude in a frame that can be turned, or are distorted.
        """
        from astropy.wcs import WCS

        frame = _frame(header)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wcs = WCS(header, naxis=2)
                wcs.wcs.set()
        except Exception as error:  # wcslib's errors are of many kinds
            reason = next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
            raise InputError(f"its projection cannot be read ({reason})") from None
        if wcs.has_distortion:
            raise InputError("its image has distortions (SIP or the like); a plain projection is needed")
        image = cls(wcs, frame, shape, blank)
        x, y = np.degrees(image.step)
        if not (0 < min(x, y) <= max(x, y) <= WIDEST and max(x, y) <= FLATTEST * min(x, y)):
            raise InputError(f"the pixels of its image are {x:.3g} by {y:.3g} deg; pixels on the sky are needed")
        return image

    @cached_property
    def to_galactic(self) -> FloatArray:
        """Rotation of unit vectors from its frame."""
        return healpix.rotation("G", self.frame)

    @property
    def step(self) -> tuple[float, float]:
        """Widths of a pixel, along x and y, where the projection has its scale [rad]."""
        matrix = np.radians(self.wcs.pixel_scale_matrix)
        return float(np.hypot(*matrix[:, 0])), float(np.hypot(*matrix[:, 1]))

    @property
    def nside(self) -> int:
        """Finest HEALPix resolution whose pixels are not smaller than the image's."""
        width = math.sqrt(abs(np.linalg.det(np.radians(self.wcs.pixel_scale_matrix))))
        nside = healpix.MAX_NSIDE
        while nside > 1 and healpix.pixel_width(nside) < width * (1 - 1e-6):
            nside //= 2
        return nside

    @cached_property
    def period(self) -> float:
        """Pixels along x after which a cylindrical projection repeats itself; infinite for others."""
        matrix, parameters = self.wcs.pixel_scale_matrix, self.wcs.wcs.get_pv()
        aligned = matrix[0, 1] == matrix[1, 0] == 0 and all(axis == 2 for axis, _, _ in parameters)
        if not (aligned and self.wcs.wcs.ctype[0][5:8] in CYLINDRICAL):
            return math.inf
        return 360 / abs(float(matrix[0, 0]))

    @property
    def _first(self) -> float:
        """Where the part of x begins that counts, of an image that goes round the sky more than once."""
        return -0.5 + max(0.0, (self.shape[1] - self.period) / 2)

    @cached_property
    def _native(self) -> FloatArray:
        """Rotation from a cylindrical projection's own sphere to the Galactic one, from three directions in both."""
        middle, scale = self.wcs.wcs.crpix - 1, np.diag(self.wcs.pixel_scale_matrix)
        known = self.wcs.wcs.p2s(middle + np.array([[0, 0], [20, 15], [-20, 30]]) / scale, 0)
        own = healpix.unit_vectors(*np.radians([known["phi"], known["theta"]]))
        return self.to_galactic @ np.linalg.solve(own, healpix.unit_vectors(*np.radians(known["world"].T))).T

    def vectors(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Directions of places in the image.

        Parameters
        ----------
        x, y
            Places in pixels, from 0, which broadcast.

        Returns
        -------
        array
            (..., 3) Galactic unit vectors; NaN for places outside the sky.
        """
        if math.isinf(self.period):
            shape = np.broadcast_shapes(x.shape, y.shape)
            places = np.stack([np.broadcast_to(x, shape).ravel(), np.broadcast_to(y, shape).ravel()], axis=-1)
            vectors = healpix.unit_vectors(*np.radians(self.wcs.wcs_pix2world(places, 0)).T)
            return rotated(vectors, self.to_galactic).reshape((*shape, 3))
        # Longitudes of a cylinder's own sphere belong to x alone, latitudes to y alone.
        middle = self.wcs.wcs.crpix - 1
        longitude = np.radians(self.wcs.pixel_scale_matrix[0, 0] * (x - middle[0]))
        column = np.stack([np.full(y.size, middle[0]), y.ravel()], axis=-1)
        latitude = np.radians(self.wcs.wcs.p2s(column, 0)["theta"]).reshape(y.shape)
        flat = np.cos(latitude)
        own = np.stack(np.broadcast_arrays(flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)))
        vectors = (self._native @ own.reshape(3, -1)).T
        return vectors.reshape((*own.shape[1:], 3))

    def covers(self, vectors: FloatArray) -> Any:
        """Whether a pixel with a value is in each of (n, 3) Galactic directions."""
        own = rotated(vectors, self.to_galactic.T)
        longitude = np.degrees(np.arctan2(own[:, 1], own[:, 0]))
        latitude = np.degrees(np.arcsin(np.clip(own[:, 2], -1, 1)))
        x, y = self.wcs.wcs_world2pix(longitude, latitude, 0)
        if math.isfinite(self.period):
            x = self._first + (x - self._first) % self.period
        rows, columns = self.shape
        with np.errstate(invalid="ignore"):
            i, j = np.floor(x + 0.5), np.floor(y + 0.5)
            inside = (i >= 0) & (i < columns) & (j >= 0) & (j < rows)
        number = np.where(inside, j * columns + i, 0).astype(np.int64)
        return inside & ~self.missing[number]

    @cached_property
    def on_sky(self) -> Any:
        """(rows, columns) whether a pixel's middle is on the sky, and not beside the oval of a projection."""
        rows, columns = self.shape
        x = np.zeros(1) if math.isfinite(self.period) else np.arange(columns, dtype=np.float64)
        many = max(1, PARTS // columns)
        on_sky = np.empty(self.shape, dtype=bool)
        for first in range(0, rows, many):
            block = slice(first, min(first + many, rows))
            middles = self.vectors(x, np.arange(block.start, block.stop, dtype=np.float64)[:, None])
            on_sky[block] = np.isfinite(middles[..., 0])
        return on_sky

    @cached_property
    def missing(self) -> Any:
        """(rows * columns,) whether a pixel is on the sky and has no value."""
        return self.blank & self.on_sky.ravel()

    def _samples(self, nside: int) -> Iterator[Sample]:
        """Parts of the image's pixels: the HEALPix pixel and the pixel in which each is, and its solid angle."""
        random = np.random.default_rng(0)
        rows, columns = self.shape
        # Even numbers: no part has its middle on a pole at a pixel's centre.
        nx, ny = (2 * math.ceil(PARTS_ACROSS * step / healpix.pixel_width(nside) / 2) for step in self.step)
        x = (np.arange(columns * nx) + 0.5) / nx - 0.5
        x = x[(x >= self._first) & (x < self._first + self.period)]
        column = np.clip(np.floor(x + 0.5), 0, columns - 1).astype(np.int64)
        round_ = math.isfinite(self.period)
        usable = self.on_sky & ~self.blank.reshape(self.shape)
        many = max(1, PARTS // (x.size * ny))
        for first in range(0, rows, many):
            last = min(first + many, rows)
            y = ((np.arange(first * ny, last * ny) + 0.5) / ny - 0.5)[:, None]
            row = np.clip(np.floor(y + 0.5), first, last - 1).astype(np.int64)
            shape = (y.size, x.size)
            # At random in each part: even grids would make patterns with the HEALPix pixels.
            px, py = x + (random.random(shape) - 0.5) / nx, y + (random.random(shape) - 0.5) / ny
            areas = self._areas(x[:1] if round_ else x, y)
            places = self.vectors(px, py)
            good = usable[row, column] & np.isfinite(places[..., 0])
            areas = np.broadcast_to(areas, shape)
            # At the edge of the sky a part may have its middle outside.
            if (edge := good & ~np.isfinite(areas)).any():
                areas = np.where(edge, np.nanmean(areas), areas)
            if good.any():
                number = np.broadcast_to(row * columns + column, shape)[good]
                # A pixel at the edge of an oval sky counts whole, because those with their middles outside do not.
                inside = nx * ny if round_ else np.bincount(number)[number]
                yield healpix.pixels_at(nside, places[good], nest=False), number, areas[good] / inside

    def _areas(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Solid angle [sr] per pixel of the image at places; NaN outside the sky."""
        here = self.vectors(x, y)
        cross = np.cross(self.vectors(x + STEP, y) - here, self.vectors(x, y + STEP) - here)
        return np.asarray(np.sqrt(np.sum(cross**2, axis=-1))) / STEP**2

    def overlaps(self, filled: bool) -> Overlaps:
        """Weights of the image's pixels in the means over HEALPix pixels.

        Parameters
        ----------
        filled
            Whether the sky outside the image is 0. Otherwise only HEALPix pixels that lie in it are made.

        Returns
        -------
        Overlaps
            Of :attr:`nside`.

        Raises
        ------
        InputError
            If no pixel lies in it, or there is no memory.
        """
        nside, count = self.nside, self.shape[0] * self.shape[1]
        check_memory(WEIGHT_BYTES * count, f"an image of {count} pixels on the sky", "a part of it needs less")
        return overlaps(nside, self._samples(nside), count, None if self._is_whole(nside) else self.covers, filled)

    def words(self, error: float) -> str:
        """What was made of the image, for ``meta``; ``error`` is that of the weights."""
        return (
            f"{self.shape[1]} x {self.shape[0]} pixels, {' '.join(self.wcs.wcs.ctype)}: means over HEALPix pixels; "
            f"what a pixel adds to the integral over the sky is kept to {error:.1g} of it"
        )

    def _is_whole(self, nside: int) -> bool:
        """Whether the image has the whole sky, to half of a HEALPix pixel."""
        if self.missing.any():
            return False
        pixels = Pixels.whole(min(2 * nside, healpix.MAX_NSIDE))
        blocks = (pixels.numbers[block] for block in pixels.blocks(PARTS))
        return all(self.covers(healpix.directions(pixels.nside, block, nest=False)).all() for block in blocks)


def _frame(header: Any) -> str:
    """Letter of the frame of an image's first two axes."""
    types = [str(header.get(f"CTYPE{k}", "")).strip().upper() for k in (1, 2)]
    names = [text.split("-")[0] for text in types]
    frame = LONGITUDES.get(names[0])
    if frame is None or LATITUDES.get(names[1]) != frame or not all("-" in text for text in types):
        raise InputError(
            f"the axes of its image are {types[0] or 'not named'!r} and {types[1] or 'not named'!r}; "
            "'GLON-CAR' and 'GLAT-CAR' or the like (RA, DEC; ELON, ELAT; other projections) are needed"
        )
    equinox = header.get("EQUINOX", 2000.0)
    if frame == "C" and (str(header.get("RADESYS", "")).strip().upper() not in CELESTIAL or float(equinox) != 2000):
        raise InputError(
            f"the frame of its image is {header.get('RADESYS', 'RA, DEC')!r} of equinox {equinox}; ICRS or FK5 of 2000 "
            "is needed"
        )
    return frame
