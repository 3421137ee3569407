"""Compressed files: what they hold, known by their first bytes and not by their name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ...errors import InputError
from ...resources import check_memory

__all__ = ["PIECE", "begins_as_fits", "compression", "content_size", "decompressed", "is_fits"]

# First bytes of a FITS file.
FITS_START = b"SIMPLE  ="
# What is read at a time, and the smallest size that memory is asked for [bytes].
PIECE = 1 << 20
# What becomes so many times as large, and larger than this [bytes], is no map: gzip makes that of one number alone.
SWOLLEN, LARGE = 100, 1 << 28


@contextmanager
def _unzipped(path: str | Path) -> Iterator[IO[bytes]]:
    """The one file in a ZIP archive."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise OSError(f"a ZIP archive of {len(names)} files; one is needed")
        with archive.open(names[0]) as handle:
            yield handle


# First bytes of a file, and what opens it.
OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"PK\x03\x04": _unzipped,
}


def compression(path: str | Path) -> Callable[[Any], Any] | None:
    """What opens a file that is compressed with gzip, bzip2, xz or ZIP; None if it is not."""
    with open(path, "rb") as handle:
        start = handle.read(8)
    return next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)


def decompressed(path: str | Path) -> Any:
    """Open what a file holds, decompressed if need be, for reading bytes."""
    opener = compression(path)
    return open(path, "rb") if opener is None else opener(path)


def content_size(path: str | Path) -> int:
    """Bytes that a file holds, decompressed; it is read through, and must end well.

    Raises
    ------
    InputError
        If memory cannot hold them, or they are out of all proportion to the file.
    """
    opener = compression(path)
    if opener is None:
        return Path(path).stat().st_size
    size, looked_at = 0, PIECE
    with open(path, "rb") as raw, opener(raw) as inside:
        while part := inside.read(PIECE):
            size += len(part)
            if size > LARGE and size > SWOLLEN * raw.tell():
                raise InputError(f"{path}: becomes more than {SWOLLEN} times as large; decompress it, if that is meant")
            if size > looked_at:  # A small file may hold more than the machine.
                check_memory(size, str(path), "a file that is not compressed is not held")
                looked_at = 2 * size
    return size


def begins_as_fits(path: str | Path) -> bool:
    """Return True if what a file holds begins as FITS does; errors of opening it are the caller's."""
    with decompressed(path) as handle:
        return bool(handle.read(len(FITS_START)) == FITS_START)


def is_fits(path: str | Path) -> bool:
    """Return True if a file exists and begins as FITS does, compressed or not."""
    try:
        return os.path.isfile(path) and begins_as_fits(path)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False
