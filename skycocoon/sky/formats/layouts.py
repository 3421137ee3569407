"""Layouts of HEALPix spectral maps: HERMES, Fermi template, GALPROP, gammapy's, healpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import InputError
from ...units import FloatArray
from .choosing import Column, chosen
from .columns import columns_content, in_order, numbered, unit_texts
from .container import Content, column_names, column_values, index_place, inherit
from .energies import energy_key, energy_table, unit_in_comment
from .gadf import is_gadf, read_gadf
from .images import images, read_image


def _is_hermes(table: Any) -> bool:
    return column_names(table) == ["TFLOAT"] and "ENERGY" in table.header


def _read_hermes(file: Any, tables: list[Any]) -> Content:
    """HERMES: a table per energy, which is its key ENERGY in joule (Dundovic et al. 2021, arXiv:2105.13165)."""
    held = {id(table) for table in tables}
    others = [k for k, hdu in enumerate(file) if hasattr(hdu, "columns") and id(hdu) not in held and _is_map(hdu)]
    if others:
        raise InputError(
            f"its part {others[0]} is no map of HERMES, a column TFLOAT and a key ENERGY, as the others are"
        )
    return Content(
        [partial(column_values, table, 0) for table in tables],
        [table.header for table in tables],
        [text for table in tables for text in unit_texts(table, [0])],
        *_energies_of_keys(tables),
    )


def _is_map(table: Any) -> bool:
    """Whether a table looks like a map, though its column or its key of energy has another name."""
    return column_names(table) == ["TFLOAT"] or "ENERGY" in table.header or _is_healpy(table)


def _energies_of_keys(tables: list[Any]) -> tuple[FloatArray, str]:
    """Energies in the keys ENERGY of tables, which are in joule unless they say otherwise."""
    numbers = [energy_key(table.header, "J") for table in tables]
    unit = numbers[0][1]
    if other := [text for _, text in numbers if text != unit]:
        raise InputError(f"its tables have energies in different units, {unit!r} and {other[0]!r}")
    return np.array([number for number, _ in numbers]), unit


def _is_fermi(table: Any) -> bool:
    return bool(numbered(table, "ENERGY"))


def _read_fermi(file: Any, tables: list[Any]) -> Content:
    """Fermi templates: columns ENERGY1...n, and ENERGIES, in MeV where it has no unit (as its readers take it)."""
    table = _one(tables)
    return columns_content(table, in_order(table, "ENERGY"), *energy_table(file, table, "MeV"))


def _is_galprop(table: Any) -> bool:
    return bool(numbered(table, "BIN"))


def _read_galprop(file: Any, tables: list[Any]) -> Content:
    """GALPROP with a column per energy: "Bin0..." in SKYMAP2 (56 and later), "Bin 0..." in SKYMAP (before)."""
    table = _one(tables)
    numbers = numbered(table, "BIN")
    in_file = list(numbers.values())
    if sorted(in_file) not in (in_file, list(range(min(in_file), min(in_file) + len(in_file)))):
        raise InputError(f"its columns Bin... have the numbers {', '.join(map(str, in_file))}, in no order")
    return columns_content(table, sorted(numbers, key=numbers.__getitem__), *_galprop_energies(file, table))


def _is_old_galprop(table: Any) -> bool:
    return column_names(table) == ["SPECTRA"]


def _read_old_galprop(file: Any, tables: list[Any]) -> Content:
    """GALPROP 54 and before: one column "Spectra", whose rows are the spectra of the pixels."""
    table = _one(tables)
    spectra = np.asarray(table.data.field(0))
    spectra = spectra.reshape(len(spectra), -1)
    planes = [partial(spectra.__getitem__, (slice(None), k)) for k in range(spectra.shape[1])]
    return Content(planes, [table.header], unit_texts(table, [0]), *_galprop_energies(file, table))


def _galprop_energies(file: Any, table: Any) -> tuple[FloatArray | None, str]:
    """Energies of a GALPROP file; the unit may be in the comment of EMIN, which is the first of them."""
    energy, unit = energy_table(file, table)
    if energy is not None and not unit and "EMIN" in table.header:
        first = float(table.header["EMIN"])
        if math.isclose(first, energy.min(), rel_tol=1e-4):
            unit = unit_in_comment(table.header, "EMIN")
    return energy, unit


def _read_gadf(file: Any, tables: list[Any]) -> Content:
    """gammapy: columns CHANNEL1...n, or sparse."""
    return read_gadf(file, _one(tables))


def _is_healpy(table: Any) -> bool:
    return str(table.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "ORDERING" in table.header


def _read_healpy(file: Any, tables: list[Any]) -> Content:
    """healpy.write_map: any columns; energies, if at all, in a table or, for one column, the key ENERGY."""
    table = _one(tables)
    energy, unit = energy_table(file, table)
    places = [k for k in range(len(table.columns)) if k != index_place(table)]
    if energy is None and len(places) == 1 and "ENERGY" in table.header:
        value, unit = energy_key(table.header)
        energy = np.array([value])
    return columns_content(table, places, energy, unit)


def _alone(reads: Callable[[Any, list[Any]], Content], file: Any, table: Any) -> Content:
    """Read one table with the reader of its layout."""
    return reads(file, [table])


def _one(tables: list[Any]) -> Any:
    if len(tables) > 1:
        raise InputError(
            f"{len(tables)} tables hold maps, {', '.join(t.name or 'unnamed' for t in tables)}; one is needed"
        )
    return tables[0]


# The first layout that fits a table of the file is taken; healpy's, which fits every HEALPix table, is the last.
LAYOUTS: tuple[tuple[str, Callable[[Any], bool], Callable[[Any, list[Any]], Content]], ...] = (
    ("HERMES", _is_hermes, _read_hermes),
    ("Fermi template", _is_fermi, _read_fermi),
    ("GALPROP", _is_galprop, _read_galprop),
    ("GALPROP 54", _is_old_galprop, _read_old_galprop),
    ("GADF", is_gadf, _read_gadf),
    ("healpy", _is_healpy, _read_healpy),
)
"""Layouts that :func:`read_map` knows: name, whether a table is of it, reader of such tables."""


def recognise(file: Any, column: Column | None = None) -> tuple[str, Content]:
    """Recognise the layout of a file by its tables; without tables of maps, an image is one.

    Parameters
    ----------
    file
        HDUs of the file.
    column
        Column or columns that are the map; None for all that the layout has.

    Returns
    -------
    name, content
        Name of the layout, and what its tables hold.

    Raises
    ------
    InputError
        If there is none.
    """
    inherit(file)
    tables = [hdu for hdu in file if hasattr(hdu, "columns") and hdu.data is not None]
    for name, recognises, reads in LAYOUTS:
        if maps := [table for table in tables if recognises(table)]:
            if column is None:
                return name, reads(file, maps)
            return name, chosen(maps, column, partial(_alone, reads, file))
    if images(file):
        if column is not None:
            raise InputError(f"column = {column!r}: it is an image, and no table with columns")
        return "image", read_image(file)
    names = ", ".join(f"{table.name or 'unnamed'} ({', '.join(table.columns.names[:3])})" for table in tables)
    raise InputError(
        f"no layout of maps is recognised; known: {', '.join(layout[0] for layout in LAYOUTS)}; "
        f"its tables: {names or 'none'}"
    )
