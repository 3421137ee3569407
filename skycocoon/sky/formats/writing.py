"""Files of maps and masks: the Fermi-template layout that gammapy, fermipy, healpy and PySM load unchanged.

HDU 1 ``SKYMAP`` has one column ``ENERGY1...n`` per energy node (E, or D where single precision
ends) and one row per pixel, HDU 2 ``ENERGIES`` one column
``Energy`` in MeV (gammapy reads this layout's energies as MeV whatever the unit says), HDU 3 ``PROVENANCE`` keys and
values. The unit is in ``BUNIT``. ``HPX_CONV`` is left out: tools disagree on its spelling, and recognise the layout
without it. No NaN, UNSEEN or negative value is written.

:func:`read_map` reads these and the maps of other codes; :data:`LAYOUTS` has a line for each layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...outputs import new_file
from .. import healpix
from .statements import UNIT_TEXT

if TYPE_CHECKING:
    from ..skymap import SkyMap

__all__ = [
    "FILE_UNIT",
    "write_map",
]

FILE_UNIT = u.Unit("cm-2 s-1 sr-1 MeV-1")
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

    from ..convention import FLAVOURS

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
