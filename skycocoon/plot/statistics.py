"""Figures of a fit, from arrays and names: pulls, correlations, profiles of chi-square, samples."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import astropy.units as u
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from ..errors import InputError
from ..points import Points
from ..units import FloatArray
from .panels import NO_META
from .style import BLACK, BLUE, GREY, VERMILION, mark, new_axes, new_figure, sign, style

__all__ = ["plot_corner", "plot_correlation", "plot_profile", "plot_pulls"]

# Delta chi-square of 1, 2 and 3 sigma of one parameter.
SIGMAS = {1.0: "1σ", 4.0: "2σ", 9.0: "3σ"}
# Of a Gaussian: the median and 1 sigma to both sides.
QUANTILES = (0.1587, 0.5, 0.8413)
# Pulls beyond this are drawn as arrows at the strip's edge.
FARTHEST = 4.0


def _label(name: str, unit: str, power: int = 0, width: int = 22) -> str:
    """Name and unit for an axis, where values are divided by a power of ten."""
    unit = " ".join(([f"$10^{{{power}}}$"] if power else []) + ([_raised(unit)] if unit else []))
    # A unit stays in one line, with its bracket.
    parts = [*textwrap.wrap(name, width, break_long_words=False, break_on_hyphens=False)]
    if not unit:
        return "\n".join(parts)
    # Commands of TeX are longer than what they draw: in an axis label a symbol and its unit fit into one line.
    separator = " " if len(parts) == 1 and len(_plain(parts[0])) + len(_plain(unit)) + 3 <= width else "\n"
    return "\n".join(parts) + f"{separator}[{unit}]"


def _raised(unit: str) -> str:
    """A unit with its powers raised; as it is if astropy does not know it."""
    try:
        return str(u.Unit(unit).to_string("latex_inline"))
    except ValueError:
        return unit


def _plain(text: str) -> str:
    """About what is drawn of a text in TeX: without commands, braces and signs of mathematics."""
    return re.sub(r"\\[a-zA-Z]+|\\.|[${}^_]", "", text)


def _power(values: FloatArray) -> int:
    """Power of ten that is taken out of values, so that axes have short numbers; 0 if these are short already."""
    largest = float(np.max(np.abs(values)))
    power = math.floor(math.log10(largest)) if largest > 0 else 0
    return power if not -3 <= power <= 3 else 0


def plot_pulls(sets: Sequence[Points], pulls: Mapping[str, FloatArray], meta: Mapping[str, str] = NO_META) -> Axes:
    """Draw (data - model)/error of every point against its x, one strip for each data set.

    Parameters
    ----------
    sets
        The data sets.
    pulls
        (n,) pulls of each, by its name.
    meta
        How the model was made, for the small print.

    Returns
    -------
    Axes
        Of the first strip.
    """
    # One axis for all if they have the same quantity on it.
    same = len({item.x_label for item in sets}) == 1
    with style():
        figure = new_figure((6.4, 1.3 + (1.15 if same else 1.45) * len(sets)))
        grid = figure.subplots(len(sets), 1, sharey=True, sharex=same, squeeze=False)
        strips: list[Axes] = list(grid[:, 0])
        for index, (axes, item) in enumerate(zip(strips, sets, strict=True)):
            _draw_pulls(axes, item, pulls[item.name], index)
            # One point alone has no scale of its own.
            if np.all(item.x > 0) and not same and item.x.min() == item.x.max():
                axes.set_xlim(item.x[0] / 10, item.x[0] * 10)
            if not same or axes is strips[-1]:
                axes.set_xlabel(item.x_label, fontsize=9)
        strips[0].set_ylim(-FARTHEST, FARTHEST)
        strips[0].set_yticks([-2, 0, 2])
        figure.supylabel("(data − model) / error", fontsize=11)
        sign(strips[-1], meta)
        return strips[0]


def _draw_pulls(axes: Axes, item: Points, pull: FloatArray, index: int) -> None:
    """One strip of pulls: points, or arrows with a number where they are far, over bands of 1 and 2 sigma."""
    for sigma, alpha in ((2, 0.08), (1, 0.12)):
        axes.axhspan(-sigma, sigma, color=BLACK, alpha=alpha, lw=0)
    axes.axhline(0, color=GREY, lw=0.8)
    near = np.abs(pull) <= FARTHEST
    # As in figures of the data themselves, where they come in the same order.
    axes.plot(item.x[near], pull[near], ls="none", ms=4.5, **mark(index))
    for side, arrow in ((1, "^"), (-1, "v")):
        far = ~near & (np.sign(pull) == side)
        edge = np.full(far.sum(), side * (FARTHEST - 0.3))
        axes.plot(item.x[far], edge, arrow, color=VERMILION, ms=6)
        for x, y, value in zip(item.x[far], edge, pull[far], strict=True):
            axes.annotate(
                f"{value:.0f}", (x, y), (4, 0), "data", "offset points", fontsize=7, va="center", color=VERMILION
            )
    if np.all(item.x > 0):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    number = "1 number" if pull.size == 1 else f"{pull.size} points"
    axes.set_title(rf"{item.label}: $\chi^2$ = {float(pull @ pull):.1f}, {number}", fontsize=9, loc="left")
    axes.tick_params(labelsize=8)


def plot_correlation(matrix: FloatArray, names: Sequence[str], meta: Mapping[str, str] = NO_META) -> Axes:
    """Draw the correlation matrix of a fit's parameters, with the numbers in the cells.

    Parameters
    ----------
    matrix
        (n, n) correlation coefficients; NaN where there is none.
    names
        (n,) what the parameters are called.
    meta
        How the model was made, for the small print.

    Returns
    -------
    Axes
        Of the matrix.
    """
    count = len(names)
    with style():
        axes = new_axes((max(2.6 + 0.62 * count, 4.2), 2.2 + 0.55 * count))
        # Light where nothing is correlated: the numbers are read there, and grey print shows the strength.
        image = axes.imshow(matrix, vmin=-1, vmax=1, cmap="PuOr_r")
        for row in range(count):
            for column in range(count):
                value = matrix[row, column]
                text = f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–"
                colour = _readable(image.to_rgba(np.nan_to_num(value)))
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        axes.set_xticks(range(count), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=8)
        axes.set_yticks(range(count), names, fontsize=8)
        axes.tick_params(length=0)
        axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", lw=1)
        axes.tick_params(which="minor", length=0)
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1])
        bar.ax.tick_params(labelsize=8)
        # Over the whole figure: the axes of two parameters are narrower than the words.
        axes.figure.suptitle("correlation of the fitted parameters", fontsize=11)
        _sign_corner(axes, meta, (0.995, 0.005))
        return axes


def _readable(background: FloatArray) -> str:
    """White or black, whichever has the greater contrast (WCAG 2.1: relative luminance of sRGB)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in background[:3]]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else BLACK


