"""Reading maps and masks from FITS files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import INTENSITY, FloatArray
from .. import healpix
from ..convention import check_flavour, check_messenger
from .container import INDEX_COLUMNS, Content, column_names, open_whole, provenance, unescaped
from .fields import MapFields, MapHead
from .layouts import recognise
from .statements import (
    UNIT_TEXT,
    Statements,
    agreed,
    check_pixels,
    check_plane,
    frame_of,
    intensity_unit,
    is_nested,
    map_pixels,
    masked_values,
    plane_energies,
    stated,
)

__all__ = ["read_map", "read_mask"]


def read_map(path: str | Path, statements: Statements) -> MapFields:
    """Read a HEALPix map of HERMES, GALPROP, :func:`write_maps` (a Fermi template) or healpy.

    The layout is recognised from the file. Unit, frame, ordering and energies are read, never guessed: the caller's
    statements are for what a file does not say, and one that contradicts it is an error. Intensities times E^2 are
    divided by it. Energies in descending or any other order are sorted.

    Parameters
    ----------
    path
        A FITS file, which may be compressed with gzip.
    statements
        What the caller says of the file.

    Returns
    -------
    MapFields
        Values in GeV^-1 cm^-2 s^-1 sr^-1.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or in no known layout, has not the pixels that it says, has NaN,
        UNSEEN or negative values, is no differential intensity, is in another frame, does not say what no statement
        says, or says otherwise than one.
    """
    from astropy.io.fits import VerifyError

    file = open_whole(path, "a HEALPix spectral map")
    try:
        name, content = recognise(file)
        meta = {**provenance(file), "file": Path(path).name, "layout": name}
        return _map_fields(content, statements, meta)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, VerifyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a HEALPix spectral map ({reason})") from None


def _map_fields(content: Content, statements: Statements, meta: dict[str, str]) -> MapFields:
    """Check everything that a file says and the caller adds, and convert the planes."""
    headers = content.headers
    check_pixels(content)
    unit, unit_text = intensity_unit(content.units, statements.unit)
    frame = frame_of(headers, statements.frame)
    nested = is_nested(headers, statements.ordering)
    energies = plane_energies(content, statements.energies)
    messenger, flavour = _messenger(headers, statements)
    unread = f" (its {content.units[0]!r} cannot be read)" if content.units else ""
    missing = {
        "unit": "" if unit is not None else f"unit = '{UNIT_TEXT}' or what its numbers are in{unread}",
        "frame": "" if frame else "frame = 'galactic' if it is",
        "ordering": "" if nested is not None else "ordering = 'RING' or 'NESTED'",
        "energies": "" if energies is not None else f"energies = ['1 TeV', ...], {len(content.planes)} in all",
        "flavour": "" if flavour or messenger == "gamma" else "flavour = 'per-flavour' or 'all-flavour'",
    }
    missing = {name: remedy for name, remedy in missing.items() if remedy}
    if missing or unit is None or energies is None:
        raise InputError(f"the file does not say its {' and '.join(missing)}; say {' and '.join(missing.values())}")
    order = np.argsort(energies)
    if not energies[order[0]] > 0 or np.any(np.diff(energies[order]) <= 0):
        raise InputError("its energies are not positive or not all different")
    pixels, rows = map_pixels(content, bool(nested))
    masked = masked_values(headers)
    values = np.empty((energies.size, pixels.size))
    for row, k in zip(values, order, strict=True):
        _convert_plane(content.planes[k]()[rows], masked, unit, float(energies[k]), row)
    head = MapHead(
        energies[order] * u.GeV,
        pixels,
        messenger,
        flavour,
        component=unescaped((stated(headers, "COMPONEN") or ["total"])[0]),
        meta={**meta, "file_unit": unit_text, "file_frame": "galactic", "file_nside": str(pixels.nside)},
    )
    return MapFields(head, u.Quantity(values, INTENSITY, copy=False))


def _messenger(headers: list[Any], statements: Statements) -> tuple[str, str]:
    """Messenger and flavour convention of a map, "" where nothing says."""
    messenger = check_messenger(agreed("messenger", stated(headers, "MESSENGR"), statements.messenger, str) or "gamma")
    flavour = agreed("flavour", stated(headers, "FLAVOUR"), statements.flavour, str) or ""
    if flavour:
        check_flavour(flavour)
        if messenger == "gamma":
            raise InputError(f"flavour {flavour!r} is for neutrinos, and this is a map of gamma rays")
    return messenger, flavour


def _convert_plane(plane: Any, masked: list[float], unit: u.UnitBase, gev: float, row: FloatArray) -> None:
    """Check a plane at an energy [GeV], and write it to a row in our unit; E^2 times an intensity is divided by E^2."""
    row[:] = plane
    check_plane(row, masked, f"{gev:.4g} GeV")
    with np.errstate(over="ignore"):
        if unit.is_equivalent(INTENSITY):
            row *= unit.to(INTENSITY)
        else:
            row *= unit.to(INTENSITY * u.GeV**2) / gev**2
    if not np.isfinite(row.max()):
        raise InputError(f"values at {gev:.4g} GeV are too large for their unit")


def read_mask(path: str | Path) -> tuple[FloatArray, bool, str]:
    """Read the first HEALPix column of a file.

    Partial-sky tables (``PIXEL`` and a value) are filled with 0 outside.

    Returns
    -------
    values, nested, frame
        (12 nside^2,) numbers, whether they are in NESTED order, and the frame's name as the header has it, ``""`` if
        it does not say.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or holds no HEALPix table.
    """
    file = open_whole(path, "a HEALPix mask")
    for hdu in file:
        if hdu.data is None or not hasattr(hdu, "columns"):
            continue
        header = hdu.header
        ordering = str(header.get("ORDERING", "")).upper()
        if not (ordering.startswith("NEST") or ordering == "RING"):
            continue
        names = column_names(hdu)
        try:
            if names[0] in INDEX_COLUMNS:
                nside = healpix.check_nside(int(header["NSIDE"]))
                values = np.zeros(12 * nside**2)
                values[np.asarray(hdu.data.field(0)).ravel()] = np.asarray(hdu.data.field(1), dtype=float).ravel()
            else:
                values = np.asarray(hdu.data.field(0), dtype=np.float64).ravel()
        except InputError:
            raise
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise InputError(f"{path}: not a HEALPix mask ({str(error).splitlines()[0]})") from None
        return values, ordering.startswith("NEST"), str(header.get("COORDSYS", "")).strip()
    raise InputError(f"{path}: no HEALPix table (no ORDERING RING or NESTED)")
