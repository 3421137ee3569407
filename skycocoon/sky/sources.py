"""Columns of tables of sources: positions and extensions under the names and in the spellings that catalogues use."""

from __future__ import annotations

import re
import warnings
from typing import Any

import astropy.units as u
import numpy as np

from ..ecsv import check_rows
from ..errors import FileWarning, InputError
from ..units import FloatArray

__all__ = ["extensions", "galactic", "has_positions", "is_coordinates", "positions", "source_names"]

# Names of columns without capitals, blanks, signs and the unit at their end; the first that is there is taken.
LONGITUDES = {
    "galactic": ("l", "glon", "lii", "gallon", "gall", "galacticlongitude"),
    "icrs": ("ra", "raj2000", "raicrs", "rightascension", "ra2000"),
}
LATITUDES = {
    "galactic": ("b", "glat", "bii", "gallat", "galb", "galacticlatitude"),
    "icrs": ("dec", "dej2000", "decj2000", "deicrs", "decicrs", "declination", "dec2000", "de"),
}
EXTENSIONS = ("extension", "ext", "sigma", "r39", "gausssigma", "morphsigma", "extent", "size")
# What else a size may be called, of which it is not known in what relation it is to a sigma.
SIZES = re.compile(r"radius|^rad$|r_?\d\d|ext|size|sigma|width|diam|theta|axis|semi")
NAMES = ("name", "sourcename", "source", "srcname", "commonname", "designation")
UNITS = {
    u.deg: ("deg", "degs", "degree", "degrees", "°", "d:m:s", "dms"),
    u.rad: ("rad", "radian", "radians"),
    u.hourangle: ("h", "hr", "hour", "hours", "hourangle", "h:m:s", "hms"),
    u.arcmin: ("arcmin", "arcmins", "arcminute", "arcminutes", "'"),
    u.arcsec: ("arcsec", "arcsecs", "arcsecond", "arcseconds"),
}
SPELLINGS = {spelling: unit for unit, spellings in UNITS.items() for spelling in spellings}
ENDING = re.compile(r"(.*[\W_])(deg|degree|degrees|rad|hours|hour|arcmin|arcsec)[\W_]*")
# Between degrees and minutes, say.
PARTS = re.compile(r"\d\s*[:hdm°]|\d\s+\d")
NOTHING = ("", "nan", "none", "null", "--", "-", "...", "n/a")
# Two positions of a source in one table are the same place.
SAME_PLACE = 0.1


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _columns(table: Any, names: tuple[str, ...]) -> list[tuple[str, u.UnitBase | None]]:
    """Columns that are called by one of some names, in the order of these, and the unit that their names end with."""
    right = []
    for column in table.colnames:
        ending = ENDING.fullmatch(column.lower())
        for text, unit in ((column, None), *([(ending[1], SPELLINGS[ending[2]])] if ending else [])):
            if _plain(text) in names:
                right.append((names.index(_plain(text)), column, unit))
                break
    return [(column, unit) for _, column, unit in sorted(right, key=lambda one: one[0])]


def _is_text(column: Any) -> bool:
    return getattr(column, "dtype", np.dtype(object)).kind in "SUO"


def has_positions(table: Any) -> bool:
    """Whether a table has columns of positions.

    Parameters
    ----------
    table
        An astropy table.

    Returns
    -------
    bool
        Whether :func:`positions` finds some.
    """
    return bool(_pairs(table)) or _coordinates(table) is not None


def _coordinates(table: Any) -> Any:
    """Column of the table that holds coordinates itself; None without one."""
    return next((table[name] for name in table.colnames if is_coordinates(table[name])), None)


def _pairs(table: Any) -> dict[str, tuple[tuple[str, u.UnitBase | None], tuple[str, u.UnitBase | None]]]:
    """Columns of longitudes and latitudes by frame; of several of one kind, one of numbers."""
    pairs = {}
    for frame in LONGITUDES:
        sides = [_columns(table, names[frame]) for names in (LONGITUDES, LATITUDES)]
        if all(sides):
            first, second = (sorted(side, key=lambda one: _is_text(table[one[0]]))[0] for side in sides)
            pairs[frame] = (first, second)
    return pairs


