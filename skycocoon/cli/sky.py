"""Commands ``map``, ``sed`` and ``plot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .group import main
from .maps import MapSource, map_options
from .options import (
    FIGURE_ENDINGS,
    MAP_ENDINGS,
    REGION_HELP,
    Layout,
    Machines,
    Output,
    Source,
    check_file,
    flavour_option,
    gathered,
    machines_options,
    messenger_option,
    overwrite_option,
    read_energies,
    rtol_option,
    set_option,
)
from .surroundings import table_stream

if TYPE_CHECKING:
    from ..config import LoadedModel
    from ..sky import Region, Sed


@main.command("map")
@click.argument("model", default="paper")
@messenger_option
@click.option("--out", required=True, help="FITS file.")
@click.option("--nside", type=int, help="HEALPix resolution instead of the model's.")
@click.option("--energies", help='Nodes like "1 TeV, 10 TeV" instead of the model\'s.')
@click.option("--region", help=f"Only pixels that touch a region. {REGION_HELP}")
@click.option("--dtype", help="float32 or float64; by default single precision, or double if that cannot hold the map.")
@click.option("--compress", is_flag=True, help="Compress with gzip; the name then ends in .fits.gz.")
@flavour_option
@set_option
@rtol_option
@machines_options
@overwrite_option
@gathered(source=Source, output=Output, layout=Layout, machines=Machines)
def map_(
    source: Source, output: Output, layout: Layout, machines: Machines, nside: int | None, energies: str | None
) -> None:
    """One map of the sky, as a FITS file that gammapy, fermipy and healpy load.

    It is written block by block: memory does not grow with the resolution. With --workers, --dask or --resume, finished
    blocks are kept beside --out until it is whole; --resume goes on from them.
    """
    from ..products.maps import MapRequest, write_map

    source.check_rtol()
    messenger = source.named_messenger()
    output = layout.named(output)
    check_file(output, MAP_ENDINGS)
    region, workers = layout.part(), machines.chosen
    loaded = source.load()
    request = MapRequest(
        messenger,
        loaded.energies(messenger) if energies is None else read_energies(energies),
        loaded.maps.nside if nside is None else nside,
        source.rtol,
        source.named_flavour(),
        region,
    )
    sky = write_map(
        loaded,
        request,
        output.out,
        dtype=layout.dtype or "",
        overwrite=output.overwrite,
        workers=workers,
        resume=machines.resume,
        progress=True,
    )
    click.echo(f"{output.out}: {sky}", err=True)


def _sed_of(source: Source, stated: MapSource, place: Region, energies: str | None = None) -> Sed:
    """SED of a region, from a model or from a map."""
    source.check_rtol()
    nodes = None if energies is None else read_energies(energies)
    if source.is_map:
        sky = stated.read(source, place)
        # Energies before the mean, as where the map is a component of a model.
        return (sky if nodes is None else sky.resampled(sky.nside, nodes)).sed(place)
    stated.check_model()
    source.named_messenger()
    return _model_sed(source, source.load(), place, nodes)


def _model_sed(source: Source, loaded: LoadedModel, place: Region, nodes: Any = None) -> Sed:
    """SED of a region, from a model that is loaded; at its own energies if ``nodes`` is None."""
    from ..los import region_sed

    messenger, flavour = source.named_messenger(), source.named_flavour()
    nodes = loaded.energies(messenger) if nodes is None else nodes
    return region_sed(loaded.model, messenger, nodes, place, rtol=source.rtol, flavour=flavour, progress=True)


@main.command()
@click.argument("model", default="paper")
@click.option("--messenger", help="gamma or neutrino; a map may say its own.")
@click.option("--region", required=True, help=REGION_HELP)
@click.option("--energies", help='Energies like "1 TeV, 10 TeV"; by default the model\'s.')
@click.option("--out", help="ECSV file instead of stdout.")
@flavour_option
@map_options
@set_option
@rtol_option
@overwrite_option
@gathered(source=Source, stated=MapSource)
def sed(source: Source, stated: MapSource, region: str, energies: str | None, out: str | None, overwrite: bool) -> None:
    """Spectrum of a region as ECSV: component, energy, intensity (mean, per sr), flux (times solid angle).

    MODEL may also be a map: a FITS file of ours or of another code.
    """
    if out is not None:
        check_file(Output(out, overwrite), (".ecsv",))
    from ..sky import Region

    result = _sed_of(source, stated, Region.parse(region), energies)
    if out is not None:
        result.write(out, overwrite)
        return
    from astropy.io import ascii

    ascii.write(result.to_table(), table_stream(), format="ecsv")


@main.command()
@click.argument("model", default="paper")
@click.option("--out", required=True, help="Figure: .png, .pdf or .svg.")
@click.option("--region", help=f"Draw the SED of a region. {REGION_HELP}")
@click.option("--part", help="Draw what a model is made of: sea, gas or absorption.")
@click.option("--messenger", help="gamma or neutrino; a map may say its own.")
@click.option("--energy", help='Draw the map at this energy, e.g. "10 TeV".')
@click.option("--nside", type=int, default=64, show_default=True, help="Resolution of a map that is made for it.")
@click.option("--data", multiple=True, metavar="NAME|FILE", help="Data set to draw with a SED.")
@click.option(
    "--factor", type=float, help="With --data: multiply the model by this, instead of what its file says of the region."
)
@flavour_option
@map_options
@set_option
@rtol_option
@overwrite_option
@gathered(source=Source, stated=MapSource, output=Output)
def plot(
    source: Source, stated: MapSource, output: Output, region: str | None, part: str | None, **options: Any
) -> None:
    """One figure: a region's SED with data (--region), a part of the model (--part), or the sky.

    MODEL may also be a map: a FITS file of ours or of another code.
    """
    from ..errors import InputError
    from ..outputs import new_file
    from ..plot import save

    check_file(output, FIGURE_ENDINGS)
    energy, nside, data, factor = (options[name] for name in ("energy", "nside", "data", "factor"))
    if factor is not None and not 0 < factor < float("inf"):
        raise InputError(f"--factor {factor:g}: a positive number is needed")
    if part is not None:
        others = {"region": region, "energy": energy, "data": data, "factor": factor, "messenger": source.messenger}
        if given := [name for name, value in others.items() if value not in (None, ())]:
            raise InputError(f"--{given[0]} does not go with --part, which is of the model alone")
        stated.check_model()
        axes = _draw_part(source, part)
    elif region is not None:
        if energy is not None:
            raise InputError("--energy goes with a map of the sky, --region with a spectrum")
        axes = _draw_sed(source, stated, region, data, factor)
    elif data or factor is not None:
        raise InputError("--data and --factor go with --region")
    else:
        axes = _draw_sky(source, stated, energy, nside)
    with new_file(output.out, output.overwrite) as path:
        save(axes, path)


def _draw_sed(source: Source, stated: MapSource, region: str, data: tuple[str, ...], factor: float | None) -> Any:
    """Draw the SED of a region beside data sets: as a model's file compares it with data, unless a factor is given."""
    from ..measured import load_data
    from ..sky import Region

    items, place = [load_data(name, "spectrum") for name in data], Region.parse(region)
    if items and factor is None and not source.is_map:
        source.check_rtol()
        stated.check_model()
        messenger = source.named_messenger()
        loaded = source.load()
        target = loaded.comparison.target(messenger, place)
        sed, factor = _model_sed(source, loaded, target.averaged), target.factor
    else:
        sed = _sed_of(source, stated, place)
    return sed.plot(data=items, factor=1.0 if factor is None else factor, factor_name="mask factor")


