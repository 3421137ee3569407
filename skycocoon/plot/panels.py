"""Curves, points and bands on axes: one panel, panels with one legend below them, panels side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..errors import InputError
from ..points import Points
from ..units import E2_INTENSITY, FloatArray
from .curves import E2_AXES, ENERGY, Axis, Curve, DataPoints
from .style import BANDS, BLACK, GREY, mark, new_axes, new_figure, sign, style

__all__ = ["Panel", "draw_data", "limit_spectrum", "plot_panel", "plot_panels", "plot_side_by_side"]

NO_META: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves and data on the same axes.

    Attributes
    ----------
    title
        Words above the panel.
    curves, data
        What is drawn; data lie below curves of a higher order.
    shaded
        Pairs of names of curves with a grey band between the two.
    x, y
        The axes, in whose units curves and data are given.

    Examples
    --------
    >>> import numpy as np
    >>> curve = Curve("cocoons", np.array([1.0, 10.0]), np.array([2e-7, 1e-7]))
    >>> Panel("inner Galaxy", (curve,)).labels
    ['cocoons']
    """

    title: str
    curves: tuple[Curve, ...]
    data: tuple[DataPoints, ...] = ()
    shaded: tuple[tuple[str, str], ...] = ()
    x: Axis = ENERGY
    y: Axis = E2_AXES[E2_INTENSITY]

    @property
    def labels(self) -> list[str]:
        """Names in the legend."""
        names = [*(curve.legend for curve in self.curves), *(item.points.label for item in self.data)]
        return [name for name in names if name and not name.startswith("_")]


def draw_data(axes: Axes, item: DataPoints) -> None:
    """Draw points with their errors and bins, with arrows for limits; or a band of errors about a line.

    Parameters
    ----------
    axes
        Where; nothing else about them is changed.
    item
        The data set, in the units of the axes.
    """
    with style():
        _draw_data(axes, item)


def _draw_data(axes: Axes, item: DataPoints, size: float = 5.0, order: float = 5.0) -> None:
    """Draw a data set as :func:`draw_data` does, with marks of a size, in an order."""
    points = item.points
    x, y, low, high = points.x, points.value, points.error_low, points.error_high
    if item.band:
        colour, hatch = (GREY, ("", "///", "...")[item.mark % 3]) if item.aside else BANDS[item.mark % len(BANDS)]
        axes.fill_between(
            x, y - low, y + high, facecolor=colour, alpha=0.35, hatch=hatch, edgecolor=colour, lw=0, label=points.label
        )  # fmt: skip
        axes.plot(x, y, color=colour, lw=1)
        return
    look = mark(item.mark)
    if item.aside:
        look |= {"color": GREY, "mfc": GREY if item.mark == 0 else "white"}
    # What is not above zero cannot be on a logarithmic axis: an arrow down from the end of its upper error, if that is.
    below = ~points.limit & (y <= 0)
    y, limit = _heights(points), points.limit | below
    error = np.where(limit, 0.5 * np.abs(y), np.array([np.minimum(low, 0.999 * y), high]))
    bins = None if item.bins is None else np.maximum([x - item.bins[0], item.bins[1] - x], 0.0)
    # Limits are bars with an arrow, and no marks: they are no measurements.
    label: str | None = points.label
    marks: tuple[dict[str, Any], ...] = ({"ms": size, **look}, {**look, "marker": "_", "ms": 2 * size})
    for chosen, drawn in zip((~limit, limit), marks, strict=True):
        if not chosen.any():
            continue
        axes.errorbar(
            x[chosen], y[chosen], yerr=error[:, chosen], xerr=None if bins is None else bins[:, chosen],
            uplims=limit[chosen], lw=1, label=label, zorder=3 if item.aside else order, **{"ls": "none", **drawn},
        )  # fmt: skip
        label = None


def _heights(points: Points) -> FloatArray:
    """Where marks are on a logarithmic axis: values, or the ends of upper errors; NaN for what is nowhere on it."""
    heights = np.where(points.limit | (points.value > 0), points.value, points.value + points.error_high)
    return np.where(heights > 0, heights, np.nan)


def _above_zero(panel: Panel) -> bool:
    """Whether a logarithmic y axis has something of a panel to show."""
    curves = any((curve.y > 0).any() for curve in panel.curves)
    return curves or any((_heights(item.points) > 0).any() for item in panel.data)


