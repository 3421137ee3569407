"""The summary of a fit."""

from __future__ import annotations

import astropy.units as u
import numpy as np

from ...emission import Cocoons
from ...inference import FitResult, Profile
from ...inference.search import IMPROVED
from ...modelfit import FitRun
from ...modelfit.solution import GRAMMAGE
from ...units import FloatArray

__all__ = ["summary"]


def summary(run: FitRun) -> str:
    """Result of a fit in words and numbers: minimum, fits without cocoons, profiles, constraints, samples."""
    result = run.result
    lines = [
        f"skycocoon {run.best.model.provenance.get('version', '')}: fit of {run.problem.loaded.source}",
        "",
        repr(result),
        *(f"  {name}: {count} more outside the model's energies" for name, count in run.problem.left_out.items()),
        f"  {_probability(result)}",
        f"  {result.calls} evaluations, {result.predictions} of them with another model",
    ]
    if run.first_chi2 > result.chi2 + IMPROVED:
        lines.append(
            f"  The fit itself ended at {run.first_chi2:.2f}; a profile met this lower minimum, and all is about it. "
            "There may be more: try --starts"
        )
    if run.nulls:
        lines.append("")
    for name, null in run.nulls.items():
        who = name.removesuffix(GRAMMAGE).removeprefix("components.")
        lines.append(f"Without {who} (X_c = 0, all else fitted again): chi-square higher by {null.delta[0]:.1f}")
    for profile in run.profiles.values():
        lines.append(_profile_line(profile))
    lines += ["", *_constraints(run)]
    if run.samples is not None:
        lines += ["", repr(run.samples)]
    if run.cautions:
        lines += ["", *(f"Caution: {line}" for line in run.cautions)]
    return "\n".join(lines).rstrip() + "\n"


def _profile_line(profile: Profile) -> str:
    """The intervals of a profile."""
    name, unit = profile.parameter.name, profile.parameter.unit
    levels = (("68 %", 1.0), ("95 %", 3.841))
    intervals = ", ".join(f"{percent} {_interval(profile, delta)}" for percent, delta in levels)
    return f"Profile of {name}: {intervals} {unit}".rstrip()


def _probability(result: FitResult) -> str:
    if result.ndof <= 0:
        return "no p-value: there are not more points and priors than parameters"
    value = "above 0.999" if result.p_value > 0.999 else f"{result.p_value:.3g}"
    return f"p-value {value}, if all errors were independent from point to point"


def _interval(profile: Profile, delta: float) -> str:
    """Interval of a profile within a difference of chi-square, with a note where a bound ends it."""
    bounds, pieces = (profile.parameter.low, profile.parameter.high), profile.intervals(delta)
    ends = [end for piece in pieces for end, bound in zip(piece, bounds, strict=True) if end == bound]
    note = f" ({' and '.join(f'{end:.4g}' for end in ends)}: the bound)" if ends else ""
    return " and ".join(" to ".join(profile.ends(delta, piece=index)) for index in range(len(pieces))) + note


def _constraints(run: FitRun) -> list[str]:
    """Confinement time and largest radius of cocoons (eqs. 9 and 10) at the best values, with the grammage's errors."""
    lines = []
    for part in run.best.model.components:
        if not isinstance(part, Cocoons):
            continue
        time = part.confinement_time.to_value(u.Myr)
        line = f"{part.name}: confinement time tau_c = {time:.4f}"
        if (errors := _errors(run.result, f"components.{part.name}{GRAMMAGE}")) is not None and time > 0:
            low, high = errors
            line += f" -{time * low:.4f} +{time * high:.4f}"
        lines.append(f"{line} Myr for n = {part.gas_density:g}, the least age of cocoons (eq. 9)")
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
