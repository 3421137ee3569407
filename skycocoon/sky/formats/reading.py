"""Reading maps from files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import FileWarning, InputError
from ...resources import check_memory
from ...units import INTENSITY, FloatArray
from .. import healpix
from ..convention import check_flavour, check_messenger
from ..pixels import Pixels
from .arrays import is_array, read_array
from .choosing import way_to_choose
from .container import Content, open_whole
from .fields import MapFields, MapHead
from .layouts import recognise
from .places import FRAME_WORDS, Places
from .statements import (
    Statements,
    agreed,
    check_pixels,
    frame_of,
    intensity_unit,
    is_nested,
    plane_energies,
    stated,
    unsaid,
)
from .texts import component_of, provenance
from .values import Cleaner

__all__ = ["read_head", "read_map"]

# Pixels that are read at a time, all their energies: rows of a file are contiguous.
BLOCK = 65536

Part = Callable[[Pixels], slice | healpix.Indices]


def read_map(path: str | Path, statements: Statements, part: Part = lambda pixels: slice(0, pixels.size)) -> MapFields:
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
    part
        Gives the places of those of the file's pixels that are wanted; all are by default. Others are not looked at.

    Returns
    -------
    MapFields
        Values in GeV^-1 cm^-2 s^-1 sr^-1.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or in no known layout, has not the pixels that it says, has NaN,
        UNSEEN or negative values, is no differential intensity, is in another frame, does not say what no statement
        says, or says otherwise than one; and if there is no memory for its values.
    """
    with _opened(path, statements) as opened:
        head = opened.head
        places = part(head.pixels)
        pixels = head.pixels[places]
        what = f"{pixels.size} pixels at {head.energy.size} energies"
        check_memory(8 * pixels.size * head.energy.size, what, "a SED reads the pixels of its region alone")
        cube = np.empty((head.energy.size, pixels.size))
        for block in pixels.blocks(BLOCK):
            cube[:, block] = opened.values(block if isinstance(places, slice) else places[block])
        head = opened.finished(pixels)
    return MapFields(head, u.Quantity(cube, INTENSITY, copy=False))


def read_head(path: str | Path, statements: Statements) -> MapHead:
    """Read all but the values of a map, and check these block by block.

    Parameters
    ----------
    path, statements
        As in :func:`read_map`.

    Returns
    -------
    MapHead
        What the map is of.

    Raises
    ------
    InputError
        As :func:`read_map`, but for memory.
    """
    with _opened(path, statements) as opened:
        for block in opened.head.pixels.blocks(BLOCK):
            opened.values(block)
        return opened.finished(opened.head.pixels)


@dataclass(frozen=True, eq=False)
class _Opened:
    """A map that is open: its head, what reads the values (n, m) of its pixels at some places, and what cleans them."""

    head: MapHead
    values: Callable[[Any], FloatArray]
    cleaner: Cleaner

    def finished(self, pixels: Pixels) -> MapHead:
        """Head of those pixels that were read, with notes of what was cleaned."""
        return replace(self.head, pixels=pixels, meta={**self.head.meta, **self.cleaner.notes()})


@contextmanager
def _opened(path: str | Path, statements: Statements) -> Iterator[_Opened]:
    """Open a map."""
    from astropy.io.fits import VerifyError

    with ExitStack() as stack:
        file = None if is_array(path) else stack.enter_context(open_whole(path, "a HEALPix spectral map"))
        try:
            if file is None:
                name, content = "array", read_array(path, statements.column)
                component, meta = "total", {}
            else:
                name, content = recognise(file, statements.column)
                component, meta = component_of(file, content.headers[0]), provenance(file)
                if "PROVENANCE" not in [hdu.name for hdu in file] and file[0].header.get("CREATOR") == "skycocoon":
                    text = f"{path}: its table PROVENANCE is missing, as if the end were cut off"
                    warnings.warn(text, FileWarning, stacklevel=5)
            yield _map_fields(content, statements, component, {**meta, "file": Path(path).name, "layout": name})
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, VerifyError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path}: not a HEALPix spectral map ({reason})") from None


def _map_fields(content: Content, statements: Statements, component: str, meta: dict[str, str]) -> _Opened:
    """Check everything that a file says and the caller adds; give the head, and what converts values."""
    headers, image = content.headers, content.image
    cleaner = Cleaner(headers, statements.outside_sky, statements.negative)
    if image is None:
        check_pixels(content)
    frame = frame_of(content, statements.frame)
    nested = is_nested(headers, statements.ordering) if image is None else False
    messenger, flavour = _messenger(headers, statements)
    try:
        unit, unit_text = intensity_unit(content, statements.unit)
        energies = plane_energies(content, statements.energies)
    except InputError as error:
        way = way_to_choose(content)
        raise InputError(f"{error}; say e.g. {way}" if way else str(error)) from None
    found = {
        "unit": unit is not None,
        "frame": bool(frame),
        "ordering": nested is not None,
        "energies": energies is not None,
        "flavour": bool(flavour) or messenger == "gamma",
    }
    missing = [name for name, said in found.items() if not said]
    if missing or unit is None or energies is None:
        raise unsaid(content, missing)
    order = np.argsort(energies)
    if not energies[order[0]] > 0 or np.any(np.diff(energies[order]) <= 0):
        raise InputError("its energies are not positive or not all different")
    places = Places.of(content, frame or "G", bool(nested), cleaner.outside_sky == "zero")
    planes, gev = [content.planes[k]() for k in order], energies[order]

    def of_file(rows: Any) -> FloatArray:
        part = np.stack([plane[rows] for plane in planes]).astype(np.float64)
        for row, energy in zip(part, gev, strict=True):
            cleaner.clean(row, f"{energy:.4g} GeV")
            _convert_plane(row, unit, float(energy))
        return part

    facts = {"file_unit": unit_text, "file_frame": FRAME_WORDS[frame or "G"], "file_nside": str(places.pixels.nside)}
    head = MapHead(
        energies[order] * u.GeV, places.pixels, messenger, flavour, component, meta={**meta, **facts, **places.notes}
    )
    return _Opened(head, partial(places.read, of_file), cleaner)


def _messenger(headers: list[Any], statements: Statements) -> tuple[str, str]:
    """Messenger and flavour convention of a map, "" where nothing says."""
    messenger = check_messenger(agreed("messenger", stated(headers, "MESSENGR"), statements.messenger, str) or "gamma")
    flavour = agreed("flavour", stated(headers, "FLAVOUR"), statements.flavour, str) or ""
    if flavour:
        check_flavour(flavour)
        if messenger == "gamma":
            raise InputError(f"flavour {flavour!r} is for neutrinos, and this is a map of gamma rays")
    elif messenger == "neutrino":
        flavour = statements.usual_flavour or ""
    return messenger, flavour


def _convert_plane(row: FloatArray, unit: u.UnitBase, gev: float) -> None:
    """Turn values at an energy [GeV] into our unit; E^2 times an intensity is divided by E^2."""
    with np.errstate(over="ignore"):
        if unit.is_equivalent(INTENSITY):
            row *= unit.to(INTENSITY)
        else:
            row *= unit.to(INTENSITY * u.GeV**2) / gev**2
    if row.size and not np.isfinite(row.max()):
        raise InputError(f"values at {gev:.4g} GeV are too large for their unit")
