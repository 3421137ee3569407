"""The data of ``[fit]``: read, cut to their ranges, each measurement once."""

from __future__ import annotations

from collections.abc import Sequence

import astropy.units as u

from ..config import FitSection
from ..errors import InputError
from ..measured import Data, Measurement, RatioMeasurement, load_data
from ..nuclei import ELEMENTS
from ..points import copies, same_points
from ..units import quantity

__all__ = ["fitted_data"]


def fitted_data(fit: FitSection) -> tuple[Data, ...]:
    """Read the data sets of ``[fit]`` and cut them to the ranges that are fitted.

    Parameters
    ----------
    fit
        The section.

    Returns
    -------
    tuple of Measurement or RatioMeasurement
        One of each name in ``fit.data``, in its order.

    Raises
    ------
    InputError
        For data that cannot be read or have no point in their range, and two data sets of the same points or name.
    """
    complete = [_read(name) for name in fit.data]
    fit.check_names()
    _check_ranges(fit, complete)
    fitted = [_cut(item, fit, name) for name, item in zip(fit.data, complete, strict=True)]
    _check_distinct(fitted, complete)
    return tuple(fitted)


def _read(name: str) -> Data:
    try:
        return load_data(name)
    except InputError as error:
        raise InputError(f"fit.data: {error}") from None


def _check_ranges(fit: FitSection, complete: Sequence[Data]) -> None:
    """Check that no data set has two ranges, one by its path and one by its name."""
    for name, item in zip(fit.data, complete, strict=True):
        if name != item.name and name in fit.ranges and item.name in fit.ranges:
            raise InputError(f"fit.ranges: {name} and {item.name} are one data set; give it one range")


def _check_distinct(fitted: Sequence[Data], complete: Sequence[Data]) -> None:
    """Check that no measurement is fitted twice, and that names differ."""
    for index, one in enumerate(fitted):
        for earlier, other in enumerate(fitted[:index]):
            # A copy is found out even if a range is cut from it; ranges of one data-taking may lie side by side.
            if same_points(one, other) or copies(complete[index], complete[earlier]):
                raise InputError(
                    f"fit.data: {other.name} and {one.name} hold the same points, measured once; choose one of them"
                )
    names = [item.name for item in fitted]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"fit.data: two data sets are called {twice[0]}")


def _cut(data: Data, fit: FitSection, name: str) -> Data:
    """Return the points of a data set that are fitted: those in its range of ``[fit.ranges]``."""
    limits = fit.ranges.get(name, fit.ranges.get(data.name))
    ends = (None, None) if limits is None else (limits.first, limits.last)
    where = f"fit.ranges.{name}"
    return _cut_ratio(data, ends, where) if isinstance(data, RatioMeasurement) else _cut_spectrum(data, ends, where)


def _cut_ratio(data: RatioMeasurement, ends: Sequence[str | None], where: str) -> RatioMeasurement:
    for symbol in data.quantity.split("/"):
        if symbol not in ELEMENTS:
            raise InputError(f"fit.data: {data.name} is {data.quantity}; allowed: ratios of {', '.join(ELEMENTS)}")
    low, high = (None if end is None else _bound(end, where) for end in ends)
    try:
        return data.within(low, high)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _cut_spectrum(data: Measurement, ends: Sequence[str | None], where: str) -> Measurement:
    low, high = (None if end is None else quantity(end, u.GeV, where) for end in ends)
    try:
        return data.within(low, high)
    except InputError:
        raise InputError(f"{where}: no point is left of {data.name}") from None


def _bound(text: str, where: str) -> u.Quantity:
    """Read an energy per nucleon or a rigidity."""
    try:
        value = u.Quantity(text)
    except (TypeError, ValueError):
        value = None
    if value is None or not (value.unit.is_equivalent(u.GeV) or value.unit.is_equivalent(u.GV)):
        raise InputError(f"{where}: {text!r}: an energy per nucleon like '4 GeV' or a rigidity like '8 GV' is needed")
    return value