def _draw_sky(source: Source, stated: MapSource, energy: str | None, nside: int) -> Any:
    """Draw the sky at an energy; a model's map is made for it."""
    import astropy.units as u
    import numpy as np

    from ..errors import InputError
    from ..los import ModelSky

    where = None
    if energy is not None:
        several = read_energies(energy, option="--energy")
        if several.size > 1:
            raise InputError(f"--energy {energy!r}: one energy is needed")
        where = several[0]
    if source.is_map:
        return stated.read(source).plot(where)
    stated.check_model()
    messenger = source.named_messenger()
    where = 10 * u.TeV if where is None else where
    model, flavour = source.load().model, source.named_flavour()
    sky = ModelSky.of(model, messenger, np.atleast_1d(where), nside, rtol=source.rtol, flavour=flavour)
    return sky.drawn().map().plot(where)


def _draw_part(source: Source, part: str) -> Any:
    """Draw the absorption of a model, or the sea or the gas of its first component that has them."""
    from ..emission import Diffuse
    from ..errors import InputError, check_name

    model = source.load().model
    check_name("part", part, ("sea", "gas", "absorption"))
    meta = model.provenance
    if part == "absorption":
        return model.absorption.plot(model.sun, meta=meta)
    diffuse = next((component for component in model.components if isinstance(component, Diffuse)), None)
    if diffuse is None:
        raise InputError(f"--part {part}: the model has no component of kind 'diffuse'")
    return diffuse.sea.plot(meta=meta) if part == "sea" else diffuse.gas.plot(model.sun, meta=meta)
