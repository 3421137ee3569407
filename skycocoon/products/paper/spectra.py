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
from .drawing import TITLES, Drawing, SpectrumPanel, drawn_values
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

__all__ = [
    "CUTOFFS",
    "LOWER_CUTOFF",
]

CUTOFFS = (10, 30, 100, 300, 1000) * u.TV
"""R_c of the scan of Appendix B. Reconstructed: the paper's list could not be read."""
LOWER_CUTOFF = 10 * u.TV
"""R_c of the Kraichnan law in Appendix C. Reconstructed: the paper says that it is lower than elsewhere."""
# What the diffuse emission's variants and their sums look like, in turn.
LOOKS = (("base", "sum"), ("base-other", "sum-other"), ("base-third", "sum-third"))


def _against(model: GalaxyModel, name: str, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> SpectrumPanel:
    """Cocoons, the variants of the diffuse emission, and their sums."""
    cocoon = shine(cocoons, place)
    found = {key: shine(parts, place) for key, every in bases(model).items() if (parts := shining(every, place))}
    lines = [ModelCurve("cocoons", cocoon, "cocoons")]
    lines += [ModelCurve(key, sed, look) for (key, sed), (look, _) in zip(found.items(), LOOKS, strict=False)]
    sums = {key: f"cocoons + {key}" for key in found}
    lines += [
        ModelCurve(sums[key], summed(cocoon, sed), look)
        for (key, sed), (_, look) in zip(found.items(), LOOKS, strict=False)
    ]
    shaded = (sums["base min"], sums["base max"]) if {"base min", "base max"} <= sums.keys() else None
    return SpectrumPanel(name, place, tuple(lines), shaded)


def gamma_rays(model: GalaxyModel, cocoons: tuple[Cocoons, ...], places: Sequence[Place], shine: Shine) -> Drawing:
    panels = tuple(_against(model, place.name, cocoons, place, shine) for place in places)
    text = (
        "What is drawn. E^2 times the mean intensity of gamma rays in the two regions of LHAASO-KM2A: cocoons, the "
        f"standard diffuse emission{captions.variants(model, places[0])}, their sums, and the points of LHAASO-KM2A "
        "2023. " + captions.masks(places),
        f"Published. Eqs. 1 to 8, with {captions.grammage(cocoons)}; the cross sections of protons (Kelner, Aharonian "
        "and Bugayov 2006); the factor 0.65 in the inner region for masked sources; the points.",
        captions.cited(cocoons),
        captions.reconstructed(model, cocoons, f"R_c = {tv(cutoff(cocoons))} (30 to 300 TV)"),
        captions.diffuse(model, places[0]),
        captions.absorption(model),
        _chi_squares(panels),
    )
    return Drawing(panels, text)


def neutrinos(model: GalaxyModel, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> Drawing:
    panels = (_against(model, place.name, cocoons, place, shine),)
    text = (
        f"What is drawn. E^2 dN/dE of neutrinos from the whole sky, {FLAVOURS['per-flavour']}: cocoons, the standard "
        f"diffuse emission{captions.variants(model, place)}, their sums, and the best fits of IceCube 2023 for three "
        "templates with their 1 sigma bands. A band is one fitted normalisation of an assumed spectrum on an assumed "
        "sky, no set of points.",
        f"Published. Eqs. 1 to 8, with {captions.grammage(cocoons)}; the cross sections of protons (Kelner, Aharonian "
        "and Bugayov 2006), which begin at 100 GeV for neutrinos; full mixing, a third of all neutrinos in each "
        "flavour; the bands (IceCube 2023, Science 380, 1338).",
        captions.cited(cocoons),
        captions.reconstructed(model, cocoons, f"R_c = {tv(cutoff(cocoons))} (30 to 300 TV)"),
        "Which version of the bands the paper draws is not known; these are those of the publication.",
        captions.diffuse(model, place),
        _chi_squares(panels),
    )
    return Drawing(panels, text)


def cutoff_scan(model: GalaxyModel, cocoons: tuple[Cocoons, ...], places: Sequence[Place], shine: Shine) -> Drawing:
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
    why = (
        "is our reading of the paper: cocoons must count at 10 TeV of LHAASO's points and no more where IceCube's "
        "templates meet, near 100 TeV, which leaves 30 to 300 TV"
        if np.isclose(own.value, captions.FIDUCIAL.value)
        else f"is not that of the preset paper, {tv(captions.FIDUCIAL)}, which is reconstructed too"
    )
    text = (
        "What is drawn. E^2 times the mean intensity of gamma rays in the two regions of LHAASO-KM2A for several R_c, "
        f"the rigidity at which the grammage ends: {', '.join(f'{value:g}' for value in values)} TV. "
        + (f"Dashed: cocoons alone. Solid: with {name}, the line of dots and dashes. " if name else "Cocoons alone. ")
        + captions.masks(places),
        f"Published. That Appendix B varies this parameter; eqs. 1 to 8, with {captions.grammage(cocoons)}; the "
        "factor 0.65 in the inner region; the points.",
        captions.cited(cocoons),
        captions.reconstructed(
            model,
            cocoons,
            "the list of R_c, since the paper's could not be read",
            f"the model's own {tv(own)}, which {why}",
        ),
        captions.diffuse(model, places[0]),
        captions.absorption(model),
        _chi_squares(panels),
    )
    title = f"solid: cocoons + {name}; dashed: cocoons alone" if name else "cocoons"
    return Drawing(tuple(panels), text, legend_title=title)


def grammage_laws(model: GalaxyModel, cocoons: tuple[Cocoons, ...], place: Place, shine: Shine) -> Drawing:
    own, name = cutoff(cocoons), base_name(model)
    lower = LOWER_CUTOFF if own > LOWER_CUTOFF * (1 + 1e-9) else own / 10
    cutoffs = {"Kraichnan": lower, "Bohm": own}
    whose = f"both values of R_c, {tv(lower)} for Kraichnan and the model's own {tv(own)} for Bohm"
    if captions.kraichnan(cocoons):
        # The model's own law stands in its own panel.
        cutoffs = {"Kraichnan": own, "Bohm": captions.FIDUCIAL}
        whose = (
            f"both values of R_c: {tv(own)} for Kraichnan, since the model's own law is this one, and "
            f"{tv(captions.FIDUCIAL)}, as in the preset paper, for Bohm"
        )
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
    text = (
        "What is drawn. E^2 times the mean intensity of gamma rays in LHAASO-KM2A's inner region if particles leave "
        "cocoons by advection at low and by diffusion at high rigidity, X_c = X_c0 / [1 + (R/R_c)^delta] (eq. 15). "
        f"Above: Kraichnan's turbulence, delta = 1/2, with R_c = {tv(cutoffs['Kraichnan'])}. Below: Bohm's, delta = 1, "
        f"with R_c = {tv(cutoffs['Bohm'])}. Beside them the model's own law, {captions.law(cocoons)}"
        + (f", and {name}. " if name else ". ")
        + captions.masks([place]),
        "Published. That Appendix C compares these two kinds of turbulence, and that Kraichnan's asks for an R_c "
        f"below that of the main text; {captions.grammage(cocoons)}; the factor 0.65; the points.",
        captions.cited(cocoons),
        captions.reconstructed(
            model,
            cocoons,
            "the form of eq. 15 between its limits, where escape rates are added (X_c0 min[1, (R/R_c)^-delta] has the "
            "same limits and is twice as high at R_c)",
            whose,
        ),
        "R_c and T_max matter here more than elsewhere: above R_c these laws fall as powers and not exponentially, so "
        "that the sources' own end shows. " + _what_matters(cocoons, place, shine, laws),
        captions.diffuse(model, place),
        captions.absorption(model),
        _chi_squares(panels),
    )
    return Drawing(tuple(panels), text, stacked=True)


def _what_matters(
    cocoons: tuple[Cocoons, ...],
    place: Place,
    shine: Shine,
    laws: Mapping[str, tuple[float, str, u.Quantity]],
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

    words = []
    for kind, (delta, _, to) in laws.items():
        here = at(cocoons, partial(diffusive, delta=delta, to=to))
        if not here > 0:
            continue
        other = 3 * own if to == own else own
        more = at(cocoons, partial(diffusive, delta=delta, to=other)) / here
        less = at(ending, partial(diffusive, delta=delta, to=to)) / here
        words.append(
            f"{kind}: at 100 TeV cocoons change by a factor {more:.2f} with R_c = {tv(other)}, and by a factor "
            f"{less:.2f} if T_max is 1 PV instead of {captions.sources_end(cocoons)}."
        )
    return " ".join(words)


def _chi_squares(panels: Iterable[SpectrumPanel]) -> str:
    return captions.chi_squares([(panel.name, panel.place, panel.lines) for panel in panels])


def write_spectra(number: int, drawing: Drawing, model: GalaxyModel, work: Path) -> None:
    """PNG, PDF, table and text of a figure of spectra."""
    from ...plot import Curve, Panel, plot_panels, save

    panels = []
    for panel in drawing.panels:
        place = panel.place
        curves = (
            Curve(i.name, i.sed.energy, drawn_values(i, place), i.look, i.step, i.label, i.note) for i in panel.lines
        )
        panels.append(Panel(place.title, tuple(curves), place.data, panel.shaded))
    axes = plot_panels(panels, model.provenance, stacked=drawing.stacked, legend_title=drawing.legend_title)
    save(axes, work / f"fig{number}.png", work / f"fig{number}.pdf")
    spectrum_table(number, drawing, model, work / f"fig{number}.ecsv")
    text = captions.page(f"Figure {number}. {TITLES[number]}", [*drawing.text, captions.made(model)])
    (work / f"fig{number}.txt").write_text(text, encoding="utf-8")
