"""Commands ``map``, ``sed`` and ``plot``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .group import main
from .options import (
    PER_FLAVOUR,
    REGION_HELP,
    check_out,
    check_rtol,
    flavour_option,
    load_settings,
    messenger_option,
    overwrite_option,
    read_energies,
    rtol_option,
    set_option,
)

if TYPE_CHECKING:
    from ..config import LoadedModel
    from ..sky import Sed


@main.command("map")
@click.argument("model", default="paper")
@messenger_option
@click.option("--out", required=True, help="FITS file.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option("--energies", help='Nodes like "1 TeV, 10 TeV" instead of the model\'s.')
@flavour_option
@set_option
@rtol_option
@overwrite_option
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
    from ..los import intensity_map
    from ..sky.convention import check_messenger

    check_rtol(rtol)
    check_messenger(messenger)
    check_out(out, (".fits", ".fits.gz"), overwrite)
    loaded = load_settings(model, settings)
    nodes = loaded.energies(messenger) if energies is None else read_energies(energies)
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
    from ..errors import InputError
    from ..sky import Region, Sed, SkyMap
    from ..sky.convention import check_flavour

    check_rtol(rtol)
    nodes = None if energies is None else read_energies(energies)
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
    from ..los import region_sed
    from ..sky.convention import check_messenger

    if messenger is None:
        raise InputError("--messenger is missing: gamma or neutrino")
    check_messenger(messenger)
    loaded = load_settings(model, settings)
    if nodes is None:
        nodes = loaded.energies(messenger)
    return region_sed(loaded.model, messenger, nodes, place, rtol=rtol, flavour=flavour or PER_FLAVOUR, progress=True)


@main.command()
@click.argument("model", default="paper")
@click.option("--messenger", help="gamma or neutrino; a map says its own.")
@click.option("--region", required=True, help=REGION_HELP)
@click.option("--energies", help='Energies like "1 TeV, 10 TeV"; by default the model\'s.')
@click.option("--out", help="ECSV file instead of stdout.")
@flavour_option
@set_option
@rtol_option
@overwrite_option
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
        check_out(out, (".ecsv",), overwrite)
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
@flavour_option
@set_option
@rtol_option
@overwrite_option
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
    from ..errors import InputError
    from ..outputs import new_file
    from ..plot import plot_map, plot_sed, save
    from ..products.run.groups import load_measurement

    check_out(out, (".png", ".pdf", ".svg"), overwrite)
    if factor is not None and not 0 < factor < float("inf"):
        raise InputError(f"--factor {factor:g}: a positive number is needed")
    if part is not None:
        _plot_part(load_settings(model, settings), part, out, overwrite)
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
        several = read_energies(energy)
        if several.size > 1:
            raise InputError(f"--energy {energy!r}: one energy is needed")
        where = several[0]
    if model.endswith((".fits", ".fits.gz")):
        from ..sky import SkyMap

        if settings:
            raise InputError("--set goes with a model, not with a map")
        sky = SkyMap.read(model)
        if messenger is not None and messenger != sky.messenger:
            raise InputError(f"{model}: is a map of {sky.messenger}s, not of {messenger}s")
    else:
        import astropy.units as u
        import numpy as np

        from ..los import intensity_map
        from ..sky.convention import check_messenger

        if messenger is None:
            raise InputError("--messenger is missing: gamma or neutrino")
        check_messenger(messenger)
        where = 10 * u.TeV if where is None else where
        sky = intensity_map(
            load_settings(model, settings).model,
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
    from ..emission import Diffuse
    from ..errors import InputError, check_name
    from ..outputs import new_file
    from ..plot import plot_absorption, plot_gas, plot_sea, save

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
