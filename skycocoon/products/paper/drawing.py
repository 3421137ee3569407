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
        (n,) in :data:`E2I` or :data:`E2F`, with the place's mask factor.
    """
    data, sed = place.data[0], line.sed
    scale = data.scale(place.target, sed.flavour)
    return (sed.energy**2 * sed.intensity).to_value(E2I) * scale * (E2I if data.per_steradian else E2F)
