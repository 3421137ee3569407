"""Texts beside the paper's figures: what is drawn, what of it is published and what reconstructed.

The texts themselves are in ``data/captions``: a template for each figure, and phrases that several share. Here are the
numbers and names that go into them.
"""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache

import astropy.units as u
import numpy as np

from ...cosmicrays import ConstantGrammage, DiffusiveGrammage, ExponentialGrammage
from ...emission import Cocoons, GalaxyModel
from ...shipped import data_folder
from .models import ModelCurve, Place, base, base_name, bases, chi_square, shining, spectra

__all__ = [
    "FIDUCIAL",
    "absorption",
    "assumed",
    "chi_squares",
    "cited",
    "diffuse",
    "grammage",
    "is_kraichnan",
    "law",
    "made",
    "masks",
    "page",
    "paragraphs",
    "phrase",
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


@cache
def _template(name: str) -> tuple[str, ...]:
    text = (data_folder() / "captions" / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


@cache
def _phrases() -> dict[str, str]:
    return tomllib.loads((data_folder() / "captions" / "phrases.toml").read_text(encoding="utf-8"))


def paragraphs(name: str, /, **fields: object) -> tuple[str, ...]:
    """The paragraphs of a caption with its fields filled in.

    Parameters
    ----------
    name
        Name of a template in ``data/captions``, without its ending.
    **fields
        Texts and numbers for the names in braces.

    Returns
    -------
    tuple of str
        The paragraphs, each one line, unless a field has several.
    """
    return tuple(paragraph.format(**fields) for paragraph in _template(name))


def phrase(name: str, /, **fields: object) -> str:
    """A sentence or a part of one of ``data/captions/phrases.toml``, with its fields filled in.

    Parameters
    ----------
    name
        Key of the phrase.
    **fields
        What its fields are filled with.

    Returns
    -------
    str
        The text.
    """
    return _phrases()[name].format(**fields)


def page(title: str, paragraphs: Iterable[str]) -> str:
    """A text of short lines: a title, and paragraphs, which are filled unless they are tables of several lines.

    Parameters
    ----------
    title
        First line.
    paragraphs
        Texts; those that are empty are left out.

    Returns
    -------
    str
        The page.
    """
    filled = [
        text if "\n" in text else textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
        for text in paragraphs
        if text
    ]
    return "\n\n".join([f"{title}\n{'=' * len(title)}", *filled]) + "\n"


def made(model: GalaxyModel) -> str:
    """By which version and from which model a figure was made."""
    origin = {"version": "", "model": "", **model.provenance}
    return phrase("made_with_changes" if "changes" in origin else "made", **origin)


def tv(rigidity: u.Quantity) -> str:
    """A rigidity in TV."""
    return f"{rigidity.to_value(u.TV):g} TV"


def law(cocoons: tuple[Cocoons, ...]) -> str:
    """The model's law of grammage in a few words."""
    own = cocoons[0].grammage
    if isinstance(own, DiffusiveGrammage):
        return phrase("law_diffusive", delta=own.delta, cutoff=tv(own.cutoff))
    if isinstance(own, ExponentialGrammage):
        return phrase("law_exponential", cutoff=tv(own.cutoff))
    return phrase("law_constant") if isinstance(own, ConstantGrammage) else str(own)


def is_kraichnan(cocoons: tuple[Cocoons, ...]) -> bool:
    """Whether the model's own law of grammage is eq. 15 with delta = 1/2."""
    own = cocoons[0].grammage
    return isinstance(own, DiffusiveGrammage) and bool(np.isclose(own.delta, 0.5))


def variants(model: GalaxyModel, place: Place) -> str:
    """Names of the diffuse emission's variants, in brackets.

    Parameters
    ----------
    model
        The model.
    place
        Where the variants must shine.

    Returns
    -------
    str
        E.g. ``" (base min, base max)"``.
    """
    names = [name for name, parts in bases(model).items() if shining(parts, place)]
    return f" ({', '.join(names)})" if names else phrase("no_variants")


def grammage(cocoons: tuple[Cocoons, ...]) -> str:
    """The paper's X_c0, which is published, and the model's if it is another."""
    value = cocoons[0].grammage.normalisation.to_value(PUBLISHED_GRAMMAGE.unit)
    published = np.isclose(value, PUBLISHED_GRAMMAGE.value)
    return phrase("grammage_published" if published else "grammage_other", value=value)


def sources_end(cocoons: tuple[Cocoons, ...]) -> str:
    """T_max, as a rigidity."""
    ends = (f"{species.cutoff.to_value(u.PV):g} PV" for part in cocoons for species in part.injection)
    return " and ".join(dict.fromkeys(ends))


def cited(cocoons: tuple[Cocoons, ...]) -> str:
    """What comes from works that the paper cites: the sources' rate, efficiencies and slopes."""
    species = (
        phrase("species", name=i.species.name, efficiency=i.efficiency, slope=i.slope)
        for part in cocoons
        for i in part.injection
    )
    return phrase("cited", species=", ".join(species))


def assumed(cocoons: tuple[Cocoons, ...]) -> str:
    """What the paper does not state and all figures need: T_max, the disc, the cross section of helium."""
    part = cocoons[0]
    things = [phrase("sources_end", end=sources_end(cocoons))]
    if hasattr(part.density, "half_height"):
        disc = part.density
        things.append(phrase("disc", height=disc.height, radius=disc.radius, half_height=disc.half_height))
    things.append(phrase("helium", helium=part.helium))
    return "; ".join(things)


def absorption(model: GalaxyModel) -> str:
    """What is assumed of the absorption of gamma rays."""
    return phrase("absorbed" if model.absorption.fields else "not_absorbed", absorption=model.absorption)


def diffuse(model: GalaxyModel, place: Place) -> str:
    """Where the diffuse emission comes from.

    Parameters
    ----------
    model
        The model.
    place
        Where the emission must shine.

    Returns
    -------
    str
        A sentence or two.
    """
    if not shining(base(model), place):
        return phrase("no_diffuse", messenger=NAMES[place.messenger])
    if not spectra(model):
        return phrase("diffuse_map", name=base_name(model))
    return phrase("diffuse_reconstructed")


def masks(places: Iterable[Place]) -> str:
    """What is done for masked sources."""
    sentences = []
    for place in places:
        factor, averaged = place.target.factor, place.target.averaged.name
        if factor != 1:
            sentences.append(phrase("mask_factor", region=place.name, factor=factor))
        elif averaged != place.name:
            sentences.append(phrase("mask", region=place.name, where=averaged))
        else:
            sentences.append(phrase("no_mask", region=place.name))
    return " ".join(sentences)


def chi_squares(panels: Sequence[tuple[str, Place, Sequence[ModelCurve]]]) -> str:
    """Chi-square of every curve against the data beside it, as a table.

    Parameters
    ----------
    panels
        Name, place and curves of each panel.

    Returns
    -------
    str
        Lines of the table; empty if no data lie within the energies of a curve.
    """
    rows = [phrase("chi_squares")]
    for panel, place, lines in panels:
        for item in place.data:
            values = {line.name: value for line in lines if (value := chi_square(line, place, item)) is not None}
            if not values:
                continue
            points = "one number" if item.band else f"{item.energy.size} points"
            rows.append(f"  {panel}: {item.name}, {points}")
            rows += [f"    {name:<44}{value:8.1f}" for name, value in values.items()]
    return "\n".join(rows) if len(rows) > 1 else ""


def summary(model: GalaxyModel, cocoons: tuple[Cocoons, ...]) -> str:
    """Age and size of a model's cocoons, eqs. 9 and 10, as a page of text.

    Parameters
    ----------
    model
        The model.
    cocoons
        Its cocoons.

    Returns
    -------
    str
        The page.
    """
    texts = [made(model)]
    for part in cocoons:
        age, lifetime, radius = part.confinement_time, part.lifetime, part.largest_radius
        size = ""
        if radius is not None:
            disc = part.density
            size = phrase("size", largest=radius.to_value(u.pc), radius=disc.radius, height=disc.height)
        texts += paragraphs(
            "cocoons",
            cocoons=part,
            grammage=part.grammage.normalisation.to_value(u.g / u.cm**2),
            density=part.gas_density.to_value(u.cm**-3),
            age=age.to_value(u.Myr),
            lifetime=lifetime.to_value(u.Myr),
            ages=phrase("ages", ratio=(lifetime / age).to_value(u.one)) if age > 0 else phrase("no_age"),
            number=part.number,
            size=size,
        )
    return page("Age and size of cocoons", [*texts, *paragraphs("summary")])
