"""Files of maps: the Fermi-template layout that gammapy, fermipy, healpy and PySM load unchanged.

HDU 1 ``SKYMAP`` has one column ``ENERGY1...n`` per energy node (E, or D where single precision ends) and one row per
pixel, HDU 2 ``ENERGIES`` one column ``Energy`` in MeV (gammapy reads this layout's energies as MeV and ignores the
unit), HDU 3 ``PROVENANCE`` keys and values. A part of the sky has the pixels' RING numbers in a first column ``PIX``.
The unit is in ``BUNIT``. ``HPX_CONV`` is left out: tools disagree on its spelling, and recognise the layout without
it. No NaN, UNSEEN or negative value is written.

The length of a row is known before any value is, so that the rows of a block of pixels can be written at their place,
and checksums are sums over 32-bit words, which add up: no more than a few blocks of a map are ever held.

:func:`read_map` reads these and the maps of other codes; :data:`LAYOUTS` has a line for each layout.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from threading import local

import astropy.units as u
import numpy as np

from ...errors import InputError, check_name
from ...execution import Executor, in_order, threads
from ...outputs import new_file
from ...units import FloatArray
from ..pixels import Pixels
from .container import FITS_BLOCK
from .fields import MapHead
from .headers import add_words, first_hdu, last_hdus, map_header, sealed
from .statements import UNIT_TEXT
from .streams import Buffer, Gzipped, Plain

__all__ = ["DTYPES", "FILE_UNIT", "MapFile", "Values", "write_maps"]

FILE_UNIT = u.Unit(UNIT_TEXT)
# Smaller numbers of single precision lose digits; of double precision, they are nobody's.
RANGES = {
    "E": (float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)),
    "D": (1e-300, float(np.finfo(np.float64).max)),
}
# Pixels of a block: a few megabytes, which stay in the cache while they are worked on.
BLOCK = 4096
# Blocks that are given to the threads at a time: memory for as many, and one of them may keep the others waiting.
AHEAD = 16
# FITS has no key TTYPE1000.
MAX_COLUMNS = 998

DTYPES = {"float32": "E", "float64": "D"}
"""Precision that a file may be asked to have, and FITS' letter for it."""

Values = Callable[[slice], Sequence[FloatArray]]
"""What gives the values of the pixels at some places for each of several maps, (n, m) in FILE_UNIT, on any thread."""


@dataclass(frozen=True, eq=False)
class MapFile:
    """A file of a map that is to be written.

    Attributes
    ----------
    path
        Where to; compressed if it ends in ``.gz``.
    head
        What the map is of.
    dtype
        Precision, a key of :data:`DTYPES`; ``""`` for single, or double if single cannot hold its dim end.
    """

    path: Path
    head: MapHead
    dtype: str = ""

    def check(self) -> None:
        """Raise `InputError` for an unknown precision, and for more energies than a table has columns."""
        if self.dtype:
            check_name("precision", self.dtype, DTYPES)
        if self.head.energy.size > MAX_COLUMNS:
            raise InputError(
                f"{self.path}: {self.head.energy.size} energies; a FITS table has columns for {MAX_COLUMNS}"
            )


