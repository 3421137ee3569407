"""A fit: best values with errors, how each data set is met, profiles, samples, and the model with the best values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel, SamplingSection, load_text
from ..cosmicrays import RatioMeasurement
from ..emission import Cocoons
from ..errors import InputError
from ..files import file_name, header, new_folder
from ..inference import NORMALISATION, FitResult, Profile, Samples
from ..inference import fit as find_minimum
from ..inference import profile as scan
from ..inference import sample as draw_samples
from ..likelihood import Data, Problem, energies_for, prepare
from ..los import RTOL, region_sed
from ..sky import Measurement
from ..units import FloatArray
from .bc import grid, ratio_panels

__all__ = ["FitRun", "fit_model", "solve", "summary"]

GRAMMAGE = ".grammage.normalisation"
# Chi-square above the minimum that a profile should reach: 95 %.
ENOUGH = 4.0
# A nuisance factor nearer to 1 than this has no curve of its own in a figure.
SEEN = 0.005


@dataclass(frozen=True, eq=False)
class FitRun:
    """All that a fit has found.

    Attributes
    ----------
    problem
        Model, data and likelihood.
    result
        The best fit.
    profiles
        Chi-square over single parameters.
    nulls
        The fit without each cocoon component (X_c = 0, all else fitted again).
    samples
        Of the posterior, if asked for.
    best
        The model with the best values.
    """

    problem: Problem
    result: FitResult
    profiles: dict[str, Profile]
    nulls: dict[str, Profile]
    samples: Samples | None
    best: LoadedModel


def solve(problem: Problem, *, starts: int | None = None, sampling: bool = False, progress: bool = False) -> FitRun:
    """Do what ``[fit]`` and ``[sampling]`` of a model file ask for.

    Parameters
    ----------
    problem
        What :func:`~skycocoon.likelihood.prepare` makes of the model.
    starts
        Starts of the fit instead of the file's.
    sampling
        Sample the posterior even if there is no ``[sampling]``.
    progress
        Whether to show progress bars.

    Raises
    ------
    InputError
        If sampling is asked for and emcee is missing, no prediction changes with a parameter, or the model has no
        finite prediction.
    """
    loaded, section = problem.loaded, problem.section
    wanted = _sampling(loaded, sampling)
    _check_seen(problem)
    result = find_minimum(
        problem.likelihood,
        minos=section.minos,
        starts=section.starts if starts is None else starts,
        seed=section.seed,
        progress=progress,
    )
    profiles = {}
    for name in section.profiles:
        profiles[name] = _wide(result, name, progress)
        result = profiles[name].result
    nulls = {}
    for name, low in zip(problem.variation.keys, problem.variation.low, strict=True):
        if name.endswith(GRAMMAGE) and low == 0.0:
            nulls[name] = scan(result, name, [0.0], progress=progress)
            result = nulls[name].result
    samples = None
    if wanted is not None:
        samples = draw_samples(
            result,
            walkers=wanted.walkers,
            steps=wanted.steps,
            burn=wanted.burn,
            thin=wanted.thin,
            seed=wanted.seed,
            progress=progress,
        )
    note = f"Best values of a fit: chi-square {result.chi2:.2f} for {result.ndof} degrees of freedom."
    if factors := _factors(result):
        note += f"\nIts nuisance factors on the model are not in this file: {factors}."
    best = load_text(problem.toml_at(result.values.tolist(), note), loaded.source, loaded.folder)
    return FitRun(problem, result, profiles, nulls, samples, best)


def _wide(result: FitResult, name: str, progress: bool) -> Profile:
    """A profile that reaches chi-square + 4 on both sides, or the bounds, if three goes are enough for it."""
    found = scan(result, name, progress=progress)
    low, high = found.parameter.low, found.parameter.high
    for _ in range(3):
        first, last = float(found.grid[0]), float(found.grid[-1])
        reach = 0.5 * (last - first)
        start = max(first - reach, low) if found.delta[0] < ENOUGH else first
        end = min(last + reach, high) if found.delta[-1] < ENOUGH else last
        if (start, end) == (first, last):
            break
        found = scan(found.result, name, np.linspace(start, end, found.grid.size), progress=progress)
    return found


def _factors(result: FitResult) -> str:
    """Nuisance factors of a fit, by data set or group."""
    return ", ".join(
        f"{name.removeprefix(NORMALISATION)} {value:.3f}"
        for name, value in result.best.items()
        if name.startswith(NORMALISATION)
    )


def _check_seen(problem: Problem) -> None:
    """Refuse a parameter that the data do not see: the fit would not converge, and not say why.

    Each is moved to its farther bound from the model's values, and if that changes nothing (the cut-off of a grammage
    of zero), from the middle of all bounds.
    """
    likelihood, parameters = problem.likelihood, problem.likelihood.parameters
    places = [[p.start for p in parameters], [(p.low + p.high) / 2 for p in parameters]]
    for index, p in enumerate(parameters[: likelihood.model_size]):
        far = p.high if p.high - p.start > p.start - p.low else p.low
        for values in places:
            before, after = likelihood.model(values), likelihood.model([*values[:index], far, *values[index + 1 :]])
            if any(not np.array_equal(before[name], after[name]) for name in before):
                break
        else:
            raise InputError(
                f"{problem.loaded.source}: fit.parameters.{p.name}: nothing that is predicted for fit.data changes "
                "with it; take it out"
            )


def _sampling(loaded: LoadedModel, asked: bool) -> SamplingSection | None:
    """How to sample, if at all; checks that it can be done."""
    from importlib.util import find_spec

    if loaded.file.sampling is None and not asked:
        return None
    if missing := [name for name in ("emcee", "corner") if find_spec(name) is None]:
        raise InputError(f'[sampling]: {missing[0]} is not installed; pip install "skycocoon[sampling]"')
    return loaded.file.sampling or SamplingSection()


def fit_model(
    loaded: LoadedModel,
    out: str | Path,
    *,
    rtol: float = RTOL,
    starts: int | None = None,
    sampling: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> tuple[FitRun, list[Path]]:
    """Fit a model to the data of its ``[fit]`` and write all of it into a folder.

    Parameters
    ----------
    loaded
        The model.
    out
        Folder; made if missing. Nothing appears there unless all of it does.
    rtol
        Relative accuracy of region means.
    starts, sampling, progress
        As in :func:`solve`.
    overwrite
        Whether files of the same names may be replaced.

    Returns
    -------
    FitRun, list of Path
        What was found, and what was written: ``fit.ecsv`` (values and errors), ``covariance.ecsv``, ``points.ecsv``
        (data, best model, pull), ``best.toml``, ``summary.txt``, figures; ``starts.ecsv``, ``profile-*.ecsv``,
        ``posterior.ecsv`` and ``chain.fits`` where asked for.

    Raises
    ------
    InputError
        For anything wrong in the model, the data or ``[fit]``, or with the folder, before anything is written.
    """
    problem = prepare(loaded, rtol=rtol, progress=progress)
    section = problem.section
    short = _short_names(section.profiles)
    names = ["fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt"]
    names += ["figures/pulls.png", *(["figures/correlation.png"] if len(problem.likelihood.parameters) > 1 else [])]
    names += [file for name in short.values() for file in (f"profile-{name}.ecsv", f"figures/profile-{name}.png")]
    if _sampling(loaded, sampling) is not None:
        names += ["posterior.ecsv", "chain.fits", "figures/corner.png"]
    if (section.starts if starts is None else starts) > 1:
        names.append("starts.ecsv")
    pictures = _pictures(problem)
    names += [f"figures/{name}" for name in pictures]
    with new_folder(out, names, overwrite) as work:
        run = solve(problem, starts=starts, sampling=sampling, progress=progress)
        (work / "figures").mkdir()
        meta = run.best.model.provenance
        _write_table(run.result.table(), work / "fit.ecsv", meta)
        _write_table(_covariance(run.result), work / "covariance.ecsv", meta)
        _write_table(_points(run), work / "points.ecsv", meta)
        (work / "best.toml").write_text(run.best.toml, encoding="utf-8")
        (work / "summary.txt").write_text(summary(run), encoding="utf-8")
        if "starts.ecsv" in names:
            _write_table(run.result.starts, work / "starts.ecsv", meta)
        for name, profile in run.profiles.items():
            _write_table(_profile(profile), work / f"profile-{short[name]}.ecsv", meta)
        if run.samples is not None:
            _write_table(run.samples.table(), work / "posterior.ecsv", meta)
            _chain(run.samples).write(work / "chain.fits")
        _draw(run, short, pictures, work / "figures", rtol)
    return run, [Path(out) / name for name in names]


def _short_names(keys: list[str]) -> dict[str, str]:
    """The last steps of dotted keys, as many as tell them apart."""
    for steps in (2, 3, 4, 5):
        found = {key: "-".join(key.split(".")[-steps:]) for key in keys}
        if len(set(found.values())) == len(keys):
            return found
    return {key: key.replace(".", "-") for key in keys}


def _write_table(table: Any, path: Path, meta: Any) -> None:
    table.meta = {**table.meta, **header(meta)}
    table.write(path, format="ascii.ecsv")


def _covariance(result: FitResult) -> Any:
    from astropy.table import Table

    table = Table({"parameter": result.names})
    for name, column in zip(result.names, result.covariance.T, strict=True):
        table[name] = column
    table.meta = {"content": "covariance (HESSE), in the products of the parameters' units of fit.ecsv"}
    return table


def _points(run: FitRun) -> Any:
    """Every point that was fitted: where, what was measured, what the best model has, and the pull."""
    from astropy.table import Table, vstack

    likelihood, values = run.result.likelihood, run.result.values
    model, pulls = likelihood.model(values), likelihood.pulls(values)
    return vstack(
        [
            Table(
                {
                    "data": [item.name] * len(item),
                    "axis": [item.x_label] * len(item),
                    "x": item.x,
                    "value": item.value,
                    "error_low": item.error_low,
                    "error_high": item.error_high,
                    "limit": item.limit,
                    "model": model[item.name],
                    "pull": pulls[item.name],
                }
            )
            for item in likelihood.points
        ]
    )


def _profile(profile: Profile) -> Any:
    from astropy.table import Table

    table = Table({profile.parameter.name: profile.grid, "chi2": profile.chi2, "delta_chi2": profile.delta})
    for parameter, column in zip(profile.result.likelihood.parameters, profile.best.T, strict=True):
        if parameter.name != profile.parameter.name:
            table[parameter.name] = column
    units = {p.name: p.unit for p in profile.result.likelihood.parameters}
    for name in table.colnames:
        if units.get(name):
            table[name].unit = u.Unit(units[name])
    table.meta = {"content": "least chi-square at each value of the first column, and the other parameters there"}
    return table


def _chain(samples: Samples) -> Any:
    from astropy.table import Table

    table = Table({p.name: column for p, column in zip(samples.parameters, samples.chain.T, strict=True)})
    table["log_probability"] = samples.log_probability
    for parameter in samples.parameters:
        if parameter.unit:
            table[parameter.name].unit = u.Unit(parameter.unit)
    return table


def _pictures(problem: Problem) -> dict[str, list[Data]]:
    """Data sets that go into one figure, by its file: a ratio, or a part of the sky."""
    found: dict[str, list[Data]] = {}
    for item in problem.data:
        if isinstance(item, RatioMeasurement):
            name = item.quantity.replace("/", "").lower()
        else:
            name = f"{item.messenger}-{file_name(item.region.name)}"
        found.setdefault(f"{name}.png", []).append(item)
    return found


def _draw(run: FitRun, short: dict[str, str], pictures: dict[str, list[Data]], folder: Path, rtol: float) -> None:
    from ..plot import plot_corner, plot_correlation, plot_profile, plot_pulls, plot_ratios, plot_sed, save

    best = run.best
    meta = {**best.model.provenance, "changes": "best fit"}
    save(plot_pulls(run.result, meta), folder / "pulls.png")
    if len(run.result.names) > 1:
        save(plot_correlation(run.result, meta), folder / "correlation.png")
    for name, profile in run.profiles.items():
        save(plot_profile(profile, meta), folder / f"profile-{short[name]}.png")
    if run.samples is not None:
        save(plot_corner(run.samples, run.result.values.tolist(), meta), folder / "corner.png")
    nodes = best.maps.energies.nodes()
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
        sed = region_sed(
            best.model,
            messenger,
            energies_for(messenger, nodes),
            best.comparison.region_for(messenger, region),
            rtol=rtol,
            flavour=spectra[0].flavour or "per-flavour",
        )
        masked = best.comparison.factor_for(messenger, region)
        # One curve for all: what was fitted to it, if that is the same for each.
        nuisances = {_normalisation(run, item.name) for item in spectra}
        nuisance = nuisances.pop() if len(nuisances) == 1 else 1.0
        words = [f"mask factor {masked:g}"] if masked != 1 else []
        words += [f"nuisance {nuisance:.3f}"] if nuisance != 1 else []
        sed = replace(sed, meta=meta)
        save(plot_sed(sed, data=spectra, factor=masked * nuisance, factor_name=", ".join(words)), folder / name)


def _normalisation(run: FitRun, name: str) -> float:
    """Product of the nuisance factors on the model of a data set."""
    groups, best = run.problem.likelihood.groups, run.result.best
    return math.prod(
        value
        for key, value in best.items()
        if key.startswith(NORMALISATION)
        and name in groups.get(key.removeprefix(NORMALISATION), (key.removeprefix(NORMALISATION),))
    )


def _curves(run: FitRun, data: Sequence[RatioMeasurement], in_rigidity: bool) -> dict[str, Any]:
    """The best model's ratio, what was fitted to data with a nuisance factor, and the best one without cocoons."""
    elements = data[0].quantity.split("/")
    x = grid(in_rigidity)
    best = run.best.nuclei.ratio(x, *elements)
    found = {"best fit": (x, best)}
    for name, null in run.nulls.items():
        who = name.removesuffix(GRAMMAGE).removeprefix("components.") if len(run.nulls) > 1 else "cocoons"
        nuclei = run.problem.variation.nuclei(*run.problem.model_at(null.best[0].tolist()))
        found[f"without {who}, all else fitted again"] = (x, nuclei.ratio(x, *elements))
    for item in data:
        factor = _normalisation(run, item.name)
        if item.in_rigidity == in_rigidity and abs(factor - 1) > SEEN:
            found[f"best fit × {factor:.3f}, for {item.label}"] = (x, factor * best)
    return found


