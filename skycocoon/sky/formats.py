"""Files of maps and masks: the Fermi-template layout that gammapy, fermipy, healpy and PySM load unchanged.

HDU 1 ``SKYMAP`` has one column ``ENERGY1...n`` per energy node (E, or D where single precision
ends) and one row per pixel, HDU 2 ``ENERGIES`` one column
``Energy`` in MeV (gammapy reads this layout's energies as MeV whatever the unit says), HDU 3 ``PROVENANCE`` keys and
values. The unit is in ``BUNIT``. ``HPX_CONV`` is left out: tools disagree on its spelling, and recognise the layout
without it. No NaN, UNSEEN or negative value is written.

:func:`read_map` reads these and the maps of other codes; :data:`LAYOUTS` has a line for each layout.
"""

from __future__ import annotations

import gzip
import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np

from ..errors import InputError
from ..files import new_file
from ..units import INTENSITY, FloatArray, to_array
from . import healpix

if TYPE_CHECKING:
    from .skymap import SkyMap

__all__ = ["FILE_UNIT", "read_map", "read_mask", "write_map"]

FILE_UNIT = u.Unit("cm-2 s-1 sr-1 MeV-1")
UNIT_TEXT = "cm-2 s-1 sr-1 MeV-1"
# Smaller single-precision numbers lose digits.
SMALLEST = float(np.finfo(np.float32).tiny)
# Masked pixels, as healpy.UNSEEN.
UNSEEN = -1.6375e30
# FITS standard 4.0, section 3.1 [bytes].
FITS_BLOCK = 2880
# First columns of tables that hold a part of the sky.
INDEX_COLUMNS = ("PIXEL", "PIX", "HPXINDEX")


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


def _check_whole(path: str | Path) -> None:
    """Raise unless a file is whole FITS blocks, and a gzip file ends well: astropy takes what is there for all."""
    size = Path(path).stat().st_size
    with open(path, "rb") as handle:
        if handle.read(2) == b"\x1f\x8b":
            handle.seek(0)
            with gzip.open(handle) as inside:
                size = sum(len(part) for part in iter(lambda: inside.read(1 << 20), b""))
    if size % FITS_BLOCK:
        raise OSError(f"{size} bytes are no whole number of blocks of {FITS_BLOCK}")


def _open(path: str | Path, needed: str) -> Any:
    """Read all of a FITS file, with every warning about its state an error."""
    from astropy.io import fits

    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _check_whole(path)
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


@dataclass(frozen=True, eq=False)
class _Content:
    """What the tables of one layout hold and say, before anything is checked.

    ``planes`` are functions, so that no more than one plane of the file is copied at a time.
    """

    planes: Sequence[Callable[[], Any]]
    headers: list[Any]
    units: list[str]
    energy: FloatArray | None = None
    energy_unit: str = ""


def _names(table: Any) -> list[str]:
    """Column names in capitals."""
    return [name.upper() for name in table.columns.names]


def _column(table: Any, place: int) -> Any:
    """All pixels of a column, whose rows may be vectors (healpy writes 1024 pixels in a row)."""
    return np.asarray(table.data.field(place)).reshape(-1)


def _units(table: Any, places: list[int]) -> list[str]:
    """What the header says of the unit, in BUNIT and for each column."""
    texts = [table.header.get("BUNIT"), *(table.columns[k].unit for k in places)]
    return [str(text).strip() for text in texts if text is not None and str(text).strip()]


def _columns_content(table: Any, places: list[int], energy: FloatArray | None, unit: str) -> _Content:
    """Content of a table with a column per energy."""
    return _Content([partial(_column, table, k) for k in places], [table.header], _units(table, places), energy, unit)


