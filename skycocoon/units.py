"""Internal units and constants; a Quantity becomes a float once, here.

Inside, energies are GeV, rigidities GV, times s, volumes cm^3 and geometry kpc. Public functions take and give
`astropy.units.Quantity`; :func:`to_float` and :func:`to_array` are the only doors inwards.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from typing import Any

import astropy.constants as const
import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from .errors import InputError, shortened

__all__ = [
    "CM_PER_KPC",
    "C_LIGHT",
    "E2_FLUX",
    "E2_INTENSITY",
    "INTENSITY",
    "LONGEST",
    "MBARN",
    "M_PI0",
    "M_PROTON",
    "M_PROTON_GRAM",
    "BoolArray",
    "FloatArray",
    "Nodes",
    "quantity",
    "read_unit",
    "summed",
    "to_array",
    "to_float",
    "to_quantity",
    "within",
    "without_photons",
    "wrong_unit",
]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

M_PROTON: float = (const.m_p * const.c**2).to_value(u.GeV)
"""Proton rest energy [GeV], CODATA (astropy.constants)."""
M_PROTON_GRAM: float = const.m_p.to_value(u.g)
"""Proton mass [g], CODATA (astropy.constants)."""
M_PI0: float = 0.1349768
"""Neutral-pion rest energy [GeV], PDG 2022."""
C_LIGHT: float = const.c.to_value(u.cm / u.s)
"""Speed of light [cm/s], exact."""
CM_PER_KPC: float = u.kpc.to(u.cm)
MBARN: float = 1e-27
"""Millibarn [cm^2]. (`u.mb` would be a milli-bit.)"""

INTENSITY = u.Unit("GeV-1 cm-2 s-1 sr-1")
"""Unit of every intensity inside and of what :func:`skycocoon.intensity_map` gives."""
E2_INTENSITY = u.GeV / u.cm**2 / u.s / u.sr
"""Unit of E^2 times an intensity, in figures and their tables."""
E2_FLUX = u.GeV / u.cm**2 / u.s
"""Unit of E^2 times a flux, in figures and their tables."""


class Nodes:
    """Energies (n,) in GeV that can be a key: equal and hashed by their values.

    Made once where energies come in; what depends on energies alone is then remembered by `functools.lru_cache`.

    Parameters
    ----------
    energies
        (n,) energies [GeV], or Nodes, which are shared.

    Attributes
    ----------
    gev
        (n,) energies [GeV], read-only.

    Examples
    --------
    >>> Nodes(np.array([1.0, 10.0])) == Nodes(np.array([1.0, 10.0]))
    True
    """

    __slots__ = ("_key", "gev")

    def __init__(self, energies: FloatArray | Nodes) -> None:
        key = energies._key if isinstance(energies, Nodes) else np.asarray(energies, dtype=np.float64).tobytes()
        self._key: bytes = key
        self.gev: FloatArray = np.frombuffer(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nodes) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


TINY = float(np.finfo(np.float64).tiny)
# Characters of a quantity; astropy looks for units like those of a text that it cannot read, which takes long.
LONGEST = 200

# Ends of tables, of ranges and of energy axes are met by numbers that were rounded on their way.
ROUNDING = 1e-9


def within(x: FloatArray | float, low: float, high: float) -> BoolArray:
    """Return which positive values lie from ``low`` to ``high``, both ends included but for rounding (1e-9).

    Parameters
    ----------
    x
        Values, of any shape; NaN lies nowhere.
    low, high
        The range.

    Returns
    -------
    array
        Booleans of the shape of ``x``.

    Examples
    --------
    >>> within(np.array([0.9, 1.0, 2.0000000001, 3.0]), 1.0, 2.0)
    array([False,  True,  True, False])
    """
    x = np.asarray(x)
    return np.asarray((x >= low * (1 - ROUNDING)) & (x <= high * (1 + ROUNDING)))


def summed(parts: Sequence[u.Quantity], unit: u.UnitBase) -> u.Quantity:
    """Sum of Quantities of one shape, one or more, in a unit.

    Parameters
    ----------
    parts
        What is added up.
    unit
        Unit of the sum.

    Returns
    -------
    Quantity
        Of the shape of each part, in double precision.
    """
    # First the precision, then the unit: what fits into single precision in one unit need not in another.
    total = parts[0].astype(np.float64).to(unit)
    for part in parts[1:]:
        total = total + part.astype(np.float64)
    return total


def wrong_unit(unit: u.UnitBase, wanted: u.UnitBase) -> str:
    """Say in a message that a value has a unit of another kind than is wanted; either may be dimensionless.

    Parameters
    ----------
    unit
        Unit that the value has.
    wanted
        Unit that is needed.

    Returns
    -------
    str
        Part of a sentence.
    """
    has = "no unit" if unit == u.dimensionless_unscaled else f"the unit '{unit}'"
    needed = "a number" if wanted == u.dimensionless_unscaled else f"a unit like '{wanted}'"
    return f"has {has}; {needed} is needed"


# Words that files use for units, and what astropy calls them.
_WORDS = {r"photons?": "ph", r"seconds?|secs?": "s", r"steradians?|sterad|ster": "sr"}
_POWER = re.compile(r"\((?P<inside>[^()]+)\)\s*(?:\^|\*\*)?\s*(?P<open>\()?(?P<power>[+-]?\d+)(?(open)\))")
_SLASHES = re.compile(r"(?P<number>10\s*(?:\^|\*\*)\s*[+-]?\d+|[\d.]+(?:[eE][+-]?\d+)?)?\s*(?P<rest>/.*/.*)")


def read_unit(text: object) -> u.UnitBase | None:
    """Read a unit as files of other codes spell it, also ``1/cm^2/s/sr/MeV`` and ``(MeV cm^2 sec ster)^-1``.

    Parameters
    ----------
    text
        A text, or a unit.

    Returns
    -------
    UnitBase or None
        The unit; None if it cannot be read, or is a logarithm.

    Examples
    --------
    >>> read_unit("photons/cm^2/sec/MeV") == u.ph / u.cm**2 / u.s / u.MeV
    True
    >>> read_unit("MEV") is None
    True
    """
    if isinstance(text, str):
        if len(text) > LONGEST:
            return None
        text = re.sub(r"\^\{([+-]?\d+)\}", r"^\1", text.strip())
        for word, name in _WORDS.items():
            text = re.sub(rf"(?<![A-Za-z])({word})(?![A-Za-z])", name, text)
        if (match := _POWER.fullmatch(text)) and (inside := read_unit(match["inside"])) is not None:
            return inside ** int(match["power"])
        if match := _SLASHES.fullmatch(text):  # astropy takes several slashes behind a unit, none behind a number.
            behind, number = read_unit(f"ph{match['rest']}"), read_unit(match["number"] or "")
            return None if behind is None or number is None else number * behind / u.ph
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", u.UnitsWarning)
        try:
            unit = u.Unit(text)
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return None
    return unit if isinstance(unit, u.UnitBase) else None


def without_photons(unit: u.UnitBase) -> u.UnitBase:
    """Unit without photons, which some files count as a unit and others as mere numbers.

    Parameters
    ----------
    unit
        Any unit.

    Returns
    -------
    UnitBase
        The same with photons as 1.

    Examples
    --------
    >>> without_photons(u.ph / u.cm**2 / u.s) == u.cm**-2 / u.s
    True
    """
    powers = dict(zip(unit.bases, unit.powers, strict=True))
    return unit / u.ph ** powers[u.ph] if u.ph in powers else unit


def quantity(text: object, unit: u.UnitBase, name: str) -> u.Quantity:
    """Read a Quantity of a given physical type from a string or a Quantity.

    Parameters
    ----------
    text
        ``"0.1 kpc"`` or a Quantity. A bare number is refused unless ``unit`` is dimensionless.
    unit
        A unit of the physical type that is meant.
    name
        What the value is called in an error message.

    Returns
    -------
    Quantity
        In the unit that it was given in.

    Raises
    ------
    InputError
        If the text cannot be read, or its unit is of another physical type.
    """
    example = f"1 {unit.to_string()}".strip()
    if isinstance(text, bool) or not isinstance(text, (str, int, float, u.Quantity)):
        raise InputError(f"{name}: {shortened(text)} is not a quantity; write it like '{example}'")
    if isinstance(text, str) and len(text) > LONGEST:
        raise InputError(f"{name}: cannot read {shortened(text)} as a quantity like '{example}' (too long)")
    try:
        value = u.Quantity(text)
    except (TypeError, ValueError, ArithmeticError) as error:  # of 10**400 kpc, too
        reason = str(error).splitlines()[0].split(" If this is meant")[0].split("; ")[0]
        raise InputError(f"{name}: cannot read {text!r} as a quantity like '{example}' ({reason})") from None
    if not value.unit.is_equivalent(unit):
        raise InputError(f"{name}: {shortened(text)} {wrong_unit(value.unit, unit)}")
    return value


def to_float(
    value: Any,
    unit: u.UnitBase,
    name: str,
    *,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    exclusive: bool = False,
) -> float:
    """Turn a scalar Quantity into a float in ``unit``, checking that it is finite and in range.

    Parameters
    ----------
    value
        The Quantity.
    unit
        Unit of the result.
    name
        What the value is called in a message.
    minimum, maximum
        Allowed range, in ``unit``.
    exclusive
        Whether the minimum is excluded.

    Returns
    -------
    float
        In ``unit``.

    Raises
    ------
    InputError
        If the value is a bare number where a unit is meant, not scalar, not finite or out of range.
    """
    number = to_array(value, unit, name)
    if number.ndim:
        raise InputError(f"{name}: one value is needed, got {number.size}")
    x = float(number)
    below = x <= minimum if exclusive else x < minimum
    if below or x > maximum:
        sign = ">" if exclusive else ">="
        limits = [f"{sign} {minimum:g}"] if math.isfinite(minimum) else []
        limits += [f"<= {maximum:g}"] if math.isfinite(maximum) else []
        raise InputError(f"{name}: {value} is out of range; allowed: {' and '.join(limits)} {unit}".rstrip())
    return x


def to_array(value: Any, unit: u.UnitBase, name: str) -> FloatArray:
    """Turn a Quantity of any shape into a float64 array in ``unit``, checking that all of it is finite.

    Parameters
    ----------
    value
        The Quantity, of any real type of numbers, per photon or not; a list of Quantities, or a column of a table.
    unit
        Unit of the result.
    name
        What the value is called in a message.

    Returns
    -------
    array
        float64, in ``unit``.

    Raises
    ------
    InputError
        If the value carries no unit where one is meant, a unit of another kind, masked values, NaN or infinity, is
        too large for double precision in this unit, or an array that is too small for it as a whole.
    """
    value = _real(value, unit, name)
    array = np.asarray(value.value)
    if value.unit is not unit:
        try:
            scale = value.unit.to(unit)
        except u.UnitConversionError:
            value = _fitting(value, unit, name)
            scale = value.unit.to(unit)
        array = _times(array, scale)
        _check_size(array, value, unit, name)
    # Scalars, which parameters are, are looked at ten times faster without numpy.
    if not (np.isfinite(array).all() if array.ndim else math.isfinite(array)):
        raise InputError(f"{name}: {_first(value, ~np.isfinite(array))} is not finite")
    return array


def _times(array: FloatArray, scale: float) -> FloatArray:
    """Product without numpy's warnings; what became infinite is an error of its own."""
    if not array.ndim:
        return np.asarray(float(array) * scale)
    with np.errstate(over="ignore"):
        return array * scale


