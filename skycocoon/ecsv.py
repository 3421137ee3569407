"""ECSV tables: reading, writing, and columns, errors and flags with one-line mistakes."""

from __future__ import annotations

import os
import re
import textwrap
import warnings
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from .errors import InputError
from .inputs import read_text
from .units import BoolArray, FloatArray, read_unit, without_photons, wrong_unit

__all__ = [
    "check_names",
    "check_rows",
    "column_unit",
    "read_column",
    "read_ecsv",
    "read_errors",
    "read_flags",
    "write_ecsv",
]


def read_ecsv(path: Path, shipped: str, *, texts: bool = False) -> Any:
    """Table of Quantities of an ECSV file.

    Parameters
    ----------
    path
        The file.
    shipped
        What there is instead, for the message about a missing file.
    texts
        Whether columns with units may be texts, such as hours and minutes; columns then are no Quantities.

    Returns
    -------
    astropy.table.QTable
        The table; a `Table` with ``texts``.

    Raises
    ------
    InputError
        If it is missing, or cannot be read.
    """
    from astropy.table import QTable, Table

    if _is_fits(path):
        raise InputError(
            f"{path}: a FITS file; an ECSV table is needed: Table.read({path.name!r}), what its header must say as "
            "table.meta, and table.write('NAME.ecsv')"
        )
    lines = read_text(path, f"shipped {shipped}").splitlines()
    try:
        _check_header(lines)
        with warnings.catch_warnings():
            # Units that astropy does not know are told by those who read their columns.
            warnings.simplefilter("ignore", u.UnitsWarning)
            # Lines, not a path: astropy fetches addresses from the network, and reads in the encoding of the locale.
            table = Table.read(lines, format="ascii.ecsv")
            check_names(table, next((line for line in lines if not line.startswith("#")), ""))
            if texts:
                return table
            _check_units(table)
            return QTable(table)
    except Exception as error:  # astropy's readers raise many kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a readable ECSV table ({reason})") from None


# Headers of ours have some 10 kB; YAML takes ten seconds for a megabyte.
MAX_HEADER = 1 << 17
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


def _is_fits(path: Path) -> bool:
    if not os.path.isfile(path):  # a pipe would be waited for
        return False
    try:
        with path.open("rb") as file:
            return file.read(9) == b"SIMPLE  ="
    except OSError:
        return False


def _check_units(table: Any) -> None:
    """Check that columns with units are numbers."""
    for name in table.colnames:
        column = table[name]
        if getattr(column, "unit", None) is not None and column.dtype.kind not in "biuf":
            raise InputError(f"column {name!r}: one number is needed in every row, as it has a unit")


def check_names(table: Any, names: str) -> None:
    """Check that no two columns have one name, of which astropy renames the second.

    Parameters
    ----------
    table
        The table as it was read.
    names
        The file's line of names.

    Raises
    ------
    InputError
        If two have.
    """
    if renamed := [name for name in table.colnames if name not in names]:
        raise InputError(f"two columns are called {renamed[0].rpartition('_')[0]!r}")


def write_ecsv(table: Any, path: Path) -> None:
    """Write a table as ECSV, which is UTF-8 in any locale.

    Parameters
    ----------
    table
        The table.
    path
        The file, which may exist.
    """
    from astropy.io import ascii

    with path.open("w", encoding="utf-8", newline="") as file:
        ascii.write(table, file, format="ecsv")


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
    column, own = table[key], column_unit(table, key)
    try:
        numbers = np.ma.filled(column, np.nan) if hasattr(column, "mask") else column
        # In double precision before the unit changes: in another one a number may be out of single precision.
        values = np.atleast_1d(np.asarray(getattr(numbers, "value", numbers), dtype=np.float64))
    except (TypeError, ValueError):
        values = None
    if values is None or values.ndim > 1:
        raise InputError(f"column {key!r}: one number is needed in every row")
    if not isinstance(own, u.UnitBase) or not own.is_equivalent(unit):
        raise InputError(f"column {key!r} {wrong_unit(own, unit)}")
    return np.asarray((values * own).to_value(unit))


def column_unit(table: Any, key: str) -> u.UnitBase:
    """Unit of a column, in any spelling, with photons as mere numbers; dimensionless if it has none.

    Parameters
    ----------
    table
        The table.
    key
        Name of the column.

    Returns
    -------
    UnitBase
        The unit; something that is like no other unit if it cannot be read, or is a logarithm.
    """
    unit = getattr(table[key], "unit", None)
    if unit is None:
        return u.dimensionless_unscaled
    if isinstance(unit, u.UnrecognizedUnit):
        unit = read_unit(unit.to_string()) or unit
    return without_photons(unit) if isinstance(unit, u.UnitBase) and hasattr(unit, "bases") else unit


def read_errors(table: Any, base: str, unit: u.UnitBase) -> tuple[FloatArray, FloatArray]:
    """Errors down and up of the column ``base``: statistical and, where given, systematic in quadrature.

    Columns ``*_err``, or ``*_errn`` and ``*_errp``, which go before it where a table has all three; optional ``*_sys``,
    or ``*_sysn`` and ``*_sysp``. A side of the statistical error that is missing is taken as the other. An error below
    zero is given back as NaN.

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
    given = {key: read_column(table, key, unit) for key in (both, down, up) if key in table.colnames}
    if not given:
        return None
    if both not in given and len(given) == 1:
        raise InputError(
            f"of the errors '{down}' and '{up}' only {next(iter(given))!r} is there; both, or '{both}', are needed"
        )
    # Tables of gammapy have all three: what is known of each side goes before the mean of both.
    mean = given.get(both, np.full(len(table), np.nan))
    low, high = (np.where(np.isfinite(side), side, mean) for side in (given.get(down, mean), given.get(up, mean)))
    return low, high


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
