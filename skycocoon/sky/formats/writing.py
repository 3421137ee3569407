"""Files of maps and masks: the Fermi-template layout that gammapy, fermipy, healpy and PySM load unchanged.

HDU 1 ``SKYMAP`` has one column ``ENERGY1...n`` per energy node (E, or D where single precision ends) and one row per
pixel, HDU 2 ``ENERGIES`` one column ``Energy`` in MeV (gammapy reads this layout's energies as MeV and ignores the
unit), HDU 3 ``PROVENANCE`` keys and values. The unit is in ``BUNIT``. ``HPX_CONV`` is left out: tools disagree on its
spelling, and recognise the layout without it. No NaN, UNSEEN or negative value is written.

:func:`read_map` reads these and the maps of other codes; :data:`LAYOUTS` has a line for each layout.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...outputs import new_file
from ...units import FloatArray
from .. import healpix
from ..convention import FLAVOURS
from .fields import MapFields
from .statements import UNIT_TEXT

__all__ = ["FILE_UNIT", "write_map"]

FILE_UNIT = u.Unit(UNIT_TEXT)
# Smaller single-precision numbers lose digits.
SMALLEST = float(np.finfo(np.float32).tiny)


def write_map(fields: MapFields, path: str | Path, overwrite: bool = False) -> None:
    """Write a map with checksums and provenance; in double precision if single cannot hold its dim end.

    Parameters
    ----------
    fields
        The map.
    path
        Where to.
    overwrite
        Whether an existing file is replaced.

    Raises
    ------
    InputError
        If values are not finite or negative, the file exists and ``overwrite`` is false, or it cannot be written.
    """
    from astropy.io import fits

    values = fields.values.to_value(FILE_UNIT)
    nside = healpix.check_nside(math.isqrt(values.shape[1] // 12))
    for energy, plane in zip(fields.energy, values, strict=True):
        if not np.all(np.isfinite(plane)) or np.any(plane < 0):
            raise InputError(f"map: values at {energy} are negative or not finite")
    table = fits.BinTableHDU.from_columns(_plane_columns(values), name="SKYMAP")
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
    header["MESSENGR"] = (fields.messenger, "gamma or neutrino")
    if fields.flavour:
        header["FLAVOUR"] = (fields.flavour, "nu + anti-nu; per flavour: at Earth")
    header["COMPONEN"] = (fields.component[:60], "what was summed")
    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", unit="MeV", array=fields.energy.to_value(u.MeV))], name="ENERGIES"
    )
    primary = fits.PrimaryHDU()
    primary.header["CREATOR"] = ("skycocoon", "https://arxiv.org/abs/2503.14651")
    if "version" in fields.meta:
        primary.header["VERSION"] = fields.meta["version"]
    with new_file(path, overwrite) as temporary:
        file = fits.HDUList([primary, table, energies, _provenance_table(fields)])
        file.writeto(temporary, overwrite=True, checksum=True)


def _plane_columns(values: FloatArray) -> list[Any]:
    """Return a column per energy; in doubles if some positive value is too small for single precision.

    Beyond a cut-off, fluxes leave the range of single precision, first in the dim part of a layer.
    """
    from astropy.io import fits

    double = any(np.any((plane > 0) & (plane < SMALLEST)) for plane in values)
    kind, code, smallest = (np.float64, "D", 1e-300) if double else (np.float32, "E", SMALLEST)
    return [
        fits.Column(f"ENERGY{k}", code, unit=UNIT_TEXT, array=np.where(plane < smallest, 0.0, plane).astype(kind))
        for k, plane in enumerate(values, start=1)
    ]


def _provenance_table(fields: MapFields) -> Any:
    """Return the table of keys and values that say how a map was made; FITS text is ASCII."""
    from astropy.io import fits

    flavour = {"flavour": FLAVOURS[fields.flavour]} if fields.flavour else {}
    meta = {"messenger": fields.messenger, **flavour, **fields.meta}
    keys = [str(key) for key in meta]
    texts = [str(value).encode("ascii", "backslashreplace").decode() for value in meta.values()]
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("key", f"{max(map(len, keys))}A", array=np.array(keys)),
            fits.Column("value", f"{max([1, *map(len, texts)])}A", array=np.array(texts)),
        ],
        name="PROVENANCE",
    )