def positions(table: Any) -> tuple[FloatArray, FloatArray]:
    """Galactic positions of a table's sources.

    Parameters
    ----------
    table
        An astropy table with columns l and b, GLON and GLAT, ra and dec, RAJ2000 and DEJ2000, or the like; an angle
        without a unit is in degrees, right ascensions as texts with colons or blanks are in hours.

    Returns
    -------
    l, b
        (n,) [deg].

    Raises
    ------
    InputError
        Without such columns; for rows without a position or beyond the sphere; for positions of another equinox; and
        if Galactic and equatorial ones are different places.
    """
    if (own := _coordinates(table)) is not None:
        return galactic(own)
    pairs = _pairs(table)
    if not pairs:
        raise InputError(
            "no columns 'l' and 'b', or 'ra' and 'dec', or GLON, RAJ2000 and the like; there are: "
            + (", ".join(table.colnames) or "none")
        )
    places = {}
    for frame, ((lon_key, lon_unit), (lat_key, lat_unit)) in pairs.items():
        lon = _angles(table, lon_key, lon_unit, hours=frame == "icrs")
        lat = _angles(table, lat_key, lat_unit)
        check_rows(np.isfinite(lon) & np.isfinite(lat), f"the source has no finite position ({lon_key}, {lat_key})")
        check_rows(np.abs(lon) <= 360, f"{lon_key!r} is beyond 360 deg")
        check_rows(np.abs(lat) <= 90, f"{lat_key!r} is beyond a pole")
        if frame == "icrs":
            _check_equinox(table.meta)
        places[frame] = (lon, lat)
    if tuple(places) == ("galactic",):
        return places["galactic"]
    from astropy.coordinates import SkyCoord

    first, *others = (SkyCoord(lon * u.deg, lat * u.deg, frame=frame) for frame, (lon, lat) in places.items())
    for other in others:
        apart = first.separation(other).to_value(u.deg)
        columns = " and ".join(f"{one[0]}, {two[0]}" for one, two in pairs.values())
        check_rows(apart <= SAME_PLACE, f"{columns} are {apart.max():.3g} deg apart; leave the wrong ones out")
    return galactic(first)


def is_coordinates(thing: Any) -> bool:
    """Whether a thing is a SkyCoord, told without the time that importing these takes."""
    return hasattr(thing, "transform_to") and hasattr(thing, "separation")


def galactic(coordinates: Any) -> tuple[FloatArray, FloatArray]:
    """Galactic longitudes and latitudes of coordinates of any frame.

    Parameters
    ----------
    coordinates
        A SkyCoord of one place or several.

    Returns
    -------
    l, b
        (n,) [deg].

    Raises
    ------
    InputError
        For a place that is not finite.
    """
    turned = coordinates.galactic
    lon, lat = np.atleast_1d(turned.l.deg).ravel(), np.atleast_1d(turned.b.deg).ravel()
    check_rows(np.isfinite(lon) & np.isfinite(lat), "the source has no finite position")
    return lon, lat


def _check_equinox(meta: Any) -> None:
    said = {str(key).upper(): value for key, value in meta.items()}
    for key in ("EQUINOX", "RADESYS", "RADECSYS"):
        if str(said.get(key, "")).strip().upper() in ("1950", "1950.0", "B1950", "FK4"):
            raise InputError(f"{key} = {said[key]}; positions of J2000 (ICRS) are needed")


