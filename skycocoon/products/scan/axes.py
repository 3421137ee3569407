"""Keys of a model that a scan varies, and the points at which it computes: a grid or a Sobol sequence."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np

from ...config import ModelFile
from ...errors import InputError
from ...outputs import short_names
from ...units import FloatArray

__all__ = ["Axis", "Points", "as_in_a_file", "grid", "parse_axis", "sobol"]

# What shines in the sky, and what is seen of it, depends on nothing else in a model file.
SECTIONS = ("components", "galaxy", "absorption")
MOST = 1_000_000


@dataclass(frozen=True, eq=False)
class Axis:
    """A key of a model file, and the values that it takes.

    Attributes
    ----------
    key
        Dotted key.
    name
        Its short name in the result.
    values
        (n,) values; without a unit for plain numbers.
    """

    key: str
    name: str
    values: u.Quantity


@dataclass(frozen=True, eq=False)
class Points:
    """The points of a scan.

    Attributes
    ----------
    axes
        The k keys that vary.
    is_grid
        Whether points are all combinations of the axes' values, the last axis fastest; else value i of each axis
        belongs to point i.
    numbers
        (n, k) values of all keys at each point, in the units of the axes.
    """

    axes: tuple[Axis, ...]
    is_grid: bool
    numbers: FloatArray

    def settings(self, index: int) -> dict[str, object]:
        """Return the values of a point by key, as a model file has them."""
        return {
            axis.key: as_in_a_file(number * axis.values.unit)
            for axis, number in zip(self.axes, self.numbers[index], strict=True)
        }


def as_in_a_file(value: u.Quantity) -> object:
    """A value as a model file has it: a text with its unit, or a number."""
    number = float(value.value)
    return number if value.unit == u.dimensionless_unscaled else f"{number!r} {value.unit}"


def _axes(over: Mapping[str, Any], what: str) -> tuple[Axis, ...]:
    """Read keys and their values, two of them or more."""
    if not over:
        raise InputError("over: at least one key of the model is needed")
    axes = []
    names = short_names([_checked(key) for key in over], "_")
    for key, given in over.items():
        try:
            values = u.Quantity(given)
        except (TypeError, ValueError):
            raise InputError(f"over {key}: {what} are needed, got {given!r}") from None
        if values.ndim != 1 or values.size < 2 or not np.isfinite(values.value).all():
            raise InputError(f"over {key}: {what} are needed, got {given!r}")
        axes.append(Axis(key, re.sub(r"\W", "_", names[key]), values.astype(np.float64)))
    return tuple(axes)


def _checked(key: str) -> str:
    # What is no key at all is told when the model is read, with the nearest right one.
    section = key.partition(".")[0]
    if section in ModelFile.fields_by_key() and section not in SECTIONS:
        raise InputError(f"over {key}: the sky does not depend on it; keys of {', '.join(SECTIONS)} can be scanned")
    return key


def grid(over: Mapping[str, Any]) -> Points:
    """Return all combinations of the values of some keys, the last key fastest.

    Parameters
    ----------
    over
        Two values or more of each key: a Quantity, or plain numbers.

    Returns
    -------
    Points
        The points.

    Raises
    ------
    InputError
        For values that are no list of finite numbers, the same value twice, and keys that the sky does not depend on.
    """
    axes = _axes(over, "two values or more")
    for axis in axes:
        if np.unique(axis.values.value).size < axis.values.size:
            raise InputError(f"over {axis.key}: a value is there twice")
    total = math.prod(axis.values.size for axis in axes)
    if total > MOST:
        raise InputError(f"over: {total} points are too many; allowed: {MOST}")
    mesh = np.meshgrid(*(axis.values.value for axis in axes), indexing="ij")
    return Points(axes, True, np.stack([part.ravel() for part in mesh], axis=1))


def sobol(over: Mapping[str, Any], count: int, seed: int = 0) -> Points:
    """Return points that fill the space between bounds evenly, in any number of dimensions (scrambled Sobol).

    Parameters
    ----------
    over
        Lowest and highest value of each key; a third element ``"log"`` spreads the logarithm evenly.
    count
        Number of points; a power of two fills most evenly.
    seed
        Seed of the scrambling.

    Returns
    -------
    Points
        The points.

    Raises
    ------
    InputError
        As :func:`grid`, and for bounds that are not two.
    """
    from scipy.stats import qmc

    if not 2 <= count <= MOST:
        raise InputError(f"sobol {count}: allowed: 2 to {MOST} points")
    if seed < 0:
        raise InputError(f"seed {seed}: a number from 0 on is needed")
    logarithmic = {key: _is_log(bounds) for key, bounds in over.items()}
    axes = _axes({key: bounds[:2] if logarithmic[key] else bounds for key, bounds in over.items()}, "two bounds")
    power = math.ceil(math.log2(count))
    unit = qmc.Sobol(len(axes), scramble=True, rng=np.random.default_rng(seed)).random_base2(power)[:count]
    spread = []
    for axis, parts in zip(axes, unit.T, strict=True):
        low, high = _bounds(axis, logarithmic[axis.key])
        numbers = low * (high / low) ** parts if logarithmic[axis.key] else low + (high - low) * parts
        spread.append(Axis(axis.key, axis.name, np.clip(numbers, low, high) * axis.values.unit))
    return Points(tuple(spread), False, np.stack([axis.values.value for axis in spread], axis=1))


def _is_log(bounds: Any) -> bool:
    return isinstance(bounds, Sequence) and not isinstance(bounds, str) and len(bounds) == 3 and bounds[2] == "log"


def _bounds(axis: Axis, logarithmic: bool) -> tuple[float, float]:
    if axis.values.size != 2 or not axis.values[0] < axis.values[1]:
        raise InputError(f"over {axis.key}: two bounds are needed, the first below the second")
    low, high = axis.values.value
    if logarithmic and not low > 0:
        raise InputError(f"over {axis.key}: bounds of a logarithmic scale must be positive, got {axis.values[0]:g}")
    return float(low), float(high)


# KEY=a..b, then :n, then :log; lazily, since values may hold anything but these.
FORM = re.compile(r"(?P<key>[^=]+)=(?P<low>.+?)\.\.(?P<high>.+?)(?::(?P<count>\d+))?(?P<log>:log)?")
WRITTEN = "KEY=a..b:n or KEY=a..b:n:log"


def parse_axis(text: str, sobol: bool = False) -> tuple[str, Any]:
    """Read a key and its values as they are written on a command line.

    Parameters
    ----------
    text
        ``KEY=a..b:n`` for n equidistant values from a to b, both included, with ``:log`` in the logarithm; values as
        in a model file, with their units.
    sobol
        Whether bounds are meant: then without ``:n``.

    Returns
    -------
    key, values
        What :func:`grid` or :func:`sobol` takes.

    Raises
    ------
    InputError
        For a text of another form.

    Examples
    --------
    >>> parse_axis("components.cocoons.disc.height=50pc..200pc:4")
    ('components.cocoons.disc.height', <Quantity [ 50., 100., 150., 200.] pc>)
    >>> parse_axis("components.cocoons.grammage.cutoff=10 TV .. 1 PV:3:log")
    ('components.cocoons.grammage.cutoff', <Quantity [  10.,  100., 1000.] TV>)
    """
    match = FORM.fullmatch(text.strip())
    form = WRITTEN.replace(":n", "") if sobol else WRITTEN
    if match is None or (match["count"] is None) != sobol:
        raise InputError(f"over {text!r}: write it as {form}")
    key = match["key"].strip()
    low, high = (_value(match[name], key) for name in ("low", "high"))
    if not high.unit.is_equivalent(low.unit):
        raise InputError(f"over {key}: {match['low'].strip()} and {match['high'].strip()} are not of one kind")
    high = high.to(low.unit)
    if sobol:
        return key, (low, high, "log") if match["log"] else (low, high)
    count = int(match["count"])
    if not 2 <= count <= MOST:
        raise InputError(f"over {key}: {count} values; allowed: 2 to {MOST}")
    if match["log"] and not (low.value > 0 and high.value > 0):
        raise InputError(f"over {key}: the ends of a logarithmic scale must be positive, got {text.partition('=')[2]}")
    space = np.geomspace if match["log"] else np.linspace
    return key, space(low.value, high.value, count) * low.unit


def _value(text: str, key: str) -> u.Quantity:
    try:
        value = u.Quantity(text)
    except (TypeError, ValueError):
        raise InputError(f"over {key}: cannot read {text.strip()!r}; write it like '50 pc' or 0.3") from None
    if not math.isfinite(value.value):
        raise InputError(f"over {key}: {text.strip()} is not finite")
    return value
