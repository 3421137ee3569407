"""Commands ``run``, ``bc``, ``fit`` and ``figures``."""

from __future__ import annotations

from pathlib import Path

import click

from .group import main
from .options import (
    FIGURE_ENDINGS,
    Machines,
    Output,
    Source,
    check_file,
    gathered,
    machines_options,
    overwrite_option,
    quiet_option,
    read_energies,
    rtol_option,
    set_option,
)
from .surroundings import table_stream


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="results", show_default=True, help="Folder for everything that is made.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option(
    "--data", multiple=True, metavar="NAME|FILE", help="One more data set: a name, or an ECSV file of points."
)
@machines_options
@set_option
@rtol_option
@overwrite_option
@quiet_option("summary")
@gathered(source=Source, output=Output, machines=Machines)
def run(source: Source, output: Output, machines: Machines, nside: int | None, data: tuple[str, ...]) -> None:
    """Maps, SEDs against data, figures and a summary.

    Writes gamma.fits, neutrino.fits, seds.ecsv, summary.txt, model.toml and figures/*.png. With --workers, --dask or
    --resume, finished blocks of the maps are kept beside --out until all is written; --resume goes on from them.
    """
    from ..products.run.run import run as run_model
    from ..sky.healpix import check_nside

    source.check_rtol()
    if nside is not None:
        check_nside(nside, "--nside")
    loaded = source.load()
    output.check_folder()
    paths = run_model(
        loaded,
        output.out,
        data=data,
        nside=nside,
        rtol=source.rtol,
        workers=machines.chosen,
        resume=machines.resume,
        overwrite=output.overwrite,
        progress=not output.quiet,
    )
    if not output.quiet:
        click.echo((Path(output.out) / "summary.txt").read_text(encoding="utf-8"))
    output.report(paths)


@main.command()
@click.argument("model", default="paper")
@click.option("--energies", help='Kinetic energies per nucleon like "10 GeV, 1 TeV", or rigidities like "10 GV".')
@click.option("--quantity", default="B/C", show_default=True, help="Ratio of two of the elements B, C, N and O.")
@click.option("--out", help="Figure (.png, .pdf, .svg); without --energies one is made, bc.png for B/C.")
@click.option("--data", multiple=True, metavar="NAME|FILE", help="One more data set to hold the ratio against.")
@set_option
@overwrite_option
@gathered(source=Source)
def bc(
    source: Source, energies: str | None, quantity: str, out: str | None, data: tuple[str, ...], overwrite: bool
) -> None:
    """Boron over carbon, or another ratio, at the Earth: ECSV on stdout, and a figure with AMS-02, DAMPE and CALET.

    Columns energy (kinetic, per nucleon; or rigidity) and ratio, modulated by the Sun. With --energies there is no
    figure unless --out names one.
    """
    from astropy.io import ascii

    from ..errors import InputError
    from ..nuclei import elements
    from ..outputs import new_file
    from ..products.bc import chi_squares, data_of, default_energies, draw, table

    x = default_energies() if energies is None else read_energies(energies, rigidities=True)
    try:
        names = elements(quantity)
    except InputError as error:
        raise InputError(f"--quantity: {error}") from None
    quantity = "/".join(names)
    if energies is None and out is None:
        out = f"{''.join(names).lower()}.png"
    loaded = source.load()
    if out is not None:
        check_file(Output(out, overwrite), FIGURE_ENDINGS)
    items = data_of(loaded, data, quantity)
    ratios = table(loaded, x, quantity)
    if out is not None:
        with new_file(out, overwrite) as path:
            draw(loaded, items, path, quantity)
    ascii.write(ratios, table_stream(), format="ecsv")
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
@machines_options
@set_option
@rtol_option
@overwrite_option
@quiet_option("summary")
@gathered(source=Source, output=Output, machines=Machines)
def fit(source: Source, output: Output, machines: Machines, starts: int | None, sample: bool) -> None:
    """Fit a model's [fit] parameters to its data: best values, errors, profiles, figures.

    Writes fit.ecsv, best.toml (which `run` takes), covariance.ecsv, points.ecsv, summary.txt and figures/*.png. Samples
    can be computed by --workers or --dask; with these or --resume, finished steps are kept beside --out until all is
    written.
    """
    from ..products.fit.fit import fit_model
    from ..products.fit.summary import summary

    source.check_rtol()
    loaded = source.load()
    output.check_folder()
    fitted, paths = fit_model(
        loaded,
        output.out,
        rtol=source.rtol,
        starts=starts,
        sampling=sample,
        workers=machines.chosen,
        resume=machines.resume,
        overwrite=output.overwrite,
        progress=not output.quiet,
    )
    if not output.quiet:
        click.echo(summary(fitted))
    output.report(paths)


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="figures", show_default=True, help="Folder for the figures.")
@set_option
@rtol_option
@overwrite_option
@quiet_option("list of files")
@gathered(source=Source, output=Output)
def figures(source: Source, output: Output) -> None:
    """The paper's five figures: PNG, PDF, the plotted numbers (ECSV) and a text that says what is published.

    1 B/C, 2 gamma rays, 3 neutrinos, 4 the scan over R_c (Appendix B), 5 grammage laws (Appendix C).
    """
    from ..products.paper.figures import figures as make_figures

    source.check_rtol()
    loaded = source.load()
    output.check_folder()
    paths = make_figures(loaded, output.out, rtol=source.rtol, overwrite=output.overwrite, progress=output.progress)
    output.report(paths)
