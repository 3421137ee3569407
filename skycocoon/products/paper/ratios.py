"""Figure 1: boron over carbon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np

from ...config import LoadedModel, load_file
from ...emission import Cocoons
from ...inference import FitResult
from ...measured import RatioMeasurement, plot_ratios
from ...nuclei import RANGE, Nuclei
from ..bc import RATIOS
from . import captions
from .captions import tv
from .drawing import TITLES
from .models import cutoff, refitted
from .tables import ratio_table


def draw_ratios(loaded: LoadedModel, cocoons: tuple[Cocoons, ...], work: Path) -> None:
    """PNG, PDF, table and text of figure 1.

    Parameters
    ----------
    loaded
        The model.
    cocoons
        Its cocoons.
    work
        Folder of the files.
    """
    from ...plot import save

    model, nuclei = loaded.model, loaded.nuclei
    data = [RatioMeasurement.named(name) for name in RATIOS]
    measured = np.concatenate([item.x.to_value(u.GeV) for item in data])
    low, high = RANGE
    x = np.geomspace(max(measured.min() / 1.2, low), min(measured.max() * 2, high), 161) * u.GeV
    plain = {"with cocoons": nuclei, "without cocoons": replace(nuclei, grammage=None)}
    fits = {name: refitted(loaded, RATIOS, cocoons=case.grammage is not None) for name, case in plain.items()}
    cases = {"model": plain, "refitted": {name: case for name, (case, _) in fits.items()}}
    curves = {panel: {name: (x, case.ratio(x)) for name, case in group.items()} for panel, group in cases.items()}
    own = nuclei.grammage
    value = 0.0 if own is None else own.normalisation.to_value(u.g / u.cm**2)
    labels = {
        "with cocoons": rf"with cocoons, $X_c$ = {value:.3g} $\mathrm{{g\,cm^{{-2}}}}$",
        "without cocoons": "without cocoons",
    }
    titles = {"model": "transport of the model", "refitted": "transport fitted again for each"}
    shown = {titles[p]: ({labels[name]: curve for name, curve in group.items()}, data) for p, group in curves.items()}
    save(plot_ratios(shown, model.provenance), work / "fig1.png", work / "fig1.pdf")
    ratio_table(curves, data, model, work / "fig1.ecsv")
    results = {name: result for name, (_, result) in fits.items()}
    gain = results["without cocoons"].chi2 - results["with cocoons"].chi2
    paragraphs = captions.paragraphs(
        "fig1",
        nuclei=nuclei,
        grammage=captions.grammage(cocoons),
        cutoff=tv(cutoff(cocoons)),
        unfitted=_unfitted_rows(plain, data),
        refitted=_refitted_rows(results),
        gain=abs(gain),
        lower="lower" if gain >= 0 else "higher",
        fit_break=load_file("fit-bc").file.transport.break_rigidity,
        own_break=loaded.file.transport.break_rigidity,
    )
    text = captions.page(f"Figure 1. {TITLES[1]}", [*paragraphs, captions.made(model)])
    (work / "fig1.txt").write_text(text, encoding="utf-8")


def _unfitted_rows(cases: Mapping[str, Nuclei], data: Sequence[RatioMeasurement]) -> str:
    """B/C and chi-squares with the transport of the model, as a table."""
    at = [10, 100, 1000] * u.GeV
    rows = [captions.phrase("ratios_unfitted")]
    for name, case in cases.items():
        ratios = " ".join(f"{value:.4f}" for value in case.ratio(at))
        chi2 = (f"{item.label} {np.sum(item.pulls(case.ratio(item.x)) ** 2):.0f} ({item.x.size})" for item in data)
        rows.append(f"  {name:<18}{ratios}    {', '.join(chi2)}")
    return "\n".join(rows)


def _refitted_rows(results: Mapping[str, FitResult]) -> str:
    """The transport that was fitted again, as a table."""
    rows = [captions.phrase("ratios_refitted")]
    for name, result in results.items():
        d0, delta, strength, scale = result.values[:4]
        rows.append(
            f"  {name:<18}D_0 = {d0:.3g} cm2 s-1, delta = {delta:.3f}, break {strength:.3f}, boron {scale:.3f}: "
            f"{result.chi2:.1f}, {sum(len(points) for points in result.likelihood.points)} points"
        )
    return "\n".join(rows)
