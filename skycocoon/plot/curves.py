"""What figures are made of: curves with their looks, data sets with their marks, and axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import matplotlib as mpl

from ..errors import check_name
from ..points import Points
from ..units import E2_FLUX, E2_INTENSITY, FloatArray
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, PURPLE, VERMILION

__all__ = [
    "E2_AXES",
    "ENERGY",
    "LOOKS",
    "PER_NUCLEON",
    "RIGIDITY",
    "TOTAL",
    "WITHOUT_FACTOR",
    "Axis",
    "Curve",
    "DataPoints",
    "Look",
    "component_look",
    "ratio_look",
    "variant_look",
]


@dataclass(frozen=True)
class Axis:
    """What an axis of a panel shows.

    Attributes
    ----------
    label
        Quantity and unit, in which curves and points are given.
    log
        Whether the axis is logarithmic: then values that are not above zero are not drawn.
    limits
        Its ends, None for an end that follows from what is drawn; or None for both.
    ticks
        Labels of the ticks by their places; those of matplotlib if None.
    marked
        Places on the axis that get a thin line across the panel, by the line's name in the legend.
    """

    label: str
    log: bool = True
    limits: tuple[float | None, float | None] | None = None
    ticks: Mapping[float, str] | None = None
    marked: Mapping[str, float] | None = None


ENERGY = Axis(r"$E\ \ [\mathrm{TeV}]$")
"""Energies of gamma rays or neutrinos [TeV]."""
PER_NUCLEON = Axis(r"$T\ \ [\mathrm{GeV\ per\ nucleon}]$")
"""Kinetic energies per nucleon [GeV]."""
RIGIDITY = Axis(r"$R\ \ [\mathrm{GV}]$")
"""Rigidities [GV]."""
E2_AXES = {
    E2_INTENSITY: Axis(r"$E^2\,\Phi\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}\,sr^{-1}}]$"),
    E2_FLUX: Axis(r"$E^2\,\mathrm{d}N/\mathrm{d}E\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}}]$"),
}
"""E^2 times an intensity or times a flux, by its unit."""


@dataclass(frozen=True)
class Look:
    """How a curve is drawn.

    Attributes
    ----------
    colour
        Any colour of matplotlib.
    line
        Any line style of matplotlib.
    width
        Width of the line [points]; that of :func:`~skycocoon.plot.style.style` if None.
    order
        What lies over what: the higher lies above the lower. Curves have 2 if it is None, points 5.
    """

    colour: Any
    line: Any = "-"
    width: float | None = None
    order: float | None = None

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of matplotlib."""
        options = {"color": self.colour, "ls": self.line, "lw": self.width, "zorder": self.order}
        return {key: value for key, value in options.items() if value is not None}


LOOKS = {
    "sum": Look(BLACK, "-", 2.0),
    "sum-other": Look(BLACK, (0, (7, 2)), 1.5),
    "sum-third": Look(BLACK, (0, (1, 1.2)), 1.5),
    "cocoons": Look(BLUE, "--", 2.0),
    # Over sums: these hide it where cocoons do not count.
    "base": Look(VERMILION, "-.", 1.5, 2.5),
    "base-other": Look(VERMILION, ":", 1.8),
    "base-third": Look(VERMILION, (0, (5, 1, 1, 1, 1, 1)), 1.2),
    "reference": Look(GREEN, (0, (3, 1, 1, 1)), 1.2),
    "ladder": Look(None, "-", 1.6),
    "ladder-thin": Look(None, (0, (4, 1.5)), 1.2),
}
"""How a curve is drawn, by what it is: no two are told apart by colour alone. A ladder's colours run over its steps."""

TOTAL = Look(BLACK)
"""Look of the sum of a spectrum's components."""
WITHOUT_FACTOR = Look(BLACK, (0, (8, 2, 1, 2)), 0.7)
"""Look of a sum without the factor that multiplies the model elsewhere in the figure."""
VARIANTS = (":", "-.", (0, (1, 3)))
RATIOS = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (BLACK, ":"), (ORANGE, (0, (6, 1.5, 1, 1.5))), (PURPLE, "-"))


def component_look(index: int, alone: bool = False) -> Look:
    """Look of a component of a spectrum: dashed in the colour of its place, solid if it is the only one.

    Parameters
    ----------
    index
        Its place among the components, from 0.
    alone
        Whether there is no other.

    Returns
    -------
    Look
        Its colour and line.
    """
    return Look(LINES[index % len(LINES)], "-" if alone else "--")


def variant_look(look: Look, index: int) -> Look:
    """Look of a curve for other parameters of the model: the same colour, thinner, with a line of its own.

    Parameters
    ----------
    look
        Of the model itself.
    index
        Place among the variants, from 0.

    Returns
    -------
    Look
        Of the variant.
    """
    return replace(look, line=VARIANTS[index % len(VARIANTS)], width=1.2)


def ratio_look(index: int) -> Look:
    """Look of a ratio of nuclei, by its place in the series of curves, from 0."""
    colour, line = RATIOS[index % len(RATIOS)]
    # Over the points: these are many, and small where the curves are told apart.
    return Look(colour, line, order=4)


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of a panel.

    Attributes
    ----------
    name
        Its name in tables, and in the legend unless ``label`` says otherwise (``""``: not there).
    x, y
        (n,) places and values, in the units of the panel's axes.
    look
        How it is drawn: a :class:`Look`, or a key of :data:`LOOKS`.
    step
        Where on a ladder of values this curve is, 0 to 1.
    label
        Name in the legend; `name` if None.
    note
        Words beside the curve where it leaves the panel, at the bottom or at the right.

    Raises
    ------
    InputError
        For a look that is not in :data:`LOOKS`.

    Examples
    --------
    >>> import numpy as np
    >>> curve = Curve("cocoons", np.array([1.0, 10.0]), np.array([2e-7, 1e-7]), "cocoons")
    >>> curve.drawn["color"], curve.drawn["ls"]
    ('#0072B2', '--')
    """

    name: str
    x: FloatArray
    y: FloatArray
    look: Look | str = "sum"
    step: float = 0.0
    label: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.look, str):
            check_name("look of a curve", self.look, LOOKS)

    @property
    def drawn(self) -> dict[str, Any]:
        """Colour, line and width, as keywords of matplotlib."""
        look = LOOKS[self.look] if isinstance(self.look, str) else self.look
        if look.colour is None:
            # The last part of the map is too pale for white paper.
            look = replace(look, colour=mpl.colormaps["cividis"](0.85 * self.step))
        return look.keywords

    @property
    def legend(self) -> str:
        """Name in the legend; empty if it is not there."""
        return self.name if self.label is None else self.label


@dataclass(frozen=True, eq=False)
class DataPoints:
    """A data set of a panel.

    Attributes
    ----------
    points
        Values with errors and limits, in the units of the panel's axes.
    bins
        (n,) lower and (n,) upper edges of the bins in x; None where there are none.
    band
        Whether the values are one fitted normalisation over a range of x: drawn as a band of its errors.
    mark
        Place in the series of marks and colours, from 0.
    aside
        Whether it is drawn in grey, for orientation only.
    """

    points: Points
    bins: tuple[FloatArray, FloatArray] | None = None
    band: bool = False
    mark: int = 0
    aside: bool = False

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest x, with the bins."""
        low, high = (self.points.x, self.points.x) if self.bins is None else self.bins
        return float(low.min()), float(high.max())