def _draw(axes: Axes, panel: Panel, size: float = 5.0, order: float = 5.0) -> None:
    """Draw a panel: its data, curves and bands, and what its axes say."""
    for item in panel.data:
        _draw_data(axes, item, size, order)
    drawn = {}
    for curve in panel.curves:
        y = np.where(curve.y > 0, curve.y, np.nan) if panel.y.log else curve.y
        axes.plot(curve.x, y, label=curve.legend or "_", **curve.drawn)
        drawn[curve.name] = curve.x, y
    for low, high in panel.shaded:
        axes.fill_between(*drawn[low], drawn[high][1], color=BLACK, alpha=0.10, lw=0)
    for name, place in (panel.x.marked or {}).items():
        axes.axvline(place, color=GREY, lw=0.8, label=name)
    for name, place in (panel.y.marked or {}).items():
        axes.axhline(place, color=GREY, lw=0.8, label=name)
    if panel.x.log:
        axes.set_xscale("log")
    if panel.y.log:
        if not _above_zero(panel):
            # Before the scale: matplotlib cannot choose limits for it, nor in x for points that it does not draw.
            axes.set_ylim(0.1, 1.0)
            ends = [end for curve in panel.curves for end in curve.x] + [
                end for item in panel.data for end in item.span
            ]
            if ends:
                axes.set_xlim(min(ends) / 1.3, max(ends) * 1.3)
            axes.annotate("nothing here is above zero", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
        axes.set_yscale("log")
    if panel.x.limits is not None:
        axes.set_xlim(*panel.x.limits)
    if panel.y.limits is not None:
        axes.set_ylim(*panel.y.limits)
    if panel.x.ticks is not None:
        axes.set_xticks(list(panel.x.ticks), list(panel.x.ticks.values()))
    if panel.y.ticks is not None:
        axes.set_yticks(list(panel.y.ticks), list(panel.y.ticks.values()))
    axes.set_xlabel(panel.x.label)
    axes.set_ylabel(panel.y.label)


def plot_panel(
    panel: Panel,
    axes: Axes | None = None,
    meta: Mapping[str, str] | None = NO_META,
    *,
    size: tuple[float, float] = (6.4, 4.8),
    **legend: Any,
) -> Axes:
    """Draw one panel with its legend inside.

    Parameters
    ----------
    panel
        What to draw.
    axes
        Where; new ones if None.
    meta
        How the model was made, for the small print; no small print if None.
    size
        Width and height of a new figure [inch].
    legend
        Keywords of the legend.

    Returns
    -------
    Axes
        Those that were drawn on.

    Examples
    --------
    >>> import matplotlib, numpy as np
    >>> matplotlib.use("Agg")
    >>> x = np.geomspace(1.0, 100.0, 5)
    >>> axes = plot_panel(Panel("a power law", (Curve("E^-0.7", x, 1e-7 * x**-0.7),)))
    >>> axes.get_title(), axes.get_xscale(), [text.get_text() for text in axes.get_legend().get_texts()]
    ('a power law', 'log', ['E^-0.7'])
    """
    with style():
        axes = new_axes(size) if axes is None else axes
        _draw(axes, panel)
        axes.set_title(panel.title, fontsize=11)
        axes.legend(**legend)
        if meta is not None:
            sign(axes, meta)
        return axes


def limit_spectrum(axes: Axes, model: Curve, data: Sequence[DataPoints], roomy: bool = False) -> None:
    """Set the limits of a spectrum's axes: the data and four decades of the model are seen.

    Parameters
    ----------
    axes
        On which both are drawn.
    model
        Sum of the components.
    data
        Data sets beside it.
    roomy
        Whether to leave room for a long legend below.
    """
    values = [item.points.value[item.points.value > 0] for item in data]
    positive = np.concatenate([model.y[model.y > 0], *values])
    if not positive.size:
        return
    top = positive.max() * 3
    lowest = min([v.min() for v in values if v.size], default=top)
    axes.set_ylim(max(positive.min() / 2, min(top / 1e4, lowest / (100 if roomy else 10))), top)
    shown = np.concatenate([model.x[model.y > axes.get_ylim()[0]], *(item.span for item in data)])
    if shown.size > 1 and shown.min() < shown.max():
        axes.set_xlim(shown.min() / 1.3, shown.max() * 1.6)


# Panels with one legend ----------------------------------------------------------------------------------------------


def plot_panels(
    panels: Sequence[Panel], meta: Mapping[str, str] = NO_META, *, stacked: bool = False, legend_title: str = ""
) -> Axes:
    """Draw spectra in panels side by side or one above the other, on the same axes, with one legend below them all.

    Parameters
    ----------
    panels
        What to draw: many models beside the same data.
    meta
        How the model was made, for the small print.
    stacked
        Whether one panel is above the other.
    legend_title
        First line of the legend.

    Returns
    -------
    Axes
        Of the first panel.

    Raises
    ------
    InputError
        If curves of intensities and of fluxes are mixed, or there is no curve.
    """
    if len({panel.y.label for panel in panels if panel.curves}) != 1:
        raise InputError("panels: curves of one kind are needed, intensities or fluxes")
    count = len(panels)
    with style():
        size = (6.4, 1.6 + 3.3 * count) if stacked else (6.4 if count == 1 else 0.6 + 4.7 * count, 5.4)
        rows, columns = (count, 1) if stacked else (1, count)
        figure = new_figure(size)
        grid = figure.subplots(rows, columns, sharex=True, sharey=not stacked, squeeze=False)
        all_axes: list[Axes] = list(grid.ravel())
        for axes, panel in zip(all_axes, panels, strict=True):
            _draw(axes, panel)
            axes.set_title(panel.title, fontsize=11)
            axes.label_outer()
        _limit_panels(all_axes, panels, stacked)
        for axes, panel in zip(all_axes, panels, strict=True):
            _write_notes(axes, panel)
        _legend_below(figure, all_axes, size[0], legend_title)
        sign(all_axes[-1], meta, 88)
        return all_axes[0]


def _legend_below(figure: Any, all_axes: Sequence[Axes], width: float, title: str) -> None:
    """One legend below all panels of a figure of some width [inch], each name once."""
    handles: dict[str, Any] = {}
    for axes in all_axes:
        entries = list(zip(*axes.get_legend_handles_labels(), strict=True))
        # Data come first, as what the lines are held against.
        for handle, label in sorted(entries, key=lambda entry: isinstance(entry[0], Line2D)):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(), handles, loc="outside lower center", ncols=_legend_columns(list(handles), width),
        title=title or None, title_fontsize=9, fontsize=8.5, handlelength=3.2,
    )  # fmt: skip


