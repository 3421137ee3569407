"""The commands. Imports nothing heavy at the top: `skycocoon --help` must answer at once."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from .config import LoadedModel
    from .sky import Sed

F = TypeVar("F", bound=Callable[..., Any])


class _Group(click.Group):
    """Turns bad input into one line and exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command and leave with its exit code."""
        from .errors import InputError

        kwargs["standalone_mode"] = False
        # A batch system's SIGTERM unwinds like an error: what was begun is taken away.
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            with warnings.catch_warnings():
                # One line, without file and line number.
                warnings.showwarning = lambda message, *_, **__: click.echo(f"skycocoon: warning: {message}", err=True)
                sys.exit(super().main(*args, **kwargs))
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.UsageError as error:
            where = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
            click.echo(f"skycocoon: error: {' '.join(error.format_message().split())}{where}", err=True)
            sys.exit(2)
        except InputError as error:
            click.echo(f"skycocoon: error: {error}", err=True)
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            click.echo("skycocoon: interrupted, nothing was written", err=True)
            sys.exit(130)
        except OSError as error:
            if isinstance(error, BrokenPipeError):  # skycocoon sed ... | head
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(0)
            click.echo(f"skycocoon: error: {error.filename or 'output'}: {error.strerror or error}", err=True)
            sys.exit(2)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command, or say which one is nearest."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from .errors import unknown_name

            raise unknown_name("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from . import __version__

        click.echo(f"skycocoon {__version__}")
        ctx.exit()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
)
def main() -> None:
    """Gamma-ray and neutrino sky of the cocoons around Galactic cosmic-ray sources.

    MODEL is a preset (`skycocoon show` lists them) or a TOML file (`skycocoon init` prints one).

    \b
    skycocoon run paper --nside 64 --out results/
    skycocoon sed paper --messenger gamma --region lhaaso-inner --energies "1 TeV, 10 TeV, 100 TeV"
    skycocoon fit fit-bc --out fit/
    skycocoon figures paper --out figures/
    skycocoon init > model.toml
    """


def _set_option(function: F) -> F:
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help='Change a key of the model, e.g. components.cocoons.grammage.cutoff="300 TV". May be repeated.',
    )(function)


def _rtol_option(function: F) -> F:
    return click.option("--rtol", type=float, default=1e-4, show_default=True, help="Relative accuracy.")(function)


def _overwrite_option(function: F) -> F:
    return click.option("--overwrite", is_flag=True, help="Replace existing output.")(function)


def _flavour_option(function: F) -> F:
    return click.option(
        "--flavour", help="Neutrinos: per-flavour (at Earth, the default) or all-flavour; a map is converted."
    )(function)


def _messenger_option(function: F) -> F:
    return click.option("--messenger", required=True, help="gamma or neutrino.")(function)


def _load(model: str, settings: tuple[str, ...]) -> LoadedModel:
    from .config import load_file
    from .errors import InputError

    overrides: dict[str, object] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {text!r}: write it as KEY=VALUE")
        try:
            overrides[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            overrides[key.strip()] = value.strip()
    return load_file(model, overrides)


def _energies(text: str, rigidities: bool = False) -> Any:
    import astropy.units as u
    import numpy as np

    from .errors import InputError
    from .units import quantity

    if rigidities:
        # What is usual for nuclei, and no unit: per nucleon.
        text = re.sub(r"eV\s*/\s*n(uc|ucleon)?\b", "eV", text)
    wanted = u.GV if rigidities and "V" in text and "eV" not in text else u.GeV
    parts = [quantity(part.strip(), wanted, "--energies") for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError('--energies: write them like "1 TeV, 10 TeV"')
    unit = parts[0].unit
    values = np.array([part.to_value(unit) for part in parts])
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"--energies: {text!r}: energies must be positive and finite")
    return np.unique(values) * unit


def _check_out(out: str, endings: tuple[str, ...], overwrite: bool) -> None:
    """Say what is wrong with an output file before anything is computed for it."""
    from .errors import InputError

    if not out.endswith(endings):
        raise InputError(f"--out {out}: a name ending in {' or '.join(endings)} is needed")
    if Path(out).exists() and not overwrite:
        raise InputError(f"{out}: exists already; use --overwrite to replace it")
    if not Path(out).parent.is_dir():
        raise InputError(f"{out}: cannot write there (no folder {Path(out).parent})")


def _check_folder(out: str) -> None:
    from .errors import InputError

    if not out.strip():
        raise InputError("--out: a folder is needed")


def _written(out: str, paths: list[Path], quiet: bool) -> None:
    """Say what was made, and what lies beside it from before."""
    from .files import others

    if not quiet:
        click.echo("Written:")
        for path in paths:
            click.echo(f"  {path}")
    if left := others(out, paths):
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        click.echo(f"skycocoon: {out} holds files from before, too: {', '.join(left[:5])}{more}", err=True)


def _check_rtol(rtol: float) -> None:
    from .errors import InputError

    if not 1e-7 <= rtol <= 0.1:
        raise InputError(f"--rtol {rtol:g} is out of range; allowed: 1e-7 to 0.1")


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="results", show_default=True, help="Folder for everything that is made.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option(
    "--data", multiple=True, metavar="NAME|FILE", help="One more data set: a name, or an ECSV file of points."
)
@_set_option
@_rtol_option
@_overwrite_option
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
    from .jobs.run import run as run_model
    from .sky.healpix import check_nside

    _check_rtol(rtol)
    if nside is not None:
        check_nside(nside, "--nside")
    loaded = _load(model, settings)
    _check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    paths = run_model(loaded, out, data=data, nside=nside, rtol=rtol, overwrite=overwrite, progress=progress)
    if not quiet:
        click.echo((Path(out) / "summary.txt").read_text(encoding="utf-8"))
    _written(out, paths, quiet)


@main.command("map")
@click.argument("model", default="paper")
@_messenger_option
@click.option("--out", required=True, help="FITS file.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option("--energies", help='Nodes like "1 TeV, 10 TeV" instead of the model\'s.')
@_flavour_option
@_set_option
@_rtol_option
@_overwrite_option
def map_(
    model: str,
    messenger: str,
    out: str,
    nside: int | None,
    energies: str | None,
    flavour: str | None,
    settings: tuple[str, ...],
    rtol: float,
    overwrite: bool,
) -> None:
    """One full-sky map, as a FITS file that gammapy, fermipy and healpy load."""
    from .likelihood import energies_for
    from .los import intensity_map
    from .sky.sed import check_messenger

    _check_rtol(rtol)
    check_messenger(messenger)
    _check_out(out, (".fits", ".fits.gz"), overwrite)
    loaded = _load(model, settings)
    nodes = energies_for(messenger, loaded.maps.energies.nodes()) if energies is None else _energies(energies)
    sky = intensity_map(
        loaded.model,
        messenger,
        nodes,
        loaded.maps.nside if nside is None else nside,
        rtol=rtol,
        flavour=flavour or PER_FLAVOUR,
        progress=True,
    )
    sky.write(out, overwrite)
    click.echo(f"{out}: {sky}", err=True)


def _make_sed(
    model: str,
    messenger: str | None,
    region: str,
    energies: str | None,
    flavour: str | None,
    settings: tuple[str, ...],
    rtol: float,
) -> Sed:
    """SED from a model, or from a map if `model` is a FITS file."""
    from .errors import InputError
    from .sky import Region, Sed, SkyMap
    from .sky.sed import check_flavour

    _check_rtol(rtol)
    nodes = None if energies is None else _energies(energies)
    place = Region.parse(region)
    if model.endswith((".fits", ".fits.gz")):
        if settings:
            raise InputError("--set goes with a model, not with a map")
        sky = SkyMap.read(model)
        if messenger is not None and messenger != sky.messenger:
            raise InputError(f"{model}: is a map of {sky.messenger}s, not of {messenger}s")
        sed = sky.sed(place)
        if flavour is not None:
            check_flavour(flavour)
            sed = sed.in_flavour(flavour)
        if nodes is None:
            return sed
        name = next(iter(sed.components))
        return Sed(nodes, {name: sed.at(nodes)}, place, sed.messenger, sed.flavour, sed.meta)
    from .likelihood import energies_for
    from .los import region_sed
    from .sky.sed import check_messenger

    if messenger is None:
        raise InputError("--messenger is missing: gamma or neutrino")
    check_messenger(messenger)
    loaded = _load(model, settings)
    if nodes is None:
        nodes = energies_for(messenger, loaded.maps.energies.nodes())
    return region_sed(loaded.model, messenger, nodes, place, rtol=rtol, flavour=flavour or PER_FLAVOUR, progress=True)


PER_FLAVOUR = "per-flavour"
REGION_HELP = (
    "Name, box:l1,l2,b1,b2, disc:l,b,radius (deg), mask:FILE[,FRAME], sources:CATALOGUE[,PSF[,N]]; joined by | & -, "
    "~ is the complement."
)


@main.command()
@click.argument("model", default="paper")
@click.option("--messenger", help="gamma or neutrino; a map says its own.")
@click.option("--region", required=True, help=REGION_HELP)
@click.option("--energies", help='Energies like "1 TeV, 10 TeV"; by default the model\'s.')
@click.option("--out", help="ECSV file instead of stdout.")
@_flavour_option
@_set_option
@_rtol_option
@_overwrite_option
def sed(
    model: str,
    messenger: str | None,
    region: str,
    energies: str | None,
    out: str | None,
    flavour: str | None,
    settings: tuple[str, ...],
    rtol: float,
    overwrite: bool,
) -> None:
    """Spectrum of a region as ECSV: component, energy, intensity (mean, per sr), flux (times solid angle).

    MODEL may also be a map that `run` or `map` wrote.
    """
    if out is not None:
        _check_out(out, (".ecsv",), overwrite)
    result = _make_sed(model, messenger, region, energies, flavour, settings, rtol)
    if out is not None:
        result.write(out, overwrite)
        return
    from astropy.io import ascii

    ascii.write(result.to_table(), sys.stdout, format="ecsv")


@main.command()
@click.argument("model", default="paper")
@click.option("--out", required=True, help="Figure: .png, .pdf or .svg.")
@click.option("--region", help=f"Draw the SED of a region. {REGION_HELP}")
@click.option("--part", help="Draw what a model is made of: sea, gas or absorption.")
@click.option("--messenger", help="gamma or neutrino; a map says its own.")
@click.option("--energy", help='Draw the map at this energy, e.g. "10 TeV".')
@click.option("--nside", type=int, default=64, show_default=True, help="Resolution of a map that is made for it.")
@click.option("--data", multiple=True, metavar="NAME|FILE", help="Data set to draw with a SED.")
@click.option("--factor", type=float, help="Multiply the model by this, once, e.g. 0.65 for the paper's mask.")
@_flavour_option
@_set_option
@_rtol_option
@_overwrite_option
def plot(
    model: str,
    out: str,
    region: str | None,
    part: str | None,
    messenger: str | None,
    energy: str | None,
    nside: int,
    data: tuple[str, ...],
    factor: float | None,
    flavour: str | None,
    settings: tuple[str, ...],
    rtol: float,
    overwrite: bool,
) -> None:
    """One figure: a region's SED with data (--region), a part of the model (--part), or the sky.

    MODEL may also be a map that `run` or `map` wrote.
    """
    from .errors import InputError
    from .files import new_file
    from .jobs.run import load_measurement
    from .plot import plot_map, plot_sed, save

    _check_out(out, (".png", ".pdf", ".svg"), overwrite)
    if factor is not None and not 0 < factor < float("inf"):
        raise InputError(f"--factor {factor:g}: a positive number is needed")
    if part is not None:
        _plot_part(_load(model, settings), part, out, overwrite)
        return
    if region is not None:
        if energy is not None:
            raise InputError("--energy goes with a map of the sky, --region with a spectrum")
        items = [load_measurement(name) for name in data]
        spectrum = _make_sed(model, messenger, region, None, flavour, settings, rtol)
        with new_file(out, overwrite) as path:
            save(
                plot_sed(spectrum, data=items, factor=1.0 if factor is None else factor, factor_name="mask factor"),
                path,
            )
        return
    if data or factor is not None:
        raise InputError("--data and --factor go with --region")
    where = None
    if energy is not None:
        several = _energies(energy)
        if several.size > 1:
            raise InputError(f"--energy {energy!r}: one energy is needed")
        where = several[0]
    if model.endswith((".fits", ".fits.gz")):
        from .sky import SkyMap

        if settings:
            raise InputError("--set goes with a model, not with a map")
        sky = SkyMap.read(model)
        if messenger is not None and messenger != sky.messenger:
            raise InputError(f"{model}: is a map of {sky.messenger}s, not of {messenger}s")
    else:
        import astropy.units as u
        import numpy as np

        from .los import intensity_map
        from .sky.sed import check_messenger

        if messenger is None:
            raise InputError("--messenger is missing: gamma or neutrino")
        check_messenger(messenger)
        where = 10 * u.TeV if where is None else where
        sky = intensity_map(
            _load(model, settings).model,
            messenger,
            np.atleast_1d(where),
            nside,
            rtol=rtol,
            flavour=flavour or PER_FLAVOUR,
        )
    with new_file(out, overwrite) as path:
        save(plot_map(sky, where), path)


def _plot_part(loaded: LoadedModel, part: str, out: str, overwrite: bool) -> None:
    """Draw the absorption of a model, or the sea or the gas of its first component that has them."""
    from .emission import Diffuse
    from .errors import InputError, check_name
    from .files import new_file
    from .plot import plot_absorption, plot_gas, plot_sea, save

    check_name("part", part, ("sea", "gas", "absorption"))
    model = loaded.model
    diffuse = [component for component in model.components if isinstance(component, Diffuse)]
    meta = model.provenance
    if part == "absorption":
        axes = plot_absorption(model.absorption, model.sun, meta)
    elif not diffuse:
        raise InputError(f"--part {part}: the model has no component of kind 'diffuse'")
    else:
        axes = plot_sea(diffuse[0].sea, meta) if part == "sea" else plot_gas(diffuse[0].gas, model.sun, meta)
    with new_file(out, overwrite) as path:
        save(axes, path)


@main.command()
@click.argument("model", default="paper")
@click.option("--energies", help='Kinetic energies per nucleon like "10 GeV, 1 TeV", or rigidities like "10 GV".')
@click.option("--out", help="Figure (.png, .pdf, .svg); without --energies bc.png is made.")
@click.option("--data", multiple=True, metavar="NAME|FILE", help="One more data set to hold B/C against.")
@_set_option
@_overwrite_option
def bc(
    model: str, energies: str | None, out: str | None, data: tuple[str, ...], settings: tuple[str, ...], overwrite: bool
) -> None:
    """Boron over carbon at the Earth: ECSV on stdout, and a figure with AMS-02, DAMPE and CALET.

    Columns energy (kinetic, per nucleon; or rigidity) and ratio, modulated by the Sun. With --energies there is no
    figure unless --out names one.
    """
    from astropy.io import ascii

    from .files import new_file
    from .jobs.bc import chi_squares, data_of, default_energies, draw, table

    x = default_energies() if energies is None else _energies(energies, rigidities=True)
    if energies is None and out is None:
        out = "bc.png"
    loaded = _load(model, settings)
    if out is not None:
        _check_out(out, (".png", ".pdf", ".svg"), overwrite)
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
@_set_option
@_rtol_option
@_overwrite_option
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
    from .jobs.fit import fit_model, summary

    _check_rtol(rtol)
    loaded = _load(model, settings)
    _check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    found, paths = fit_model(
        loaded, out, rtol=rtol, starts=starts, sampling=sample, overwrite=overwrite, progress=progress
    )
    if not quiet:
        click.echo(summary(found))
    _written(out, paths, quiet)


@main.command()
@click.argument("model", default="paper")
@click.option("--out", default="figures", show_default=True, help="Folder for the figures.")
@_set_option
@_rtol_option
@_overwrite_option
@click.option("--quiet", is_flag=True, help="No progress bar and no list of files.")
def figures(model: str, out: str, settings: tuple[str, ...], rtol: float, overwrite: bool, quiet: bool) -> None:
    """The paper's five figures: PNG, PDF, the plotted numbers (ECSV) and a text that says what is published.

    1 B/C, 2 gamma rays, 3 neutrinos, 4 the scan over R_c (Appendix B), 5 grammage laws (Appendix C).
    """
    from .jobs.figures import figures as make_figures

    _check_rtol(rtol)
    loaded = _load(model, settings)
    _check_folder(out)
    progress = not quiet and sys.stderr.isatty()
    paths = make_figures(loaded, out, rtol=rtol, overwrite=overwrite, progress=progress)
    _written(out, paths, quiet)


@main.command()
@click.argument("preset", default="paper")
def init(preset: str) -> None:
    """Print a commented model file to start from: `skycocoon init > model.toml`."""
    from .config import preset_text

    click.echo(preset_text(preset), nl=False)


@main.command()
@click.argument("model")
@_set_option
def check(model: str, settings: tuple[str, ...]) -> None:
    """Validate a model file without running it."""
    from .jobs.run import check_pictures, describe
    from .likelihood import energies_for, prepare

    loaded = _load(model, settings)
    nodes = loaded.maps.energies.nodes()
    energies = {messenger: energies_for(messenger, nodes) for messenger in loaded.model.messengers}
    for messenger, some in energies.items():
        check_pictures(loaded.model, messenger, some)
    problem = None if loaded.file.fit is None else prepare(loaded)
    click.echo(f"{model}: good")
    click.echo(describe(loaded.model))
    if problem is not None:
        names = ", ".join(p.name for p in problem.likelihood.parameters)
        points = ", ".join(f"{item.name} ({len(item)})" for item in problem.likelihood.points)
        click.echo(f"fit: {names}\n  to {points}")
    for messenger, some in energies.items():
        click.echo(f"{messenger} maps: nside {loaded.maps.nside}, {some.size} energies, {some[0]:g} to {some[-1]:g}")


def _describe_table(path: str) -> str | None:
    """What a table of SEDs of ours or a catalogue holds; None if the file is something else."""
    from astropy.table import Table

    from .sky import Catalogue

    try:
        table = Table.read(path, format="ascii.ecsv")
    except Exception:  # whatever it is, the reader of measurements says what is wrong with it
        return None
    names = set(table.colnames)
    if "e_ref" not in names and ({"l", "b"} <= names or {"ra", "dec"} <= names):
        return str(Catalogue.read(path))
    if not {"component", "energy", "intensity", "flux"} <= names:
        return None
    keys = [name for name in ("messenger", "region", "component") if name in names]
    lines = [f"{path}: spectra, {len(table)} rows"]
    lines += [f"  {' '.join(map(str, row))}" for row in sorted({tuple(row) for row in table[keys].iterrows()})]
    lines += [f"  {key}: {value}" for key, value in table.meta.items() if isinstance(value, str)]
    return "\n".join(lines)


@main.command()
@click.argument("thing", required=False)
def show(thing: str | None) -> None:
    """What there is: presets, data sets and regions; or what one of them, a map or an ECSV file holds."""
    from .config import list_presets, load_file
    from .cosmicrays import RatioMeasurement, list_ratios
    from .errors import unknown_name
    from .jobs.run import describe
    from .likelihood import load_data
    from .sky import Catalogue, Measurement, Region, SkyMap, list_catalogues, list_measurements, list_regions

    if thing is None:
        click.echo("Models:    " + ", ".join(list_presets()))
        click.echo("Data sets:")
        for name in list_measurements():
            click.echo(f"  {Measurement.named(name)}")
        for name in list_ratios():
            click.echo(f"  {RatioMeasurement.named(name)}")
        click.echo("Regions:")
        for name in list_regions():
            click.echo(f"  {Region.named(name)}")
        click.echo("Catalogues:")
        for name in list_catalogues():
            click.echo(f"  {Catalogue.named(name)}")
    elif thing in list_catalogues():
        catalogue = Catalogue.named(thing)
        click.echo(str(catalogue))
        for key, value in catalogue.meta.items():
            click.echo(f"  {key}: {value}")
    elif thing in list_presets() or thing.endswith(".toml"):
        click.echo(describe(load_file(thing).model))
    elif thing in (*list_measurements(), *list_ratios()) or thing.endswith(".ecsv"):
        if thing.endswith(".ecsv") and (text := _describe_table(thing)) is not None:
            click.echo(text)
            return
        item = load_data(thing)
        click.echo(str(item))
        for key, value in item.meta.items():
            click.echo(f"  {key}: {value}")
    elif thing.endswith((".fits", ".fits.gz")):
        sky = SkyMap.read(thing)
        click.echo(str(sky))
        for key, value in sky.meta.items():
            click.echo(f"  {key}: {value}" if "\n" not in value else f"  {key}:\n    " + value.replace("\n", "\n    "))
    else:
        try:
            region = Region.parse(thing)
        except ValueError:
            if ":" in thing:
                raise
            names = [*list_presets(), *list_measurements(), *list_ratios(), *list_regions(), *list_catalogues()]
            raise unknown_name("model, data set, region or catalogue", thing, names) from None
        click.echo(f"{region}\n  {region.reference}".rstrip())
