"""What all figures share: colours, marks, axes, the small print, and how they are saved.

Colours are Okabe and Ito's and cividis: both stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from ..sky.convention import FLAVOURS

__all__ = [
    "mark",
    "messenger_title",
    "new_axes",
    "save",
    "sign",
    "style",
]

# Okabe & Ito 2008.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#888888"
LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
POINTS = (BLACK, PURPLE, GREEN, ORANGE, SKY)
MARKS = ("o", "s", "D", "^", "v", "P")
VARIANTS = (":", "-.", (0, (1, 3)))
BANDS = ((ORANGE, ""), (SKY, "///"), (PURPLE, "\\\\\\"))

E2I = u.GeV / u.cm**2 / u.s / u.sr
E2F = u.GeV / u.cm**2 / u.s
LABELS = {
    E2I: r"$E^2\,\Phi\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}\,sr^{-1}}]$",
    E2F: r"$E^2\,\mathrm{d}N/\mathrm{d}E\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}}]$",
}
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})
NAMES = {"gamma": "gamma rays", "neutrino": "neutrinos"}


def messenger_title(messenger: str, flavour: str) -> str:
    """The messenger and its convention, for a title."""
    convention = FLAVOURS[flavour].replace("nu + anti-nu", r"$\nu+\bar\nu$") if flavour else ""
    return NAMES[messenger] + (f", {convention}" if convention else "")


def style() -> AbstractContextManager[None]:
    """Settings of every figure, for use in a ``with``."""
    return mpl.rc_context(
        {
            "figure.dpi": 150,
            "savefig.dpi": 200,
            "font.size": 11,
            "axes.labelsize": 12,
            "axes.titlesize": 12,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.top": True,
            "ytick.right": True,
            "lines.linewidth": 1.8,
            "errorbar.capsize": 2,
            "mathtext.fontset": "dejavusans",
            "hatch.linewidth": 0.6,
            # Letters stay letters in a PDF, as journals ask.
            "pdf.fonttype": 42,
        }
    )


def new_axes(size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """Axes of a new figure; size in inches."""
    axes: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return axes


def save(axes: Axes, *paths: str | Path) -> None:
    """Write the figure that holds the axes, in the format of each path's ending, and close it."""
    figure = axes.get_figure(root=True)
    with style():
        for path in paths:
            figure.savefig(path)  # type: ignore[union-attr]
    plt.close(figure)


def mark(index: int) -> dict[str, Any]:
    """Mark and colours of the points of a data set, by its place in the series; the first is filled."""
    colour = POINTS[index % len(POINTS)]
    return {"marker": MARKS[index % len(MARKS)], "color": colour, "mfc": colour if index == 0 else "white"}


def sign(axes: Axes, meta: Mapping[str, str], width: int = 110) -> None:
    """Say in small print which model a figure shows, and what was changed in it; in lines of some letters."""
    words = [f"{meta['creator']} {meta.get('version', '')}"] if "creator" in meta else []
    words += [meta[key].split("/")[-1] if key == "model" else meta[key] for key in ("model", "changes") if key in meta]
    if meta.get("absorption", "none") != "none":
        words.append(meta["absorption"])
    # In lines that are no wider than the axes: the layout makes room for all that is drawn.
    text = "\n".join(textwrap.wrap("; ".join(words), width))
    axes.annotate(text, (1, 0), (0, -38), "axes fraction", "offset points", ha="right", va="top", fontsize=6)
