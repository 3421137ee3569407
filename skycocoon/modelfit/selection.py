"""The data of ``[fit]``: read, cut to their ranges, each measurement once."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import numpy as np

from ..config import FitSection
from ..errors import InputError
from ..measured import Data, RatioMeasurement, load_data
from ..nuclei import ELEMENTS, RANGE
from ..units import quantity


def read_data(name: str) -> Data:
    try:
        return load_data(name)
    except InputError as error:
        raise InputError(f"fit.data: {error}") from None


def fitted_points(data: Data, fit: FitSection, name: str) -> Data:
    """The points of a data set that are fitted."""
    wanted = fit.ranges.get(name, fit.ranges.get(data.name))
    ends = [None if wanted is None else getattr(wanted, key) for key in ("first", "last")]
    where = f"fit.ranges.{name}"
    if isinstance(data, RatioMeasurement):
        for symbol in data.quantity.split("/"):
            if symbol not in ELEMENTS:
                raise InputError(f"fit.data: {data.name} is {data.quantity}; allowed: ratios of {', '.join(ELEMENTS)}")
        low, high = (None if end is None else _bound(end, where) for end in ends)
        try:
            data = data.within(low, high)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        unit = 2.0 * u.GV if data.in_rigidity else 1.0 * u.GeV
        try:
            return data.within(RANGE[0] * unit, RANGE[1] * unit)
        except InputError:
            raise InputError(
                f"fit.data: {data.name} has no point within {RANGE[0]:g} to {RANGE[1]:g} GeV per nucleon"
            ) from None
    if wanted is None:
        return data
    used = np.ones(data.energy.size, dtype=bool)
    for end, sign in zip(ends, (1, -1), strict=True):
        if end is not None:
            used &= sign * (data.energy - quantity(end, u.GeV, where)).to_value(u.GeV) >= 0
    if not used.any():
        raise InputError(f"{where}: no point is left of {data.name}")
    cut = {
        key: getattr(data, key)[used]
        for key in ("energy", "energy_min", "energy_max", "value", "error_low", "error_high", "limit")
    }
    return replace(data, **cut)


def _bound(text: str, where: str) -> u.Quantity:
    """An energy per nucleon or a rigidity."""
    try:
        value = u.Quantity(text)
    except (TypeError, ValueError):
        value = None
    if value is None or not (value.unit.is_equivalent(u.GeV) or value.unit.is_equivalent(u.GV)):
        raise InputError(f"{where}: {text!r}: an energy per nucleon like '4 GeV' or a rigidity like '8 GV' is needed")
    return value
