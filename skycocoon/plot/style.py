"""What all figures share: colours, marks, settings, the small print, and how they are saved.

Colours are Okabe and Ito's and cividis: both stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "BANDS",
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "LINES",
    "ORANGE",
    "PURPLE",
    "VERMILION",
    "mark",
    "new_axes",
    "new_figure",
    "save",
    "sign",
    "style",
]

# Okabe & Ito 2008.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#888888"
LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""Colours of curves, in the order in which they are taken."""
POINTS = (BLACK, PURPLE, GREEN, ORANGE, SKY)
MARKS = ("o", "s", "D", "^", "v", "P")
BANDS = ((ORANGE, ""), (SKY, "///"), (PURPLE, "\\\\\\"))
"""Colour and hatch of bands, in the order in which they are taken."""
NOT_OF_FIGURES = (
    "backend", "date.epoch", "docstring.", "figure.max_open_warning", "figure.raise_window", "interactive", "keymap.",
    "savefig.directory", "timezone", "tk.", "toolbar", "webagg.",
)  # fmt: skip
"""Settings of windows and of the session, which are the user's."""


def style() -> AbstractContextManager[None]:
    """Settings of matplotlib for every figure, for use in a ``with``: its defaults and ours, and nobody else's.

    Returns
    -------
    context manager
        Gives nothing.
    """
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(NOT_OF_FIGURES)}
    return mpl.rc_context(
        {
            **defaults,
            "figure.dpi": 150,
            # Each figure says how it is laid out; see `save`.
            "figure.autolayout": False,
            "figure.constrained_layout.use": False,
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


def new_figure(size: tuple[float, float], layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Make an empty figure: one that pyplot shows, or outside the main thread, which windows belong to, one for a file.

    Parameters
    ----------
    size
        Width and height [inch].
    layout
        What arranges axes and texts; nothing if None.

    Returns
    -------
    Figure
        The figure.
    """
    if threading.current_thread() is not threading.main_thread():
        return Figure(figsize=size, layout=layout)
    try:
        # Slow to import, and not needed for files.
        import matplotlib.pyplot as plt

        return plt.figure(figsize=size, layout=layout)
    except ImportError:  # what draws windows cannot be loaded here, as without a display
        return Figure(figsize=size, layout=layout)


def new_axes(size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """Make a figure with one pair of axes.

    Parameters
    ----------
    size
        Width and height of the figure [inch].

    Returns
    -------
    Axes
        The axes, which know their figure.
    """
    return new_figure(size).subplots()


def save(axes: Axes, *paths: str | Path) -> None:
    """Write the figure that holds the axes, in the format of each path's ending, and close it.

    Parameters
    ----------
    axes
        Any axes of the figure.
    paths
        Files to write: ``.png``, ``.pdf`` or ``.svg``.
    """
    figure: Any = axes.get_figure(root=True)
    with style():
        # Laid out once, as PNG files need it: matplotlib would do it for each file, and draw all twice for that.
        figure.set_dpi(mpl.rcParams["savefig.dpi"])
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)
        for path in paths:
            figure.savefig(path)
    if figure.canvas.manager is not None:
        import matplotlib.pyplot as plt

        plt.close(figure)


def mark(index: int) -> dict[str, Any]:
    """Mark and colours of a data set's points, by its place in the series; those of the first set are filled.

    Parameters
    ----------
    index
        Place in the series of data sets, from 0; it begins again after the last colour or mark.

    Returns
    -------
    dict
        Keywords of matplotlib: ``marker``, ``color`` and ``mfc``.

    Examples
    --------
    >>> mark(0)
    {'marker': 'o', 'color': '#000000', 'mfc': '#000000'}
    >>> mark(1)["mfc"]
    'white'
    """
    colour = POINTS[index % len(POINTS)]
    return {"marker": MARKS[index % len(MARKS)], "color": colour, "mfc": colour if index == 0 else "white"}


def sign(axes: Axes, meta: Mapping[str, str] | None, width: int = 110) -> None:
    """Write in small print below the axes which model they show, and what was changed in it.

    Parameters
    ----------
    axes
        Where to write.
    meta
        How the model was made: ``creator``, ``version``, ``model``, ``changes`` and ``absorption`` are written, where
        they are given. Nothing to write if None.
    width
        Most letters in a line.
    """
    meta = meta or {}
    words = [f"{meta['creator']} {meta.get('version', '')}"] if "creator" in meta else []
    words += [meta[key].split("/")[-1] if key == "model" else meta[key] for key in ("model", "changes") if key in meta]
    if meta.get("absorption", "none") != "none":
        words.append(meta["absorption"])
    # In lines that are no wider than the axes: the layout makes room for all that is drawn.
    text = "\n".join(textwrap.wrap("; ".join(words), width))
    axes.annotate(text, (1, 0), (0, -38), "axes fraction", "offset points", ha="right", va="top", fontsize=6)