def _legend_columns(labels: Sequence[str], width: float) -> int:
    """Most columns of a legend, filled one after the other, that fit into a width [inch]."""
    for columns in (4, 3, 2):
        rows = math.ceil(len(labels) / columns)
        widest = [max(map(len, labels[k : k + rows])) for k in range(0, len(labels), rows)]
        # Letters of 8.5 points are about half as wide as high; a handle and the space around it take ten of them.
        if sum(0.064 * (letters + 11) for letters in widest) <= width:
            return len(widest)
    return 1


def _limit_panels(all_axes: Sequence[Axes], panels: Sequence[Panel], stacked: bool) -> None:
    """Energies of the data and a decade below; two decades below the lowest point, and all above it."""
    nodes = np.concatenate([curve.x for panel in panels for curve in panel.curves])
    left, right = nodes.min(), nodes.max()
    if spans := [item.span for panel in panels for item in panel.data]:
        low, high = min(start for start, _ in spans), max(end for _, end in spans)
        left, right = min(max(left, low / 8), low / 1.2), max(min(right, high * 1.5), high * 1.2)
    if left == right:
        left, right = left / 10, right * 10
    for group in [[k] for k in range(len(panels))] if stacked else [range(len(panels))]:
        curves = [curve for k in group for curve in panels[k].curves]
        points = [item.points for k in group for item in panels[k].data]
        tops = [curve.y[(curve.x >= left) & (curve.x <= right)].max(initial=0.0) for curve in curves]
        tops += [(item.value + item.error_high).max() for item in points]
        lows = [item.value - item.error_low for item in points] + [item.value for item in points]
        positive = np.concatenate([low[low > 0] for low in lows]) if lows else np.array([])
        top = 2 * max(tops) if max(tops) > 0 else 1.0
        all_axes[group[0]].set_ylim(positive.min() / 30 if positive.size else top / 1e5, top)
    all_axes[0].set_xlim(left, right)


