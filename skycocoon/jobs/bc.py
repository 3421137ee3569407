"""Boron over carbon of a model, against the data: a table, chi-square and a figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel
from ..cosmicrays import RatioMeasurement
from ..errors import InputError
from ..likelihood import load_data
from ..nuclei import RANGE, Nuclei

__all__ = ["RATIOS", "chi_squares", "curves", "default_energies", "draw", "grid", "load_ratio", "table"]

RATIOS = ("bc-ams02-2018", "bc-dampe-2022", "bc-calet-2022")
"""Data that B/C is held against."""


def load_ratio(name: str) -> RatioMeasurement:
    """A shipped B/C data set by name, or a user's by path.

    Raises
    ------
    InputError
        If it is unknown, cannot be read, or is no B/C.
    """
    found = load_data(name)
    if not isinstance(found, RatioMeasurement) or found.quantity != "B/C":
        what = found.quantity if isinstance(found, RatioMeasurement) else f"a spectrum of {found.messenger}s"
        raise InputError(f"{name}: is {what}, B/C is needed")
    return found


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
    """Where ratios are drawn: 1 to 1e5 GV, or GeV per nucleon."""
    return np.geomspace(1.0, 1e5, 251) * (u.GV if in_rigidity else u.GeV)


def curves(nuclei: Nuclei, in_rigidity: bool) -> dict[str, tuple[u.Quantity, Any]]:
    """The model's B/C, and that of the same transport without cocoons, ready to be drawn."""
    x = grid(in_rigidity)
    found = {"model": (x, nuclei.ratio(x))}
    if nuclei.grammage is not None:
        found["same transport, no cocoons"] = (x, replace(nuclei, grammage=None).ratio(x))
    return found


def draw(loaded: LoadedModel, data: list[RatioMeasurement], path: Path) -> list[str]:
    """Draw B/C of a model with data, into a file; names of the data that are not in it.

    One figure has energies per nucleon or rigidities on its axis: data of the other kind than the first are left out.
    """
    from ..plot import plot_ratio, save

    in_rigidity = data[0].in_rigidity
    drawn = [item for item in data if item.in_rigidity == in_rigidity]
    save(plot_ratio(curves(loaded.nuclei, in_rigidity), drawn, loaded.model.provenance), path)
    return [item.name for item in data if item.in_rigidity != in_rigidity]


def default_energies() -> u.Quantity:
    """1 GeV to 10 TeV per nucleon, four a decade."""
    return np.geomspace(max(1.0, RANGE[0]), 1e4, 17) * u.GeV
