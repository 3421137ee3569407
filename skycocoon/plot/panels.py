"""Figures of several panels: many models beside the same data, with one legend that lies over none of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..errors import InputError, check_name
from ..measured import Measurement
from ..units import FloatArray
from .spectra import as_drawn, plot_measurement
from .style import BLACK, BLUE, E2F, E2I, GREEN, LABELS, NOTHING_SAID, VERMILION, sign, style

__all__ = [
    "LOOKS",
    "Curve",
    "Panel",
    "plot_panels",
]

LOOKS: dict[str, dict[str, Any]] = {
    "sum": {"color": BLACK, "ls": "-", "lw": 2.0},
    "sum-other": {"color": BLACK, "ls": (0, (7, 2)), "lw": 1.5},
    "sum-third": {"color": BLACK, "ls": (0, (1, 1.2)), "lw": 1.5},
    "cocoons": {"color": BLUE, "ls": "--", "lw": 2.0},
    # Over sums: these hide it where cocoons do not count.
    "base": {"color": VERMILION, "ls": "-.", "lw": 1.5, "zorder": 2.5},
    "base-other": {"color": VERMILION, "ls": ":", "lw": 1.8},
    "base-third": {"color": VERMILION, "ls": (0, (5, 1, 1, 1, 1, 1)), "lw": 1.2},
    "reference": {"color": GREEN, "ls": (0, (3, 1, 1, 1)), "lw": 1.2},
    "ladder": {"ls": "-", "lw": 1.6},
    "ladder-thin": {"ls": (0, (4, 1.5)), "lw": 1.2},
}
"""How a curve is drawn, by what it is: no two are told apart by colour alone. A ladder's colours run over its steps."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A line of a figure.

    Attributes
    ----------
    name
        What it is called in tables, and in the legend unless ``label`` says otherwise (``""``: nothing).
    energy
        (n,) energies.
    value
        (n,) E^2 times an intensity or a flux; what is not above zero is not drawn.
    look
        A key of :data:`LOOKS`.
    step
        Where on a ladder of values this one is, 0 to 1.
    label
        Name in the legend.
    note
        What stands beside the curve where it leaves the panel, at the bottom or at the right.
    """

    name: str
    energy: u.Quantity
    value: u.Quantity
    look: str = "sum"
    step: float = 0.0
    label: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        check_name("look of a curve", self.look, LOOKS)

    @property
    def drawn(self) -> dict[str, Any]:
        """Colour, line and width."""
        if not self.look.startswith("ladder"):
            return LOOKS[self.look]
        # The last part of the map is too pale for white paper.
        return {"color": mpl.colormaps["cividis"](0.85 * self.step), **LOOKS[self.look]}


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel: curves and data of the same part of the sky.

    Attributes
    ----------
    title
        What stands above it.
    curves, data
        What is drawn. Data are drawn as the curves are: as intensities, or as fluxes of the region.
    shaded
        Names of two curves with a grey band between, or nothing.
    """

    title: str
    curves: tuple[Curve, ...]
    data: tuple[Measurement, ...] = ()
    shaded: tuple[str, str] | None = None


def plot_panels(
    panels: Sequence[Panel], meta: Mapping[str, str] = NOTHING_SAID, *, stacked: bool = False, legend_title: str = ""
) -> Axes:
    """Draw panels side by side or one above the other, on the same axes, with one legend below.

    Parameters
    ----------
    panels
        What to draw.
    meta
        How the model came about, for the small print.
    stacked
        Whether one panel is above the other.
    legend_title
        What the legend says first.

    Returns
    -------
    Axes
        Of the first panel.

    Raises
    ------
    InputError
        If curves of intensities and of fluxes are mixed, or there is no curve.
    """
    kinds = {bool(curve.value.unit.is_equivalent(E2F)) for panel in panels for curve in panel.curves}
    if len(kinds) != 1:
        raise InputError("panels: curves of one kind are needed, intensities or fluxes")
    flux = kinds.pop()
    unit = E2F if flux else E2I
    count = len(panels)
    with style():
        size = (6.4, 1.6 + 3.3 * count) if stacked else (6.4 if count == 1 else 0.6 + 4.7 * count, 5.4)
        rows, columns = (count, 1) if stacked else (1, count)
        figure, grid = plt.subplots(
            rows, columns, figsize=size, layout="constrained", sharex=True, sharey=not stacked, squeeze=False
        )
        every: list[Axes] = list(grid.ravel())
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel, unit)
            axes.set_title(panel.title, fontsize=11)
            axes.label_outer()
        _ranges(every, panels, unit, stacked)
        for axes, panel in zip(every, panels, strict=True):
            _notes(axes, panel, unit)
        handles: dict[str, Any] = {}
        for axes in every:
            found = list(zip(*axes.get_legend_handles_labels(), strict=True))
            # Data come first, as what the lines are held against.
            for handle, label in sorted(found, key=lambda pair: isinstance(pair[0], Line2D)):
                handles.setdefault(label, handle)
        figure.legend(
            handles.values(), handles, loc="outside lower center", ncols=_columns(list(handles), size[0]),
            title=legend_title or None, title_fontsize=9, fontsize=8.5, handlelength=3.2,
        )  # fmt: skip
        sign(every[-1], meta, 88)
        return every[0]


