"""Files of maps and masks: the Fermi-template layout that gammapy, fermipy, healpy and PySM load unchanged.

HDU 1 ``SKYMAP`` has one column ``ENERGY1...n`` per energy node (E, or D where single precision
ends) and one row per pixel, HDU 2 ``ENERGIES`` one column
``Energy`` in MeV (gammapy reads this layout's energies as MeV whatever the unit says), HDU 3 ``PROVENANCE`` keys and
values. The unit is in ``BUNIT``. ``HPX_CONV`` is left out: tools disagree on its spelling, and recognise the layout
without it. No NaN, UNSEEN or negative value is written.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np

from ..errors import InputError
from ..files import new_file
from ..units import INTENSITY, FloatArray
from . import healpix

if TYPE_CHECKING:
    from .skymap import SkyMap

__all__ = ["FILE_UNIT", "read_map", "read_mask", "write_map"]

FILE_UNIT = u.Unit("cm-2 s-1 sr-1 MeV-1")
UNIT_TEXT = "cm-2 s-1 sr-1 MeV-1"
# Smaller single-precision numbers lose digits.
SMALLEST = float(np.finfo(np.float32).tiny)


def write_map(sky: SkyMap, path: str | Path, overwrite: bool = False) -> None:
    """Write a map's total with checksums and provenance; double precision if single cannot hold its dim end.

    Raises
    ------
    InputError
        If values are not finite or negative, the file exists and ``overwrite`` is false, or it cannot be written.
    """
    from astropy.io import fits

    from .sed import FLAVOURS

    nside = healpix.check_nside(sky.nside)
    parts = [part.to_value(FILE_UNIT) if part.unit != FILE_UNIT else part.value for part in sky.components.values()]
    total = [sum(part[k] for part in parts) for k in range(sky.energy.size)]
    for energy, values in zip(sky.energy, total, strict=True):
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise InputError(f"map: values at {energy} are negative or not finite")
    # Beyond a cut-off, fluxes leave the range of single precision, first in the dim part of a layer: then take doubles.
    double = any(np.any((values > 0) & (values < SMALLEST)) for values in total)
    kind, smallest = (np.float64, 1e-300) if double else (np.float32, SMALLEST)
    columns = [
        fits.Column(
            f"ENERGY{k + 1}",
            "D" if double else "E",
            unit=UNIT_TEXT,
            array=np.where(values < smallest, 0.0, values).astype(kind),
        )
        for k, values in enumerate(total)
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SKYMAP")
    header = table.header
    header["PIXTYPE"] = "HEALPIX"
    header["ORDERING"] = "RING"
    header["COORDSYS"] = ("GAL", "Galactic")
    header["NSIDE"] = nside
    header["ORDER"] = (nside.bit_length() - 1, "2^ORDER = NSIDE")
    header["FIRSTPIX"] = 0
    header["LASTPIX"] = 12 * nside**2 - 1
    header["INDXSCHM"] = "IMPLICIT"
    header["OBJECT"] = "FULLSKY"
    header["BUNIT"] = (UNIT_TEXT, "at the nodes, pixel means")
    header["MESSENGR"] = (sky.messenger, "gamma or neutrino")
    if sky.flavour:
        header["FLAVOUR"] = (sky.flavour, "nu + anti-nu; per flavour: at Earth")
    header["COMPONEN"] = ("+".join(sky.components)[:60], "what was summed")
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", unit="MeV", array=sky.energy.to_value(u.MeV))], name="ENERGIES"
    )
    meta = {"messenger": sky.messenger, **({"flavour": FLAVOURS[sky.flavour]} if sky.flavour else {}), **sky.meta}
    keys, values_ = [str(k) for k in meta], [str(v) for v in meta.values()]
    # FITS text is ASCII.
    encoded = [v.encode("ascii", "backslashreplace").decode() for v in values_]
    width = max([1, *map(len, encoded)])
    provenance = fits.BinTableHDU.from_columns(
        [
            fits.Column("key", f"{max(map(len, keys), default=1)}A", array=np.array(keys)),
            fits.Column("value", f"{width}A", array=np.array(encoded)),
        ],
        name="PROVENANCE",
    )
    primary = fits.PrimaryHDU()
    primary.header["CREATOR"] = ("skycocoon", "https://arxiv.org/abs/2503.14651")
    if "version" in sky.meta:
        primary.header["VERSION"] = sky.meta["version"]
    with new_file(path, overwrite) as temporary:
        fits.HDUList([primary, table, energies, provenance]).writeto(temporary, overwrite=True, checksum=True)


def _open(path: str | Path, needed: str) -> Any:
    """Read all of a FITS file, with every warning about its state an error."""
    from astropy.io import fits

    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with (
                open(path, "rb") as handle,
                fits.open(handle, memmap=False, checksum=True, lazy_load_hdus=False) as file,
            ):
                for hdu in file:
                    hdu.data  # noqa: B018 - reads it
                return file
    except InputError:
        raise
    except Exception as error:  # astropy raises many kinds, and bare warnings
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not a whole FITS file with {needed} ({reason})") from None


def read_map(path: str | Path) -> SkyMap:
    """Read a full-sky Fermi template (the layout of :func:`write_map`).

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or in another layout, or its unit or frame is not told.
    """
    from .skymap import SkyMap

    file = _open(path, "a HEALPix spectral map")
    names = [hdu.name for hdu in file]
    if "SKYMAP" not in names or "ENERGIES" not in names:
        raise InputError(
            f"{path}: no tables SKYMAP and ENERGIES; there are: {', '.join(filter(None, names)) or 'none'}"
        )
    try:
        table, energies = file["SKYMAP"], file["ENERGIES"]
        header = table.header
        columns = [name for name in table.columns.names if name.upper().startswith("ENERGY")]
        gev = np.asarray(energies.data.field(0), dtype=np.float64) * u.Unit(energies.columns[0].unit or "MeV").to(u.GeV)
        if len(columns) != gev.size or gev.size == 0:
            raise InputError(f"{path}: {len(columns)} columns ENERGY1... for {gev.size} energies")
        unit_text = header.get("BUNIT") or table.columns[columns[0]].unit
        if not unit_text:
            raise InputError(f"{path}: the header has no BUNIT; its unit cannot be told")
        unit = u.Unit(unit_text)
        if not unit.is_equivalent(INTENSITY):
            raise InputError(f"{path}: BUNIT '{unit_text}' is no intensity; one like '{FILE_UNIT}' is needed")
        frame = header.get("COORDSYS")
        if not frame:
            raise InputError(f"{path}: the header has no COORDSYS; its frame cannot be told")
        if healpix.frame_letter(frame) != "G":
            raise InputError(f"{path}: COORDSYS {frame!r}; a Galactic map is needed")
        values: FloatArray = np.array([table.data.field(name) for name in columns], dtype=np.float64)
        nside = math.isqrt(values.shape[1] // 12)
        if values.shape[1] != 12 * nside**2 or nside & (nside - 1):
            raise InputError(f"{path}: {values.shape[1]} rows are no full HEALPix sky")
        if not np.all(np.isfinite(values)) or np.any(values < 0):
            raise InputError(f"{path}: the map has negative or undefined values")
        ordering = str(header.get("ORDERING", "")).upper()
        if ordering.startswith("NEST"):
            values = values[:, healpix.reorder(np.arange(values.shape[1]), nside, to_nest=True)]
        elif ordering != "RING":
            raise InputError(f"{path}: ORDERING {ordering!r}; RING or NESTED is needed")
        meta = {}
        if "PROVENANCE" in names:
            data = file["PROVENANCE"].data
            meta = {
                str(k): str(v).encode("ascii").decode("unicode_escape")
                for k, v in zip(data["key"], data["value"], strict=True)
            }
        messenger = str(header.get("MESSENGR", "gamma"))
        flavour = str(header.get("FLAVOUR", ""))
        name = str(header.get("COMPONEN", "total"))
        for key in ("messenger", "flavour"):
            meta.pop(key, None)
        return SkyMap(gev * u.GeV, {name: (values * unit).to(INTENSITY)}, messenger, flavour, meta)
    except InputError:
        raise
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"{path}: not a HEALPix spectral map ({str(error).splitlines()[0]})") from None


def read_mask(path: str | Path) -> tuple[FloatArray, bool, str]:
    """Read the first HEALPix column of a file: values, whether NESTED, and the frame's name ("" if not told).

    Partial-sky tables (``PIXEL`` and a value) are filled with 0 outside.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or holds no HEALPix table.
    """
    file = _open(path, "a HEALPix mask")
    for hdu in file:
        if hdu.data is None or not hasattr(hdu, "columns"):
            continue
        header = hdu.header
        ordering = str(header.get("ORDERING", "")).upper()
        if not (ordering.startswith("NEST") or ordering == "RING"):
            continue
        names = [name.upper() for name in hdu.columns.names]
        try:
            if names[0] in ("PIXEL", "PIX", "HPXINDEX"):
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