def to_quantity(value: Any, unit: u.UnitBase, name: str) -> u.Quantity:
    """Turn what :func:`to_array` takes into a Quantity in double precision that keeps its own unit; it may hold NaN.

    Parameters
    ----------
    value, unit, name
        As in :func:`to_array`.

    Returns
    -------
    Quantity
        Without masks, and with photons as mere numbers; a list of Quantities in the unit of the first.

    Raises
    ------
    InputError
        As :func:`to_array`.
    """
    value = _real(value, unit, name)
    return value if value.unit.is_equivalent(unit) else _fitting(value, unit, name)


def _fitting(value: u.Quantity, unit: u.UnitBase, name: str) -> u.Quantity:
    """Quantity with photons as mere numbers, if it has a unit of the right kind then; else `InputError`."""
    plain = without_photons(value.unit) if hasattr(value.unit, "bases") else value.unit
    if plain.is_equivalent(unit):
        return u.Quantity(value.value, plain)
    raise InputError(f"{name}: the unit '{value.unit}' does not fit; a unit like '{unit}' is needed")


def _check_size(array: FloatArray, given: u.Quantity, unit: u.UnitBase, name: str) -> None:
    """Check that a conversion made nothing infinite, and left something of an array: one number may be next to 0."""
    largest = max(array.max(initial=0.0), -array.min(initial=0.0)) if array.ndim else abs(float(array))
    if TINY <= largest < math.inf:
        return
    if array.ndim and largest < TINY and given.value.any():
        raise InputError(f"{name}: {_first(given, given.value != 0)} is too small for a number of '{unit}'")
    lost = np.isinf(array) & np.isfinite(given.value)
    if lost.any():
        raise InputError(f"{name}: {_first(given, lost)} is too large for a number of '{unit}'")


