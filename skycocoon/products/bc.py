"""Boron over carbon of a model, against the data: a table, chi-square and a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel
from ..measured import RatioMeasurement, load_data
from ..nuclei import Nuclei
from ..units import FloatArray

__all__ = [
    "RATIOS",
    "chi_squares",
    "curves",
    "data_of",
    "default_energies",
    "draw",
    "grid",
    "ratio_panels",
    "table",
]

RATIOS = ("bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022")
"""Data that B/C is held against."""


def data_of(loaded: LoadedModel, more: Iterable[str] = ()) -> list[RatioMeasurement]:
    """The B/C data that a model is fitted to, or :data:`RATIOS` if it is not; and some more, by name or path."""
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
    """
    from astropy.table import Table

    found = Table({"rigidity" if x.unit.is_equivalent(u.GV) else "energy": x, "ratio": loaded.nuclei.ratio(x)})
    found.meta = {
        "quantity": "B/C at the Earth, modulated",
        "nuclei": str(loaded.nuclei),
        **{key: value for key, value in loaded.model.provenance.items() if key != "toml"},
    }
    return found


def chi_squares(nuclei: Nuclei, data: Iterable[RatioMeasurement], lowest: u.Quantity = 8 * u.GV) -> dict[str, Any]:
    """Chi-square and number of points of each data set above a rigidity, below which modulation matters."""
    found = {}
    for item in data:
        part = item.within(lowest)
        pulls = part.pulls(nuclei.ratio(part.x))
        found[item.name] = (float(pulls @ pulls), pulls.size)
    return found


def grid(in_rigidity: bool) -> u.Quantity:
    """Where ratios are drawn: 0.3 to 1e5 GeV per nucleon, or 1 (where :class:`Nuclei` begin) to 1e5 GV."""
    return np.geomspace(1.0, 1e5, 251) * u.GV if in_rigidity else np.geomspace(0.3, 1e5, 277) * u.GeV


def curves(nuclei: Nuclei, in_rigidity: bool) -> dict[str, tuple[u.Quantity, FloatArray]]:
    """The model's B/C, and that of the same transport without cocoons, ready to be drawn."""
    x = grid(in_rigidity)
    found = {"model": (x, nuclei.ratio(x))}
    if nuclei.grammage is not None:
        found["same transport, no cocoons"] = (x, replace(nuclei, grammage=None).ratio(x))
    return found


def ratio_panels(
    curves_of: Callable[[bool], Mapping[str, tuple[u.Quantity, FloatArray]]], data: Iterable[RatioMeasurement]
) -> dict[str, tuple[Mapping[str, tuple[u.Quantity, FloatArray]], list[RatioMeasurement]]]:
    """Panels for :func:`skycocoon.plot.plot_ratios`: data in energy per nucleon in one, data in rigidity in another.

    Parameters
    ----------
    curves_of
        Gives the curves, in rigidity if it is told so (True), else in energy per nucleon.
    data
        One ratio's data sets; the kind of the first comes first.

    Returns
    -------
    dict
        Curves and data by the panel's title, which is empty if there is one panel only.
    """
    kinds: dict[bool, list[RatioMeasurement]] = {}
    for item in data:
        kinds.setdefault(item.in_rigidity, []).append(item)
    titles = {False: "data in energy per nucleon", True: "data in rigidity"}
    return {titles[kind] if len(kinds) > 1 else "": (curves_of(kind), items) for kind, items in kinds.items()}


def draw(loaded: LoadedModel, data: Iterable[RatioMeasurement], path: Path) -> None:
    """Draw B/C of a model with data, into a file: data in energy per nucleon and in rigidity side by side."""
    from ..plot import plot_ratios, save

    panels = ratio_panels(partial(curves, loaded.nuclei), data)
    save(plot_ratios(panels, loaded.model.provenance), path)


def default_energies() -> u.Quantity:
    """1 GeV to 10 TeV per nucleon, four a decade."""
    return np.geomspace(1.0, 1e4, 17) * u.GeV
