"""Where on the sky the values of a file are: Galactic pixels in RING order, and what their means are made of."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...errors import AccuracyWarning
from ...units import FloatArray
from ..healpix import Indices
from ..overlaps import Overlaps, placed, turned
from ..pixels import Pixels
from .container import Content
from .statements import map_pixels

__all__ = ["FRAME_WORDS", "Places"]

# Error of a pixel's integral of which the caller is warned.
WARNED = 0.01
FRAME_WORDS = {"G": "galactic", "C": "celestial", "E": "ecliptic"}
"""Names of frames, by healpy's letters."""


@dataclass(frozen=True, eq=False)
class Places:
    """Pixels of a map, and which values of its file they are.

    Attributes
    ----------
    pixels
        The m pixels, Galactic.
    rows
        (n,) place in the file of each value that :attr:`overlaps` takes, or of each pixel; None if it is the same.
    overlaps
        Weights of the n values in the means over the pixels; None if each pixel has a value.
    notes
        How the map was brought to these pixels, for ``meta``.
    """

    pixels: Pixels
    rows: Indices | None = None
    overlaps: Overlaps | None = None
    notes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Content, frame: str, nested: bool, filled: bool) -> Places:
        """Pixels of what a file holds.

        Parameters
        ----------
        content
            Planes and, of a part of the sky, pixel numbers; or an image.
        frame
            Letter of the frame.
        nested
            Whether HEALPix pixels are NESTED.
        filled
            Whether the sky outside is 0.

        Returns
        -------
        Places
            All that a part of the sky has, in Galactic pixels.

        Raises
        ------
        InputError
            If pixel numbers are wrong, or no pixel lies in the part of the sky that the file has.
        """
        if content.image is not None:
            found = content.image.overlaps(filled)
            _warn(found)
            return cls(found.pixels, None, found, {"file_image": content.image.words(found.error)})
        pixels, rows = map_pixels(content, nested)
        if frame != "G":
            found = turned(pixels, frame, filled)
            _warn(found)
            note = (
                f"from {FRAME_WORDS[frame]} to galactic: means over pixels of the same size; what a pixel adds to the "
                f"integral over the sky is kept to {found.error:.1g} of it"
            )
            return cls(found.pixels, rows, found, {"turned": note})
        if filled and not pixels.are_all:
            found = placed(pixels)
            return cls(found.pixels, rows, found)
        return cls(pixels, rows)

    def read(self, values: Callable[[Any], FloatArray], places: slice | Indices) -> FloatArray:
        """Values of pixels.

        Parameters
        ----------
        values
            Gives (k, j) values by their j places in the file.
        places
            Which m' of the pixels.

        Returns
        -------
        array
            (k, m').
        """
        rows = self.rows

        def of_file(where: Any) -> FloatArray:
            return values(where if rows is None else rows[where])

        return of_file(places) if self.overlaps is None else self.overlaps.means(of_file, places)


def _warn(found: Overlaps) -> None:
    """Warn of pixels whose integral is not kept to a per cent."""
    if found.error > WARNED:
        warnings.warn(
            f"what some pixels add to the integral over the sky is kept to {found.error:.1g} of a pixel only, when "
            "they are brought to Galactic HEALPix pixels",
            AccuracyWarning,
            stacklevel=6,
        )
