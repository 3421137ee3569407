"""Data sets by name or path, of either kind: spectra of the sky and ratios of nuclei."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, overload

from ..ecsv import read_ecsv
from ..errors import InputError, listed, unknown_name
from .ratio import RATIOS, RatioMeasurement
from .spectrum import MEASUREMENTS, Measurement

__all__ = ["Data", "load_data"]

Data = Measurement | RatioMeasurement


@overload
def load_data(name: str) -> Data: ...
@overload
def load_data(name: str, kind: Literal["spectrum"]) -> Measurement: ...
@overload
def load_data(name: str, kind: str) -> Data: ...
def load_data(name: str, kind: str = "") -> Data:
    """Read a shipped data set by name, or a user's by path: a spectrum of the sky, or a ratio of nuclei.

    Parameters
    ----------
    name
        Name of a shipped data set, or path of an ECSV file.
    kind
        What is needed: ``"spectrum"``, a ratio such as ``"B/C"``, or ``""`` for either.

    Returns
    -------
    Measurement or RatioMeasurement
        The points.

    Raises
    ------
    InputError
        For an unknown name, a file that cannot be read, or a data set of another kind.
    """
    data = _read(name)
    own = data.quantity if isinstance(data, RatioMeasurement) else "spectrum"
    if kind in ("", own):
        return data
    if kind == "spectrum":
        raise InputError(f"{name}: is {own}, no spectrum of the sky")
    what = f"a spectrum of {data.messenger}s" if isinstance(data, Measurement) else own
    raise InputError(f"{name}: is {what}, {kind} is needed")


def _read(name: str) -> Data:
    """Read a data set of either kind; a ratio's header says what is divided by what."""
    if name in RATIOS.names():
        return RatioMeasurement.named(name)
    names = [*MEASUREMENTS.names(), *RATIOS.names()]
    if name in names:
        return Measurement.named(name)
    if not name.endswith(".ecsv") and "/" not in name and not os.path.isfile(name):
        raise unknown_name("data set", name, names)
    path = Path(name)
    table = read_ecsv(path, f"data sets: {listed(names)}")
    kind = RatioMeasurement if "quantity" in table.meta else Measurement
    return kind.from_table(table, path)
