"""Maps of gammapy, in the layout of the Gamma Astro Data Formats, as columns of channels or sparse."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ...errors import InputError
from ...resources import check_memory
from .columns import columns_content, in_order, numbered, unit_texts
from .container import Content, column_names, column_values, index_place, nside_of_header
from .energies import energy_table

__all__ = ["is_gadf", "read_gadf"]


def is_gadf(table: Any) -> bool:
    """Whether a table is a HEALPix map with columns CHANNEL1, CHANNEL2, ..., or a sparse one."""
    return "ORDERING" in table.header and (_is_sparse(table) or bool(numbered(table, "CHANNEL")))


def read_gadf(file: Any, table: Any) -> Content:
    """Read a map that gammapy wrote; energies are in the table that BANDSHDU names.

    Parameters
    ----------
    file
        Tables of the file.
    table
        The map's table.

    Returns
    -------
    Content
        What it holds. A sparse file has the values that are not zero, as gammapy writes them: of the whole sky, or,
        with ``HPX_REG``, of the pixels that are listed.
    """
    energy, unit = energy_table(file, table)
    if not _is_sparse(table):
        return columns_content(table, in_order(table, "CHANNEL"), energy, unit)
    names, index = column_names(table), index_place(table)
    if index is None or "VALUE" not in names:
        raise InputError(f"a sparse map has columns PIX and VALUE; it has {', '.join(table.columns.names)}")
    nside, numbers = nside_of_header(table.header), column_values(table, index).astype(np.int64)
    channels = column_values(table, names.index("CHANNEL")).astype(np.int64) if "CHANNEL" in names else 0 * numbers
    count = (
        1
        if energy is None and "CHANNEL" not in names
        else channels.max(initial=0) + 1
        if energy is None
        else energy.size
    )
    if numbers.size and (numbers.min() < 0 or numbers.max() >= 12 * nside**2):
        raise InputError(f"its pixel numbers are not those of NSIDE {nside}, 0 to {12 * nside**2 - 1}")
    if channels.size and not 0 <= channels.min() <= channels.max() < count:
        raise InputError(f"its channels are not 0 to {count - 1}, as it has {count} energies")
    if np.unique(channels * (12 * nside**2) + numbers).size != numbers.size:
        raise InputError("its pixel numbers are not all different in each channel")
    listed = np.unique(numbers) if table.header.get("HPX_REG") else None
    size = 12 * nside**2 if listed is None else listed.size
    check_memory(8 * size * count, f"{size} pixels at {count} energies of a sparse map", "use a smaller nside")
    places = numbers if listed is None else np.searchsorted(listed, numbers)

    def plane(channel: int) -> Any:
        values, own = np.zeros(size), channels == channel
        values[places[own]] = column_values(table, names.index("VALUE"))[own]
        return values

    return Content(
        [partial(plane, channel) for channel in range(count)],
        [table.header],
        unit_texts(table, [names.index("VALUE")]),
        energy,
        unit,
        None if listed is None else lambda: listed,
    )


def _is_sparse(table: Any) -> bool:
    """Whether rows are single values, of a pixel and an energy."""
    return str(table.header.get("INDXSCHM", "")).strip().upper() == "SPARSE"
