"""A ratio of nuclei of a model, such as boron over carbon, against the data: a table, chi-square and a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel
from ..measured import RatioMeasurement, load_data
from ..nuclei import Nuclei, elements

__all__ = ["RATIOS", "SHIPPED", "chi_squares", "data_of", "default_energies", "draw", "table"]

RATIOS = ("bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022")
"""Data that B/C is held against."""
SHIPPED: Mapping[str, tuple[str, ...]] = MappingProxyType({"B/C": RATIOS, "B/O": ("bo-ams02-2021", "bo-dampe-2022")})
"""Data that a ratio is held against, by ratio."""


def data_of(loaded: LoadedModel, more: Iterable[str] = (), quantity: str = "B/C") -> list[RatioMeasurement]:
    """The data of a ratio that a model is fitted to, or :data:`SHIPPED` if it is not; and some more, by name or path.

    Parameters
    ----------
    loaded
        The model.
    more
        Names or paths of more data sets.
    quantity
        The ratio, e.g. ``"B/C"``.

    Returns
    -------
    list of RatioMeasurement
        Each once.
    """
    fitted = () if loaded.file.fit is None else [load_data(name) for name in loaded.file.fit.data]
    own = [item for item in fitted if isinstance(item, RatioMeasurement) and item.quantity == quantity]
    others = [load_data(name, quantity) for name in (*(() if own else SHIPPED.get(quantity, ())), *more)]
    ratios = [*own, *(item for item in others if isinstance(item, RatioMeasurement))]
    return list({item.name: item for item in ratios}.values())


def table(loaded: LoadedModel, x: u.Quantity, quantity: str = "B/C") -> Any:
    """A ratio at the Earth, modulated, as a table of ``energy`` (kinetic, per nucleon) or ``rigidity``, and ``ratio``.

    Parameters
    ----------
    loaded
        The model.
    x
        (n,) energies per nucleon, or rigidities.
    quantity
        The ratio, e.g. ``"B/C"``.

    Returns
    -------
    astropy.table.Table
        With how it was made in its head.
    """
    from astropy.table import Table

    ratio = loaded.nuclei.ratio(x, *elements(quantity))
    table = Table({"rigidity" if x.unit.is_equivalent(u.GV) else "energy": x, "ratio": ratio})
    table.meta = {
        "quantity": f"{quantity} at the Earth, modulated",
        "nuclei": str(loaded.nuclei),
        **{key: value for key, value in loaded.model.provenance.items() if key != "toml"},
    }
    return table


def chi_squares(nuclei: Nuclei, data: Iterable[RatioMeasurement], lowest: u.Quantity = 8 * u.GV) -> dict[str, Any]:
    """Chi-square and number of points of each data set above a rigidity, below which modulation matters.

    Parameters
    ----------
    nuclei
        The model.
    data
        Data sets.
    lowest
        Least rigidity of the points that count.

    Returns
    -------
    dict
        Chi-square and number of points by the data set's name.
    """
    results = {}
    for item in data:
        part = item.within(lowest)
        pulls = part.pulls(nuclei.ratio(part.x, *elements(part.quantity)))
        results[item.name] = (float(pulls @ pulls), pulls.size)
    return results


def draw(loaded: LoadedModel, data: Iterable[RatioMeasurement], path: Path, quantity: str = "B/C") -> None:
    """Draw a ratio of a model with data, into a file: data in energy per nucleon and in rigidity side by side.

    Parameters
    ----------
    loaded
        The model.
    data
        Data sets.
    path
        File of the figure.
    quantity
        The ratio, e.g. ``"B/C"``.
    """
    from ..plot import save

    save(loaded.nuclei.plot(data, loaded.model.provenance, quantity), path)


def default_energies() -> u.Quantity:
    """1 GeV to 10 TeV per nucleon, four a decade."""
    return np.geomspace(1.0, 1e4, 17) * u.GeV