def extensions(table: Any) -> tuple[FloatArray, str]:
    """Extensions of a table's sources, sigmas of Gaussians.

    Parameters
    ----------
    table
        An astropy table; without a column of extensions all sources are points, as are rows without a value and those
        with an upper limit like ``<0.3``.

    Returns
    -------
    extensions, column
        (n,) [deg], 0 for a point; the name of the column, ``""`` without one.

    Raises
    ------
    InputError
        If it has a unit that is no angle, or a value is no angle from 0 to 90 deg.

    Warns
    -----
    FileWarning
        If there is none, but a column whose name sounds like one.
    """
    columns = _columns(table, EXTENSIONS)
    if not columns:
        if alike := [name for name in table.colnames if SIZES.search(name.lower()) and "err" not in name.lower()]:
            text = f"catalogue: all sources are points; {', '.join(alike)}: not read, as an extension is called"
            warnings.warn(f"{text} {', '.join(EXTENSIONS[:-1])} or {EXTENSIONS[-1]}", FileWarning, stacklevel=2)
        return np.zeros(len(table)), ""
    key, unit = columns[0]
    values = np.nan_to_num(_angles(table, key, unit, limits=True), nan=0.0, posinf=np.inf)
    right = (values >= 0) & (values <= 90)
    check_rows(right, f"an extension of {values[np.argmin(right)]:g} deg; allowed: 0 to 90 deg")
    return values, key


def source_names(table: Any) -> tuple[str, ...]:
    """Names of a table's sources, empty where it has none.

    Parameters
    ----------
    table
        An astropy table.

    Returns
    -------
    tuple of str
        One for each row.
    """
    columns = _columns(table, NAMES)
    return tuple(_texts(table[columns[0][0]])) if columns else ("",) * len(table)


def _texts(column: Any) -> list[str]:
    """Texts of a column; empty where it is hidden."""
    hidden = np.broadcast_to(getattr(column, "mask", False), (len(column),))
    values = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in column)
    return ["" if none else value.strip() for value, none in zip(values, hidden, strict=True)]


def _angles(table: Any, key: str, unit: u.UnitBase | None, *, hours: bool = False, limits: bool = False) -> FloatArray:
    """Values of a column in degrees, NaN where it is empty; numbers without a unit are in ``unit``, else in degrees."""
    column = table[key]
    if getattr(column, "ndim", 1) != 1:
        raise InputError(f"column {key!r}: one number is needed in every row")
    stated = _unit_of(column, key, hours)
    if _is_text(column):
        return _angles_of_texts(_texts(column), key, stated or unit, hours=hours, limits=limits)
    if column.dtype.kind not in "iuf":
        raise InputError(f"column {key!r} is not of numbers")
    hidden = np.broadcast_to(getattr(column, "mask", False), (len(column),))
    plain = getattr(column, "unmasked", column)
    values = np.array(np.ma.getdata(getattr(plain, "value", plain)), dtype=np.float64)
    values[hidden] = np.nan
    return values * (stated or unit or u.deg).to(u.deg)


def _unit_of(column: Any, key: str, hours: bool) -> u.UnitBase | None:
    """Unit of a column; None if it has none. Hours of time are hours of right ascension there."""
    unit = getattr(column, "unit", None)
    text = str(unit if unit is not None else "").strip().strip('"').lower()
    if not text:
        return None
    if isinstance(unit, u.UnitBase) and not isinstance(unit, u.UnrecognizedUnit) and unit.is_equivalent(u.deg):
        return unit
    known = SPELLINGS.get(text)
    if known is None or (known is u.hourangle and not hours):
        raise InputError(f"column {key!r} has the unit '{unit}'; one like 'deg' is needed")
    return known


def _angles_of_texts(texts: list[str], key: str, unit: u.UnitBase | None, *, hours: bool, limits: bool) -> FloatArray:
    """Angles [deg] of texts: numbers, or hours or degrees with minutes and seconds."""
    from astropy.coordinates import Angle

    empty = np.array([text.lower() in NOTHING or (limits and text.startswith("<")) for text in texts])
    divided = [bool(PARTS.search(text)) for text in texts]
    # 05:34:32 is in hours if it is a right ascension; 05h34m32s and 83d38m say so themselves.
    scale = u.hourangle if hours and unit in (None, u.hourangle) else u.deg
    values = np.full(len(texts), np.nan)
    for row in np.flatnonzero(~empty):
        try:
            if divided[row] != any(divided):  # 5.5 among hours and minutes could be in either
                raise ValueError
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain = (unit or u.deg).to(u.deg)
                values[row] = Angle(texts[row], scale).deg if divided[row] else float(texts[row]) * plain
        except (ValueError, u.UnitsError):
            raise InputError(f"row {row + 1}: {key} = {texts[row]!r} is no angle") from None
    return values
