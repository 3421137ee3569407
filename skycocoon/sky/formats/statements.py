"""What a map file states and the caller adds: unit, frame, ordering, energies; agreed or refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import INTENSITY, FloatArray, read_unit, to_array
from .. import healpix
from ..pixels import Pixels
from .choosing import Column, way_to_choose
from .container import INDEX_COLUMNS, Content, nside_of_header

UNIT_TEXT = "cm-2 s-1 sr-1 MeV-1"
# What INDXSCHM may say; LOCAL counts the pixels of a region that the file does not have.
SCHEMES = ("IMPLICIT", "EXPLICIT", "SPARSE")
# Options of the command line that are not called as the statement is.
OPTIONS = {"energies": "--energies-of-map"}
# Units that energies without one may be in [GeV].
ENERGY_UNITS = [unit.to(u.GeV) for unit in (u.eV, u.keV, u.MeV, u.GeV, u.TeV, u.PeV, u.EeV, u.erg, u.J)]


@dataclass(frozen=True, eq=False)
class Statements:
    """What the caller states about a file, for what the file does not say itself; None where the caller says nothing.

    Attributes
    ----------
    unit
        Unit of the file's numbers: of intensity per energy, or of E^2 times that.
    frame
        ``"galactic"``, ``"celestial"`` or ``"ecliptic"``; the last two are turned.
    ordering
        ``"RING"`` or ``"NESTED"``.
    energies
        (n,) energies of the file's planes, in their order [energy].
    messenger
        ``"gamma"`` or ``"neutrino"``; gamma if neither the file nor the caller says.
    flavour
        Convention of a neutrino map, a key of :data:`skycocoon.sky.convention.FLAVOURS`.
    usual_flavour
        Convention of a neutrino map for which neither the file nor ``flavour`` says one.
    column
        Of a table, the column to read, by name or by number as in the keys TTYPE1, TTYPE2, ..., or several; of an
        ``.npz`` file, the name of the array.
    outside_sky
        ``"zero"`` if the sky is 0 where a map of a part of it has no pixels, or masked ones.
    negative
        ``"zero"`` if negative values are to be 0.
    """

    unit: str | u.UnitBase | None = None
    frame: str | None = None
    ordering: str | None = None
    energies: u.Quantity | list[str] | None = None
    messenger: str | None = None
    flavour: str | None = None
    usual_flavour: str | None = None
    column: Column | None = None
    outside_sky: str | None = None
    negative: str | None = None


def stated(headers: list[Any], *keys: str) -> list[str]:
    """Read the different texts that headers have under some keys.

    Parameters
    ----------
    headers
        FITS headers.
    *keys
        Keys to look under.

    Returns
    -------
    list
        Each text once, without blanks around it.
    """
    texts = (str(header.get(key, "")).strip() for header in headers for key in keys)
    return list(dict.fromkeys(text for text in texts if text))


def agreed(what: str, in_file: list[str], given: Any, parse: Callable[[Any], Any]) -> Any:
    """Agree on what the file and the caller say.

    Parameters
    ----------
    what
        What it is about, for messages.
    in_file
        The file's own texts.
    given
        The caller's statement, or None.
    parse
        Turns a text into a value; two texts with the same value agree.

    Returns
    -------
    object
        The value, or None if neither says anything.

    Raises
    ------
    InputError
        If the file says two things, or the caller something else.
    """
    values = {parse(text): text for text in reversed(in_file)}
    if len(values) > 1:
        raise InputError(f"the file says two things of its {what}: {' and '.join(map(repr, values.values()))}")
    if given is None:
        return next(iter(values), None)
    value = parse(given)
    if values and value not in values:
        raise InputError(f"{what} = {str(given)!r} contradicts the file, which says {next(iter(values.values()))!r}")
    return value


def frame_of(content: Content, given: str | None) -> str | None:
    """Frame of a map.

    Parameters
    ----------
    content
        What the file holds; the axes of an image have names of a frame.
    given
        The caller's statement, or None.

    Returns
    -------
    str or None
        ``"G"`` for Galactic, ``"C"`` for celestial, ``"E"`` for ecliptic; None if neither the file nor the caller says.

    Raises
    ------
    InputError
        If it is another frame, or the two disagree.
    """
    keys = ("COORDSYS", "COORDTYPE", "SKYCOORD")
    in_file = stated(content.headers, *keys) if content.image is None else [content.image.frame]
    letter: str | None = agreed("frame", in_file, given, healpix.frame_letter)
    return letter


def is_nested(headers: list[Any], given: str | None) -> bool | None:
    """Order of a map's pixels.

    Parameters
    ----------
    headers
        Headers of the file's tables.
    given
        The caller's statement, or None.

    Returns
    -------
    bool or None
        Whether NESTED; None if neither the file nor the caller says.

    Raises
    ------
    InputError
        If it is neither RING nor NESTED, or the two disagree.
    """

    def parse(text: str) -> bool:
        if str(text).upper() not in ("RING", "NEST", "NESTED"):
            raise InputError(f"ORDERING {text!r}; RING or NESTED is needed")
        return str(text).upper() != "RING"

    nested: bool | None = agreed("ordering", stated(headers, "ORDERING"), given, parse)
    return nested


def check_pixels(content: Content) -> None:
    """Check that every plane has all pixels of the sky, or one for each pixel number of the file.

    Raises
    ------
    InputError
        If the planes are a part of the sky without pixel numbers, differ in size, or do not fit the header's NSIDE.
    """
    for header in content.headers:
        if str(header.get("ORDERING", "")).strip().upper() in ("NUNIQ", "UNIQ"):
            raise InputError("ORDERING = NUNIQ: a map of several resolutions; bring it to one, RING or NESTED")
        scheme = str(header.get("INDXSCHM", "")).strip().upper()
        if scheme not in ("", *SCHEMES):
            raise InputError(f"INDXSCHM = {scheme}: pixel numbers of another kind; {', '.join(SCHEMES)} are read")
    sizes = {plane().size for plane in content.planes}
    if len(sizes) != 1:
        raise InputError(f"its planes have different numbers of pixels, {sorted(sizes)}")
    npix = sizes.pop()
    for header in content.headers:
        if "NSIDE" in header:
            healpix.check_nside(int(header["NSIDE"]), "NSIDE")
    if content.numbers is not None:
        return
    for header in content.headers:
        full = "NSIDE" in header and npix == 12 * int(header["NSIDE"]) ** 2
        for key in ("OBJECT", "INDXSCHM"):
            if _is_partial(header.get(key)) and not full:
                raise InputError(
                    f"the map is a part of the sky ({key} = {header[key]}) and has no pixel numbers; a column of them "
                    f"must be called one of {', '.join(INDEX_COLUMNS)}"
                )
        if "NSIDE" in header and not full:
            nside = int(header["NSIDE"])
            raise InputError(f"{npix} pixels are no full sky of NSIDE {nside}, which has {12 * nside**2}")
    if healpix.nside_of(npix) is None:
        raise InputError(f"{npix} rows are no full HEALPix sky, 12 nside^2 with nside a power of two")


def map_pixels(content: Content, nested: bool) -> tuple[Pixels, healpix.Indices | None]:
    """Pixels of a map, and where each is among the rows of the file.

    Parameters
    ----------
    content
        The file's planes and, of a part of the sky, its pixel numbers.
    nested
        Whether the rows are NESTED.

    Returns
    -------
    pixels, rows
        The pixels in RING order, and the place of each among the rows; None if it is the same.

    Raises
    ------
    InputError
        If pixel numbers are not all different, or not those of the header's NSIDE.
    """
    if content.numbers is None:
        npix = content.planes[0]().size
        pixels = Pixels.whole(math.isqrt(npix // 12))
        return pixels, healpix.reorder(np.arange(npix), pixels.nside, to_nest=True) if nested else None
    stored = np.asarray(content.numbers()).reshape(-1)
    numbers = stored.astype(np.int64)
    nside, size = nside_of_header(content.headers[0]), content.planes[0]().size
    if np.any(numbers != stored):
        raise InputError("its pixel numbers are no whole numbers")
    if numbers.size != size:
        raise InputError(f"{numbers.size} pixel numbers for {size} pixels")
    if numbers.size == 0 or numbers.min() < 0 or numbers.max() >= 12 * nside**2:
        raise InputError(f"its pixel numbers are not those of NSIDE {nside}, 0 to {12 * nside**2 - 1}")
    ring = healpix.reorder(numbers, nside, to_nest=False) if nested else numbers
    rows = np.argsort(ring, kind="stable")
    ring = ring[rows]
    if np.any(np.diff(ring) == 0):
        raise InputError("its pixel numbers are not all different")
    return (Pixels.whole(nside) if ring.size == 12 * nside**2 else Pixels(nside, ring)), rows


def _is_partial(value: object) -> bool:
    return str(value).strip().upper() in ("PARTIAL", "CUTSKY", "EXPLICIT")


def _parse_unit(text: object) -> u.UnitBase | None:
    """Unit of a text, with photons as mere numbers; None if it cannot be read (GALPROP writes "Intensity")."""
    unit = read_unit(text)
    if unit is None:
        return None
    per_photon = unit / u.ph
    return per_photon if any(per_photon.is_equivalent(INTENSITY * u.GeV**k) for k in (0, 1, 2)) else unit


def intensity_unit(content: Content, given: str | u.UnitBase | None) -> tuple[u.UnitBase | None, str]:
    """Unit of a map's numbers.

    Parameters
    ----------
    content
        What the file says of it.
    given
        The caller's statement, or None.

    Returns
    -------
    unit, text
        The unit and how it is written; None and ``""`` if neither the file nor the caller says.

    Raises
    ------
    InputError
        If it is no differential intensity or E^2 times one, columns have none or another beside those that have one,
        or the file and the caller say different units.
    """
    units = {text: unit for text in content.units if (unit := _parse_unit(text)) is not None}
    for text, unit in units.items():
        _check_intensity(text, unit)
    first = next(iter(units), "")
    if other := [text for text, unit in units.items() if not _same(unit, units[first])]:
        raise InputError(f"the file says two things of its unit: {first!r} and {other[0]!r}")
    if given is None:
        unread = [f"{text!r}, which cannot be read" for text in content.units if text not in units]
        if units and (unread or content.bare):
            what = unread[0] if unread else f"none for {', '.join(content.bare)}"
            raise InputError(f"the file says two things of its unit: {first!r} and {what}")
        return units.get(first), first
    wanted = _parse_unit(given)
    if wanted is None:
        raise InputError(f"unit {str(given)!r} cannot be read; write it like '{UNIT_TEXT}'")
    _check_intensity(str(given), wanted)
    if first and not _same(wanted, units[first]):
        raise InputError(f"unit = {str(given)!r} contradicts the file, which says {first!r}")
    return wanted, str(given)


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


def plane_energies(content: Content, given: Any) -> FloatArray | None:
    """Energies of a file's planes.

    Parameters
    ----------
    content
        The file's planes, energies and the unit of these, if it has any.
    given
        The caller's energies, or None.

    Returns
    -------
    array or None
        (n,) energies [GeV] in the planes' order; None if neither the file nor the caller says.

    Raises
    ------
    InputError
        If there are not as many as planes, they are no energies, or the two disagree.
    """
    planes, numbers = len(content.planes), content.energy
    if numbers is not None and numbers.size != planes:
        raise InputError(f"{planes} planes for {numbers.size} energies")
    if numbers is not None and not np.all(np.isfinite(numbers)):
        raise InputError("its energies are not finite")
    wanted = None if given is None else _given_energies(given, planes)
    if numbers is None:
        return wanted
    unit = read_unit(content.energy_unit) if content.energy_unit else None
    if unit is None:  # The file has numbers alone: the caller's energies must be these in some unit.
        if wanted is not None and not any(_close(wanted, numbers * size) for size in ENERGY_UNITS):
            raise InputError(
                f"energies {_span(wanted)} GeV contradict the file, whose numbers {_span(numbers)} are these in no unit"
            )
        return wanted
    if not unit.is_equivalent(u.GeV):
        raise InputError(f"its energies are in '{content.energy_unit}'; an energy like 'GeV' is needed")
    gev: FloatArray = numbers * unit.to(u.GeV)
    if wanted is not None and not _close(wanted, gev):
        raise InputError(f"energies {_span(wanted)} GeV contradict the file, which has {_span(gev)} GeV")
    return gev


def unsaid(content: Content, missing: Sequence[str]) -> InputError:
    """Error for what neither the file nor the caller says, with the way to say it.

    Parameters
    ----------
    content
        What the file says.
    missing
        Names of statements, those of :class:`Statements`.

    Returns
    -------
    InputError
        To be raised.
    """
    column = way_to_choose(content)
    ways = {
        "unit": f"unit = '{UNIT_TEXT}' or what its numbers are in",
        "frame": "frame = 'galactic', 'celestial' or 'ecliptic'",
        "ordering": "ordering = 'RING' or 'NESTED'",
        "energies": f"energies = ['1 TeV', ...], {len(content.planes)} in all{f', or e.g. {column}' if column else ''}",
        "flavour": "flavour = 'per-flavour' or 'all-flavour'",
    }
    unread = {"unit": f"its unit {content.units[0]!r} cannot be read"} if content.units else {}
    if content.energy is not None:
        text = content.energy_unit
        reason = f"in {text!r}, a unit that cannot be read" if text else "without a unit"
        unread["energies"] = f"its energies, {_span(content.energy)}, are {reason}"
    reasons = [unread[name] for name in missing if name in unread]
    if silent := [name for name in missing if name not in unread]:
        reasons.insert(0, f"the file does not say its {' and '.join(silent)}")
    options = ", ".join(OPTIONS.get(name, f"--{name}") for name in missing)
    return InputError(
        f"{' and '.join(reasons)}; say {' and '.join(ways[name] for name in missing)} "
        f"(keys of a model file and arguments in Python; on the command line {options})"
    )


def _span(numbers: FloatArray) -> str:
    """First and last of some numbers."""
    return f"{numbers[0]:.6g}" if numbers.size == 1 else f"{numbers[0]:.6g}..{numbers[-1]:.6g}"


def _close(one: FloatArray, other: FloatArray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=0.0))


def _given_energies(given: Any, planes: int) -> FloatArray:
    """Read the caller's energies [GeV], one for each plane: a Quantity, or a list of Quantities or texts."""
    try:
        energies = u.Quantity([u.Quantity(energy) for energy in given] if isinstance(given, list | tuple) else given)
    except (TypeError, ValueError):
        raise InputError(f"energies {given!r}: a list like ['1 TeV', '10 TeV'] is needed") from None
    gev = np.atleast_1d(to_array(energies, u.GeV, "energies"))
    if gev.shape != (planes,):
        raise InputError(f"energies: {gev.size} are given for {planes} planes")
    return gev
