"""Commands ``run``, ``bc``, ``fit`` and ``figures``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .group import main
from .options import (
    check_folder,
    check_out,
    check_rtol,
    load_settings,
    overwrite_option,
    read_energies,
    report_written,
    rtol_option,
    set_option,
)


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="results", show_default=True, help="Folder for everything that is made.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option(
    "--data", multiple=True, metavar="NAME|FILE", help="One more data set: a name, or an ECSV file of points."
)
@set_option
@rtol_option
@overwrite_option
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def run(
    model: str,
    out: str,
    nside: int | None,
    data: tuple[str, ...],
    settings: tuple[str, ...],
    rtol: float,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Maps, SEDs against data, figures and a summary.

    Writes gamma.fits, neutrino.fits, seds.ecsv, summary.txt, model.toml and figures/*.png.
    """
    from ..products.run.run import run as run_model
    from ..sky.healpix import check_nside

    check_rtol(rtol)
    if nside is not None:
        check_nside(nside, "--nside")
    loaded = load_settings(model, settings)
    check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    paths = run_model(loaded, out, data=data, nside=nside, rtol=rtol, overwrite=overwrite, progress=progress)
    if not quiet:
        click.echo((Path(out) / "summary.txt").read_text(encoding="utf-8"))
    report_written(out, paths, quiet)


@main.command()
@click.argument("model", default="paper")
@click.option("--energies", help='Kinetic energies per nucleon like "10 GeV, 1 TeV", or rigidities like "10 GV".')
@click.option("--out", help="Figure (.png, .pdf, .svg); without --energies bc.png is made.")
@click.option("--data", multiple=True, metavar="NAME|FILE", help="One more data set to hold B/C against.")
@set_option
@overwrite_option
def bc(
    model: str, energies: str | None, out: str | None, data: tuple[str, ...], settings: tuple[str, ...], overwrite: bool
) -> None:
    """Boron over carbon at the Earth: ECSV on stdout, and a figure with AMS-02, DAMPE and CALET.

    Columns energy (kinetic, per nucleon; or rigidity) and ratio, modulated by the Sun. With --energies there is no
    figure unless --out names one.
    """
    from astropy.io import ascii

    from ..outputs import new_file
    from ..products.bc import chi_squares, data_of, default_energies, draw, table

    x = default_energies() if energies is None else read_energies(energies, rigidities=True)
    if energies is None and out is None:
        out = "bc.png"
    loaded = load_settings(model, settings)
    if out is not None:
        check_out(out, (".png", ".pdf", ".svg"), overwrite)
    items = data_of(loaded, data)
    found = table(loaded, x)
    if out is not None:
        with new_file(out, overwrite) as path:
            draw(loaded, items, path)
    ascii.write(found, sys.stdout, format="ecsv")
    if out is not None:
        for name, (chi2, points) in chi_squares(loaded.nuclei, items).items():
            click.echo(f"{name}: chi-square {chi2:.1f} for {points} points above 8 GV", err=True)
        note = "Nothing is fitted here: `skycocoon fit` does that, with the transport"
        note += ", and with [fit.normalisations], which are 1 here." if loaded.file.fit is not None else "."
        click.echo(note, err=True)
        click.echo(f"Written: {out}", err=True)


@main.command()
@click.argument("model", default="fit-bc")
@click.option("--out", default="fit", show_default=True, help="Folder for everything that is made.")
@click.option("--starts", type=click.IntRange(1, 1000), help="Fits from so many starts, random ones after the first.")
@click.option("--sample", is_flag=True, help="Sample the posterior with emcee, as [sampling] in the model does.")
@set_option
@rtol_option
@overwrite_option
@click.option("--quiet", is_flag=True, help="No progress bar and no summary.")
def fit(
    model: str,
    out: str,
    starts: int | None,
    sample: bool,
    settings: tuple[str, ...],
    rtol: float,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Fit a model's [fit] parameters to its data: best values, errors, profiles, figures.

    Writes fit.ecsv, best.toml (which `run` takes), covariance.ecsv, points.ecsv, summary.txt and figures/*.png.
    """
    from ..products.fit.fit import fit_model
    from ..products.fit.summary import summary

    check_rtol(rtol)
    loaded = load_settings(model, settings)
    check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    found, paths = fit_model(
        loaded, out, rtol=rtol, starts=starts, sampling=sample, overwrite=overwrite, progress=progress
    )
    if not quiet:
        click.echo(summary(found))
    report_written(out, paths, quiet)


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="figures", show_default=True, help="Folder for the figures.")
@set_option
@rtol_option
@overwrite_option
@click.option("--quiet", is_flag=True, help="No progress bar and no list of files.")
def figures(model: str, out: str, settings: tuple[str, ...], rtol: float, overwrite: bool, quiet: bool) -> None:
    """The paper's five figures: PNG, PDF, the plotted numbers (ECSV) and a text that says what is published.

    1 B/C, 2 gamma rays, 3 neutrinos, 4 the scan over R_c (Appendix B), 5 grammage laws (Appendix C).
    """
    from ..products.paper.figures import figures as make_figures

    check_rtol(rtol)
    loaded = load_settings(model, settings)
    check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    paths = make_figures(loaded, out, rtol=rtol, overwrite=overwrite, progress=progress)
    report_written(out, paths, quiet)
