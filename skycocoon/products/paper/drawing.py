"""What a figure of spectra holds before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u

from .models import ModelCurve, Place

TITLES = {
    1: "Boron over carbon",
    2: "Gamma rays in LHAASO-KM2A's inner and outer regions",
    3: "Neutrinos of the whole sky",
    4: "Appendix B: the rigidity R_c at which the grammage of cocoons ends",
    5: "Appendix C: from advection to diffusion, two laws of grammage",
}

E2I = u.GeV / u.cm**2 / u.s / u.sr
E2F = u.GeV / u.cm**2 / u.s


@dataclass(frozen=True, eq=False)
class SpectrumPanel:
    """A place, its curves, names of two with a band between them, and the panel's name in the table."""

    name: str
    place: Place
    lines: tuple[ModelCurve, ...]
    shaded: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure of spectra and what is said beside it."""

    panels: tuple[SpectrumPanel, ...]
    text: tuple[str, ...]
    stacked: bool = False
    legend_title: str = ""


def drawn_values(line: ModelCurve, place: Place) -> u.Quantity:
    """E^2 times what is drawn of a model: an intensity, or a flux where the data are fluxes; with the mask factor."""
    if place.data[0].per_steradian:
        return (line.sed.energy**2 * line.sed.intensity * place.factor).to(E2I)
    return (line.sed.energy**2 * line.sed.flux * place.factor).to(E2F)
