"""FITS files that are whole: opening them, what their tables hold, columns and provenance."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...resources import check_memory
from ...units import FloatArray
from .. import healpix

# FITS standard 4.0, section 3.1 [bytes].
FITS_BLOCK = 2880
# Columns of pixel numbers.
INDEX_COLUMNS = ("PIXEL", "PIX", "HPXINDEX", "IPIX")
# What a header says of all tables of a file, if the primary one says it (as LAMBDA's files do).
INHERITED = ("PIXTYPE", "ORDERING", "NSIDE", "COORDSYS", "SKYCOORD", "INDXSCHM", "OBJECT", "BUNIT")


@dataclass(frozen=True, eq=False)
class Content:
    """What the tables of one layout hold, before anything is checked.

    Attributes
    ----------
    planes
        (n,) functions that give the pixels of a plane, so that no more than one plane of the file is copied at a time.
    headers
        Headers of the tables.
    units
        What the file says of the unit of its numbers.
    energy
        (n,) numbers of the planes' energies, if the file has them.
    energy_unit
        Their unit as the file writes it; ``""`` if it does not.
    numbers
        Gives the pixel numbers of the rows, for a part of the sky; None for all of it.
    bare
        Names of columns of which the file says no unit.
    """

    planes: Sequence[Callable[[], Any]]
    headers: list[Any]
    units: list[str]
    energy: FloatArray | None = None
    energy_unit: str = ""
    numbers: Callable[[], Any] | None = None
    bare: Sequence[str] = ()


def _check_whole(path: str | Path) -> bool:
    """Raise unless a file is whole FITS blocks, and a gzip file ends well: astropy reads cut files without a word.

    Returns whether it is compressed, which has to be held in memory as a whole.
    """
    size, compressed = Path(path).stat().st_size, False
    with open(path, "rb") as handle:
        if handle.read(2) == b"\x1f\x8b":
            handle.seek(0)
            with gzip.open(handle) as inside:
                size, compressed = sum(len(part) for part in iter(lambda: inside.read(1 << 20), b"")), True
    if size % FITS_BLOCK:
        raise OSError(f"{size} bytes are no whole number of blocks of {FITS_BLOCK}")
    if compressed:
        check_memory(size, Path(path).name, "a file that is not compressed is not held")
    return compressed


@contextmanager
def open_whole(path: str | Path, needed: str) -> Iterator[Any]:
    """Open a FITS file and verify its checksums, with every warning about its state an error.

    Data stay in the file until they are used, unless it is compressed.

    Parameters
    ----------
    path
        The file, which may be compressed with gzip.
    needed
        What it should hold, for messages.

    Returns
    -------
    context manager
        Gives the HDUList.

    Raises
    ------
    InputError
        If the file is missing, truncated or corrupt.
    """
    from astropy.io import fits

    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    with ExitStack() as stack:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                mapped = not _check_whole(path)
                handle = stack.enter_context(open(path, "rb"))
                file = stack.enter_context(fits.open(handle, memmap=mapped, checksum=True, lazy_load_hdus=False))
                for hdu in file:
                    hdu.data  # noqa: B018 - makes sure that it can be read
        except InputError:
            raise
        except Exception as error:  # astropy raises many kinds, and bare warnings
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path}: not a whole FITS file with {needed} ({reason})") from None
        yield file


def column_names(table: Any) -> list[str]:
    """Names of a table's columns, in capitals."""
    return [name.upper() for name in table.columns.names]


def index_place(table: Any) -> int | None:
    """Which column has the numbers of the rows' pixels, as parts of the sky have; None without one."""
    return next((k for k, name in enumerate(column_names(table)) if name in INDEX_COLUMNS), None)


def nside_of_header(header: Any) -> int:
    """Resolution that a header says, in NSIDE or ORDER.

    Raises
    ------
    InputError
        If it is no power of two, or missing.
    """
    if "NSIDE" not in header and "ORDER" not in header:
        raise InputError("it has pixel numbers, and no key NSIDE that says of which resolution")
    return healpix.check_nside(int(header["NSIDE"]) if "NSIDE" in header else 2 ** int(header["ORDER"]), "NSIDE")


def inherit(file: Any) -> None:
    """Give the tables of a file what the primary header says of its pixels, where they say nothing themselves."""
    for table in file[1:]:
        for key in INHERITED:
            if hasattr(table, "columns") and key in file[0].header and key not in table.header:
                table.header[key] = file[0].header[key]


def column_values(table: Any, place: int) -> Any:
    """Values of all pixels in a column, whose rows may be vectors (healpy writes 1024 pixels in a row).

    Parameters
    ----------
    table
        HDU of a table.
    place
        Which column, from 0.

    Returns
    -------
    array
        (npix,) numbers as they are stored.
    """
    return np.asarray(table.data.field(place)).reshape(-1)


def provenance(file: Any) -> dict[str, str]:
    """Read keys and values of the table PROVENANCE that :func:`write_maps` writes; {} without one."""
    for hdu in file:
        if hdu.name == "PROVENANCE" and hasattr(hdu, "columns") and column_names(hdu) == ["KEY", "VALUE"]:
            return {
                str(k): unescaped(str(v))
                for k, v in zip(hdu.data["key"], hdu.data["value"], strict=True)
                if k not in ("messenger", "flavour")
            }
    return {}


def unescaped(text: str) -> str:
    """A text that was escaped to ASCII; as it is, if older files had a backslash of its own in it."""
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeDecodeError:
        return text
