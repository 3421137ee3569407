"""HEALPix geometry: the one door to healpy (which is slow to import, so it is imported when first used)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..units import FloatArray

__all__ = [
    "FRAMES",
    "MAX_NSIDE",
    "Indices",
    "ancestors",
    "check_nside",
    "coordinates",
    "descendants",
    "directions",
    "disc_pixels",
    "frame_letter",
    "image_pixels",
    "neighbours",
    "nested_blocks",
    "nside_of",
    "pixel_radius",
    "pixel_width",
    "pixels_at",
    "reorder",
    "rotation",
    "unit_vectors",
]

Indices = NDArray[np.int64]

MAX_NSIDE = 8192
# Parts across a pixel in which healpy looks whether a disc touches it.
DISC_PARTS = 32

FRAMES = {
    "G": "G", "GAL": "G", "GALACTIC": "G",
    "C": "C", "CEL": "C", "EQ": "C", "EQU": "C", "ICRS": "C", "EQUATORIAL": "C", "CELESTIAL": "C",
    "FK5": "C", "J2000": "C", "RADEC": "C",
    "E": "E", "ECL": "E", "ECLIPTIC": "E",
}  # fmt: skip
"""Names of frames in file headers, and healpy's letter for each."""


def frame_letter(name: str) -> str:
    """Turn a frame's name, as headers write it, into healpy's letter.

    Raises
    ------
    InputError
        For a name that is none of :data:`FRAMES`.
    """
    letter = FRAMES.get(str(name).strip().upper())
    if letter is None:
        raise InputError(f"unknown frame {name!r}; allowed: galactic (G), celestial (C), ecliptic (E)")
    return letter


def check_nside(nside: int, name: str = "nside") -> int:
    """Check that nside is a power of two up to 8192.

    Parameters
    ----------
    nside
        HEALPix resolution.
    name
        What it is called in the message.

    Returns
    -------
    int
        The same nside.

    Raises
    ------
    InputError
        Otherwise, naming the nearest right values.
    """
    if isinstance(nside, bool) or int(nside) != nside or not 1 <= nside <= MAX_NSIDE or int(nside) & (int(nside) - 1):
        low = 2 ** int(math.log2(min(max(nside, 1), MAX_NSIDE)))
        near = f"{low} or {2 * low}" if low < MAX_NSIDE else str(MAX_NSIDE)
        raise InputError(f"{name}: {nside} is not allowed; a power of two from 1 to {MAX_NSIDE} is needed, e.g. {near}")
    return int(nside)