def _energy_table(file: Any) -> tuple[FloatArray | None, str]:
    """Energies of ENERGIES (nodes) or EBOUNDS (geometric means of the bins), and their unit as written."""
    tables = {hdu.name: hdu for hdu in file if hasattr(hdu, "columns")}
    if "ENERGIES" in tables:
        table = tables["ENERGIES"]
        return np.array(table.data.field(0), dtype=np.float64).reshape(-1), (table.columns[0].unit or "").strip()
    if "EBOUNDS" in tables:
        table = tables["EBOUNDS"]
        low, high = (
            next((k for k, name in enumerate(_names(table)) if name.endswith(end)), None) for end in ("_MIN", "_MAX")
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
    found = re.search(pattern, header.comments[key])
    return found.group(1) if found else ""


def _is_hermes(table: Any) -> bool:
    return _names(table) == ["TFLOAT"] and "ENERGY" in table.header


def _read_hermes(file: Any, tables: list[Any]) -> _Content:
    """HERMES: a table per energy, which is its key ENERGY in joule (Dundovic et al. 2021, arXiv:2105.13165)."""
    return _Content(
        [partial(_column, table, 0) for table in tables],
        [table.header for table in tables],
        [text for table in tables for text in _units(table, [0])],
        np.array([float(table.header["ENERGY"]) for table in tables]),
        "J",
    )


def _is_fermi(table: Any) -> bool:
    return any(re.fullmatch(r"ENERGY\d+", name) for name in _names(table))


def _read_fermi(file: Any, tables: list[Any]) -> _Content:
    """Fermi templates: columns ENERGY1...n, and ENERGIES, in MeV where it has no unit (as its readers take it)."""
    table = _one(tables)
    places = [k for k, name in enumerate(_names(table)) if re.fullmatch(r"ENERGY\d+", name)]
    energy, unit = _energy_table(file)
    return _columns_content(table, places, energy, unit or "MeV")


def _is_galprop(table: Any) -> bool:
    return any(re.fullmatch(r"BIN ?\d+", name) for name in _names(table))


def _read_galprop(file: Any, tables: list[Any]) -> _Content:
    """GALPROP with a column per energy: "Bin0..." in SKYMAP2 (56 and later), "Bin 0..." in SKYMAP (before)."""
    table = _one(tables)
    numbers = {k: int(name[3:]) for k, name in enumerate(_names(table)) if re.fullmatch(r"BIN ?\d+", name)}
    return _columns_content(table, sorted(numbers, key=numbers.__getitem__), *_galprop_energies(file, table))


def _is_old_galprop(table: Any) -> bool:
    return _names(table) == ["SPECTRA"]


def _read_old_galprop(file: Any, tables: list[Any]) -> _Content:
    """GALPROP 54 and before: one column "Spectra", whose rows are the spectra of the pixels."""
    table = _one(tables)
    spectra = np.asarray(table.data.field(0))
    spectra = spectra.reshape(len(spectra), -1)
    planes = [partial(spectra.__getitem__, (slice(None), k)) for k in range(spectra.shape[1])]
    return _Content(planes, [table.header], _units(table, [0]), *_galprop_energies(file, table))


def _galprop_energies(file: Any, table: Any) -> tuple[FloatArray | None, str]:
    """Energies of a GALPROP file; where their table has no unit, the comment of EMIN may have it."""
    energy, unit = _energy_table(file)
    if energy is not None and not unit and "EMIN" in table.header:
        unit = _unit_in_comment(table.header, "EMIN", "()")
    return energy, unit


def _is_healpy(table: Any) -> bool:
    return str(table.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "ORDERING" in table.header


def _read_healpy(file: Any, tables: list[Any]) -> _Content:
    """healpy.write_map: any columns; energies, if at all, in ENERGIES, EBOUNDS or, for one column, the key ENERGY."""
    table = _one(tables)
    energy, unit = _energy_table(file)
    places = list(range(len(table.columns)))
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


# The first whose tables are in the file is it; healpy's, which fits every HEALPix table, is the last.
LAYOUTS: tuple[tuple[str, Callable[[Any], bool], Callable[[Any, list[Any]], _Content]], ...] = (
    ("HERMES", _is_hermes, _read_hermes),
    ("Fermi template", _is_fermi, _read_fermi),
    ("GALPROP", _is_galprop, _read_galprop),
    ("GALPROP 54", _is_old_galprop, _read_old_galprop),
    ("healpy", _is_healpy, _read_healpy),
)
"""Layouts that :func:`read_map` knows: name, whether a table is of it, reader of such tables."""


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

    file = _open(path, "a HEALPix spectral map")
    try:
        name, content = _recognise(file)
        return _to_map(
            content,
            meta={**_provenance(file), "file": Path(path).name, "layout": name},
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


def _recognise(file: Any) -> tuple[str, _Content]:
    """Name of the layout, and what its tables hold."""
    tables = [hdu for hdu in file if hasattr(hdu, "columns") and hdu.data is not None]
    for name, recognises, reads in LAYOUTS:
        if found := [table for table in tables if recognises(table)]:
            return name, reads(file, found)
    there = ", ".join(f"{table.name or 'unnamed'} ({', '.join(table.columns.names[:3])})" for table in tables)
    raise InputError(
        f"no layout of maps is recognised; known: {', '.join(layout[0] for layout in LAYOUTS)}; "
        f"its tables: {there or 'none'}"
    )


def _provenance(file: Any) -> dict[str, str]:
    """Keys and values of our table PROVENANCE."""
    for hdu in file:
        if hdu.name == "PROVENANCE" and hasattr(hdu, "columns") and _names(hdu) == ["KEY", "VALUE"]:
            return {
                str(k): str(v).encode("ascii").decode("unicode_escape")
                for k, v in zip(hdu.data["key"], hdu.data["value"], strict=True)
                if k not in ("messenger", "flavour")
            }
    return {}


def _to_map(
    content: _Content,
    meta: dict[str, str],
    unit: str | u.UnitBase | None,
    frame: str | None,
    ordering: str | None,
    energies: u.Quantity | None,
    messenger: str | None,
    flavour: str | None,
) -> SkyMap:
    """Check everything that a file says and the caller adds, and convert the planes one by one."""
    from .sed import check_flavour, check_messenger
    from .skymap import SkyMap

    headers, n = content.headers, len(content.planes)
    npix = _full_sky(content)
    numbers_in, unit_text = _intensity_unit(content.units, unit)
    letter = _frame(headers, frame)
    nested = _nested(headers, ordering)
    gev = _energies(content, energies)
    who = _answer("messenger", _said(headers, "MESSENGR"), messenger, str) or "gamma"
    check_messenger(who)
    convention = _answer("flavour", _said(headers, "FLAVOUR"), flavour, str) or ""
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
    bad = _bad_values(headers)
    values = np.empty((n, npix))
    for row, k in enumerate(order):
        values[row] = content.planes[k]()[pixels]
        _check_plane(values[row], bad, f"{gev[row]:.4g} GeV")
        with np.errstate(over="ignore"):
            values[row] *= factor / gev[row] ** 2 if squared else factor
        if not np.isfinite(values[row].max()):
            raise InputError(f"values at {gev[row]:.4g} GeV are too large for their unit")
    meta |= {"file_unit": unit_text, "file_frame": "galactic", "file_nside": str(nside)}
    component = (_said(headers, "COMPONEN") or ["total"])[0]
    return SkyMap(gev * u.GeV, {component: u.Quantity(values, INTENSITY, copy=False)}, who, convention, meta)


def _said(headers: list[Any], *keys: str) -> list[str]:
    """Different texts that headers have under some keys."""
    texts = (str(header.get(key, "")).strip() for header in headers for key in keys)
    return list(dict.fromkeys(text for text in texts if text))


def _answer(name: str, said: list[str], key: Any, read: Callable[[Any], Any]) -> Any:
    """What the file says, or else the caller's key; None if neither.

    Raises
    ------
    InputError
        If the file says two things, or the key something else.
    """
    answers = {read(text): text for text in reversed(said)}
    if len(answers) > 1:
        raise InputError(f"the file says two things of its {name}: {' and '.join(map(repr, answers.values()))}")
    if key is None:
        return next(iter(answers), None)
    wanted = read(key)
    if answers and wanted not in answers:
        raise InputError(f"{name} = {str(key)!r} contradicts the file, which says {next(iter(answers.values()))!r}")
    return wanted


def _frame(headers: list[Any], key: str | None) -> str | None:
    """G for Galactic, None if neither the file nor the key says."""
    letter: str | None = _answer("frame", _said(headers, "COORDSYS", "COORDTYPE"), key, healpix.frame_letter)
    if letter not in (None, "G"):
        said = [*_said(headers, "COORDSYS", "COORDTYPE"), str(key)]
        raise InputError(f"its frame is {said[0]!r}; a Galactic map is needed (healpy.Rotator turns maps)")
    return letter


def _nested(headers: list[Any], key: str | None) -> bool | None:
    """Whether the pixels are NESTED, None if neither the file nor the key says."""

    def read(text: str) -> bool:
        if str(text).upper() not in ("RING", "NEST", "NESTED"):
            raise InputError(f"ORDERING {text!r}; RING or NESTED is needed")
        return str(text).upper() != "RING"

    nested: bool | None = _answer("ordering", _said(headers, "ORDERING"), key, read)
    return nested


def _full_sky(content: _Content) -> int:
    """Check that every plane is a full sky, and give its number of pixels."""
    for header in content.headers:
        said = [f"{key} = {header[key]}" for key in ("OBJECT", "INDXSCHM") if _partial(header.get(key))]
        first = str(header.get("TTYPE1", "")).strip()
        if said or first.upper() in INDEX_COLUMNS:
            raise InputError(
                f"the map is a part of the sky ({said[0] if said else 'column ' + first}); a full sky is needed"
            )
    sizes = {plane().size for plane in content.planes}
    if len(sizes) != 1:
        raise InputError(f"its planes have different numbers of pixels, {sorted(sizes)}")
    npix = sizes.pop()
    for header in content.headers:
        if "NSIDE" in header:
            nside = healpix.check_nside(int(header["NSIDE"]), "NSIDE")
            if npix != 12 * nside**2:
                raise InputError(f"{npix} pixels are no full sky of NSIDE {nside}, which has {12 * nside**2}")
    nside = math.isqrt(npix // 12)
    if npix == 0 or npix != 12 * nside**2 or nside & (nside - 1):
        raise InputError(f"{npix} rows are no full HEALPix sky, 12 nside^2 with nside a power of two")
    return npix


def _partial(value: object) -> bool:
    return str(value).strip().upper() in ("PARTIAL", "CUTSKY", "EXPLICIT")


def _parse_unit(text: object) -> u.UnitBase | None:
    """Unit of a text, with photons as mere numbers; None if it cannot be read (GALPROP writes "Intensity")."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        try:
            unit = u.Unit(text)
        except (TypeError, ValueError):
            return None
    per_photon = unit / u.ph
    return per_photon if any(per_photon.is_equivalent(INTENSITY * u.GeV**k) for k in (0, 1, 2)) else unit


def _intensity_unit(texts: list[str], key: str | u.UnitBase | None) -> tuple[u.UnitBase | None, str]:
    """Unit of the numbers and how it is written; None if neither the file nor the key says.

    Raises
    ------
    InputError
        If it is no differential intensity or E^2 times one, or the file and the key say different units.
    """
    said = {text: found for text in texts if (found := _parse_unit(text)) is not None}
    for text, found in said.items():
        _check_intensity(text, found)
    first = next(iter(said), "")
    if other := [text for text, found in said.items() if not _same(found, said[first])]:
        raise InputError(f"the file says two things of its unit: {first!r} and {other[0]!r}")
    if key is None:
        return said.get(first), first
    wanted = _parse_unit(key)
    if wanted is None:
        raise InputError(f"unit {str(key)!r} cannot be read; write it like '{UNIT_TEXT}'")
    _check_intensity(str(key), wanted)
    if first and not _same(wanted, said[first]):
        raise InputError(f"unit = {str(key)!r} contradicts the file, which says {first!r}")
    return wanted, str(key)


def _same(one: u.UnitBase, other: u.UnitBase) -> bool:
    return bool(one.is_equivalent(other)) and math.isclose(one.to(other), 1.0, rel_tol=1e-9)


def _check_intensity(text: str, unit: u.UnitBase) -> None:
    """`InputError` unless a unit is that of a differential intensity, or of E^2 times one."""
    if unit.is_equivalent(INTENSITY) or unit.is_equivalent(INTENSITY * u.GeV**2):
        return
    if unit.is_equivalent(INTENSITY * u.GeV):
        raise InputError(
            f"unit '{text}' is of an integral over energy; a differential one like '{UNIT_TEXT}' is needed"
        )
    raise InputError(f"unit '{text}' is no intensity; one like '{UNIT_TEXT}' is needed")


def _energies(content: _Content, key: Any) -> FloatArray | None:
    """Energies of the planes [GeV] as the file has them, or else the key's; None if neither says."""
    n, said = len(content.planes), content.energy
    if said is not None:
        if said.size != n:
            raise InputError(f"{n} planes for {said.size} energies")
        if not np.all(np.isfinite(said)):
            raise InputError("its energies are not finite")
    wanted = None
    if key is not None:
        try:
            key = u.Quantity([u.Quantity(energy) for energy in key] if isinstance(key, list | tuple) else key)
        except (TypeError, ValueError):
            raise InputError(f"energies {key!r}: a list like ['1 TeV', '10 TeV'] is needed") from None
        wanted = np.atleast_1d(to_array(key, u.GeV, "energies"))
        if wanted.shape != (n,):
            raise InputError(f"energies: {wanted.size} are given for {n} planes")
    if said is None:
        return wanted
    unit = _parse_unit(content.energy_unit) if content.energy_unit else None
    if unit is None:  # numbers alone: the key must be these in some unit
        if wanted is not None and not np.allclose(wanted * said[0], wanted[0] * said, rtol=1e-6, atol=0.0):
            raise InputError("energies contradict the file, whose numbers are not in proportion to them")
        return wanted
    if not unit.is_equivalent(u.GeV):
        raise InputError(f"its energies are in '{content.energy_unit}'; an energy like 'GeV' is needed")
    gev: FloatArray = said * unit.to(u.GeV)
    if wanted is not None and not np.allclose(wanted, gev, rtol=1e-6, atol=0.0):
        raise InputError(
            f"energies {wanted[0]:.6g}..{wanted[-1]:.6g} GeV contradict the file, which has "
            f"{gev[0]:.6g}..{gev[-1]:.6g} GeV"
        )
    return gev


def _bad_values(headers: list[Any]) -> list[float]:
    """Values that stand for masked pixels: healpy's UNSEEN, and what headers call BAD_DATA."""
    return [UNSEEN, *(float(header["BAD_DATA"]) for header in headers if header.get("BAD_DATA"))]


def _check_plane(values: FloatArray, bad: list[float], where: str) -> None:
    """`InputError` unless all values are finite, not masked and not negative."""
    # The extremes are NaN if any value is: one pass, without masks, over what is nearly always right.
    if values.min() >= 0 and math.isfinite(values.max()) and not any(b > 0 for b in bad):
        return
    masked = np.zeros(values.shape, dtype=bool)
    for value in set(bad):  # in single precision
        masked |= np.abs(values - value) <= 1e-5 * abs(value)
    undefined = ~np.isfinite(values)
    counts = {
        "UNSEEN (masked)": int(masked.sum()),
        "NaN or infinite": int(undefined.sum()),
        "negative": int(np.sum((values < 0) & ~masked & ~undefined)),
    }
    if found := [f"{count} {what}" for what, count in counts.items() if count]:
        raise InputError(f"{', '.join(found)} of {values.size} values at {where}; a full sky of values >= 0 is needed")


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