def _sign_corner(axes: Axes, meta: Mapping[str, str], place: tuple[float, float]) -> None:
    """Write the small print into a corner of the figure, where tick labels hang below the axes."""
    words = " ".join(meta[key].split("/")[-1] for key in ("creator", "version", "model") if key in meta)
    axes.figure.text(*place, words, ha="right", va="bottom" if place[1] < 0.5 else "top", fontsize=6)


def plot_profile(
    grid: FloatArray,
    delta: FloatArray,
    interval: tuple[float, float],
    *,
    name: str,
    unit: str,
    ends: Callable[[float], tuple[str, str]],
    meta: Mapping[str, str] = NO_META,
    axes: Axes | None = None,
) -> Axes:
    """Draw delta chi-square against a parameter, with the lines of 1, 2 and 3 sigma and the 1 sigma interval shaded.

    Parameters
    ----------
    grid, delta
        (n,) values of the parameter, increasing, and chi-square above its minimum at each; two or more, finite.
    interval
        Ends of the 1 sigma interval; NaN where the grid ends before.
    name, unit
        What the parameter is called, and its unit.
    ends
        Gives the ends of the interval in words, divided by a power of ten.
    meta
        How the model was made, for the small print.
    axes
        Where; new ones if None.

    Returns
    -------
    Axes
        Those that were drawn on.
    """
    # The root is nearly straight on either side of the minimum: lines between the points follow it well.
    root = np.sqrt(np.maximum(delta, 0.0)) * np.where(grid < grid[np.argmin(delta)], -1.0, 1.0)
    fine = np.linspace(grid[0], grid[-1], 1001)
    line = np.interp(fine, grid, root) ** 2
    power = _power(grid)
    scale = 10.0**power
    low, high = interval
    with style():
        axes = new_axes() if axes is None else axes
        inside = (fine >= (low if math.isfinite(low) else grid[0])) & (
            fine <= (high if math.isfinite(high) else grid[-1])
        )
        axes.fill_between(fine / scale, 0, line, where=inside.tolist(), color=BLUE, alpha=0.25, lw=0)
        axes.plot(fine / scale, line, color=BLUE)
        axes.plot(grid / scale, delta, "o", color=BLUE, mfc="white", ms=4)
        top = min(max(1.3 * float(delta.max()), 1.3), 12.0)
        for level, sigmas in SIGMAS.items():
            if level < top:
                axes.axhline(level, color=GREY, lw=0.8, ls="--")
                axes.annotate(
                    sigmas, (1, level), (-4, 2), ("axes fraction", "data"), "offset points", ha="right", fontsize=8,
                    color="#444444",
                )  # fmt: skip
        axes.set_ylim(0, top)
        axes.set_xlim(grid[0] / scale, grid[-1] / scale)
        axes.set_xlabel(_label(name, unit, power, 60))
        axes.set_ylabel(r"$\Delta\chi^2$")
        start, end = ends(scale)
        axes.set_title(f"lowest at {grid[np.argmin(delta)] / scale:.4g}; 68.3 % from {start} to {end}", fontsize=10)
        # Not what was changed: factors on single data sets are those of the best fit, and not along the profile.
        sign(axes, {key: value for key, value in meta.items() if key in ("creator", "version", "model")})
        return axes


