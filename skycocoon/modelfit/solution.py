"""The solution of a fit: minimum, profiles, fits without cocoons, samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..config import LoadedModel, SamplingSection, load_text
from ..errors import InputError
from ..inference import NORMALISATION, FitResult, Profile, Samples
from ..inference import fit as find_minimum
from ..inference import profile as scan
from ..inference import sample as draw_samples
from .problem import Problem

__all__ = [
    "FitRun",
    "solve",
]

GRAMMAGE = ".grammage.normalisation"
# Chi-square above the minimum that a profile should reach: 95 %.
ENOUGH = 4.0


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
    wanted = sampling_section(loaded, sampling)
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
        profiles[name] = _wide_profile(result, name, progress)
        result = profiles[name].result
    nulls = {}
    for free in problem.variation.free:
        if free.key.endswith(GRAMMAGE) and free.low == 0.0:
            nulls[free.key] = scan(result, free.key, [0.0], progress=progress)
            result = nulls[free.key].result
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


def _wide_profile(result: FitResult, name: str, progress: bool) -> Profile:
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


def sampling_section(loaded: LoadedModel, asked: bool) -> SamplingSection | None:
    """How to sample, if at all; checks that it can be done."""
    from importlib.util import find_spec

    if loaded.file.sampling is None and not asked:
        return None
    if missing := [name for name in ("emcee", "corner") if find_spec(name) is None]:
        raise InputError(f'[sampling]: {missing[0]} is not installed; pip install "skycocoon[sampling]"')
    return loaded.file.sampling or SamplingSection()
