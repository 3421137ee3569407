"""One column of a table, or some, that the caller chooses to be the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from .columns import columns_content
from .container import Content, index_place
from .energies import energy_key

__all__ = ["Column", "chosen", "column_list", "way_to_choose"]

Column = str | int | Sequence[str | int]
"""Names of columns, or numbers as in the keys TTYPE1, TTYPE2, ...: one, or several."""


def column_list(column: Any) -> list[str | int]:
    """Names or numbers of columns, one or several, as a list.

    Parameters
    ----------
    column
        What the caller says.

    Returns
    -------
    list
        One or more.

    Raises
    ------
    InputError
        If it is something else.
    """
    wanted: list[Any] = list(column) if isinstance(column, list | tuple) else [column]
    if not wanted or any(isinstance(name, bool) or not isinstance(name, str | int | np.integer) for name in wanted):
        raise InputError(f"column = {column!r}: a name or a number is needed, or a list of them")
    return wanted


def chosen(tables: Sequence[Any], column: Column, read: Callable[[Any], Content]) -> Content:
    """Read the columns of a table that the caller chooses.

    Parameters
    ----------
    tables
        Tables that hold maps.
    column
        Which columns, in which order.
    read
        Reads all planes of a table, as its layout has it.

    Returns
    -------
    Content
        A plane for each column, with the energies that the file has for these; and only what is said of these.

    Raises
    ------
    InputError
        If there is no such column, or one in several tables.
    """
    wanted = column_list(column)
    if isinstance(column, str) and not _places(tables, column) and "," in column:
        wanted = [text.strip() for text in column.split(",")]
    found = [_place(tables, name) for name in wanted]
    table, places = found[0][0], [place for _, place in found]
    if any(other is not table for other, _ in found) or len(set(places)) != len(places):
        raise InputError(f"column = {column!r}: different columns of one table are needed")
    energy, unit = None, ""
    whole = _whole(table, read)
    names = [table.columns.names[place] for place in places]
    if whole is not None and whole.energy is not None and len(whole.names) == whole.energy.size:
        if set(names) <= set(whole.names):
            energy, unit = whole.energy[[list(whole.names).index(name) for name in names]], whole.energy_unit
    elif whole is not None and whole.energy is not None and whole.energy.size == len(places):
        energy, unit = whole.energy, whole.energy_unit
    if energy is None and len(places) == 1 and "ENERGY" in table.header:
        value, unit = energy_key(table.header)
        energy = np.array([value])
    return columns_content(table, places, energy, unit)


def _whole(table: Any, read: Callable[[Any], Content]) -> Content | None:
    """All planes of a table; None if they make no map together, as unrelated columns may not."""
    try:
        return read(table)
    except InputError:
        return None


def _places(tables: Sequence[Any], name: str | int) -> list[tuple[Any, int]]:
    """Columns of tables that have a name or a number."""
    text = str(name).strip()
    pairs = [(table, place) for table in tables for place in range(len(table.columns)) if place != index_place(table)]
    named = [(table, place) for table, place in pairs if table.columns.names[place].strip().lower() == text.lower()]
    exact = [(table, place) for table, place in named if table.columns.names[place].strip() == text]
    if named:
        return exact or named
    return [(table, place) for table, place in pairs if text == str(place + 1)]


def _place(tables: Sequence[Any], name: str | int) -> tuple[Any, int]:
    found = _places(tables, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"column = {name!r}: {len(found)} tables or columns have it; a name that one has is needed")
    names = ", ".join(title for table in tables for title in table.columns.names)
    raise InputError(f"column = {name!r}: its columns are {names} (or a number from 1, as in TTYPE1)")


def way_to_choose(content: Content) -> str:
    """How to choose one of several columns, for a message.

    Parameters
    ----------
    content
        What the file holds.

    Returns
    -------
    str
        Words; empty if there is nothing to choose.
    """
    if len(content.names) < 2:
        return ""
    names = ", ".join(content.names[:6]) + (", ..." if len(content.names) > 6 else "")
    return f"column = {content.names[0]!r} (--column) to read one of {names}"
