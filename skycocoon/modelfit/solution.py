"""The solution of a fit: minimum, profiles, fits without cocoons, samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..config import LoadedModel, SamplingSection, load_text
from ..errors import InputError
from ..inference import NORMALISATION, FitResult, Profile, Samples
from ..inference import fit as find_minimum
from ..inference import profile as scan
from ..inference import sample as draw_samples
from ..inference.search import IMPROVED
from ..measured import Data, RatioMeasurement
from .problem import Problem
from .sampling import Draw

__all__ = ["GRAMMAGE", "FitRun", "sampling_section", "solve"]

GRAMMAGE = ".grammage.normalisation"
"""Last steps of the key of a cocoon component's X_c."""
# Chi-square above the minimum that a profile should reach, a little beyond 95 %, and how often it may be widened.
ENOUGH = 4.0
WIDENINGS = 3
# Errors and a profile agree within this part of the whole error: a profile is interpolated.
AGREE = 0.1
# How often all is made again about a lower minimum.
AGAIN = 4


@dataclass(frozen=True, eq=False)
class FitRun:
    """All that a fit has found.

    Attributes
    ----------
    problem
        Model, data and likelihood.
    result
        The best fit.
    first_chi2
        Least chi-square that the fit itself found: higher than the result's if a profile met a lower minimum.
    profiles
        Chi-square over single parameters, by name.
    nulls
        The fit without each cocoon component (X_c = 0, all else fitted again), by the key of its X_c.
    samples
        Samples of the posterior; None if none were asked for.
    best
        The model with the best values.
    """

    problem: Problem
    result: FitResult
    first_chi2: float
    profiles: dict[str, Profile]
    nulls: dict[str, Profile]
    samples: Samples | None
    best: LoadedModel

    @property
    def cautions(self) -> list[str]:
        """What makes the numbers doubtful, a line for each."""
        result, samples = self.result, self.samples
        lines = []
        if not result.valid:
            lines.append("the fit has not converged: try --starts, other values in the model, or narrower bounds")
        if result.degenerate:
            lines.append(f"chi-square cannot tell apart: {', '.join(result.degenerate)}; hold one, or give it a prior")
        lines += _counted_twice(self.problem.data)
        lines += filter(None, (beyond_minos(result, profile) for profile in self.profiles.values()))
        if samples is not None:
            if samples.shortcoming:
                lines.append(samples.shortcoming)
            lowest = -2.0 * float(samples.log_probability.max())
            if lowest < result.chi2 - IMPROVED:
                lines.append(f"a sample has a lower chi-square, {lowest:.2f}, than the best fit; try --starts")
        return lines


def _counted_twice(data: Sequence[Data]) -> list[str]:
    """Say which ratios of one data-taking share an element, whose errors are those of both."""
    ratios = [item for item in data if isinstance(item, RatioMeasurement)]
    return [
        f"{one.name} and {other.name} are of the same data-taking; {shared} counts twice, and errors are too small"
        for one, other in combinations(ratios, 2)
        if (shared := one.shares(other))
    ]


def beyond_minos(result: FitResult, profile: Profile) -> str:
    """Say where another valley of chi-square goes beyond the errors of the best fit, which follow its own.

    Parameters
    ----------
    result
        The best fit.
    profile
        A profile about it.

    Returns
    -------
    str
        A line, empty if errors and profile agree.
    """
    parameter = profile.parameter
    index = result.names.index(parameter.name)
    best, low, high = (float(a[index]) for a in (result.values, result.error_low, result.error_high))
    slack = AGREE * (low + high)
    for ends in profile.intervals(1.0):
        for end, beyond in zip(ends, (ends[0] < best - low - slack, ends[1] > best + high + slack), strict=True):
            if beyond and parameter.name in result.minos:
                words = "the profile has another valley than that of the best fit, in which MINOS stayed; it goes to"
                return f"{parameter.name}: {words} {end:.4g} {parameter.unit}".rstrip()
    return ""


def solve(
    problem: Problem,
    *,
    starts: int | None = None,
    sampling: bool = False,
    draw: Draw = draw_samples,
    progress: bool = False,
) -> FitRun:
    """Find the best fit, profiles, fits without cocoons, and samples, as ``[fit]`` and ``[sampling]`` ask for.

    A profile or a fit without cocoons that comes upon a lower chi-square replaces the best fit.

    Parameters
    ----------
    problem
        The fit, from :func:`~skycocoon.modelfit.prepare`.
    starts
        Starts of the fit instead of the file's.
    sampling
        Sample the posterior even if there is no ``[sampling]``.
    draw
        What draws the samples.
    progress
        Whether to show progress bars.

    Returns
    -------
    FitRun
        The results, and the model with the best values.

    Raises
    ------
    InputError
        If sampling is asked for and emcee is missing, no prediction changes with a parameter, or the model has no
        finite prediction.
    """
    loaded, section = problem.loaded, problem.section
    sampler = sampling_section(loaded, sampling)
    _check_constrained(problem)
    first = find_minimum(
        problem.likelihood,
        minos=section.minos,
        starts=section.starts if starts is None else starts,
        seed=section.seed,
        progress=progress,
    )
    result, profiles, nulls = _with_profiles(problem, first, progress)
    samples = None
    if sampler is not None:
        samples = draw(
            result,
            walkers=sampler.walkers,
            steps=sampler.steps,
            burn=sampler.burn,
            thin=sampler.thin,
            seed=sampler.seed,
            progress=progress,
        )
    return FitRun(problem, result, first.chi2, profiles, nulls, samples, _best_model(problem, result))


