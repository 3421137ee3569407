"""What a figure of spectra holds before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import astropy.units as u

from ...units import E2_FLUX, E2_INTENSITY
from .models import ModelCurve, Place

if TYPE_CHECKING:
    from ...plot import Panel

TITLES = {
    1: "Boron over carbon",
    2: "Gamma rays in LHAASO-KM2A's inner and outer regions",
    3: "Neutrinos of the whole sky",
    4: "Appendix B: the rigidity R_c at which the grammage of cocoons ends",
    5: "Appendix C: from advection to diffusion, two laws of grammage",
}


@dataclass(frozen=True, eq=False)
class SpectrumPanel:
    """A place, its curves, names of two with a band between them, and the panel's name in the table.

    Attributes
    ----------
    name
        Name of the panel in the table.
    place
        The part of the sky, with its data.
    lines
        The model's spectra.
    shaded
        Names of two lines with a band between them; None for no band.
    """

    name: str
    place: Place
    lines: tuple[ModelCurve, ...]
    shaded: tuple[str, str] | None = None

    def drawn(self) -> Panel:
        """Curves and points as a figure shows them."""
        from ...plot import Curve, Panel
        from ...plot.curves import E2_AXES

        place, curves = self.place, []
        for line in self.lines:
            x, y = line.sed.energy.to_value(u.TeV), drawn_values(line, place).value
            curves.append(Curve(line.name, x, y, line.look, line.step, line.label, line.note))
        data = tuple(item.drawn(place.flux, mark) for mark, item in enumerate(place.data))
        shaded = () if self.shaded is None else (self.shaded,)
        return Panel(place.title, tuple(curves), data, shaded, y=E2_AXES[E2_FLUX if place.flux else E2_INTENSITY])


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure of spectra and what is said beside it.

    Attributes
    ----------
    panels
        What is drawn.
    text
        Paragraphs of the caption.
    stacked
        Whether panels are one above the other.
    legend_title
        Title of the legend.
    """

    panels: tuple[SpectrumPanel, ...]
    text: tuple[str, ...]
    stacked: bool = False
    legend_title: str = ""


def drawn_values(line: ModelCurve, place: Place) -> u.Quantity:
    """Return what is drawn of a model: E^2 times what the data of a place would have measured of it.

    Parameters
    ----------
    line
        The model's spectrum.
    place
        Where it is held against data, which decide between an intensity and a flux.

    Returns
    -------
    Quantity
        (n,) in :data:`E2_INTENSITY` or :data:`E2_FLUX`, with the place's mask factor.
    """
    data, sed = place.data[0], line.sed
    scale = data.scale(place.target, sed.flavour)
    unit = E2_INTENSITY if data.per_steradian else E2_FLUX
    return (sed.energy**2 * sed.intensity).to_value(E2_INTENSITY) * scale * unit
