"""A fit, written into a folder."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ...config import LoadedModel
from ...errors import AccuracyWarning, InputError
from ...inference import sample as draw_samples
from ...los import RTOL
from ...modelfit import FitRun, prepare, solve
from ...modelfit.sampling import Draw, kept_samples
from ...modelfit.solution import sampling_section
from ...outputs import new_folder, short_names
from .figures import draw_figures, figure_files
from .summary import summary
from .tables import chain_table, covariance_table, points_table, profile_table, write_table

__all__ = ["fit_model"]


def fit_model(
    loaded: LoadedModel,
    out: str | Path,
    *,
    rtol: float = RTOL,
    starts: int | None = None,
    sampling: bool = False,
    workers: int | str | None = None,
    resume: bool = False,
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
    workers, resume
        Who computes the samples, and whether to go on from a chain that was interrupted, as in
        :func:`~skycocoon.modelfit.sampling.kept_samples`; with neither, nothing is kept.
    overwrite
        Whether files of the same names, and the chain of another fit, may be replaced.

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

    Warns
    -----
    AccuracyWarning
        If the fit or the chain has not converged, or parameters are degenerate.
    """
    problem = prepare(loaded, rtol=rtol, progress=progress)
    section = problem.section
    short = short_names(section.profiles)
    names = ["fit.ecsv", "covariance.ecsv", "points.ecsv", "best.toml", "summary.txt"]
    names += ["figures/pulls.png", *(["figures/correlation.png"] if len(problem.likelihood.parameters) > 1 else [])]
    names += [file for name in short.values() for file in (f"profile-{name}.ecsv", f"figures/profile-{name}.png")]
    if (sampler := sampling_section(loaded, sampling)) is not None:
        names += ["posterior.ecsv", "chain.fits", "figures/corner.png"]
    starts = section.starts if starts is None else starts
    if starts > 1:
        names.append("starts.ecsv")
    pictures = figure_files(problem)
    names += [f"figures/{name}" for name in pictures]
    how: AbstractContextManager[Draw] = nullcontext(draw_samples)
    if workers is not None or resume:
        if sampler is None:
            raise InputError("workers, resume: they are for samples; there is no [sampling], and none are asked for")
        how = kept_samples(
            problem,
            sampler,
            out,
            rtol=rtol,
            starts=starts,
            workers=workers,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    with how as draw, new_folder(out, names, overwrite) as work:
        run = solve(problem, starts=starts, sampling=sampling, draw=draw, progress=progress)
        meta = run.best.model.provenance
        write_table(run.result.table(), work / "fit.ecsv", meta)
        write_table(covariance_table(run.result), work / "covariance.ecsv", meta)
        write_table(points_table(run), work / "points.ecsv", meta)
        (work / "best.toml").write_text(run.best.toml, encoding="utf-8")
        (work / "summary.txt").write_text(summary(run), encoding="utf-8")
        if "starts.ecsv" in names:
            write_table(run.result.starts, work / "starts.ecsv", meta)
        for name, profile in run.profiles.items():
            write_table(profile_table(profile), work / f"profile-{short[name]}.ecsv", meta)
        if run.samples is not None:
            write_table(run.samples.table(), work / "posterior.ecsv", meta)
            chain_table(run.samples).write(work / "chain.fits")
        draw_figures(run, short, pictures, work / "figures", rtol)
    for line in run.cautions:
        warnings.warn(line, AccuracyWarning, stacklevel=2)
    return run, [Path(out) / name for name in names]
