"""Files of sources as tables: FITS, ECSV and plain text with a line of names."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ...ecsv import check_names, read_ecsv
from ...errors import InputError
from ...inputs import check_file, read_text
from .container import open_whole

__all__ = ["read_tables"]

DELIMITERS = (",", ";", "\t", "|")


def read_tables(path: Path, shipped: str) -> list[Any]:
    """Tables of a file, told by its content.

    Parameters
    ----------
    path
        A FITS file, which may be compressed with gzip, an ECSV file, or a text with a line of names, its columns
        divided by commas, semicolons, tabs, bars or blanks; lines with # are comments.
    shipped
        What there is instead, for the message about a missing file.

    Returns
    -------
    list of astropy.table.Table
        All tables of a FITS file, the one of a text.

    Raises
    ------
    InputError
        If it is missing, or cannot be read.
    """
    check_file(path, f"shipped {shipped}")
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if start[:6] == b"SIMPLE" or start[:2] == b"\x1f\x8b":
        return _fits_tables(path)
    if start.startswith(b"# %ECSV") or path.suffix.lower() == ".ecsv":
        return [read_ecsv(path, shipped, texts=True)]
    if start.lstrip()[:1] in (b"<", b"{") or b"\0" in start:
        raise InputError(f"{path}: no table of sources; FITS, ECSV or a text with columns is needed")
    return [_text_table(path)]


def _fits_tables(path: Path) -> list[Any]:
    from astropy.table import Table

    with open_whole(path, "tables of sources") as file, warnings.catch_warnings():
        # Units that astropy does not know are looked at where one is needed.
        warnings.simplefilter("ignore")
        tables = []
        for hdu in file:
            if not hasattr(hdu, "columns") or hdu.data is None:
                continue
            try:
                table = Table.read(hdu, unit_parse_strict="silent").copy()
            except Exception as error:  # astropy's readers raise many kinds
                raise InputError(f"{path}: not a readable table ({_first_line(error)})") from None
            table.meta = {str(key): value for key, value in {**file[0].header, **table.meta}.items()}
            tables.append(table)
    if not tables:
        raise InputError(f"{path}: no table in this FITS file")
    return tables


def _text_table(path: Path) -> Any:
    from astropy.table import Table

    lines = read_text(path).splitlines()
    names = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    delimiter = next((sign for sign in DELIMITERS if sign in names), " ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = Table.read(lines, format="ascii.basic", delimiter=delimiter, comment=r"\s*#", guess=False)
            check_names(table, names)
            return table
    except Exception as error:  # astropy's readers raise many kinds
        raise InputError(f"{path}: not a readable table ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
