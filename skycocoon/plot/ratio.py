"""Secondary-to-primary ratios, such as B/C, beside data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..errors import InputError
from ..units import FloatArray
from .canvas import BLACK, BLUE, GREEN, MARKS, NOTHING_SAID, ORANGE, POINTS, PURPLE, VERMILION, new_axes, sign, style

if TYPE_CHECKING:
    from ..cosmicrays.ratio import RatioMeasurement

__all__ = ["plot_ratio", "plot_ratios"]

LINES = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (BLACK, ":"), (ORANGE, (0, (6, 1.5, 1, 1.5))), (PURPLE, "-"))
PER_NUCLEON = r"$T\ \ [\mathrm{GeV\ per\ nucleon}]$"
RIGIDITY = r"$R\ \ [\mathrm{GV}]$"


def plot_ratio(
    curves: Mapping[str, tuple[u.Quantity, FloatArray]],
    data: Iterable[RatioMeasurement] = (),
    meta: Mapping[str, str] = NOTHING_SAID,
    axes: Axes | None = None,
    quantity: str = "B/C",
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
                x, item.value, yerr=np.array([item.error_low, item.error_high]), fmt=MARKS[index % len(MARKS)],
                color=POINTS[index % len(POINTS)], mfc=POINTS[index % len(POINTS)] if index == 0 else "white", ms=4.5,
                lw=1, label=item.label, zorder=3,
            )  # fmt: skip
            points.append((x.min(), x.max()))
        for index, (name, (x, y)) in enumerate(curves.items()):
            colour, line = LINES[index % len(LINES)]
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
        _room(axes, curves, data, unit)
        axes.set_xlabel(RIGIDITY if units[0] else PER_NUCLEON)
        axes.set_ylabel(quantities.pop() if quantities else quantity)
        axes.legend(loc="lower left")
        sign(axes, meta)
        return axes


def plot_ratios(
    panels: Mapping[str, Mapping[str, tuple[u.Quantity, FloatArray]]],
    data: Iterable[RatioMeasurement],
    meta: Mapping[str, str] = NOTHING_SAID,
) -> Axes:
    """Draw the same data with other curves in panels side by side; see :func:`plot_ratio`.

    Parameters
    ----------
    panels
        Curves of each panel, by the panel's title.
    data, meta
        As there.

    Returns
    -------
    Axes
        Of the first panel.
    """
    data = list(data)
    with style():
        count = len(panels)
        size = (0.9 + 4.4 * count, 4.6)
        grid = plt.subplots(1, count, figsize=size, layout="constrained", sharex=True, sharey=True, squeeze=False)[1]
        every: list[Axes] = list(grid[0])
        bottoms, tops = [], []
        for axes, (title, curves) in zip(every, panels.items(), strict=True):
            plot_ratio(curves, data, meta if axes is every[-1] else NOTHING_SAID, axes)
            axes.set_title(title, fontsize=11)
            axes.label_outer()
            bottom, top = axes.get_ylim()
            bottoms.append(bottom)
            tops.append(top)
        every[0].set_ylim(min(bottoms), max(tops))
        return every[0]


def _room(
    axes: Axes,
    curves: Mapping[str, tuple[u.Quantity, FloatArray]],
    data: list[RatioMeasurement],
    unit: u.UnitBase,
) -> None:
    """All that is within the axes' x, and room for the legend below the falling curves."""
    left, right = axes.get_xlim()
    every = [item.value for item in data]
    for x, y in curves.values():
        inside = (x.to_value(unit) >= left) & (x.to_value(unit) <= right) & (y > 0)
        every.append(y[inside])
    values = np.concatenate(every)
    values = values[values > 0]
    if values.size:
        axes.set_ylim(values.min() / 1.8, values.max() * 1.3)
