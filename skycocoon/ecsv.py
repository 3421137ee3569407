"""ECSV tables: reading, and columns, errors and flags with one-line mistakes."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from .errors import InputError
from .inputs import read_text
from .units import BoolArray, FloatArray, wrong_unit

__all__ = ["check_rows", "read_column", "read_ecsv", "read_errors", "read_flags"]


def read_ecsv(path: Path, shipped: str) -> Any:
    """Table of Quantities of an ECSV file.

    Parameters
    ----------
    path
        The file.
    shipped
        What there is instead, for the message about a missing file.

    Returns
    -------
    astropy.table.QTable
        The table.

    Raises
    ------
    InputError
        If it is missing, or cannot be read.
    """
    from astropy.table import QTable

    lines = read_text(path, f"shipped {shipped}").splitlines()
    try:
        _check_header(lines)
        # Lines, not a path: astropy fetches addresses from the network, and reads in the encoding of the locale.
        return QTable.read(lines, format="ascii.ecsv")
    except Exception as error:  # astropy's readers raise many kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a readable ECSV table ({reason})") from None


# Headers of ours have some kB; YAML takes seconds for a megabyte.
MAX_HEADER = 1 << 20
MAX_NODES = 100_000
_ALIAS = re.compile(r"(?:^|[\s\[{,:-])\*[^\s,\]}]")


def _check_header(lines: list[str]) -> None:
    """Refuse a header that is too long, or that is small itself but repeats parts of it without end (``*name``)."""
    header = "\n".join(line[1:] for line in lines if line.startswith("#"))
    if len(header) > MAX_HEADER:
        raise InputError(f"a header of more than {MAX_HEADER} characters")
    if not _ALIAS.search(header):
        return
    import yaml

    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        """Nodes within a node, those that are repeated counted each time."""
        if id(node) not in sizes:
            sizes[id(node)] = MAX_NODES  # a node within itself
            value = getattr(node, "value", ())
            parts = value if isinstance(value, list) else ()
            inner = (item for part in parts for item in (part if isinstance(part, tuple) else (part,)))
            sizes[id(node)] = 1 + sum(size(item) for item in inner)
        return sizes[id(node)]

    if size(yaml.compose(textwrap.dedent(header), Loader=yaml.SafeLoader)) > MAX_NODES:
        raise InputError("its header repeats parts of itself too often")


def read_column(table: Any, key: str, unit: u.UnitBase) -> FloatArray:
    """One column of a table as an (n,) array in a unit; what is missing is NaN.

    Parameters
    ----------
    table
        The table.
    key
        Name of the column.
    unit
        Unit that is wanted; one of the same kind is converted.

    Returns
    -------
    array
        (n,) in ``unit``.

    Raises
    ------
    InputError
        If there is no such column, it does not hold one number per row, or its unit is of another kind.
    """
    if key not in table.colnames:
        raise InputError(f"no column {key!r}; there are: {', '.join(table.colnames)}")
    column = table[key]
    try:
        values = u.Quantity(np.ma.filled(column, np.nan) if hasattr(column, "mask") else column)
    except (TypeError, ValueError):
        raise InputError(f"column {key!r}: one number is needed in every row") from None
    if not values.unit.is_equivalent(unit):
        raise InputError(f"column {key!r} {wrong_unit(values.unit, unit)}")
    if values.ndim > 1:
        raise InputError(f"column {key!r}: one number is needed in every row")
    return np.atleast_1d(np.asarray(values.to_value(unit), dtype=np.float64))


def read_errors(table: Any, base: str, unit: u.UnitBase) -> tuple[FloatArray, FloatArray]:
    """Errors down and up of the column ``base``: statistical and, where given, systematic in quadrature.

    Columns ``*_err``, or ``*_errn`` and ``*_errp``; optional ``*_sys``, or ``*_sysn`` and ``*_sysp``. A side of the
    statistical error that is missing is taken as the other. An error below zero is given back as NaN.

    Parameters
    ----------
    table
        The table.
    base
        Name of the column of values.
    unit
        Unit that is wanted.

    Returns
    -------
    tuple
        (n,) low and high, in ``unit``.

    Raises
    ------
    InputError
        If there are no errors, or only one side of the two.
    """
    errors = _sides(table, base, "err", unit)
    if errors is None:
        raise InputError(f"no errors: '{base}_err', or '{base}_errn' and '{base}_errp', are needed")
    low, high = errors
    low, high = np.where(np.isfinite(low), low, high), np.where(np.isfinite(high), high, low)
    low, high = _not_negative(low), _not_negative(high)
    if (system := _sides(table, base, "sys", unit)) is not None:
        low, high = np.hypot(low, _not_negative(system[0])), np.hypot(high, _not_negative(system[1]))
    return low, high


def _sides(table: Any, base: str, kind: str, unit: u.UnitBase) -> tuple[FloatArray, FloatArray] | None:
    both, down, up = (f"{base}_{kind}{side}" for side in ("", "n", "p"))
    if both in table.colnames:
        value = read_column(table, both, unit)
        return value, value
    sides = [key for key in (down, up) if key in table.colnames]
    if len(sides) == 1:
        raise InputError(f"of the errors '{down}' and '{up}' only {sides[0]!r} is there; both, or '{both}', are needed")
    return (read_column(table, down, unit), read_column(table, up, unit)) if sides else None


def _not_negative(error: FloatArray) -> FloatArray:
    # A sum in quadrature would hide the sign.
    return np.where(error < 0, np.nan, error)


def read_flags(table: Any, key: str) -> BoolArray:
    """(n,) column of true and false; false without the column, and where it says nothing.

    Parameters
    ----------
    table
        The table.
    key
        Name of the column.

    Returns
    -------
    array
        (n,) booleans.

    Raises
    ------
    InputError
        If it holds anything else.
    """
    if key not in table.colnames:
        return np.zeros(len(table), dtype=bool)
    column = table[key]
    values = np.ma.filled(column, False) if hasattr(column, "mask") else np.asarray(column)
    if values.ndim != 1 or values.dtype.kind not in "biu" or not np.all((values == 0) | (values == 1)):
        raise InputError(f"column {key!r}: True or False is needed in every row (datatype: bool)")
    return np.asarray(values, dtype=bool)


def check_rows(right: BoolArray, reason: str) -> None:
    """Check that every row of a table is right.

    Parameters
    ----------
    right
        (n,) whether a row is.
    reason
        What is wrong with the first that is not.

    Raises
    ------
    InputError
        With the number of that row, counted from 1, and the reason.
    """
    if not right.all():
        raise InputError(f"row {int(np.argmin(right)) + 1}: {reason}")
