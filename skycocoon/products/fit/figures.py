"""The figures of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...los import region_sed
from ...measured import Data, Measurement, RatioMeasurement, plot_ratios, ratio_panels
from ...modelfit import FitRun, Problem
from ...modelfit.solution import GRAMMAGE
from ...nuclei import plot_grid
from ...outputs import file_name

# A nuisance factor nearer to 1 than this has no curve of its own in a figure.
SEEN = 0.005


def figure_files(problem: Problem) -> dict[str, list[Data]]:
    """Data sets that go into one figure, by its file: a ratio, or a part of the sky."""
    files: dict[str, list[Data]] = {}
    for item in problem.data:
        if isinstance(item, RatioMeasurement):
            name = item.quantity.replace("/", "").lower()
        else:
            name = f"{item.messenger}-{file_name(item.region.name)}"
        files.setdefault(f"{name}.png", []).append(item)
    return files


def draw_figures(
    run: FitRun, short: dict[str, str], pictures: dict[str, list[Data]], folder: Path, rtol: float
) -> None:
    """Draw pulls, correlation, profiles and posterior of a fit, and the best model with the data.

    Parameters
    ----------
    run
        The fit.
    short
        Short names of the profiled parameters, for names of files.
    pictures
        Data sets of each figure, by its file, from :func:`figure_files`.
    folder
        Folder of the figures.
    rtol
        Relative accuracy of region means.
    """
    from ...plot import save

    best = run.best
    meta = {**best.model.provenance, "changes": "best fit"}
    save(run.result.plot(meta), folder / "pulls.png")
    if len(run.result.names) > 1:
        save(run.result.plot_correlation(meta), folder / "correlation.png")
    for name, profile in run.profiles.items():
        save(profile.plot(meta), folder / f"profile-{short[name]}.png")
    if run.samples is not None:
        save(run.samples.plot(run.result.values.tolist(), meta), folder / "corner.png")
    for name, items in pictures.items():
        ratios = [item for item in items if isinstance(item, RatioMeasurement)]
        spectra = [item for item in items if isinstance(item, Measurement)]
        if ratios:
            panels = ratio_panels(partial(_curves, run, ratios), ratios)
            # The marks that they have among the pulls.
            series = {item.name: number for number, item in enumerate(run.problem.data)}
            save(plot_ratios(panels, meta, ratios[0].quantity, series), folder / name)
            continue
        messenger, region = spectra[0].messenger, spectra[0].region
        target = best.comparison.target(messenger, region)
        sed = region_sed(
            best.model,
            messenger,
            best.energies(messenger),
            target.averaged,
            rtol=rtol,
            flavour=spectra[0].flavour or "per-flavour",
        )
        # One curve for all: what was fitted to it, if that is the same for each.
        nuisances = {run.result.likelihood.normalisation(run.result.values, item.name) for item in spectra}
        nuisance = nuisances.pop() if len(nuisances) == 1 else 1.0
        words = [f"{target.factor_name} {target.factor:g}"] if target.factor != 1 else []
        words += [f"nuisance {nuisance:.3f}"] if nuisance != 1 else []
        sed = replace(sed, meta=meta)
        save(sed.plot(data=spectra, factor=target.factor * nuisance, factor_name=", ".join(words)), folder / name)


def _curves(run: FitRun, data: Sequence[RatioMeasurement], in_rigidity: bool) -> dict[str, Any]:
    """Curves of a ratio: best fit; best fit times each data set's normalisation; best fit without cocoons."""
    elements = data[0].quantity.split("/")
    x = plot_grid(in_rigidity)
    best = run.best.nuclei.ratio(x, *elements)
    curves = {"best fit": (x, best)}
    for name, null in run.nulls.items():
        who = name.removesuffix(GRAMMAGE).removeprefix("components.") if len(run.nulls) > 1 else "cocoons"
        nuclei = run.problem.variation.nuclei(*run.problem.model_at(null.best[0].tolist()))
        curves[f"without {who}, all else fitted again"] = (x, nuclei.ratio(x, *elements))
    for item in data:
        factor = run.result.likelihood.normalisation(run.result.values, item.name)
        if item.in_rigidity == in_rigidity and abs(factor - 1) > SEEN:
            curves[f"best fit × {factor:.3f}, for {item.label}"] = (x, factor * best)
    return curves
