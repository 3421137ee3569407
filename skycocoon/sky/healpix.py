"""HEALPix geometry: the one door to healpy (which is slow to import, so it is imported when first used)."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..units import FloatArray

__all__ = [
    "FRAMES",
    "MAX_NSIDE",
    "Indices",
    "check_nside",
    "directions",
    "frame_letter",
    "nested_blocks",
    "pixel_radius",
    "pixel_width",
    "pixels_at",
    "reorder",
    "rotation",
]

Indices = NDArray[np.int64]

MAX_NSIDE = 8192

FRAMES = {
    "G": "G", "GAL": "G", "GALACTIC": "G",
    "C": "C", "CEL": "C", "EQ": "C", "EQU": "C", "ICRS": "C", "EQUATORIAL": "C", "CELESTIAL": "C",
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
    """Return nside if it is a power of two up to 8192.

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


def directions(nside: int, pixels: Indices, nest: bool) -> FloatArray:
    """Unit vectors (n, 3) of pixel centres."""
    import healpy

    return np.ascontiguousarray(np.stack(healpy.pix2vec(nside, pixels, nest=nest), axis=-1))


def pixels_at(nside: int, vectors: FloatArray, nest: bool) -> Indices:
    """Pixels that hold the given directions (n, 3)."""
    import healpy

    return np.asarray(healpy.vec2pix(nside, *vectors.T, nest=nest))


def reorder(pixels: Indices, nside: int, to_nest: bool) -> Indices:
    """Pixel numbers in the other ordering scheme."""
    import healpy

    return np.asarray(healpy.ring2nest(nside, pixels) if to_nest else healpy.nest2ring(nside, pixels))


def nested_blocks(old: int, new: int) -> Indices:
    """Pixels of nside ``old`` for each of nside ``new``, all RING: the one around it, or all those inside it.

    Shape (12 new^2,) if the new pixels are as large or smaller, (12 new^2, (old/new)^2) if they are larger.
    """
    nested = reorder(np.arange(12 * new**2), new, to_nest=True)
    if new >= old:
        return reorder(nested // (new // old) ** 2, old, to_nest=False)
    inside = (old // new) ** 2
    return reorder(nested[:, None] * inside + np.arange(inside), old, to_nest=False)


@lru_cache(maxsize=32)
def pixel_radius(nside: int) -> float:
    """Largest distance of a pixel's corner from its centre [rad]."""
    import healpy

    return float(healpy.max_pixrad(nside))


def pixel_width(nside: int) -> float:
    """Root of a pixel's solid angle [rad]."""
    return math.sqrt(math.pi / 3) / nside


def rotation(to_frame: str, from_frame: str = "G") -> FloatArray:
    """Matrix (3, 3) that takes unit vectors from one frame to another."""
    import healpy

    if to_frame == from_frame:
        return np.eye(3)
    return np.asarray(healpy.Rotator(coord=[from_frame, to_frame]).mat)