def summary(run: FitRun) -> str:
    """The result in words and numbers."""
    result = run.result
    lines = [
        f"skycocoon {run.best.model.provenance.get('version', '')}: fit of {run.problem.loaded.source}",
        "",
        repr(result),
        f"  p-value {_probability(result.p_value)}, if all errors were independent from point to point",
        f"  {result.calls} evaluations, {result.predictions} of them with another model",
    ]
    if run.nulls:
        lines.append("")
    for name, null in run.nulls.items():
        who = name.removesuffix(GRAMMAGE).removeprefix("components.")
        lines.append(f"Without {who} (X_c = 0, all else fitted again): chi-square higher by {null.delta[0]:.1f}")
    for name, profile in run.profiles.items():
        unit = profile.parameter.unit
        said = ", ".join(f"{what} {_interval(profile, level)}" for what, level in (("68 %", 1.0), ("95 %", 3.841)))
        lines.append(f"Profile of {name}: {said} {unit}".rstrip())
    lines += ["", *_constraints(run)]
    if run.samples is not None:
        lines += ["", repr(run.samples)]
    return "\n".join(lines).rstrip() + "\n"


def _probability(value: float) -> str:
    return "above 0.999" if value > 0.999 else f"{value:.3g}"


def _interval(profile: Profile, level: float) -> str:
    """An interval of a profile; where it ends before, that is said."""
    parameter = profile.parameter
    bounds = zip(profile.interval(level), (parameter.low, parameter.high), strict=True)
    ends = [end for end, bound in bounds if end == bound]
    said = f" ({' and '.join(f'{end:.4g}' for end in ends)}: the bound)" if ends else ""
    return " to ".join(profile.ends(level)) + said


