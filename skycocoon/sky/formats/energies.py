"""Energies of a map's planes, as the tables and keys of its file have them."""

from __future__ import annotations

import re
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import FloatArray, read_unit
from .container import column_names

__all__ = ["energy_key", "energy_table", "unit_in_comment"]

# Names of columns, in capitals: nodes, and lower and upper bounds of bins (those of gammapy, OGIP, GADF and Fermi).
NODES = re.compile(r"(E|ENERG(Y|IES)?)(_(TRUE|RECO|REF))?")
LOWER = re.compile(r"(E|ENERGY?)(_(TRUE|RECO))?_?(MIN|LO|LOW)")
UPPER = re.compile(r"(E|ENERGY?)(_(TRUE|RECO))?_?(MAX|HI|HIGH)")
# Tables that hold energies, where the map's own header names none.
TABLES = ("ENERGIES", "EBOUNDS")


def energy_table(file: Any, table: Any, bare: str = "") -> tuple[FloatArray | None, str]:
    """Energies in the table that the map's key ``BANDSHDU`` names, in ENERGIES or in EBOUNDS.

    The column is found by its name; CHANNEL is a number and no energy. Bins without a node are taken at the geometric
    mean of their bounds.

    Parameters
    ----------
    file
        Tables of the file.
    table
        The map's table.
    bare
        Unit of a column of nodes in ENERGIES that has none. Bounds without a unit, which OGIP has in keV and others
        in MeV, are left without.

    Returns
    -------
    energy, unit
        (n,) numbers and their unit as the file writes it, ``""`` if it does not; None without such a table.

    Raises
    ------
    InputError
        If no column, or more than one, holds energies.
    """
    found = _table_of_energies(file, table)
    if found is None:
        return None, ""
    if "AXCOLS2" in found.header:
        raise InputError(f"the planes of the map differ in more than energy ({found.name}: AXCOLS2); one axis is read")
    names = column_names(found)
    if "NSIDE" in names:
        raise InputError(f"its planes are of different resolutions ({found.name} has a column NSIDE)")
    nodes = [k for k, name in enumerate(names) if NODES.fullmatch(name)]
    low = [k for k, name in enumerate(names) if LOWER.fullmatch(name)]
    high = [k for k, name in enumerate(names) if UPPER.fullmatch(name)]
    others = [k for k, name in enumerate(names) if name != "CHANNEL"]
    if len(nodes) == 1:
        energy, unit = _numbers(found, nodes[0])
        if len(low) == len(high) == 1:
            _check_within(found, nodes[0], low[0], high[0])
        if found.name == "ENERGIES":
            unit = unit or bare
            _check_bounds(file, energy, unit)
        return energy, unit
    if not nodes and len(low) == len(high) == 1:
        return _centres(found, low[0], high[0])
    if not nodes and not low and not high and len(others) == 1 and "LOG" not in names[others[0]]:
        return _numbers(found, others[0])
    raise InputError(
        f"the table {found.name} has the columns {', '.join(found.columns.names)}; one column of energies, like "
        "ENERGY, or one pair of bounds, like E_MIN and E_MAX, is needed"
    )


def _table_of_energies(file: Any, table: Any) -> Any:
    """Table that holds energies; None without one."""
    tables = {hdu.name: hdu for hdu in file if hasattr(hdu, "columns") and hdu is not table}
    named = str(table.header.get("BANDSHDU", "")).strip().upper()
    places = (named, *TABLES, f"{table.name}_BANDS", "BANDS")
    return next((tables[place] for place in places if place in tables), None)


def _numbers(table: Any, place: int) -> tuple[FloatArray, str]:
    """Numbers of a column and their unit; texts like '1 TeV' are read."""
    column, values = table.columns[place], np.asarray(table.data.field(place)).reshape(-1)
    unit = str(column.unit or "").strip()
    if values.dtype.kind not in "US":
        return values.astype(np.float64), unit
    try:
        energies = [u.Quantity(str(text).strip()) for text in values]
        if all(energy.unit == u.dimensionless_unscaled for energy in energies):
            return np.array([energy.value for energy in energies], dtype=np.float64), unit
        return np.array([energy.to_value(u.GeV) for energy in energies], dtype=np.float64), "GeV"
    except (TypeError, ValueError):
        raise InputError(
            f"the column {column.name} of {table.name} has texts that are no energies like '1 TeV'"
        ) from None


