"""What is said beside the paper's figures: what is drawn, what of it is published and what reconstructed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import astropy.units as u
import numpy as np

from ...cosmicrays import DiffusiveGrammage, ExponentialGrammage
from ...emission import Cocoons, GalaxyModel
from .models import ModelCurve, Place, base, base_name, bases, chi_square, shining, spectra

__all__ = [
    "chi_squares",
    "cited",
    "diffuse",
    "grammage",
    "kraichnan",
    "law",
    "made",
    "masks",
    "page",
    "reconstructed",
    "sources_end",
    "summary",
    "tv",
    "variants",
]

WIDTH = 100
NAMES = {"gamma": "gamma rays", "neutrino": "neutrinos"}
PUBLISHED_GRAMMAGE = 0.4 * u.g / u.cm**2
"""X_c0 that the paper finds from B/C (its abstract)."""
FIDUCIAL = 100 * u.TV
"""R_c of the preset paper. Reconstructed."""


def page(title: str, paragraphs: Iterable[str]) -> str:
    """A text of short lines: a title, and paragraphs, which are filled unless they are tables of several lines."""
    filled = [
        text if "\n" in text else textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
        for text in paragraphs
        if text
    ]
    return "\n\n".join([f"{title}\n{'=' * len(title)}", *filled]) + "\n"


def made(model: GalaxyModel) -> str:
    """From which model."""
    origin = model.provenance
    changes = f"; changed: {origin['changes']}" if "changes" in origin else ""
    return f"Made by skycocoon {origin.get('version', '')} from the model {origin.get('model', '')}{changes}."


def tv(rigidity: u.Quantity) -> str:
    """A rigidity in TV."""
    return f"{rigidity.to_value(u.TV):g} TV"


def law(cocoons: tuple[Cocoons, ...]) -> str:
    """The model's law of grammage in a few words."""
    own = cocoons[0].grammage
    if isinstance(own, DiffusiveGrammage):
        return f"eq. 15 with delta = {own.delta:.3g}, R_c = {tv(own.cutoff)}"
    return f"exp(−R/{tv(own.cutoff)})" if isinstance(own, ExponentialGrammage) else "constant grammage"


def kraichnan(cocoons: tuple[Cocoons, ...]) -> bool:
    """Whether the model's own law of grammage is eq. 15 with delta = 1/2."""
    own = cocoons[0].grammage
    return isinstance(own, DiffusiveGrammage) and bool(np.isclose(own.delta, 0.5))


def variants(model: GalaxyModel, place: Place) -> str:
    """Names of the diffuse emission's variants, in brackets."""
    names = [name for name, parts in bases(model).items() if shining(parts, place)]
    return f" ({', '.join(names)})" if names else " (which this model does not have)"


def grammage(cocoons: tuple[Cocoons, ...]) -> str:
    """What of X_c0 is published."""
    value = cocoons[0].grammage.normalisation.to(PUBLISHED_GRAMMAGE.unit)
    if np.isclose(value.value, PUBLISHED_GRAMMAGE.value):
        return "the grammage X_c0 = 0.4 g cm-2, the paper's best fit"
    return f"a grammage X_c0 = 0.4 g cm-2 as the paper's best fit (this model has {value.value:.4g} g cm-2)"


def sources_end(cocoons: tuple[Cocoons, ...]) -> str:
    """T_max, as a rigidity."""
    ends = (f"{species.cutoff.to_value(u.PV):g} PV" for part in cocoons for species in part.injection)
    return " and ".join(dict.fromkeys(ends))


def cited(cocoons: tuple[Cocoons, ...]) -> str:
    """What comes from works that the paper cites."""
    species = ", ".join(
        f"{i.species.name} xi = {i.efficiency:g} and slope {i.slope:g}" for part in cocoons for i in part.injection
    )
    return (
        "Cited. One supernova of 1e51 erg in 30 years, and what it releases in cosmic rays; here "
        f"{species} (the values of the preset paper are from memory of Evoli, Aloisio and Blasi 2019)."
    )