class _Table:
    """A map's table while it is written, block by block."""

    def __init__(self, file: MapFile, kind: str, path: Path) -> None:
        head = file.head
        self._kind, self._energy, self._whole = kind, head.energy, head.pixels.are_all
        # Single precision is given up for double, unless it was asked for.
        self._strict = kind == "E" and not file.dtype
        self._header, self._first, self._tail = map_header(head, kind), first_hdu(head), last_hdus(head)
        self._begin = len(self._first) + len(sealed(self._header, 0))
        self._datasum = 0
        # Each thread has rows of its own and uses them again: new memory is slower than what is done with it.
        self._own = local()
        self._width = next(int(value) for key, value, _ in self._header if key == "NAXIS1")
        data = self._width * head.pixels.size
        self._tail = bytes(-data % FITS_BLOCK) + self._tail
        stream = Gzipped if file.path.suffix == ".gz" else Plain
        self._stream = stream(path, self._begin, self._begin + data + len(self._tail))

    def prepare(self, place: slice, pixels: Pixels, values: FloatArray) -> tuple[int, Buffer] | None:
        """Turn values (n, m) of pixels at a place into rows, on any thread; None if single precision does not do."""
        from ...kernels.rows import BAD, BIG, DIM, TILE, pack

        if getattr(self._own, "rows", np.empty(0)).shape[0] < pixels.size:
            self._own.scratch = np.empty((TILE, self._energy.size), np.float32 if self._kind == "E" else np.float64)
            self._own.rows = np.empty((pixels.size, self._width // 4), np.uint32)
        scratch, rows = self._own.scratch, self._own.rows[: pixels.size]
        if not self._whole:
            rows[:, 0] = pixels.numbers
        swap, words = sys.byteorder == "little", scratch.view(np.uint32)
        total, state = pack(values, *RANGES[self._kind], swap, scratch, words, rows)
        if state & BAD:
            wrong = next(k for k, plane in enumerate(values) if not (plane.min() >= 0 and np.isfinite(plane.max())))
            raise InputError(f"map: values at {self._energy[wrong]} are negative or not finite")
        if self._strict and state & (DIM | BIG):
            return None
        if state & BIG:
            raise InputError("map: values are too large for single precision; write it as float64")
        return add_words(int(total), 0), self._stream.prepare(
            self._begin + self._width * place.start, rows.reshape(-1).view(np.uint8).data
        )

    def append(self, total: int, content: Buffer) -> None:
        """Take what was prepared of the next block."""
        self._datasum = add_words(self._datasum, total)
        self._stream.append(content)

    def finish(self) -> None:
        """Complete the file and put it on the disk."""
        self._stream.finish(self._first + sealed(self._header, self._datasum), self._tail)

    def close(self) -> None:
        """Close the file, whole or not."""
        self._stream.close()


def write_maps(
    files: Sequence[MapFile],
    values: Values,
    *,
    overwrite: bool = False,
    block: int = BLOCK,
    executor: Executor | None = None,
    done: Callable[[float], None] = lambda part: None,
) -> None:
    """Write maps of the same pixels block by block, with checksums and provenance, each whole or not at all.

    A map in which single precision turns out not to hold a value is begun again in double precision. The bytes do
    not depend on the size of blocks (compressed, how they are divided does), nor on what works them out.

    Parameters
    ----------
    files
        What is written where.
    values
        Gives the values of some of the pixels, for each of the files.
    overwrite
        Whether existing files are replaced.
    block
        Pixels in a block.
    executor
        What works out blocks; a pool of threads if None.
    done
        Called with the part that is done, 0 to 1.

    Raises
    ------
    InputError
        If values are not finite or negative, a file exists and ``overwrite`` is false, or it cannot be written.
    """
    for file in files:
        file.check()
    with ExitStack() as stack:
        pool = stack.enter_context(threads()) if executor is None else executor
        paths = [stack.enter_context(new_file(file.path, overwrite)) for file in files]
        kinds = _kinds(files, values, block)
        left = list(range(len(files)))
        while left:
            with ExitStack() as tables_open:
                tables = {k: tables_open.enter_context(closing(_Table(files[k], kinds[k], paths[k]))) for k in left}
                left = _fill(tables, files[0].head.pixels, values, block, pool, done)
            for k in left:
                kinds[k] = "D"


def _is_too_dim(values: FloatArray) -> bool:
    """Whether single precision cannot hold some of the values."""
    smallest = RANGES["E"][0]
    return bool(values.min() < smallest and np.any((values > 0) & (values < smallest)))


def _kinds(files: Sequence[MapFile], values: Values, block: int) -> list[str]:
    """Precisions of files: where none is asked for, single, unless it fails at the ends, where a sky is dim."""
    size = files[0].head.pixels.size
    ends = [values(slice(0, min(block, size))), values(slice(max(0, size - block), size))]
    return [
        DTYPES[file.dtype] if file.dtype else "D" if any(_is_too_dim(end[k]) for end in ends) else "E"
        for k, file in enumerate(files)
    ]


def _fill(
    tables: dict[int, _Table],
    pixels: Pixels,
    values: Values,
    block: int,
    executor: Executor,
    done: Callable[[float], None],
) -> list[int]:
    """Write all blocks of tables and complete them; return the numbers of those that single precision cannot hold."""
    alive = dict(tables)

    def prepared(place: slice) -> dict[int, tuple[int, Buffer] | None]:
        parts, part = values(place), pixels[place]
        return {k: table.prepare(place, part, parts[k]) for k, table in list(alive.items())}

    for place, rows in in_order(prepared, pixels.blocks(block), executor, AHEAD):
        for k, row in rows.items():
            if row is None:
                alive.pop(k, None)
            elif k in alive:
                alive[k].append(*row)
        if not alive:
            break
        done(place.stop / pixels.size)
    for table in alive.values():
        table.finish()
    return [k for k in tables if k not in alive]