def _check_bounds(file: Any, energy: FloatArray, unit: str) -> None:
    """Raise `InputError` if nodes of ENERGIES are not in the bins that EBOUNDS has of the same number."""
    table = next((hdu for hdu in file if hdu.name == "EBOUNDS" and hasattr(hdu, "columns")), None)
    names = [] if table is None else column_names(table)
    places = [k for pattern in (LOWER, UPPER) for k, name in enumerate(names) if pattern.fullmatch(name)]
    if table is None or len(places) != 2 or len(table.data) != energy.size:
        return
    low, high = (_in_gev(*_numbers(table, place)) for place in places)
    nodes = _in_gev(energy, unit)
    if nodes is None or low is None or high is None:
        return
    if not np.all((low <= nodes * (1 + 1e-6)) & (nodes <= high * (1 + 1e-6))):
        raise InputError("its energies in ENERGIES are not within the bins of EBOUNDS")


def _in_gev(numbers: FloatArray, unit: str) -> FloatArray | None:
    """Energies [GeV]; None if their unit cannot be read."""
    read = read_unit(unit) if unit else None
    return None if read is None or not read.is_equivalent(u.GeV) else np.asarray(numbers * read.to(u.GeV))


def _check_within(table: Any, node: int, low: int, high: int) -> None:
    """Raise `InputError` if energies are not between the bounds of their bins, in the same unit."""
    columns = [_numbers(table, place) for place in (low, node, high)]
    lower, energy, upper = (numbers for numbers, _ in columns)
    units = [unit for _, unit in columns]
    if len(set(units)) == 1 and not np.all((lower <= energy * (1 + 1e-6)) & (energy <= upper * (1 + 1e-6))):
        names = [table.columns[place].name for place in (node, low, high)]
        raise InputError(f"{table.name}: {names[0]} is not between {names[1]} and {names[2]}")


def _centres(table: Any, low: int, high: int) -> tuple[FloatArray, str]:
    """Geometric means of the bounds of bins, and their unit."""
    (lower, unit), (upper, other) = _numbers(table, low), _numbers(table, high)
    if unit != other:
        units = " and ".join(sorted({unit or "none", other or "none"}))
        raise InputError(f"{table.name} has bounds in different units, {units}")
    if not (np.all(lower > 0) and np.all(upper > lower) and np.all(np.isfinite(upper))):
        raise InputError(f"{table.name} has bounds that are not positive, or not below and above each other")
    return np.sqrt(lower) * np.sqrt(upper), unit


def energy_key(header: Any, bare: str = "") -> tuple[float, str]:
    """Energy in a header's key ENERGY: ``'10 TeV'``, or a number whose unit the comment states.

    Parameters
    ----------
    header
        FITS header.
    bare
        Unit of a number without one.

    Returns
    -------
    energy, unit
        The number, and its unit as the file writes it; ``""`` if it does not.

    Raises
    ------
    InputError
        If it is no number.
    """
    value = header["ENERGY"]
    try:
        if not isinstance(value, str):
            return float(value), unit_in_comment(header, "ENERGY") or bare
        stated = u.Quantity(value)
        return float(stated.value), str(stated.unit) or unit_in_comment(header, "ENERGY") or bare
    except (TypeError, ValueError):
        raise InputError(f"ENERGY {value!r} is no energy like '10 TeV'") from None


def unit_in_comment(header: Any, key: str) -> str:
    """Unit of energy that a key's comment states: ``[GeV] ...`` as FITS has it, ``... (MeV)`` as GALPROP, or ``TeV``.

    Parameters
    ----------
    header
        FITS header.
    key
        The key.

    Returns
    -------
    str
        The unit; ``""`` if it states none.
    """
    comment = str(header.comments[key]).strip()
    for pattern in (r"\[([^]]+)\]", r"[^()]*\(([^()]+)\)$", r"(.+)$"):
        if match := re.match(pattern, comment):
            unit = read_unit(match[1])
            if unit is not None and unit.is_equivalent(u.GeV):
                return match[1].strip()
    return ""