def reconstructed(model: GalaxyModel, cocoons: tuple[Cocoons, ...], *before: str) -> str:
    """What the paper does not state, beginning with some things of the figure's own."""
    part = cocoons[0]
    things = list(before)
    things.append(
        f"the end of the sources' spectra (eq. 4), exp(-T/T_max), T_max = {sources_end(cocoons)} times Z (1 to 5 PV)"
    )
    if hasattr(part.density, "half_height"):
        disc = part.density
        things.append(
            f"the disc's scale height {disc.height:g} and edges, R < {disc.radius:g}, |z| < {disc.half_height:g}"
        )
    things.append(f"the cross section of helium ({part.helium})")
    return f"Reconstructed, that is, assumed by us: {'; '.join(things)}."


def absorption(model: GalaxyModel) -> str:
    """What is assumed of the absorption of gamma rays."""
    if not model.absorption.fields:
        return "Gamma rays are not absorbed: the paper mentions no absorption."
    return f"Gamma rays are absorbed ({model.absorption}); the paper mentions no absorption."


def diffuse(model: GalaxyModel, place: Place) -> str:
    """Whose the diffuse emission is."""
    if not shining(base(model), place):
        return f"The model has no diffuse emission of {NAMES[place.messenger]}, so that there are no sums."
    if not spectra(model):
        return f"The diffuse emission is the map of the model file ({base_name(model)})."
    return (
        "The diffuse emission is reconstructed too, with the meaning of the paper's base min and base max: local "
        "spectra that we fitted to data, of which min and max differ at the knee as the air-shower experiments do, on "
        "published gas models. The paper takes it from De la Torre Luque et al. 2023, whose spectra and maps could "
        "not be read."
    )


def masks(places: Iterable[Place]) -> str:
    """What is done for masked sources."""
    words = []
    for place in places:
        if place.factor != 1:
            words.append(f"The model in {place.name} is multiplied by {place.factor:g} for the sources masked there.")
        elif place.where.name != place.name:
            words.append(f"The model in {place.name} is the mean over {place.where.name}, without masked sources.")
        else:
            words.append(f"In {place.name} nothing is done about masked sources.")
    return " ".join(words)


def chi_squares(panels: Sequence[tuple[str, Place, Sequence[ModelCurve]]]) -> str:
    """Chi-square of every curve against the data beside it, as a table."""
    rows = ["Chi-square with nothing fitted; errors statistical and systematic, in quadrature:"]
    for panel, place, lines in panels:
        for item in place.data:
            found = {line.name: value for line in lines if (value := chi_square(line, place, item)) is not None}
            if not found:
                continue
            points = "one number" if item.band else f"{item.energy.size} points"
            rows.append(f"  {panel}: {item.name}, {points}")
            rows += [f"    {name:<44}{value:8.1f}" for name, value in found.items()]
    return "\n".join(rows) if len(rows) > 1 else ""


def summary(model: GalaxyModel, cocoons: tuple[Cocoons, ...]) -> str:
    """Eqs. 9 and 10 for a model."""
    paragraphs = [made(model)]
    for part in cocoons:
        age, radius = part.confinement_time.to_value(u.Myr), part.largest_radius
        density = part.gas_density.to_value(u.cm**-3)
        lifetime = part.lifetime.to_value(u.Myr)
        paragraphs += [
            str(part),
            f"Eq. 9. Particles cross X_c0 = {part.grammage.normalisation.to_value(u.g / u.cm**2):g} g cm-2 in gas of "
            f"{density:g} cm-3 in tau_c = X_c0/(m_p n c) = {age:.4f} Myr: cocoons live at least so long. Their "
            f"lifetime is taken as {lifetime:g} Myr"
            + (f", {lifetime / age:.2f} tau_c." if age > 0 else "; without grammage there is no limit."),
            f"Eq. 10. N_c = R_SN T_c = {part.number:.0f} cocoons exist at a time."
            + (
                ""
                if radius is None
                else f" With a radius of r_c = [3 V/(4 pi N_c)]^(1/3) = {radius.to_value(u.pc):.1f} pc they would "
                f"fill the disc, V = pi R_d^2 2 h with R_d = {part.density.radius:g} and h = {part.density.height:g}: "
                "an upper limit."
            ),
        ]
    paragraphs.append(
        "Published: a lifetime of about 0.3 Myr, and X_c0 = 0.4 g cm-2. Reconstructed: the forms of eqs. 9 and 10, "
        "from their wording; R_d and h."
    )
    return page("Age and size of cocoons", paragraphs)