def _with_profiles(
    problem: Problem, result: FitResult, progress: bool
) -> tuple[FitResult, dict[str, Profile], dict[str, Profile]]:
    """Profiles and fits without cocoons, all about one minimum: made again if one of them meets a lower one."""
    profiles: dict[str, Profile] = {}
    nulls: dict[str, Profile] = {}
    for _ in range(AGAIN):
        for name in problem.section.profiles:
            profiles[name] = _wide_profile(result, name, progress)
            result = profiles[name].result
        for free in problem.variation.free:
            if free.key.endswith(GRAMMAGE) and free.low == 0.0:
                nulls[free.key] = scan(result, free.key, [0.0], progress=progress)
                result = nulls[free.key].result
        if all(item.result is result for item in (*profiles.values(), *nulls.values())):
            break
    return result, profiles, nulls


def _best_model(problem: Problem, result: FitResult) -> LoadedModel:
    """Load the model file with the best values in it, and a note that says so."""
    state = "" if result.valid else " It has NOT CONVERGED."
    note = f"Best values of a fit: chi-square {result.chi2:.2f} for {result.ndof} degrees of freedom.{state}"
    factors = ", ".join(
        f"{name.removeprefix(NORMALISATION)} {value:.3f}"
        for name, value in result.best.items()
        if name.startswith(NORMALISATION)
    )
    if factors:
        note += f"\nIts nuisance factors on the model are not in this file: {factors}."
    loaded = problem.loaded
    return load_text(problem.toml_at(result.values.tolist(), note), loaded.source, loaded.folder)


def _wide_profile(result: FitResult, name: str, progress: bool) -> Profile:
    """Return a profile that is widened until chi-square rises by 4 on both sides, or the bounds are reached."""
    profile = scan(result, name, progress=progress)
    low, high = profile.parameter.low, profile.parameter.high
    for _ in range(WIDENINGS):
        first, last = float(profile.grid[0]), float(profile.grid[-1])
        reach = 0.5 * (last - first)
        start = max(first - reach, low) if profile.delta[0] < ENOUGH else first
        end = min(last + reach, high) if profile.delta[-1] < ENOUGH else last
        if (start, end) == (first, last):
            break
        wider = np.linspace(start, end, profile.grid.size)
        profile = scan(profile.result, name, wider, others=profile.best, progress=progress)
    return profile


def _check_constrained(problem: Problem) -> None:
    """Refuse a parameter that no prediction depends on: the fit would not converge, and not say why.

    Each parameter is moved to its farther bound from the model's values, and if that changes nothing (the cut-off of a
    grammage of zero), from the middle of all bounds.
    """
    likelihood, parameters = problem.likelihood, problem.likelihood.parameters
    bases = [[p.start for p in parameters], [(p.low + p.high) / 2 for p in parameters]]
    for index, p in enumerate(parameters[: likelihood.model_size]):
        far = p.high if p.high - p.start > p.start - p.low else p.low
        for values in bases:
            before, after = likelihood.model(values), likelihood.model([*values[:index], far, *values[index + 1 :]])
            if any(not np.array_equal(before[name], after[name]) for name in before):
                break
        else:
            raise InputError(
                f"{problem.loaded.source}: fit.parameters.{p.name}: nothing that is predicted for fit.data changes "
                "with it; take it out"
            )


def sampling_section(loaded: LoadedModel, asked: bool) -> SamplingSection | None:
    """Return how the posterior is sampled, after checking that it can be.

    Parameters
    ----------
    loaded
        The model.
    asked
        Sample even if there is no ``[sampling]``.

    Returns
    -------
    SamplingSection or None
        The file's section or its defaults; None if no samples are asked for.

    Raises
    ------
    InputError
        If emcee or corner is not installed.
    """
    from importlib.util import find_spec

    if loaded.file.sampling is None and not asked:
        return None
    if missing := [name for name in ("emcee", "corner") if find_spec(name) is None]:
        raise InputError(f'[sampling]: {missing[0]} is not installed; pip install "skycocoon[sampling]"')
    return loaded.file.sampling or SamplingSection()
