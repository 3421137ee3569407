"""Figures 2 to 5: gamma rays, neutrinos, the scan over R_c, laws of grammage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import astropy.units as u
import numpy as np

from ...cosmicrays import Grammage
from ...emission import Cocoons, GalaxyModel
from ...sky.convention import FLAVOURS
from . import captions
from .captions import tv
from .drawing import TITLES, Drawing, SpectrumPanel
from .models import (
    ModelCurve,
    Place,
    Shine,
    base,
    base_name,
    bases,
    cutoff,
    diffusive,
    moved,
    shining,
    summed,
    with_law,
)
from .tables import spectrum_table

__all__ = ["CUTOFFS", "LOWER_CUTOFF"]

CUTOFFS = (10, 30, 100, 300, 1000) * u.TV
"""R_c of the scan of Appendix B. Reconstructed: the paper's list could not be read."""
LOWER_CUTOFF = 10 * u.TV
"""R_c of the Kraichnan law in Appendix C. Reconstructed: the paper says that it is lower than elsewhere."""
# What the diffuse emission's variants and their sums look like, in turn.
LOOKS = (("base", "sum"), ("base-other", "sum-other"), ("base-third", "sum-third"))


def _against(model: GalaxyModel, name: str, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> SpectrumPanel:
    """Cocoons, the variants of the diffuse emission, and their sums."""
    cocoon = shine(cocoons, place)
    variants = {
        key: shine(parts, place) for key, base_parts in bases(model).items() if (parts := shining(base_parts, place))
    }
    lines = [ModelCurve("cocoons", cocoon, "cocoons")]
    lines += [ModelCurve(key, sed, look) for (key, sed), (look, _) in zip(variants.items(), LOOKS, strict=False)]
    sums = {key: f"cocoons + {key}" for key in variants}
    lines += [
        ModelCurve(sums[key], summed(cocoon, sed), look)
        for (key, sed), (_, look) in zip(variants.items(), LOOKS, strict=False)
    ]
    shaded = (sums["base min"], sums["base max"]) if {"base min", "base max"} <= sums.keys() else None
    return SpectrumPanel(name, place, tuple(lines), shaded)


def gamma_rays(model: GalaxyModel, cocoons: tuple[Cocoons, ...], places: Sequence[Place], shine: Shine) -> Drawing:
    """Figure 2: gamma rays in the regions of LHAASO-KM2A.

    Parameters
    ----------
    model
        The model.
    cocoons
        Its cocoons.
    places
        The regions.
    shine
        Gives the spectrum of components in a place.

    Returns
    -------
    Drawing
        Curves, data and caption.
    """
    panels = tuple(_against(model, place.name, cocoons, place, shine) for place in places)
    text = captions.paragraphs(
        "fig2",
        variants=captions.variants(model, places[0]),
        cutoff=tv(cutoff(cocoons)),
        absorption=captions.absorption(model),
        **_shared_fields(model, cocoons, places, panels),
    )
    return Drawing(panels, text)


def neutrinos(model: GalaxyModel, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> Drawing:
    """Figure 3: neutrinos of the whole sky.

    Parameters
    ----------
    model
        The model.
    cocoons
        Its cocoons.
    place
        The whole sky with IceCube's bands.
    shine
        Gives the spectrum of components in a place.

    Returns
    -------
    Drawing
        Curves, data and caption.
    """
    panels = (_against(model, place.name, cocoons, place, shine),)
    text = captions.paragraphs(
        "fig3",
        flavours=FLAVOURS["per-flavour"],
        variants=captions.variants(model, place),
        cutoff=tv(cutoff(cocoons)),
        **_shared_fields(model, cocoons, (place,), panels),
    )
    return Drawing(panels, text)


def cutoff_scan(model: GalaxyModel, cocoons: tuple[Cocoons, ...], places: Sequence[Place], shine: Shine) -> Drawing:
    """Figure 4, Appendix B: gamma rays for several R_c.

    Parameters
    ----------
    model
        The model.
    cocoons
        Its cocoons.
    places
        The regions.
    shine
        Gives the spectrum of components in a place.

    Returns
    -------
    Drawing
        Curves, data and caption.
    """
    own, name = cutoff(cocoons), base_name(model)
    values = CUTOFFS.to_value(u.TV)
    if not np.isclose(values, own.value).any():
        values = np.sort([*values, own.value])
    panels = []
    for place in places:
        parts = shining(base(model), place)
        beside = shine(parts, place) if parts else None
        lines = [] if beside is None else [ModelCurve(name, beside, "base")]
        for number, value in enumerate(values):
            words, step = f"R_c = {value:g} TV", number / (len(values) - 1)
            cocoon = shine(with_law(cocoons, partial(moved, to=value * u.TV)), place)
            label, note = f"$R_c$ = {value:g} TV", f"{value:g} TV"
            if beside is None:
                lines.append(ModelCurve(f"cocoons, {words}", cocoon, "ladder", step, label, note))
                continue
            lines.append(ModelCurve(f"cocoons, {words}", cocoon, "ladder-thin", step, "", note))
            lines.append(ModelCurve(f"cocoons + {name}, {words}", summed(cocoon, beside), "ladder", step, label))
        panels.append(SpectrumPanel(place.name, place, tuple(lines)))
    fiducial = np.isclose(own.value, captions.FIDUCIAL.value)
    text = captions.paragraphs(
        "fig4",
        cutoffs=", ".join(f"{value:g}" for value in values),
        lines=captions.phrase("scan_sums" if name else "scan_cocoons", name=name),
        cutoff=tv(own),
        reason=captions.phrase("cutoff_read" if fiducial else "cutoff_other", fiducial=tv(captions.FIDUCIAL)),
        absorption=captions.absorption(model),
        **_shared_fields(model, cocoons, places, panels),
    )
    title = f"solid: cocoons + {name}; dashed: cocoons alone" if name else "cocoons"
    return Drawing(tuple(panels), text, legend_title=title)


def grammage_laws(model: GalaxyModel, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> Drawing:
    """Figure 5, Appendix C: gamma rays for two laws of grammage.

    Parameters
    ----------
    model
        The model.
    cocoons
        Its cocoons.
    place
        LHAASO's inner region.
    shine
        Gives the spectrum of components in a place.

    Returns
    -------
    Drawing
        Curves, data and caption.
    """
    own, name = cutoff(cocoons), base_name(model)
    lower = LOWER_CUTOFF if own > LOWER_CUTOFF * (1 + 1e-9) else own / 10
    cutoffs = {"Kraichnan": lower, "Bohm": own}
    whose = captions.phrase("cutoffs_bohm", lower=tv(lower), own=tv(own))
    if captions.is_kraichnan(cocoons):
        # The model's own law stands in its own panel.
        cutoffs = {"Kraichnan": own, "Bohm": captions.FIDUCIAL}
        whose = captions.phrase("cutoffs_kraichnan", own=tv(own), fiducial=tv(captions.FIDUCIAL))
    parts = shining(base(model), place)
    beside = shine(parts, place) if parts else None
    unchanged = ModelCurve(
        "cocoons of the model", shine(cocoons, place), "reference", label=f"cocoons, {captions.law(cocoons)}"
    )
    laws = {"Kraichnan": (0.5, "1/2", cutoffs["Kraichnan"]), "Bohm": (1.0, "1", cutoffs["Bohm"])}
    panels: list[SpectrumPanel] = []
    for kind, (delta, words, to) in laws.items():
        cocoon = shine(with_law(cocoons, partial(diffusive, delta=delta, to=to)), place)
        lines = [ModelCurve(f"cocoons, {kind}", cocoon, "cocoons", label="cocoons, this law"), unchanged]
        if beside is not None:
            lines.append(ModelCurve(name, beside, "base"))
            label = f"sum with {name}"
            lines.append(ModelCurve(f"cocoons + {name}, {kind}", summed(cocoon, beside), "sum", label=label))
        title = rf"{kind}: $\delta$ = {words}, $R_c$ = {tv(to)}"
        # What is true of both is said once.
        title = f"{place.title}\n{title}" if not panels else title
        panels.append(SpectrumPanel(kind, replace(place, title=title), tuple(lines)))
    text = captions.paragraphs(
        "fig5",
        kraichnan=tv(cutoffs["Kraichnan"]),
        bohm=tv(cutoffs["Bohm"]),
        law=captions.law(cocoons),
        diffuse_line=f", and {name}" if name else "",
        cutoffs=whose,
        changes=_changes(cocoons, place, shine, laws),
        absorption=captions.absorption(model),
        **_shared_fields(model, cocoons, (place,), panels),
    )
    return Drawing(tuple(panels), text, stacked=True)


def _changes(
    cocoons: tuple[Cocoons, ...], place: Place, shine: Shine, laws: Mapping[str, tuple[float, str, u.Quantity]]
) -> str:
    """By what factor other R_c and T_max change the cocoons of either law."""
    energy, end = 100 * u.TeV, 1 * u.PV
    if not place.energy[0] <= energy <= place.energy[-1]:
        return ""
    ending = tuple(
        replace(part, injection=tuple(replace(species, cutoff=end) for species in part.injection)) for part in cocoons
    )
    own = cutoff(cocoons)

    def at(parts: tuple[Cocoons, ...], law: Callable[[Grammage], Grammage]) -> float:
        return float(shine(with_law(parts, law), place).at(energy).value)

    sentences = []
    for kind, (delta, _, to) in laws.items():
        unchanged = at(cocoons, partial(diffusive, delta=delta, to=to))
        if not unchanged > 0:
            continue
        other = 3 * own if to == own else own
        more = at(cocoons, partial(diffusive, delta=delta, to=other)) / unchanged
        less = at(ending, partial(diffusive, delta=delta, to=to)) / unchanged
        end = captions.sources_end(cocoons)
        sentences.append(captions.phrase("changed_cocoons", kind=kind, more=more, cutoff=tv(other), less=less, end=end))
    return " ".join(sentences)


def _shared_fields(
    model: GalaxyModel, cocoons: tuple[Cocoons, ...], places: Sequence[Place], panels: Iterable[SpectrumPanel]
) -> dict[str, str]:
    """Fields that all captions of spectra have."""
    return {
        "masks": captions.masks(places),
        "grammage": captions.grammage(cocoons),
        "cited": captions.cited(cocoons),
        "assumed": captions.assumed(cocoons),
        "diffuse": captions.diffuse(model, places[0]),
        "chi_squares": captions.chi_squares([(panel.name, panel.place, panel.lines) for panel in panels]),
    }


def write_spectra(number: int, drawing: Drawing, model: GalaxyModel, work: Path) -> None:
    """PNG, PDF, table and text of a figure of spectra.

    Parameters
    ----------
    number
        Number of the figure.
    drawing
        What it holds.
    model
        The model.
    work
        Folder.
    """
    from ...plot import plot_panels, save

    panels = [panel.drawn() for panel in drawing.panels]
    axes = plot_panels(panels, model.provenance, stacked=drawing.stacked, legend_title=drawing.legend_title)
    save(axes, work / f"fig{number}.png", work / f"fig{number}.pdf")
    spectrum_table(number, drawing, model, work / f"fig{number}.ecsv")
    text = captions.page(f"Figure {number}. {TITLES[number]}", [*drawing.text, captions.made(model)])
    (work / f"fig{number}.txt").write_text(text, encoding="utf-8")