def _real(value: Any, unit: u.UnitBase, name: str) -> u.Quantity:
    """Quantity of real numbers without gaps, in double precision; else `InputError`."""
    if type(value) is u.Quantity and value.dtype == np.float64:
        return value
    if getattr(value, "unit", None) is None and unit != u.dimensionless_unscaled and not _holds_quantities(value):
        raise InputError(f"{name}: a Quantity with a unit like '{unit}' is needed, got {shortened(value)}")
    if np.any(getattr(value, "mask", False)):
        raise InputError(f"{name}: {np.count_nonzero(value.mask)} of {np.size(value)} values are masked")
    try:
        given = u.Quantity(getattr(value, "unmasked", value))
    except (TypeError, ValueError, u.UnitsError):
        given = None
    if given is None or given.dtype.kind not in "biuf":
        words = "Quantities of one kind and shape" if _holds_quantities(value) else "real numbers"
        raise InputError(f"{name}: {words} are needed")
    # Precision first: single precision ends at 1e-38, and one per kpc^3 and year is 1e-72 per cm^3 and second.
    with np.errstate(over="ignore", under="ignore"):
        result = u.Quantity(given, dtype=np.float64)
    _check_size(np.asarray(result.value), given, given.unit, name)
    return result


def _holds_quantities(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(part, u.Quantity) for part in value)


def _first(value: u.Quantity, chosen: BoolArray) -> str:
    """First of the chosen values, and which one it is, in few words."""
    place = int(np.argmax(chosen))
    return f"{value}" if value.ndim == 0 else f"{value.ravel()[place]} (value {place + 1} of {value.size})"