def nside_of(pixels: int) -> int | None:
    """Return the nside of a full sky of so many pixels, 12 nside^2; None if there is no such power of two."""
    nside = math.isqrt(pixels // 12)
    return nside if nside and pixels == 12 * nside**2 and not nside & (nside - 1) else None


def unit_vectors(longitude: Any, latitude: Any) -> FloatArray:
    """Directions as unit vectors (cos b cos l, cos b sin l, sin b).

    Parameters
    ----------
    longitude, latitude
        Angles [rad], which broadcast.

    Returns
    -------
    array
        (..., 3).
    """
    lon, lat = np.broadcast_arrays(longitude, latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def coordinates(nside: int, pixels: Indices) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes [deg] of the centres of pixels.

    Parameters
    ----------
    nside
        Resolution.
    pixels
        (n,) RING numbers.

    Returns
    -------
    longitudes, latitudes
        (n,) each.
    """
    import healpy

    longitudes, latitudes = healpy.pix2ang(nside, pixels, lonlat=True)
    return longitudes, latitudes


def directions(nside: int, pixels: Indices, nest: bool) -> FloatArray:
    """Centres of pixels.

    Parameters
    ----------
    nside
        Resolution.
    pixels
        (n,) pixel numbers.
    nest
        Whether these are NESTED rather than RING.

    Returns
    -------
    array
        (n, 3) unit vectors.
    """
    import healpy

    return np.ascontiguousarray(np.stack(healpy.pix2vec(nside, pixels, nest=nest), axis=-1))


def pixels_at(nside: int, vectors: FloatArray, nest: bool) -> Indices:
    """Pixels that hold given directions.

    Parameters
    ----------
    nside
        Resolution.
    vectors
        (n, 3) unit vectors.
    nest
        Whether NESTED rather than RING numbers are wanted.

    Returns
    -------
    array
        (n,) pixel numbers.
    """
    import healpy

    return np.asarray(healpy.vec2pix(nside, *vectors.T, nest=nest))


def reorder(pixels: Indices, nside: int, to_nest: bool) -> Indices:
    """Numbers of the same pixels in the other ordering scheme.

    Parameters
    ----------
    pixels
        (n,) pixel numbers.
    nside
        Resolution.
    to_nest
        Whether RING numbers are turned into NESTED ones, else NESTED into RING.

    Returns
    -------
    array
        (n,) pixel numbers.
    """
    import healpy

    return np.asarray(healpy.ring2nest(nside, pixels) if to_nest else healpy.nest2ring(nside, pixels))


def descendants(pixels: Indices, count: int) -> Indices:
    """Pixels of a finer resolution inside NESTED pixels, one after another.

    Parameters
    ----------
    pixels
        (n,) numbers of pixels.
    count
        How many are inside each: the square of the ratio of resolutions, 4 for children.

    Returns
    -------
    array
        (n * count,) NESTED numbers of the finer resolution.
    """
    return np.asarray((count * pixels[:, None] + np.arange(count)).ravel())


def disc_pixels(nside: int, disc: tuple[float, float, float]) -> tuple[Indices, str]:
    """Pixels that touch a disc, and gammapy's name of them.

    Parameters
    ----------
    nside
        Resolution.
    disc
        Galactic longitude and latitude of its centre, and its radius [deg].

    Returns
    -------
    ring
        (n,) increasing RING numbers.
    name
        A text from which gammapy makes the same list.
    """
    import healpy

    longitude, latitude, radius = disc
    # The centre to the last bit as gammapy has it: another way round the sphere could add a pixel.
    phi, theta = np.radians(longitude), np.pi / 2 - np.radians(latitude)
    centre = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    ring = healpy.query_disc(nside, centre, np.radians(radius), inclusive=True, fact=DISC_PARTS, nest=False)
    return np.asarray(ring, dtype=np.int64), f"DISK_INC({longitude!r},{latitude!r},{radius!r},{DISC_PARTS})"


def ancestors(pixels: Indices, count: int) -> Indices:
    """Pixels of a coarser resolution around NESTED pixels.

    Parameters
    ----------
    pixels
        (n,) numbers of pixels.
    count
        How many of them are inside one coarser pixel: the square of the ratio of resolutions.

    Returns
    -------
    array
        (n,) NESTED numbers of the coarser resolution.
    """
    return pixels // count


def neighbours(nside: int, pixels: Indices) -> Indices:
    """Eight neighbours of pixels; the pixel itself where there are but seven.

    Parameters
    ----------
    nside
        Resolution.
    pixels
        (n,) NESTED numbers.

    Returns
    -------
    array
        (8, n) NESTED numbers.
    """
    import healpy

    around = healpy.get_all_neighbours(nside, pixels, nest=True)
    return np.where(around < 0, pixels, around)


def nested_blocks(old: int, new: int, pixels: Indices) -> Indices:
    """Pixels of one resolution that belong to pixels of another, all RING.

    Parameters
    ----------
    old
        Resolution of the pixels that are listed.
    new, pixels
        Resolution and (n,) numbers of the pixels for which they are.

    Returns
    -------
    array
        (n,) the pixel around each new one, if the new pixels are as large or smaller;
        (n, (old/new)^2) all pixels inside each new one, if they are larger.
    """
    nested = reorder(pixels, new, to_nest=True)
    if new >= old:
        return reorder(ancestors(nested, (new // old) ** 2), old, to_nest=False)
    count = (old // new) ** 2
    return reorder(descendants(nested, count), old, to_nest=False).reshape(-1, count)


@lru_cache(maxsize=32)
def pixel_radius(nside: int) -> float:
    """Largest distance of a pixel's corner from its centre [rad]."""
    import healpy

    return float(healpy.max_pixrad(nside))


def pixel_width(nside: int) -> float:
    """Root of a pixel's solid angle [rad]."""
    return math.sqrt(math.pi / 3) / nside


def rotation(to_frame: str, from_frame: str = "G") -> FloatArray:
    """Rotation of unit vectors from one frame to another.

    Parameters
    ----------
    to_frame, from_frame
        ``"G"`` (Galactic), ``"C"`` (celestial) or ``"E"`` (ecliptic).

    Returns
    -------
    array
        (3, 3) matrix, to be applied from the left to column vectors.
    """
    import healpy

    if to_frame == from_frame:
        return np.eye(3)
    return np.asarray(healpy.Rotator(coord=[from_frame, to_frame]).mat)


def image_pixels(nside: int) -> Indices:
    """Pixels on an even grid of latitude and of minus the longitude, as figures show the sky.

    Parameters
    ----------
    nside
        HEALPix resolution.

    Returns
    -------
    array
        (450, 900) RING numbers at the middles of cells of 0.4 deg: b grows with the row, from the south pole; the
        longitude falls with the column, from 180 to -180 deg.
    """
    x = np.linspace(-math.pi, math.pi, 901)
    b = np.linspace(-math.pi / 2, math.pi / 2, 451)
    xc, bc = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (b[1:] + b[:-1]))
    return pixels_at(nside, unit_vectors(-xc, bc).reshape(-1, 3), nest=False).reshape(xc.shape)
