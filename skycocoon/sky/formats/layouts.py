"""Layouts of HEALPix spectral maps: HERMES, Fermi template, GALPROP, healpy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import FloatArray
from .container import Content, column_names, column_values, has_numbers


def _units(table: Any, places: list[int]) -> list[str]:
    """What the header says of the unit, in BUNIT and for each column."""
    texts = [table.header.get("BUNIT"), *(table.columns[k].unit for k in places)]
    return [str(text).strip() for text in texts if text is not None and str(text).strip()]


def _columns_content(table: Any, places: list[int], energy: FloatArray | None, unit: str) -> Content:
    """Content of a table with a column per energy."""
    return Content(
        [partial(column_values, table, k) for k in places],
        [table.header],
        _units(table, places),
        energy,
        unit,
        partial(column_values, table, 0) if has_numbers(table) else None,
    )


def _energy_table(file: Any) -> tuple[FloatArray | None, str]:
    """Energies of ENERGIES (nodes) or EBOUNDS (geometric means of the bins), and their unit as written."""
    tables = {hdu.name: hdu for hdu in file if hasattr(hdu, "columns")}
    if "ENERGIES" in tables:
        table = tables["ENERGIES"]
        return np.array(table.data.field(0), dtype=np.float64).reshape(-1), (table.columns[0].unit or "").strip()
    if "EBOUNDS" in tables:
        table = tables["EBOUNDS"]
        low, high = (
            next((k for k, name in enumerate(column_names(table)) if name.endswith(end)), None)
            for end in ("_MIN", "_MAX")
        )
        if low is None or high is None:
            raise InputError("EBOUNDS has no columns ..._MIN and ..._MAX")
        units = {(table.columns[k].unit or "").strip() for k in (low, high)}
        if len(units) > 1:
            raise InputError(f"EBOUNDS has bounds in different units, {' and '.join(sorted(units))}")
        bounds = [np.array(table.data.field(k), dtype=np.float64).reshape(-1) for k in (low, high)]
        if np.any(bounds[0] <= 0) or np.any(bounds[1] <= 0):
            raise InputError("EBOUNDS has bounds that are not positive")
        return np.sqrt(bounds[0]) * np.sqrt(bounds[1]), units.pop()
    return None, ""


def _unit_in_comment(header: Any, key: str, brackets: str) -> str:
    """Unit that a key's comment states: "[GeV] ..." as FITS has it, or "... (MeV)" as GALPROP writes."""
    pattern = r"^\s*\[([^]]+)\]" if brackets == "[]" else r"\(([^)]+)\)\s*$"
    match = re.search(pattern, header.comments[key])
    return match.group(1) if match else ""


def _is_hermes(table: Any) -> bool:
    return column_names(table) == ["TFLOAT"] and "ENERGY" in table.header


def _read_hermes(file: Any, tables: list[Any]) -> Content:
    """HERMES: a table per energy, which is its key ENERGY in joule (Dundovic et al. 2021, arXiv:2105.13165)."""
    return Content(
        [partial(column_values, table, 0) for table in tables],
        [table.header for table in tables],
        [text for table in tables for text in _units(table, [0])],
        np.array([float(table.header["ENERGY"]) for table in tables]),
        "J",
    )


def _is_fermi(table: Any) -> bool:
    return any(re.fullmatch(r"ENERGY\d+", name) for name in column_names(table))


def _read_fermi(file: Any, tables: list[Any]) -> Content:
    """Fermi templates: columns ENERGY1...n, and ENERGIES, in MeV where it has no unit (as its readers take it)."""
    table = _one(tables)
    places = [k for k, name in enumerate(column_names(table)) if re.fullmatch(r"ENERGY\d+", name)]
    energy, unit = _energy_table(file)
    return _columns_content(table, places, energy, unit or "MeV")


def _is_galprop(table: Any) -> bool:
    return any(re.fullmatch(r"BIN ?\d+", name) for name in column_names(table))


def _read_galprop(file: Any, tables: list[Any]) -> Content:
    """GALPROP with a column per energy: "Bin0..." in SKYMAP2 (56 and later), "Bin 0..." in SKYMAP (before)."""
    table = _one(tables)
    numbers = {k: int(name[3:]) for k, name in enumerate(column_names(table)) if re.fullmatch(r"BIN ?\d+", name)}
    return _columns_content(table, sorted(numbers, key=numbers.__getitem__), *_galprop_energies(file, table))


def _is_old_galprop(table: Any) -> bool:
    return column_names(table) == ["SPECTRA"]


def _read_old_galprop(file: Any, tables: list[Any]) -> Content:
    """GALPROP 54 and before: one column "Spectra", whose rows are the spectra of the pixels."""
    table = _one(tables)
    spectra = np.asarray(table.data.field(0))
    spectra = spectra.reshape(len(spectra), -1)
    planes = [partial(spectra.__getitem__, (slice(None), k)) for k in range(spectra.shape[1])]
    return Content(planes, [table.header], _units(table, [0]), *_galprop_energies(file, table))


def _galprop_energies(file: Any, table: Any) -> tuple[FloatArray | None, str]:
    """Energies of a GALPROP file; where their table has no unit, the comment of EMIN may have it."""
    energy, unit = _energy_table(file)
    if energy is not None and not unit and "EMIN" in table.header:
        unit = _unit_in_comment(table.header, "EMIN", "()")
    return energy, unit


def _is_healpy(table: Any) -> bool:
    return str(table.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "ORDERING" in table.header


def _read_healpy(file: Any, tables: list[Any]) -> Content:
    """healpy.write_map: any columns; energies, if at all, in ENERGIES, EBOUNDS or, for one column, the key ENERGY."""
    table = _one(tables)
    energy, unit = _energy_table(file)
    places = list(range(1 if has_numbers(table) else 0, len(table.columns)))
    if energy is None and len(places) == 1 and "ENERGY" in table.header:
        value = table.header["ENERGY"]
        if isinstance(value, str):
            try:
                stated = u.Quantity(value)
            except (TypeError, ValueError):
                raise InputError(f"ENERGY {value!r} is no energy like '10 TeV'") from None
            value, unit = stated.value, str(stated.unit)
        else:
            unit = _unit_in_comment(table.header, "ENERGY", "[]")
        energy = np.array([float(value)])
    return _columns_content(table, places, energy, unit)


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
    ("healpy", _is_healpy, _read_healpy),
)
"""Layouts that :func:`read_map` knows: name, whether a table is of it, reader of such tables."""


def recognise(file: Any) -> tuple[str, Content]:
    """Recognise the layout of a file by its tables.

    Returns
    -------
    name, content
        Name of the layout, and what its tables hold.

    Raises
    ------
    InputError
        If there is none.
    """
    tables = [hdu for hdu in file if hasattr(hdu, "columns") and hdu.data is not None]
    for name, recognises, reads in LAYOUTS:
        if maps := [table for table in tables if recognises(table)]:
            return name, reads(file, maps)
    names = ", ".join(f"{table.name or 'unnamed'} ({', '.join(table.columns.names[:3])})" for table in tables)
    raise InputError(
        f"no layout of maps is recognised; known: {', '.join(layout[0] for layout in LAYOUTS)}; "
        f"its tables: {names or 'none'}"
    )