def plot_corner(
    chain: FloatArray,
    names: Sequence[str],
    units: Sequence[str],
    best: Sequence[float] | None = None,
    meta: Mapping[str, str] = NO_META,
) -> Axes:
    """Draw the samples of a posterior: every parameter and every pair, with 68.3 and 95.4 % contours.

    Parameters
    ----------
    chain
        (m, n) samples.
    names, units
        (n,) what the parameters are called, and their units.
    best
        (n,) values that are marked with lines, e.g. of the fit.
    meta
        How the model was made, for the small print.

    Returns
    -------
    Axes
        Of the first parameter alone.

    Raises
    ------
    InputError
        If the package corner is missing.
    """
    try:
        import corner
    except ImportError:
        raise InputError('corner plot: the package corner is missing; pip install "skycocoon[sampling]"') from None
    powers = [_power(np.median(column)) for column in chain.T]
    scale = 10.0 ** np.array(powers, dtype=np.float64)
    with style():
        count = len(names)
        figure: Any = new_figure((1.2 + 1.75 * count, 1.2 + 1.75 * count), layout=None)
        spans = [(column.min(), column.max()) for column in (chain / scale).T]
        corner.corner(
            chain / scale, labels=[_label(*words) for words in zip(names, units, powers, strict=True)], fig=figure,
            color=BLUE, quantiles=QUANTILES, levels=(0.683, 0.954), smooth=0.7,
            # corner fails on the mark of one parameter alone.
            truths=None if best is None or count == 1 else list(np.asarray(best) / scale), truth_color=VERMILION,
            label_kwargs={"fontsize": 8}, max_n_ticks=4, bins=25,
            # A parameter that no walker moved has no range of its own.
            range=[(low, high) if low < high else (low - 0.5, high + 0.5) for low, high in spans],
        )  # fmt: skip
        for axes in figure.axes:
            axes.tick_params(labelsize=7)
        for axes, column in zip(figure.axes[:: count + 1], (chain / scale).T, strict=True):
            axes.set_title(_interval(*np.quantile(column, QUANTILES)), fontsize=8)
        first: Axes = figure.axes[0]
        if best is not None and count == 1:
            first.axvline(best[0] / scale[0], color=VERMILION)
        _sign_corner(first, meta, (0.98, 0.98))
        return first


def _interval(low: float, middle: float, high: float) -> str:
    """Median and distances to the ends, with two digits of the smaller one."""
    least = min(middle - low, high - middle)
    digits = max(0, 1 - math.floor(math.log10(least))) if least > 0 else 3
    return f"${middle:.{digits}f}_{{-{middle - low:.{digits}f}}}^{{+{high - middle:.{digits}f}}}$"
