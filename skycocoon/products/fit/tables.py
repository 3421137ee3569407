"""The tables of a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import astropy.units as u

from ...ecsv import write_ecsv
from ...inference import FitResult, Profile, Samples
from ...modelfit import FitRun
from ...outputs import header


def write_table(table: Any, path: Path, meta: Any) -> None:
    """Write a table as ECSV, with provenance in its header.

    Parameters
    ----------
    table
        The table.
    path
        The file.
    meta
        Provenance, beside what the table says of itself.
    """
    table.meta = {**table.meta, **header(meta)}
    write_ecsv(table, path)


def covariance_table(result: FitResult) -> Any:
    """Covariance of the fitted parameters: a row and a column for each."""
    from astropy.table import Table

    table = Table({"parameter": result.names})
    for name, column in zip(result.names, result.covariance.T, strict=True):
        table[name] = column
    table.meta = {"content": "covariance (HESSE), in the products of the parameters' units of fit.ecsv"}
    if held := [name for name, bound in zip(result.names, result.at_bound, strict=True) if bound]:
        table.meta["held at a bound, rows of 0"] = held
    if result.degenerate:
        table.meta["degenerate, infinite variance"] = list(result.degenerate)
    return table


def points_table(run: FitRun) -> Any:
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


def profile_table(profile: Profile) -> Any:
    """Chi-square along a profile, and the best values of the other parameters at each of its points."""
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


def chain_table(samples: Samples) -> Any:
    """The chain: a row for each sample, a column for each parameter, and the logarithm of the probability."""
    from astropy.table import Table

    table = Table({p.name: column for p, column in zip(samples.parameters, samples.chain.T, strict=True)})
    table["log_probability"] = samples.log_probability
    for parameter in samples.parameters:
        if parameter.unit:
            table[parameter.name].unit = u.Unit(parameter.unit)
    return table
