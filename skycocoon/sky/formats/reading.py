"""Reading maps and masks from FITS files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import INTENSITY, FloatArray
from .. import healpix
from .container import INDEX_COLUMNS, open_whole, provenance
from .layouts import Content, recognise
from .statements import (
    UNIT_TEXT,
    agreed,
    check_plane,
    frame_of,
    intensity_unit,
    is_nested,
    masked_values,
    pixel_count,
    plane_energies,
    stated,
)

if TYPE_CHECKING:
    from ..skymap import SkyMap

__all__ = [
    "read_map",
    "read_mask",
]


def read_map(
    path: str | Path,
    *,
    unit: str | u.UnitBase | None = None,
    frame: str | None = None,
    ordering: str | None = None,
    energies: u.Quantity | None = None,
    messenger: str | None = None,
    flavour: str | None = None,
) -> SkyMap:
    """Read a full-sky HEALPix map of HERMES, GALPROP, :func:`write_map` (a Fermi template) or healpy.

    The layout is recognised from the file. Unit, frame, ordering and energies are read, never guessed: the keywords
    are for what a file does not say, and one that contradicts it is an error. Intensities times E^2 are divided by
    it. Energies in descending or any other order are sorted.

    Parameters
    ----------
    path
        A FITS file, which may be compressed with gzip.
    unit
        Unit of the file's numbers: of intensity per energy, or of E^2 times that.
    frame
        ``"galactic"``; maps in other frames are refused.
    ordering
        ``"RING"`` or ``"NESTED"``.
    energies
        (n,) energies of the file's planes, in their order [energy].
    messenger
        ``"gamma"`` or ``"neutrino"``; gamma if neither the file nor this says.
    flavour
        Convention of a neutrino map, a key of :data:`skycocoon.sky.sed.FLAVOURS`.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or in no known layout, not a full sky, has NaN, UNSEEN or negative
        values, is no differential intensity, is in another frame, does not say what no keyword says, or says
        otherwise than a keyword.
    """
    from astropy.io.fits import VerifyError

    file = open_whole(path, "a HEALPix spectral map")
    try:
        name, content = recognise(file)
        return _to_map(
            content,
            meta={**provenance(file), "file": Path(path).name, "layout": name},
            unit=unit,
            frame=frame,
            ordering=ordering,
            energies=energies,
            messenger=messenger,
            flavour=flavour,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, VerifyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a HEALPix spectral map ({reason})") from None


def _to_map(
    content: Content,
    meta: dict[str, str],
    unit: str | u.UnitBase | None,
    frame: str | None,
    ordering: str | None,
    energies: u.Quantity | None,
    messenger: str | None,
    flavour: str | None,
) -> SkyMap:
    """Check everything that a file says and the caller adds, and convert the planes one by one."""
    from ..convention import check_flavour, check_messenger
    from ..skymap import SkyMap

    headers, n = content.headers, len(content.planes)
    npix = pixel_count(content)
    numbers_in, unit_text = intensity_unit(content.units, unit)
    letter = frame_of(headers, frame)
    nested = is_nested(headers, ordering)
    gev = plane_energies(content, energies)
    who = agreed("messenger", stated(headers, "MESSENGR"), messenger, str) or "gamma"
    check_messenger(who)
    convention = agreed("flavour", stated(headers, "FLAVOUR"), flavour, str) or ""
    if convention:
        check_flavour(convention)
        if who == "gamma":
            raise InputError(f"flavour {convention!r} is for neutrinos, and this is a map of gamma rays")
    unread = f" (its {content.units[0]!r} cannot be read)" if content.units else ""
    asks = {
        "unit": "" if numbers_in is not None else f"unit = '{UNIT_TEXT}' or what its numbers are in{unread}",
        "frame": "" if letter else "frame = 'galactic' if it is",
        "ordering": "" if nested is not None else "ordering = 'RING' or 'NESTED'",
        "energies": "" if gev is not None else f"energies = ['1 TeV', ...], {n} in all",
        "flavour": "" if convention or who == "gamma" else "flavour = 'per-flavour' or 'all-flavour'",
    }
    asks = {name: ask for name, ask in asks.items() if ask}
    if asks or numbers_in is None or gev is None:
        raise InputError(f"the file does not say its {' and '.join(asks)}; say {' and '.join(asks.values())}")

    order = np.argsort(gev)
    gev = gev[order]
    if not gev[0] > 0 or np.any(np.diff(gev) <= 0):
        raise InputError("its energies are not positive or not all different")
    squared = not numbers_in.is_equivalent(INTENSITY)
    factor = numbers_in.to(INTENSITY * u.GeV**2 if squared else INTENSITY)
    nside = math.isqrt(npix // 12)
    pixels = healpix.reorder(np.arange(npix), nside, to_nest=True) if nested else slice(None)
    bad = masked_values(headers)
    values = np.empty((n, npix))
    for row, k in enumerate(order):
        values[row] = content.planes[k]()[pixels]
        check_plane(values[row], bad, f"{gev[row]:.4g} GeV")
        with np.errstate(over="ignore"):
            values[row] *= factor / gev[row] ** 2 if squared else factor
        if not np.isfinite(values[row].max()):
            raise InputError(f"values at {gev[row]:.4g} GeV are too large for their unit")
    meta |= {"file_unit": unit_text, "file_frame": "galactic", "file_nside": str(nside)}
    component = (stated(headers, "COMPONEN") or ["total"])[0]
    return SkyMap(gev * u.GeV, {component: u.Quantity(values, INTENSITY, copy=False)}, who, convention, meta)


def read_mask(path: str | Path) -> tuple[FloatArray, bool, str]:
    """Read the first HEALPix column of a file: values, whether NESTED, and the frame's name ("" if not told).

    Partial-sky tables (``PIXEL`` and a value) are filled with 0 outside.

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
        names = [name.upper() for name in hdu.columns.names]
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
