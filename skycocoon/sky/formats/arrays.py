"""Maps in numpy's files, ``.npy`` and ``.npz``: numbers alone, of which the caller states all else."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np

from ...errors import InputError
from ...inputs import is_readable
from ...resources import check_memory
from .. import healpix
from .container import Content

__all__ = ["is_array", "read_array"]

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
# What numpy and zipfile raise at broken headers, besides the usual.
BROKEN = (zipfile.BadZipFile, zlib.error, SyntaxError, TokenError)
ENDINGS = (".npy", ".npz")
# Versions of the format: the third has names of fields that are not Latin letters, and maps have no fields.
HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def is_array(path: str | Path) -> bool:
    """Whether a file is one of numpy's, by its first bytes; or at least called so."""
    if not is_readable(path):
        return False
    with open(path, "rb") as file:
        first = file.read(len(NPY))
    if first.startswith(ZIP):
        return bool(_members(path))
    return first == NPY or Path(path).suffix.lower() in ENDINGS


def read_array(path: str | Path, name: object = None) -> Content:
    """Planes of a map in a file of numpy's.

    Parameters
    ----------
    path
        The file.
    name
        Which array of an ``.npz`` file; needed if there are several.

    Returns
    -------
    Content
        (npix,) numbers are one plane; (n, npix) are n of them.

    Raises
    ------
    InputError
        If the file is cut, holds objects (pickles), or no full sky.
    """
    try:
        return _content(_values(Path(path), name))
    except (ValueError, OSError, EOFError, TypeError, NotImplementedError, *BROKEN) as error:
        if isinstance(error, InputError):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"not a whole file of a numpy array ({reason})") from None


def _members(path: str | Path) -> list[str]:
    """Names of the arrays in an archive; none if it is another archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            return names if len(names) == len(archive.namelist()) else []
    except zipfile.BadZipFile:
        return []


def _values(path: Path, name: object) -> Any:
    """Numbers of a file, which stay in it if it is no archive."""
    if not _members(path):
        if name is not None:
            raise InputError(f"column = {name!r}: the file has one array, and no names")
        with open(path, "rb") as file:
            _check_header(file, path.stat().st_size)
        return np.load(path, mmap_mode="r", allow_pickle=False)
    names = _members(path)
    if name is None and len(names) > 1:
        raise InputError(
            f"it has {len(names)} arrays, {', '.join(names)}; say which is the map, e.g. column = {names[0]!r}"
        )
    wanted = names[0] if name is None else str(name)
    if wanted not in names:
        raise InputError(f"column = {name!r}: its arrays are {', '.join(names)}")
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(f"{wanted}.npy").file_size
        with archive.open(f"{wanted}.npy") as file:
            _check_header(file, size)
        check_memory(size, f"{path.name}, an archive", "an .npy file is not held in memory")
        with archive.open(f"{wanted}.npy") as file:
            return np.lib.format.read_array(file, allow_pickle=False)


def _check_header(file: IO[bytes], size: int) -> None:
    """Check, before anything is made of it, that an array has numbers, and as many as it says."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise InputError(f"its format, {'.'.join(map(str, version))}, is not of plain numbers")
    shape, _, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise InputError("it holds Python objects (a pickle), which are never loaded; save an array of floats")
    if dtype.names is not None:
        raise InputError(f"it is a table with the fields {', '.join(dtype.names)}; save one array of floats")
    if dtype.kind not in "fiu":
        raise InputError(f"it is of {dtype}; an array of floats is needed")
    needed = math.prod(shape) * dtype.itemsize
    if size - file.tell() != needed:
        raise InputError(f"its header promises {needed} bytes of numbers, and it has {size - file.tell()}")


def _content(values: Any) -> Content:
    """Planes of an array; `InputError` if it has not the shape of maps."""
    shape = values.shape
    if len(shape) not in (1, 2) or 0 in shape or healpix.nside_of(shape[-1]) is None:
        turn = "; transpose it" if len(shape) == 2 and healpix.nside_of(shape[0]) else ""
        raise InputError(
            f"an array of shape {shape}; (npix,) or (n_energy, npix) with npix = 12 nside^2, nside a power of two, is "
            f"needed{turn}"
        )
    rows = values.reshape(-1, shape[-1])
    return Content([partial(rows.__getitem__, k) for k in range(len(rows))], [], [])
