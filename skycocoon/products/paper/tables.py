"""The plotted numbers of the paper's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...ecsv import write_ecsv
from ...emission import GalaxyModel
from ...measured import RatioMeasurement
from ...outputs import header
from ...sky.convention import FLAVOURS
from ...units import E2_FLUX, E2_INTENSITY, FloatArray
from .drawing import TITLES, Drawing, drawn_values


def spectrum_table(number: int, drawing: Drawing, model: GalaxyModel, path: Path) -> None:
    """Write the plotted numbers of a figure of spectra in long format: a row for each panel, curve and energy.

    Parameters
    ----------
    number
        Number of the figure.
    drawing
        Its panels and curves.
    model
        The model.
    path
        The ECSV file.
    """
    from astropy.table import Table, vstack

    flux = drawing.panels[0].place.flux
    key, unit = ("e2_flux", E2_FLUX) if flux else ("e2_intensity", E2_INTENSITY)
    description = "E^2 dN/dE of the whole sky" if flux else "E^2 times the mean intensity of the region"

    def rows(panel: str, curve: str, kind: str, factor: float, energy: u.Quantity, *values: u.Quantity) -> Any:
        y, low, high = (value.to_value(unit) for value in values)
        return Table(
            {
                **_names(energy.size, panel=panel, curve=curve, kind=kind),
                "energy": energy.to_value(u.GeV),
                key: y,
                "error_low": low,
                "error_high": high,
                "factor": np.full(energy.size, factor),
            },
            units={"energy": u.GeV, key: unit, "error_low": unit, "error_high": unit},
            descriptions={key: description, "factor": "mask factor that is in the values of the model"},
        )

    tables = []
    for panel in drawing.panels:
        place = panel.place
        for line in panel.lines:
            value = drawn_values(line, place)
            none = np.full(value.size, np.nan) * unit
            tables.append(rows(panel.name, line.name, "model", place.target.factor, line.sed.energy, value, none, none))
        for item in place.data:
            values = (item.energy**2 * part for part in (item.value, item.error_low, item.error_high))
            kind = "band" if item.band else "data"
            tables.append(rows(panel.name, item.name, kind, 1.0, item.energy, *values))
    table = vstack(tables)
    table.meta = _table_header(number, model)
    if flux:
        table.meta["neutrinos"] = FLAVOURS["per-flavour"]
    write_ecsv(table, path)


def _names(size: int, **names: str) -> dict[str, Any]:
    return {key: np.full(size, name) for key, name in names.items()}


def _table_header(number: int, model: GalaxyModel) -> dict[str, Any]:
    return {"content": f"figure {number}: {TITLES[number]}", **header(model.provenance)}


def ratio_table(
    curves: Mapping[str, Mapping[str, tuple[u.Quantity, FloatArray]]],
    data: Sequence[RatioMeasurement],
    model: GalaxyModel,
    path: Path,
) -> None:
    """Write the plotted numbers of figure 1 in long format: a row for each panel, curve and energy.

    Parameters
    ----------
    curves
        Energies per nucleon and B/C, by panel and name of the curve.
    data
        The data sets.
    model
        The model.
    path
        The ECSV file.
    """
    from astropy.table import Table, vstack

    def rows(panel: str, curve: str, kind: str, x: u.Quantity, *values: FloatArray) -> Any:
        return Table(
            {
                **_names(x.size, panel=panel, curve=curve, kind=kind),
                "energy": x.to_value(u.GeV),
                **dict(zip(("ratio", "error_low", "error_high"), values, strict=True)),
            },
            units={"energy": u.GeV, "ratio": "", "error_low": "", "error_high": ""},
            descriptions={"energy": "kinetic energy per nucleon", "ratio": "B/C at the Earth, modulated"},
        )

    tables = []
    for panel, group in curves.items():
        for name, (x, y) in group.items():
            tables.append(rows(panel, name, "model", x, y, *np.full((2, y.size), np.nan)))
    tables += [rows("data", i.name, "data", i.x, i.value, i.error_low, i.error_high) for i in data]
    table = vstack(tables)
    table.meta = {
        **_table_header(1, model),
        "panels": "model: transport of the model file; refitted: transport fitted again for each curve; data: in both",
    }
    write_ecsv(table, path)
