"""What a map file states and the caller adds: unit, frame, ordering, energies; agreed or refused."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import astropy.units as u
import numpy as np

from ...errors import InputError
from ...units import INTENSITY, FloatArray, to_array
from .. import healpix
from .container import INDEX_COLUMNS
from .layouts import Content

UNIT_TEXT = "cm-2 s-1 sr-1 MeV-1"
# Masked pixels, as healpy.UNSEEN.
UNSEEN = -1.6375e30


def stated(headers: list[Any], *keys: str) -> list[str]:
    """Different texts that headers have under some keys."""
    texts = (str(header.get(key, "")).strip() for header in headers for key in keys)
    return list(dict.fromkeys(text for text in texts if text))


def agreed(name: str, said: list[str], key: Any, read: Callable[[Any], Any]) -> Any:
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


def frame_of(headers: list[Any], key: str | None) -> str | None:
    """G for Galactic, None if neither the file nor the key says."""
    letter: str | None = agreed("frame", stated(headers, "COORDSYS", "COORDTYPE"), key, healpix.frame_letter)
    if letter not in (None, "G"):
        said = [*stated(headers, "COORDSYS", "COORDTYPE"), str(key)]
        raise InputError(f"its frame is {said[0]!r}; a Galactic map is needed (healpy.Rotator turns maps)")
    return letter


def is_nested(headers: list[Any], key: str | None) -> bool | None:
    """Whether the pixels are NESTED, None if neither the file nor the key says."""

    def read(text: str) -> bool:
        if str(text).upper() not in ("RING", "NEST", "NESTED"):
            raise InputError(f"ORDERING {text!r}; RING or NESTED is needed")
        return str(text).upper() != "RING"

    nested: bool | None = agreed("ordering", stated(headers, "ORDERING"), key, read)
    return nested


def pixel_count(content: Content) -> int:
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


def intensity_unit(texts: list[str], key: str | u.UnitBase | None) -> tuple[u.UnitBase | None, str]:
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


def plane_energies(content: Content, key: Any) -> FloatArray | None:
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


def masked_values(headers: list[Any]) -> list[float]:
    """Values that stand for masked pixels: healpy's UNSEEN, and what headers call BAD_DATA."""
    return [UNSEEN, *(float(header["BAD_DATA"]) for header in headers if header.get("BAD_DATA"))]


def check_plane(values: FloatArray, bad: list[float], where: str) -> None:
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
