"""Secondary-to-primary ratios, such as B/C, beside data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..errors import InputError
from ..units import FloatArray
from .style import BLACK, BLUE, GREEN, NOTHING_SAID, ORANGE, PURPLE, VERMILION, mark, new_axes, sign, style

if TYPE_CHECKING:
    from ..measured import RatioMeasurement

__all__ = [
    "plot_ratio",
    "plot_ratios",
]

LINES = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (BLACK, ":"), (ORANGE, (0, (6, 1.5, 1, 1.5))), (PURPLE, "-"))
PER_NUCLEON = r"$T\ \ [\mathrm{GeV\ per\ nucleon}]$"
RIGIDITY = r"$R\ \ [\mathrm{GV}]$"
AS_THEY_COME: Mapping[str, int] = MappingProxyType({})

Curves = Mapping[str, tuple[u.Quantity, FloatArray]]
"""(n,) kinetic energies per nucleon [GeV] or rigidities [GV], and (n,) ratios, by name."""


def plot_ratio(
    curves: Curves,
    data: Iterable[RatioMeasurement] = (),
    meta: Mapping[str, str] = NOTHING_SAID,
    axes: Axes | None = None,
    quantity: str = "B/C",
    series: Mapping[str, int] = AS_THEY_COME,
) -> Axes:
    """Draw a ratio of nuclei against kinetic energy per nucleon or rigidity, with data.

    Parameters
    ----------
    curves
        (n,) kinetic energies per nucleon [GeV] or rigidities [GV], and (n,) ratios, by name.
    data
        Published ratios at the same kind of x.
    meta
        How the model came about, for the small print.
    axes
        Where; new ones if None.
    quantity
        What the ratio is, where no data say it.
    series
        Which of the marks (0, 1, ...) a data set has, by its name, and which of the lines a curve has, by its own: for
        figures that show the same ones. By default their places in this figure.

    Raises
    ------
    InputError
        If there is nothing to draw, if energies and rigidities are mixed, or data of different ratios.
    """
    data = list(data)
    units = [x.unit.is_equivalent(u.GV) for x, _ in curves.values()] + [item.in_rigidity for item in data]
    if not units:
        raise InputError("ratio: there is neither a curve nor a data set to draw")
    if len(set(units)) > 1:
        raise InputError("ratio: kinetic energies per nucleon and rigidities cannot be on one axis; choose one")
    if len(quantities := {item.quantity for item in data}) > 1:
        raise InputError(f"ratio: data of different ratios cannot be on one axis: {', '.join(sorted(quantities))}")
    unit = u.GV if units[0] else u.GeV
    with style():
        axes = new_axes() if axes is None else axes
        points = []
        for index, item in enumerate(data):
            x = item.x.to_value(unit)
            axes.errorbar(
                x, item.value, yerr=np.array([item.error_low, item.error_high]), ls="none", ms=4.5, lw=1,
                label=item.label, zorder=3, **mark(series.get(item.name, index)),
            )  # fmt: skip
            points.append((x.min(), x.max()))
        for index, (name, (x, y)) in enumerate(curves.items()):
            colour, line = LINES[series.get(name, index) % len(LINES)]
            # Over the points: these are many, and small where the curves are told apart.
            axes.plot(x.to_value(unit), np.where(y > 0, y, np.nan), color=colour, ls=line, label=name, zorder=4)
        axes.set_xscale("log")
        axes.set_yscale("log")
        # A factor of ten has room for a few numbers, and these are read more easily than powers.
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        if points:
            axes.set_xlim(min(low for low, _ in points) / 1.5, max(high for _, high in points) * 2)
        if limits := _room(axes, curves, data):
            axes.set_ylim(*limits)
        axes.set_xlabel(RIGIDITY if units[0] else PER_NUCLEON)
        axes.set_ylabel(quantities.pop() if quantities else quantity)
        axes.legend(loc="lower left")
        sign(axes, meta)
        return axes


def plot_ratios(
    panels: Mapping[str, tuple[Curves, Iterable[RatioMeasurement]]],
    meta: Mapping[str, str] = NOTHING_SAID,
    quantity: str = "B/C",
    series: Mapping[str, int] = AS_THEY_COME,
) -> Axes:
    """Draw curves and data in panels side by side, with the same ratios on their axes; see :func:`plot_ratio`.

    Panels of the same kind (energy per nucleon, or rigidity) have the same x. A data set has the same mark in all of
    them, and a curve of the same name the same line.

    Parameters
    ----------
    panels
        Curves and data of each panel, by the panel's title (``""`` for none).
    meta, quantity, series
        As there; by default the places of names among all panels.

    Returns
    -------
    Axes
        Of the first panel.

    Raises
    ------
    InputError
        As there, for any panel; if there is none, or data of different ratios are in two of them.
    """
    given = {title: (curves, list(data)) for title, (curves, data) in panels.items()}
    if not given:
        raise InputError("ratio: there is no panel to draw")
    if len(quantities := {item.quantity for _, data in given.values() for item in data}) > 1:
        raise InputError(f"ratio: data of different ratios cannot be on one axis: {', '.join(sorted(quantities))}")
    quantity = quantities.pop() if quantities else quantity
    points = dict.fromkeys(item.name for _, data in given.values() for item in data)
    lines = dict.fromkeys(name for curves, _ in given.values() for name in curves)
    series = {**{name: k for names in (points, lines) for k, name in enumerate(names)}, **series}
    with style():
        count = len(given)
        size = (6.4, 4.8) if count == 1 else (0.9 + 4.4 * count, 4.6)
        grid = plt.subplots(1, count, figsize=size, layout="constrained", sharey=True, squeeze=False)[1]
        every: list[Axes] = list(grid[0])
        # By what is on their x: the panels, and from where to where their data are.
        kinds: dict[bool, list[Axes]] = {}
        spans: dict[bool, list[tuple[float, float]]] = {}
        for axes, (title, (curves, data)) in zip(every, given.items(), strict=True):
            kind = _in_rigidity(curves, data)
            alike = kinds.setdefault(kind, [])
            if alike:
                axes.sharex(alike[0])
            alike.append(axes)
            plot_ratio(curves, data, meta if axes is every[-1] else NOTHING_SAID, axes, quantity, series)
            if data:
                spans.setdefault(kind, []).append(axes.get_xlim())
            axes.set_title(title, fontsize=11)
            axes.label_outer()
        for kind, found in spans.items():
            kinds[kind][0].set_xlim(min(left for left, _ in found), max(right for _, right in found))
        rooms = [_room(axes, *panel) for axes, panel in zip(every, given.values(), strict=True)]
        if shown := [room for room in rooms if room]:
            every[0].set_ylim(min(bottom for bottom, _ in shown), max(top for _, top in shown))
        return every[0]


def _in_rigidity(curves: Curves, data: Iterable[RatioMeasurement]) -> bool:
    """Whether rigidities are on the axis, by the first that is drawn."""
    units = [x.unit for x, _ in curves.values()] + [item.x.unit for item in data]
    return bool(units and units[0].is_equivalent(u.GV))


def _room(axes: Axes, curves: Curves, data: Iterable[RatioMeasurement]) -> tuple[float, float] | None:
    """Limits for all that is within the axes' x, with room for the legend below the falling curves."""
    left, right = axes.get_xlim()
    every = [item.value for item in data]
    for x, y in curves.values():
        # The unit is one of the axes' kind: this was looked at before.
        place = x.to_value(u.GV if x.unit.is_equivalent(u.GV) else u.GeV)
        every.append(y[(place >= left) & (place <= right)])
    values = np.concatenate(every)
    values = values[values > 0]
    return (values.min() / 1.8, values.max() * 1.3) if values.size else None
