"""A data set by name or path."""

from __future__ import annotations

from pathlib import Path

from ..ecsv import read_ecsv
from ..errors import unknown_name
from .ratio import RatioMeasurement, list_ratios
from .spectrum import Measurement, list_measurements

__all__ = [
    "Data",
    "load_data",
]

Data = Measurement | RatioMeasurement


def load_data(name: str) -> Data:
    """A shipped data set by name, or a user's by path: a spectrum of the sky, or a ratio of nuclei.

    Raises
    ------
    InputError
        For an unknown name, or a file that cannot be read.
    """
    if name in list_ratios():
        return RatioMeasurement.named(name)
    if name in list_measurements():
        return Measurement.named(name)
    if not name.endswith(".ecsv") and "/" not in name:
        raise unknown_name("data set", name, [*list_measurements(), *list_ratios()])
    table = read_ecsv(Path(name), f"data sets: {', '.join([*list_measurements(), *list_ratios()])}")
    return RatioMeasurement.read(name) if "quantity" in table.meta else Measurement.read(name)
