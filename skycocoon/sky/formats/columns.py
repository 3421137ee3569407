"""Columns of a map's table: which hold planes, in which order, and what the file says of their unit."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import Any

from ...errors import InputError
from ...units import FloatArray
from .container import INDEX_COLUMNS, Content, column_names, column_values, index_place

__all__ = ["columns_content", "in_order", "numbered", "unit_texts"]


def unit_texts(table: Any, places: list[int]) -> list[str]:
    """What a header says of the unit.

    Parameters
    ----------
    table
        The map's table.
    places
        Columns of planes.

    Returns
    -------
    list
        Texts of BUNIT and of the columns' units.
    """
    texts = [table.header.get("BUNIT"), *(table.columns[k].unit for k in places)]
    return [str(text).strip() for text in texts if text is not None and str(text).strip()]


def numbered(table: Any, stem: str) -> dict[int, int]:
    """Columns that are called a word and a number, like ENERGY1.

    Parameters
    ----------
    table
        The map's table.
    stem
        The word, in capitals.

    Returns
    -------
    dict
        Place of each of these columns, and its number.
    """
    names = ((k, re.fullmatch(rf"{stem} ?(\d+)", name)) for k, name in enumerate(column_names(table)))
    return {k: int(match[1]) for k, match in names if match}


def in_order(table: Any, stem: str) -> list[int]:
    """Places of numbered columns, whose order in the file must be that of their numbers.

    Parameters
    ----------
    table, stem
        As in :func:`numbered`.

    Returns
    -------
    list
        The places.

    Raises
    ------
    InputError
        Otherwise: readers differ in which of the two orders they take for that of the energies.
    """
    numbers = numbered(table, stem)
    if any(b <= a for a, b in pairwise(numbers.values())):
        names = ", ".join(table.columns.names[k] for k in numbers)
        raise InputError(
            f"its columns {names} are not in the order of their numbers, and other readers differ in which order is "
            "that of the energies; write them in order"
        )
    return list(numbers)


def columns_content(table: Any, places: list[int], energy: FloatArray | None, unit: str) -> Content:
    """Content of a table with a column per energy.

    Parameters
    ----------
    table
        The map's table.
    places
        Which columns hold planes.
    energy, unit
        Energies as the file has them, and their unit.

    Returns
    -------
    Content
        What the table holds.

    Raises
    ------
    InputError
        If a column that is no plane may have pixel numbers, and is not called so.
    """
    index, bare = index_place(table), []
    if index is None and str(table.header.get("INDXSCHM", "")).strip().upper() == "EXPLICIT":
        spare = [c for k, c in enumerate(table.columns) if k not in places and c.format.strip("0123456789") in "BIJK"]
        if spare:
            raise InputError(
                f"INDXSCHM = EXPLICIT, and no column of pixel numbers; is it {spare[0].name}? It must be called one of "
                f"{', '.join(INDEX_COLUMNS)}"
            )
    if not str(table.header.get("BUNIT", "")).strip():
        bare = [table.columns[k].name for k in places if not str(table.columns[k].unit or "").strip()]
    return Content(
        [partial(column_values, table, k) for k in places],
        [table.header],
        unit_texts(table, places),
        energy,
        unit,
        None if index is None else partial(column_values, table, index),
        bare,
        [table.columns[k].name for k in places],
    )
