"""Which pixels of the sky a map has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError
from ..units import FloatArray
from . import healpix
from .healpix import Indices

__all__ = ["Pixels"]


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of the sky in RING order: all of one resolution, or some of them.

    Attributes
    ----------
    nside
        HEALPix resolution.
    ring
        (n,) increasing RING numbers. All pixels are a `range`, which takes no memory.
    hpx_region
        What gammapy calls the same pixels, in the key ``HPX_REG`` of a file; empty if it has no name for them.
    """

    nside: int
    ring: range | Indices
    hpx_region: str = ""

    @classmethod
    def whole(cls, nside: int) -> Pixels:
        """All pixels of a resolution.

        Raises
        ------
        InputError
            If nside is no power of two up to 8192.
        """
        return cls(healpix.check_nside(nside), range(12 * nside**2))

    @property
    def size(self) -> int:
        """Number of pixels."""
        return len(self.ring)

    @property
    def are_all(self) -> bool:
        """Whether they are all pixels of the sky."""
        return self.size == 12 * self.nside**2

    @property
    def index(self) -> slice | Indices:
        """What picks these pixels' values from those of all pixels."""
        return slice(self.ring.start, self.ring.stop) if isinstance(self.ring, range) else self.ring

    @cached_property
    def numbers(self) -> Indices:
        """(n,) RING numbers as an array."""
        return np.asarray(self.ring, dtype=np.int64)

    def __getitem__(self, part: slice | Indices) -> Pixels:
        """Some of them, by their increasing places; under their name if they are all."""
        if isinstance(part, slice):
            ring = self.ring[part]
        else:
            ring = self.ring.start + part if isinstance(self.ring, range) else self.ring[part]
        return self if len(ring) == self.size else Pixels(self.nside, ring)

    def blocks(self, size: int) -> Iterator[slice]:
        """Places of one block of pixels after another.

        Parameters
        ----------
        size
            Pixels in a block; the last may have fewer.

        Yields
        ------
        slice
            Places of a block, for ``[...]``.
        """
        for first in range(0, self.size, size):
            yield slice(first, min(first + size, self.size))

    def places(self, ring: Indices) -> Indices:
        """Places of given pixels, RING numbers in any shape, among these pixels of a map.

        Raises
        ------
        InputError
            If a pixel is not among these.
        """
        if self.are_all:
            return ring
        numbers = self.numbers
        places = np.minimum(np.searchsorted(numbers, ring), numbers.size - 1)
        missing = ring[numbers[places] != ring]
        if missing.size:
            longitude, latitude = healpix.coordinates(self.nside, missing[:1])
            raise InputError(
                f"map: the pixel at l = {longitude[0]:.4g}, b = {latitude[0]:.4g} deg is asked for, and is outside it; "
                f"it has {numbers.size} of {12 * self.nside**2} pixels of nside {self.nside}; "
                "if the sky is 0 outside, read its file with outside_sky = 'zero'"
            )
        return places

    def same_as(self, other: Pixels) -> bool:
        """Whether they are the same pixels as others."""
        return self.nside == other.nside and (self.ring is other.ring or np.array_equal(self.ring, other.ring))

    def drawn(self) -> Indices:
        """Places of those pixels that a figure of the whole sky shows, increasing."""
        ring = np.unique(healpix.image_pixels(self.nside))
        return ring if self.are_all else np.flatnonzero(np.isin(self.numbers, ring))

    def sample(self, values: FloatArray, ring: Indices) -> FloatArray:
        """Values of given pixels, NaN for those that are not among these.

        Parameters
        ----------
        values
            (n,) values of these pixels.
        ring
            RING numbers, in any shape.

        Returns
        -------
        array
            Values, in the shape of ``ring``.
        """
        if self.are_all:
            return np.asarray(values[ring])
        places = np.minimum(np.searchsorted(self.numbers, ring), self.size - 1)
        return np.where(self.numbers[places] == ring, values[places], np.nan)

    def at(self, nside: int) -> Pixels:
        """The same part of the sky in another resolution; larger pixels only if all parts of them are here.

        Parameters
        ----------
        nside
            HEALPix resolution, a power of two.

        Returns
        -------
        Pixels
            The pixels.

        Raises
        ------
        InputError
            If no larger pixel is whole.
        """
        if nside == self.nside:
            return self
        if self.are_all:
            return Pixels.whole(nside)
        nested = np.sort(healpix.reorder(self.numbers, self.nside, to_nest=True))
        if nside > self.nside:
            nested = healpix.descendants(nested, (nside // self.nside) ** 2)
        else:
            count = (self.nside // nside) ** 2
            nested, parts = np.unique(healpix.ancestors(nested, count), return_counts=True)
            nested = nested[parts == count]
        if not nested.size:
            raise InputError(f"map: its part of the sky holds no whole pixel of nside {nside}")
        return Pixels(nside, np.sort(healpix.reorder(nested, nside, to_nest=False)))
