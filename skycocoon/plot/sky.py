"""Images of the sky: Mollweide, Galactic, longitude growing to the left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from ..units import FloatArray
from .style import new_figure, sign, style

__all__ = ["plot_fractions", "plot_sky"]

# Below 2e-287 matplotlib takes a range for none.
DARK = 1e-280


def _mollweide(title: str) -> Any:
    axes = new_figure((8.0, 4.8)).add_subplot(projection="mollweide")
    axes.set_title(title, pad=12)
    return axes


def _draw_image(axes: Any, image: FloatArray, colour: str, **scale: Any) -> Any:
    """Draw an image of the whole sky, (b, x) with x = -l, and a graticule in a colour over it."""
    rows, columns = image.shape
    x, b = np.linspace(-math.pi, math.pi, columns + 1), np.linspace(-math.pi / 2, math.pi / 2, rows + 1)
    mesh = axes.pcolormesh(x, b, image, cmap="cividis", rasterized=True, **scale)
    axes.grid(color=colour, lw=0.4, alpha=0.6)
    longitudes = [120, 60, 0, 300, 240]
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]), [f"{l}°" for l in longitudes])
    axes.tick_params(axis="x", colors=colour, labelsize=9)
    for label in axes.get_xticklabels():  # they lie on the bright plane
        label.set_path_effects([withStroke(linewidth=2, foreground="#333333")])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["−60°", "−30°", "b = 0°", "30°", "60°"])
    axes.tick_params(axis="y", labelsize=9)
    return mesh


def plot_sky(
    image: FloatArray, span: tuple[float, float], title: str, label: str, meta: Mapping[str, str], decades: float = 4.0
) -> Axes:
    """Draw an image of the whole sky with a logarithmic colour scale and its bar.

    Parameters
    ----------
    image
        (rows, columns) values on an even grid of Galactic latitude, upwards, and of minus the longitude, from -180 to
        180 deg, as :func:`skycocoon.sky.healpix.image_pixels` has it; NaN is left blank.
    span
        Lowest and highest value on the sky, also between the places of the grid.
    title
        Words above the map.
    label
        Quantity and unit of the colour bar.
    meta
        How the map was made, for the small print.
    decades
        Range of the colour scale below the highest value.

    Returns
    -------
    Axes
        Of the map.
    """
    with style():
        axes = _mollweide(title)
        # A model without cocoons is a good null test: a dark sky is drawn as one.
        highest = span[1] if span[1] > DARK else 1.0
        lowest = max(highest / 10**decades, span[0])
        norm = LogNorm(lowest, highest * (1 + 1e-9))
        # Lines that are seen on blank paper, where a map is of a part of the sky.
        colour = "grey" if np.isnan(image).any() else "white"
        mesh = _draw_image(axes, np.maximum(image, lowest), colour, norm=norm)
        bar = axes.figure.colorbar(
            mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=35, pad=0.04, label=label,
            extend="min" if span[0] < lowest else "neither",
        )  # fmt: skip
        # Below two decades labels of every minor tick run into one another.
        if highest / lowest < 100:
            bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if highest / lowest > 3 else (1, 1.5, 2, 3, 5, 7)))
            bar.ax.xaxis.set_minor_formatter(NullFormatter())
        sign(axes, meta)
        result: Axes = axes
        return result


def plot_fractions(image: FloatArray, title: str) -> Axes:
    """Draw which part of the sky is inside a region.

    Parameters
    ----------
    image
        (rows, columns) parts inside, 0 to 1, on a grid as in :func:`plot_sky`.
    title
        Words above the map.

    Returns
    -------
    Axes
        Of the map.
    """
    with style():
        axes = _mollweide(title)
        _draw_image(axes, image, "grey", vmin=0, vmax=1)
        result: Axes = axes
        return result
