"""Sets of pixels as ranges of NESTED numbers, as MOCs hold them: their memory grows with edges, not with pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..units import BoolArray, FloatArray
from . import healpix
from .healpix import Indices

__all__ = [
    "TINY",
    "UNSEEN",
    "MaskRule",
    "area",
    "border_distance",
    "check_numbers",
    "depth_steps",
    "of_array",
    "of_cells",
    "of_numbers",
    "of_uniq",
    "of_values",
    "turned",
]

# Masked pixels, as healpy.UNSEEN; anything near it or below is no value either.
UNSEEN = -1.6375e30
LEAST_VALUE = -1e30
# Rounding of values that are meant to be 0 or 1, single precision and averages among them.
ROUNDING = 1e-6
# Pixels that are looked at in one go.
BLOCK = 1 << 20
# Finest resolution of numbers that fit into 64 bits: 12 * 4^29 of them.
MAX_ORDER = 29
# Depth [rad] next to a pixel of the other kind, where only the sign matters.
TINY = 1e-12
# Rows of parts of a pixel are this thick at least, in units of the root of a part's area: 0.677 near the poles.
THICKNESS = 0.6


@dataclass(frozen=True)
class MaskRule:
    """Which values of a mask keep a pixel.

    Attributes
    ----------
    above
        A pixel is kept where its value is greater; None for masks of 0 and 1, where 1 is kept.
    inverted
        Whether those are the pixels to leave out instead. Pixels without a value are outside in any case.
    missing
        Values that stand for none, on top of infinity, NaN and UNSEEN.
    """

    above: float | None = None
    inverted: bool = False
    missing: tuple[float, ...] = ()

    @classmethod
    def of(cls, above: Any, inverted: bool) -> MaskRule:
        """Rule of a threshold that may be a text.

        Parameters
        ----------
        above
            Number, its text, or None.
        inverted
            Whether kept pixels are those to leave out.

        Returns
        -------
        MaskRule
            The rule.

        Raises
        ------
        InputError
            If it is no finite number.
        """
        try:
            threshold = None if above is None else float(above)
        except (TypeError, ValueError):
            threshold = np.nan
        if threshold is not None and not np.isfinite(threshold):
            raise InputError(f"above={above}: a finite number is needed")
        return cls(threshold, bool(inverted))

    def __call__(self, values: Any, hidden: BoolArray | None = None) -> BoolArray:
        """Whether pixels are kept.

        Parameters
        ----------
        values
            (n,) numbers or booleans.
        hidden
            (n,) pixels whose value does not count, if there are any.

        Returns
        -------
        array
            (n,) booleans.

        Raises
        ------
        InputError
            For values other than 0 and 1, if no threshold is given.
        """
        numbers = np.asarray(values, dtype=np.float64)
        seen = np.isfinite(numbers) & (numbers > LEAST_VALUE)
        for value in self.missing:
            seen &= np.abs(numbers - value) > 1e-5 * abs(value)
        if hidden is not None:
            seen &= ~hidden
        counts = numbers > (0.5 if self.above is None else self.above)
        if self.above is None:
            other = seen & ~(np.abs(numbers - counts) <= ROUNDING)
            if other.any():
                raise InputError(
                    f"a mask is of 0 and 1, this has {numbers[np.argmax(other)]:.7g}; say above which value a pixel is "
                    "kept, e.g. above=0.5"
                )
        return np.asarray(seen & ~counts if self.inverted else seen & counts)


def of_values(values: Any, nest: bool, rule: MaskRule, hidden: BoolArray | None = None) -> tuple[Indices, int]:
    """Ranges of those pixels of the whole sky that a rule keeps.

    Parameters
    ----------
    values
        (12 nside^2,) numbers or booleans, which may lie in a file.
    nest
        Whether in NESTED rather than RING order.
    rule
        Which pixels are kept.
    hidden
        (12 nside^2,) pixels whose value does not count, if there are any.

    Returns
    -------
    edges, nside
        (2n,) first NESTED number of each range and first one behind it; the resolution.

    Raises
    ------
    InputError
        For a size that is no 12 nside^2, values that are no numbers, or other values than the rule can tell.
    """
    check_numbers(values)
    nside = healpix.nside_of(values.size)
    if nside is None:
        raise InputError(f"a mask of {values.size} pixels is no HEALPix map; 12 nside^2 are needed")
    edges, before = [], False
    for first in range(0, values.size, BLOCK):
        rows: Any = slice(first, min(first + BLOCK, values.size))
        if not nest:
            rows = healpix.reorder(np.arange(rows.start, rows.stop), nside, to_nest=False)
        kept = rule(values[rows], None if hidden is None else hidden[rows])
        edges.append(first + np.flatnonzero(np.diff(kept, prepend=before)))
        before = bool(kept[-1])
    return np.concatenate([*edges, [values.size] * before]).astype(np.int64), nside


def of_array(source: Any, nest: bool, rule: MaskRule) -> tuple[Indices, int]:
    """Ranges of kept pixels of an array, a masked array or a list; hidden pixels are outside.

    Parameters
    ----------
    source
        (12 nside^2,) numbers or booleans.
    nest
        Whether in NESTED rather than RING order.
    rule
        Which pixels are kept.

    Returns
    -------
    edges, nside
        As :func:`of_values`.

    Raises
    ------
    InputError
        As :func:`of_values`, and if no pixel is kept.
    """
    # Masked arrays of numpy and of astropy call the same things by different names.
    hidden = getattr(source, "mask", None)
    values = getattr(source, "unmasked", source)
    try:
        values = np.ma.getdata(getattr(values, "value", values) if hasattr(values, "unit") else values)
        hidden = None if hidden is None else np.broadcast_to(np.asarray(hidden, dtype=bool), values.shape)
    except (TypeError, ValueError):
        raise InputError("a mask is of numbers or booleans, one a pixel") from None
    edges, nside = of_values(values, nest, rule, hidden)
    if not edges.size:
        raise InputError("the mask leaves no pixel, the region is empty")
    return edges, nside


def check_numbers(values: Any) -> None:
    """Check that values are one number or boolean a pixel.

    Parameters
    ----------
    values
        Array that should be (n,).

    Raises
    ------
    InputError
        Otherwise.
    """
    if values.ndim != 1:
        raise InputError(f"a mask has one value a pixel, this is an array of shape {values.shape}")
    if values.dtype.kind not in "biuf":
        raise InputError(f"a mask is of numbers or booleans, this is an array of type {values.dtype}")


def of_numbers(pixels: Indices) -> Indices:
    """Ranges of listed pixels.

    Parameters
    ----------
    pixels
        (n,) NESTED numbers, each once, in any order.

    Returns
    -------
    array
        (2m,) first number of each range and first one behind it.
    """
    pixels = np.sort(np.asarray(pixels, dtype=np.int64))
    first = np.flatnonzero(np.diff(pixels, prepend=-2) != 1)
    last = np.flatnonzero(np.diff(pixels, append=pixels[-1:] + 2) != 1)
    return np.stack([pixels[first], pixels[last] + 1], axis=-1).reshape(-1)


def of_cells(starts: Indices, ends: Indices) -> tuple[Indices, int]:
    """Union of ranges of numbers of the finest resolution, in the coarsest resolution that holds them.

    Parameters
    ----------
    starts, ends
        (n,) first number of each range and first one behind it, at nside 2^29.

    Returns
    -------
    edges, nside
        (2m,) as :func:`of_numbers`; the resolution of these numbers.
    """
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    apart = starts[1:] > ends[:-1]
    edges = np.stack([starts[np.append(True, apart)], ends[np.append(apart, True)]], axis=-1).reshape(-1)
    # Trailing zero bits of all edges, two for each step in resolution.
    bits = int(np.bitwise_or.reduce(edges))
    spare = min(((bits & -bits).bit_length() - 1) // 2, MAX_ORDER) if bits else MAX_ORDER
    return edges >> (2 * spare), 2 ** (MAX_ORDER - spare)


def turned(edges: Indices, nside: int) -> Indices:
    """Ranges of all other pixels.

    Parameters
    ----------
    edges, nside
        Ranges and their resolution.

    Returns
    -------
    array
        (2m,) edges.
    """
    npix = 12 * nside**2
    inner = edges[(edges > 0) & (edges < npix)]
    before = [] if edges.size and edges[0] == 0 else [0]
    behind = [] if edges.size and edges[-1] == npix else [npix]
    return np.concatenate([before, inner, behind]).astype(np.int64)


def area(edges: Indices, nside: int) -> float:
    """Part of the sky that ranges cover, 0 to 1.

    Parameters
    ----------
    edges, nside
        Ranges and their resolution.

    Returns
    -------
    float
        The part.
    """
    return int((edges[1::2] - edges[::2]).sum()) / (12 * nside**2)


def _states(edges: Indices, cells: Indices, width: int) -> Indices:
    """1 for cells of so many pixels that are inside as a whole, -1 for those outside, 0 for those at an edge."""
    first = cells * width
    place = np.searchsorted(edges, first, side="right")
    behind = np.append(edges, np.iinfo(np.int64).max)[place]
    return np.where(behind < first + width, 0, np.where(place % 2, 1, -1))


def depth_steps(edges: Indices, nside: int) -> tuple[Indices, FloatArray]:
    """Signed lower bound of the distance to a pixel of the other kind, as a step function of the NESTED number.

    A block of equal pixels whose eight neighbours are the same is at least half a block away: the sky is divided into
    such blocks, the largest first. Next to a pixel of the other kind only the sign matters.

    Parameters
    ----------
    edges, nside
        Ranges and their resolution.

    Returns
    -------
    starts, depths
        (n,) NESTED numbers where a step begins, and depths [rad] behind it, positive inside.
    """
    starts, depths = [], []
    for family in range(12):
        cells, level = np.array([family]), 1
        while cells.size:
            width = (nside // level) ** 2
            state = _states(edges, cells, width)
            uniform = np.flatnonzero(state)
            alike = np.zeros(cells.size, dtype=bool)
            for first in range(0, uniform.size, BLOCK):
                some = uniform[first : first + BLOCK]
                around = healpix.neighbours(level, cells[some])
                alike[some] = (_states(edges, around, width) == state[some]).all(axis=0)
            done = alike if level < nside else np.ones(cells.size, dtype=bool)
            starts.append(cells[done] * width)
            depths.append(state[done] * np.where(alike[done], 0.5 * healpix.pixel_width(level), TINY))
            if level == nside:
                break
            cells, level = healpix.descendants(cells[~done], 4), 2 * level
    joined, values = np.concatenate(starts), np.concatenate(depths)
    order = np.argsort(joined)
    joined, values = joined[order], values[order]
    begins = np.append(True, np.diff(values) != 0)
    return joined[begins], values[begins]


def border_distance(nside: int, vectors: FloatArray, fine: int) -> FloatArray:
    """Lower bound of the distance of directions from the borders of the pixels that hold them.

    Parameters
    ----------
    nside
        Resolution of the pixels.
    vectors
        (n, 3) unit vectors in the frame of these.
    fine
        Resolution of the parts whose rows are counted, a multiple of ``nside``.

    Returns
    -------
    array
        (n,) [rad], 0 in the outermost parts.
    """
    across = fine // nside
    part = healpix.pixels_at(fine, vectors, nest=True) % across**2
    x, y = np.zeros_like(part), np.zeros_like(part)
    # Bits of NESTED numbers are those of x and y by turns.
    for bit in range(across.bit_length() - 1):
        x |= ((part >> (2 * bit)) & 1) << bit
        y |= ((part >> (2 * bit + 1)) & 1) << bit
    rows = np.minimum(np.minimum(x, y), across - 1 - np.maximum(x, y))
    return np.asarray(THICKNESS * healpix.pixel_width(fine) * rows)


def of_uniq(numbers: Any) -> tuple[Indices, Indices]:
    """Ranges of cells of several resolutions, numbered 4^(order + 1) + pixel, at the finest resolution.

    Parameters
    ----------
    numbers
        (n,) NUNIQ numbers.

    Returns
    -------
    starts, ends
        (n,) for :func:`of_cells`.

    Raises
    ------
    InputError
        For a number that is none.
    """
    numbers = np.asarray(numbers, dtype=np.int64)
    # Floats are off next to powers of two: the order is counted.
    order = np.searchsorted(4 ** np.arange(1, MAX_ORDER + 2, dtype=np.int64), numbers, side="right") - 1
    pixel = numbers - 4 ** (np.maximum(order, 0) + 1)
    right = (order >= 0) & (pixel >= 0) & (pixel < 12 * 4 ** np.maximum(order, 0))
    if not right.all():
        raise InputError(f"{int(numbers[np.argmin(right)])} is no NUNIQ number of a cell")
    width = 4 ** (MAX_ORDER - order)
    return pixel * width, (pixel + 1) * width
