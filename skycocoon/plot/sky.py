"""The sky: maps and regions, Mollweide, Galactic, longitude growing to the left."""

from __future__ import annotations

import math
from typing import Any

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from ..sky import Region, SkyMap
from ..sky.healpix import pixels_at
from .style import E2I, LABELS, messenger_title, sign, style

__all__ = [
    "plot_map",
    "plot_region",
]


def _mollweide(title: str) -> tuple[Figure, Any]:
    figure = plt.figure(figsize=(8.0, 4.8), layout="constrained")
    axes = figure.add_subplot(projection="mollweide")
    axes.set_title(title, pad=12)
    return figure, axes


def _sky_image(values: Any, nside: int) -> tuple[Any, Any, Any]:
    """Sample a RING map on a grid of x = -l (longitude grows to the left) and b."""
    x = np.linspace(-math.pi, math.pi, 901)
    b = np.linspace(-math.pi / 2, math.pi / 2, 451)
    xc, bc = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (b[1:] + b[:-1]))
    vectors = np.stack([np.cos(bc) * np.cos(-xc), np.cos(bc) * np.sin(-xc), np.sin(bc)], axis=-1)
    return x, b, values[pixels_at(nside, vectors.reshape(-1, 3), nest=False)].reshape(xc.shape)


def _graticule(axes: Any, colour: str) -> None:
    axes.grid(color=colour, lw=0.4, alpha=0.6)
    longitudes = [120, 60, 0, 300, 240]
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]), [f"{l}°" for l in longitudes])
    axes.tick_params(axis="x", colors=colour, labelsize=9)
    for label in axes.get_xticklabels():  # they lie on the bright plane
        label.set_path_effects([withStroke(linewidth=2, foreground="#333333")])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["−60°", "−30°", "b = 0°", "30°", "60°"])
    axes.tick_params(axis="y", labelsize=9)


def plot_map(sky: SkyMap, energy: u.Quantity | None = None, decades: float = 4.0) -> Axes:
    """Draw a map at an energy: Mollweide, Galactic, longitude growing to the left, logarithmic.

    Parameters
    ----------
    sky
        The map.
    energy
        Where; by default 10 TeV, or the middle of the map's energies if that is outside.
    decades
        Range of the colour scale below the maximum.
    """
    nodes = sky.energy
    if energy is None:
        energy = 10 * u.TeV
        if not nodes[0] <= energy <= nodes[-1]:
            energy = np.sqrt(nodes[0] * nodes[-1])
    e2 = (energy**2 * sky.at(energy)).to_value(E2I)
    with style():
        what, tev = messenger_title(sky.messenger, sky.flavour), energy.to_value(u.TeV)
        figure, axes = _mollweide(f"{' + '.join(sky.components)}: {what}\n{tev:.4g} TeV, nside {sky.nside}")
        x, b, image = _sky_image(e2, sky.nside)
        # A model without cocoons is a good null test: a dark sky is drawn as one.
        highest = e2.max() if e2.max() > 0 else 1.0
        lowest = max(highest / 10**decades, e2.min())
        norm = LogNorm(lowest, highest * (1 + 1e-9))
        mesh = axes.pcolormesh(x, b, np.maximum(image, lowest), norm=norm, cmap="cividis", rasterized=True)
        _graticule(axes, "white")
        low = e2.min() < lowest
        bar = figure.colorbar(
            mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=35, pad=0.04, label=LABELS[E2I],
            extend="min" if low else "neither",
        )  # fmt: skip
        # Below two decades labels of every minor tick run into one another.
        if highest / lowest < 100:
            bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if highest / lowest > 3 else (1, 1.5, 2, 3, 5, 7)))
            bar.ax.xaxis.set_minor_formatter(NullFormatter())
        sign(axes, sky.meta)
        result: Axes = axes
        return result


def plot_region(region: Region, nside: int = 64) -> Axes:
    """Draw which part of the sky a region covers."""
    with style():
        _, axes = _mollweide(f"{region.name}: {region.solid_angle.to_value(u.sr):.4g} sr")
        x, b, image = _sky_image(region.fractions(nside), nside)
        axes.pcolormesh(x, b, image, cmap="cividis", vmin=0, vmax=1, rasterized=True)
        _graticule(axes, "grey")
        result: Axes = axes
        return result