def _columns(labels: Sequence[str], width: float) -> int:
    """Most columns of a legend, filled one after the other, that fit into a width [inch]."""
    for columns in (4, 3, 2):
        rows = math.ceil(len(labels) / columns)
        widest = [max(map(len, labels[k : k + rows])) for k in range(0, len(labels), rows)]
        # Letters of 8.5 points are about half as wide as high; a handle and the space around it take ten of them.
        if sum(0.064 * (letters + 11) for letters in widest) <= width:
            return len(widest)
    return 1


def _draw(axes: Axes, panel: Panel, unit: u.UnitBase) -> None:
    for index, item in enumerate(panel.data):
        plot_measurement(item, axes, index, unit == E2F)
    values = {}
    for curve in panel.curves:
        y = curve.value.to_value(unit)
        values[curve.name] = y = np.where(y > 0, y, np.nan)
        label = curve.name if curve.label is None else curve.label
        axes.plot(curve.energy.to_value(u.TeV), y, label=label or "_", **curve.drawn)
    if panel.shaded is not None:
        low, high = (values[name] for name in panel.shaded)
        axes.fill_between(panel.curves[0].energy.to_value(u.TeV), low, high, color=BLACK, alpha=0.10, lw=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"$E\ \ [\mathrm{TeV}]$")
    axes.set_ylabel(LABELS[unit])


def _notes(axes: Axes, panel: Panel, unit: u.UnitBase) -> None:
    """Words beside curves, a little before they leave the panel, below or at the right."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    beyond = 0
    for number, curve in enumerate(curve for curve in panel.curves if curve.note):
        # By turns lower and higher, and farther inside: neighbours may be near.
        height = bottom * (top / bottom) ** (0.05, 0.09)[number % 2]
        edge = right * (left / right) ** (0.02 + 0.06 * beyond)
        place = _leaving(curve.energy.to_value(u.TeV), curve.value.to_value(unit), height, left, edge)
        if place is not None and place[1] < top:
            beyond += place[1] > height
            axes.annotate(
                curve.note, place, (-3, 0), "data", "offset points", ha="right", va="top", fontsize=7,
                color=curve.drawn["color"],
            )  # fmt: skip


def _leaving(e: FloatArray, y: FloatArray, height: float, left: float, edge: float) -> tuple[float, float] | None:
    """Where a curve falls below a height for the last time before an edge; the edge if it is above there."""
    shown = y > 0
    if not shown.any():
        return None
    x, z = np.log(e[shown]), np.log(y[shown])
    inside = (x > math.log(left)) & (x < math.log(edge))
    x, z = np.append(x[inside], end := min(math.log(edge), x[-1])), np.append(z[inside], np.interp(end, x, z))
    above = np.flatnonzero(z >= math.log(height))
    if not above.size:
        return None
    if (last := above[-1]) == x.size - 1:
        return math.exp(x[-1]), math.exp(z[-1])
    # Both fall in this step.
    return math.exp(np.interp(math.log(height), z[[last + 1, last]], x[[last + 1, last]])), height


def _ranges(every: Sequence[Axes], panels: Sequence[Panel], unit: u.UnitBase, stacked: bool) -> None:
    """Energies of the data and a decade below; two decades below the lowest point, and all above it."""
    nodes = np.concatenate([curve.energy.to_value(u.TeV) for panel in panels for curve in panel.curves])
    data = [item for panel in panels for item in panel.data]
    if data:
        low = min(item.energy_min.to_value(u.TeV).min() for item in data)
        high = max(item.energy_max.to_value(u.TeV).max() for item in data)
        left, right = min(max(nodes.min(), low / 8), low / 1.2), max(min(nodes.max(), high * 1.5), high * 1.2)
    else:
        left, right = nodes.min(), nodes.max()
    for group in [[k] for k in range(len(panels))] if stacked else [range(len(panels))]:
        tops, points = [], []
        for k in group:
            for curve in panels[k].curves:
                inside = (e := curve.energy.to_value(u.TeV)) >= left
                tops.append(curve.value.to_value(unit)[inside & (e <= right)].max(initial=0.0))
            for item in panels[k].data:
                y, up, down = (as_drawn(item, v, unit == E2F) for v in (item.value, item.error_high, item.error_low))
                tops.append((y + up).max())
                points += [*(y - down)[y > down], *y[y > 0]]
        top = 2 * max(tops) if max(tops) > 0 else 1.0
        bottom = min(points) / 30 if points else top / 1e5
        every[group[0]].set_ylim(bottom, top)
    every[0].set_xlim(left, right)