def _constraints(run: FitRun) -> list[str]:
    """Eqs. 9 and 10 at the best values, with the error that the grammage's has on them."""
    lines = []
    for part in run.best.model.components:
        if not isinstance(part, Cocoons):
            continue
        time = part.confinement_time.to_value(u.Myr)
        said = f"{part.name}: confinement time tau_c = {time:.4f}"
        if (errors := _errors(run.result, f"components.{part.name}{GRAMMAGE}")) is not None and time > 0:
            low, high = errors
            said += f" -{time * low:.4f} +{time * high:.4f}"
        lines.append(f"{said} Myr for n = {part.gas_density:g}, the least age of cocoons (eq. 9)")
        if (radius := part.largest_radius) is not None:
            lines.append(
                f"{part.name}: {part.number:.4g} cocoons alive for a lifetime of {part.lifetime:g}; with a radius of "
                f"{radius.to_value(u.pc):.1f} pc they would fill the disc (eq. 10)"
            )
            if time > 0:
                longest = (part.lifetime / part.confinement_time).to_value(u.one) ** (1 / 3)
                lines.append(f"{part.name}: if they live for tau_c alone, {radius.to_value(u.pc) * longest:.1f} pc")
    return lines


def _errors(result: FitResult, name: str) -> FloatArray | None:
    """Relative errors of a parameter, low and high; None if it was not fitted or is 0."""
    if name not in result.names or not (value := result.best[name]) > 0:
        return None
    index = result.names.index(name)
    return np.array([result.error_low[index], result.error_high[index]]) / value
