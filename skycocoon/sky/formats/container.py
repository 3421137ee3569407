"""FITS files that are whole: opening them, what their tables hold, columns and provenance."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.utils.exceptions import AstropyUserWarning

from ...errors import FileWarning, InputError
from ...inputs import check_file
from ...resources import check_memory
from ...units import FloatArray
from .. import healpix
from .compressed import PIECE, begins_as_fits, compression, content_size, decompressed

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
    names
        Names of the planes' columns, where each is a column.
    image
        Geometry of an image, a :class:`~skycocoon.sky.formats.images.SkyImage`; None for HEALPix pixels.
    """

    planes: Sequence[Callable[[], Any]]
    headers: list[Any]
    units: list[str]
    energy: FloatArray | None = None
    energy_unit: str = ""
    numbers: Callable[[], Any] | None = None
    bare: Sequence[str] = ()
    names: Sequence[str] = ()
    image: Any = None


# What astropy warns of when something is lost; of all else it warns, and reads it.
LOST = re.compile("truncated|(Checksum|Datasum) verification failed|Error validating header|treated as corrupted")
# Keys of images whose numbers are to be scaled.
SCALED = {"BSCALE", "BZERO", "BLANK"}
# Extensions of FITS that hold no tables or images of ours; of other names, one is misspelt.
FOREIGN = ("FOREIGN", "DUMP", "IUEIMAGE")


@contextmanager
def open_whole(path: str | Path, needed: str) -> Iterator[Any]:
    """Open a FITS file, verify its checksums, and make sure that nothing of it is passed over.

    Data stay in the file until they are used, unless it is compressed.

    Parameters
    ----------
    path
        The file, which may be compressed with gzip, bzip2, xz or ZIP.
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

    Warns
    -----
    FileWarning
        If it is not as the standard has it, and nothing is lost thereby.
    """
    from astropy.io import fits
    from astropy.io.fits.verify import VerifyWarning

    check_file(path)
    with ExitStack() as stack:
        try:
            if not begins_as_fits(path):
                raise OSError("it does not begin as FITS does, compressed or not")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                size, mapped = content_size(path), compression(path) is None
                handle = stack.enter_context(open(path, "rb"))
                file = stack.enter_context(fits.open(handle, memmap=mapped, checksum=True, lazy_load_hdus=False))
                if mapped and any(hdu.is_image and SCALED & set(hdu.header) for hdu in file):
                    # astropy maps no image whose numbers are to be scaled.
                    check_memory(size, Path(path).name, "an image without BSCALE, BZERO and BLANK is not held")
                    handle.seek(0)
                    file = stack.enter_context(fits.open(handle, memmap=False, checksum=True, lazy_load_hdus=False))
                for hdu in file:
                    hdu.data  # noqa: B018 - makes sure that it can be read
            _check_nothing_lost(path, size, file, [str(w.message) for w in caught])
        except InputError:
            raise
        except Exception as error:  # astropy raises many kinds
            raise InputError(f"{path}: not a whole FITS file with {needed} ({_first_line(error)})") from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VerifyWarning)  # the same once more, where a header is used
            try:
                yield file
            except fits.VerifyError as error:
                raise InputError(f"{path}: not a whole FITS file with {needed} ({_first_line(error)})") from None
    notes = [w for w in caught if issubclass(w.category, AstropyUserWarning)]
    if notes:
        more = f", and {len(notes) - 1} more" if len(notes) > 1 else ""
        text = f"{path}: read, though it is not as FITS has it ({_first_line(notes[0].message)}{more})"
        warnings.warn(text, FileWarning, stacklevel=4)


def _first_line(error: object) -> str:
    """First line of a message; of an error of the system, what is wrong alone."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")


def _check_nothing_lost(path: str | Path, size: int, file: Any, warned: list[str]) -> None:
    """Raise `OSError` if astropy passed over a part of a file, of so many bytes; zeros after its end are none."""
    for text in warned:
        if LOST.search(text):
            raise OSError(_first_line(text))
    for k, hdu in enumerate(file):
        kind = str(hdu.header.get("XTENSION", "")).strip()
        if type(hdu).__name__.startswith(("Nonstandard", "_Nonstandard", "_Corrupted")) and kind not in FOREIGN:
            raise OSError(f"its part {k} is of the unknown kind {kind!r}")
        if sum(hdu.header.get(key) is not None and hdu.header.count(key) for key in ("SIMPLE", "XTENSION")) != 1:
            raise OSError(f"its part {k} has two headers in one, as if an END were lost")
    place = file[-1].fileinfo()
    end = place["datLoc"] + place["datSpan"]
    if size < end:
        raise OSError(f"it ends {end - size} bytes before its last table does")
    if size > end:
        with decompressed(path) as handle:
            handle.seek(end)
            if any(part.strip(b"\0") for part in iter(lambda: handle.read(PIECE), b"")):
                raise OSError(f"{size - end} bytes after its last table are no table")


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