def _write_notes(axes: Axes, panel: Panel) -> None:
    """Words beside curves, a little before they leave the panel, below or at the right."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    beyond = 0
    for number, curve in enumerate(curve for curve in panel.curves if curve.note):
        # By turns lower and higher, and farther inside: neighbours may be near.
        height = bottom * (top / bottom) ** (0.05, 0.09)[number % 2]
        edge = right * (left / right) ** (0.02 + 0.06 * beyond)
        place = _last_place(curve, height, left, edge)
        if place is not None and place[1] < top:
            beyond += place[1] > height
            axes.annotate(
                curve.note, place, (-3, 0), "data", "offset points", ha="right", va="top", fontsize=7,
                color=curve.drawn["color"],
            )  # fmt: skip


def _last_place(curve: Curve, height: float, left: float, edge: float) -> tuple[float, float] | None:
    """Where a curve falls below a height for the last time before an edge; the edge if it is above there."""
    shown = curve.y > 0
    if not shown.any():
        return None
    x, z = np.log(curve.x[shown]), np.log(curve.y[shown])
    inside = (x > math.log(left)) & (x < math.log(edge))
    x, z = np.append(x[inside], end := min(math.log(edge), x[-1])), np.append(z[inside], np.interp(end, x, z))
    above = np.flatnonzero(z >= math.log(height))
    if not above.size:
        return None
    if (last := above[-1]) == x.size - 1:
        return math.exp(x[-1]), math.exp(z[-1])
    # Both fall in this step.
    return math.exp(np.interp(math.log(height), z[[last + 1, last]], x[[last + 1, last]])), height


# Panels side by side -------------------------------------------------------------------------------------------------


def plot_side_by_side(panels: Sequence[Panel], meta: Mapping[str, str] = NO_META, axes: Axes | None = None) -> Axes:
    """Draw panels side by side on the same y, each with its own legend; those with the same quantity on x share it.

    Parameters
    ----------
    panels
        What to draw: curves that fall, so that there is room for the legend below, over many small points.
    meta
        How the model was made, for the small print below the last panel.
    axes
        Where to draw a panel that is the only one; new ones if None.

    Returns
    -------
    Axes
        Of the first panel.
    """
    with style():
        count = len(panels)
        size = (6.4, 4.8) if count == 1 else (0.9 + 4.4 * count, 4.6)
        all_axes: list[Axes] = [axes] if axes is not None else list(
            new_figure(size).subplots(1, count, sharey=True, squeeze=False)[0]
        )  # fmt: skip
        # The first panel with each quantity on x.
        first: dict[str, Axes] = {}
        for place, panel in zip(all_axes, panels, strict=True):
            if (shared := first.setdefault(panel.x.label, place)) is not place:
                place.sharex(shared)
            _draw(place, panel, size=4.5, order=3)
            # A factor of ten has room for a few numbers, and these are read more easily than powers.
            place.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
            place.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
            place.yaxis.set_minor_formatter(NullFormatter())
            place.legend(loc="lower left")
            sign(place, meta if place is all_axes[-1] else NO_META)
            if axes is None:
                place.set_title(panel.title, fontsize=11)
                place.label_outer()
        for label, place in first.items():
            if spans := [item.span for panel in panels if panel.x.label == label for item in panel.data]:
                place.set_xlim(min(low for low, _ in spans) / 1.5, max(high for _, high in spans) * 2)
        values = [_positive(place, panel) for place, panel in zip(all_axes, panels, strict=True)]
        if shown := [part for part in values if part.size]:
            all_axes[0].set_ylim(min(part.min() for part in shown) / 1.8, max(part.max() for part in shown) * 1.3)
        return all_axes[0]


def _positive(axes: Axes, panel: Panel) -> FloatArray:
    """Values above zero of a panel's data, and of its curves where they are within the axes' x."""
    left, right = axes.get_xlim()
    values = [item.points.value for item in panel.data]
    values += [curve.y[(curve.x >= left) & (curve.x <= right)] for curve in panel.curves]
    joined = np.concatenate(values)
    return joined[joined > 0]
