"""Boron over carbon of a model, against the data: a table, chi-square and a figure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel
from ..measured import RatioMeasurement, load_data
from ..nuclei import Nuclei

__all__ = ["RATIOS", "chi_squares", "data_of", "default_energies", "draw", "table"]

RATIOS = ("bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022")
"""Data that B/C is held against."""


def data_of(loaded: LoadedModel, more: Iterable[str] = ()) -> list[RatioMeasurement]:
    """The B/C data that a model is fitted to, or :data:`RATIOS` if it is not; and some more, by name or path.

    Parameters
    ----------
    loaded
        The model.
    more
        Names or paths of more data sets.

    Returns
    -------
    list of RatioMeasurement
        Each once.
    """
    data = [] if loaded.file.fit is None else [load_data(name) for name in loaded.file.fit.data]
    fitted = [item for item in data if isinstance(item, RatioMeasurement) and item.quantity == "B/C"]
    ratios = fitted or [load_data(name, "B/C") for name in RATIOS]
    ratios += [load_data(name, "B/C") for name in more]
    return list({item.name: item for item in ratios}.values())


def table(loaded: LoadedModel, x: u.Quantity) -> Any:
    """B/C at the Earth, modulated, as a table of ``energy`` (kinetic, per nucleon) or ``rigidity``, and ``ratio``.

    Parameters
    ----------
    loaded
        The model.
    x
        (n,) energies per nucleon, or rigidities.

    Returns
    -------
    astropy.table.Table
        With how it was made in its head.
    """
    from astropy.table import Table

    table = Table({"rigidity" if x.unit.is_equivalent(u.GV) else "energy": x, "ratio": loaded.nuclei.ratio(x)})
    table.meta = {
        "quantity": "B/C at the Earth, modulated",
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
        pulls = part.pulls(nuclei.ratio(part.x))
        results[item.name] = (float(pulls @ pulls), pulls.size)
    return results


def draw(loaded: LoadedModel, data: Iterable[RatioMeasurement], path: Path) -> None:
    """Draw B/C of a model with data, into a file: data in energy per nucleon and in rigidity side by side.

    Parameters
    ----------
    loaded
        The model.
    data
        Data sets.
    path
        File of the figure.
    """
    from ..plot import save

    save(loaded.nuclei.plot(data, loaded.model.provenance), path)


def default_energies() -> u.Quantity:
    """1 GeV to 10 TeV per nucleon, four a decade."""
    return np.geomspace(1.0, 1e4, 17) * u.GeV
