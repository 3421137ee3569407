"""Commands ``init``, ``check`` and ``show``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from .group import main
from .maps import MapSource, map_options
from .options import Source, gathered, is_map, set_option
from .surroundings import table_stream


@main.command()
@click.argument("preset", default="paper")
def init(preset: str) -> None:
    """Print a commented model file to start from: `skycocoon init > model.toml`."""
    from ..config import preset_text

    click.echo(preset_text(preset), nl=False, file=table_stream())


@main.command()
@click.argument("model")
@set_option
@gathered(source=Source)
def check(source: Source) -> None:
    """Validate a model file without running it."""
    from ..modelfit import prepare
    from ..products.describe import describe

    loaded = source.load()
    energies = {messenger: loaded.energies(messenger) for messenger in loaded.model.messengers}
    loaded.check_templates()
    problem = None if loaded.file.fit is None else prepare(loaded)
    click.echo(f"{source.model}: good")
    click.echo(describe(loaded.model))
    if problem is not None:
        names = ", ".join(p.name for p in problem.likelihood.parameters)
        points = ", ".join(f"{item.name} ({len(item)})" for item in problem.likelihood.points)
        click.echo(f"fit: {names}\n  to {points}")
    for messenger, nodes in energies.items():
        click.echo(f"{messenger} maps: nside {loaded.maps.nside}, {nodes.size} energies, {nodes[0]:g} to {nodes[-1]:g}")


# Plain texts with columns can only be catalogues.
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".dat")


def _describe_table(path: str) -> str | None:
    """What a table of SEDs of ours or a catalogue holds; None if the file is something else."""
    from ..ecsv import read_ecsv
    from ..errors import listed
    from ..measured import list_measurements, list_ratios
    from ..sky import Catalogue
    from ..sky.sources import has_positions

    table = read_ecsv(Path(path), f"data sets: {listed([*list_measurements(), *list_ratios()])}")
    names = set(table.colnames)
    if "e_ref" not in names and has_positions(table):
        return str(Catalogue.read(path))
    if not {"component", "energy", "intensity", "flux"} <= names:
        return None
    keys = [name for name in ("messenger", "region", "component") if name in names]
    lines = [f"{path}: spectra, {len(table)} rows"]
    lines += [f"  {' '.join(map(str, row))}" for row in sorted({tuple(row) for row in table[keys].iterrows()})]
    lines += [f"  {key}: {value}" for key, value in table.meta.items() if isinstance(value, str)]
    return "\n".join(lines)


def _show_list() -> None:
    """Print everything that comes with the package."""
    from ..measured import Measurement, RatioMeasurement, list_measurements, list_ratios
    from ..shipped import PRESETS
    from ..sky import Catalogue, Region, list_catalogues, list_regions

    click.echo("Models:    " + ", ".join(PRESETS.names()))
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


def _show_with_head(item: object, head: Mapping[str, str]) -> None:
    """Print an object and what its file says of it; texts of several lines below their keys."""
    click.echo(str(item))
    for key, value in head.items():
        click.echo(f"  {key}: {value}" if "\n" not in value else f"  {key}:\n    " + value.replace("\n", "\n    "))


def _show_region(text: str) -> None:
    """Print a region; what is none could have meant anything that there is."""
    from ..errors import InputError, unknown_name
    from ..inputs import check_file
    from ..measured import list_measurements, list_ratios
    from ..shipped import PRESETS
    from ..sky import Region, list_catalogues, list_regions
    from ..sky.expressions import is_expression

    try:
        region = Region.parse(text)
    except ValueError:
        if is_expression(text):
            raise
        if "/" in text or os.path.exists(text):
            check_file(text)
            raise InputError(f"{text}: no file that `show` knows; allowed: .toml, .ecsv, and maps in FITS") from None
        names = [*PRESETS.names(), *list_measurements(), *list_ratios(), *list_regions(), *list_catalogues()]
        raise unknown_name("model, data set, region or catalogue", text, names) from None
    click.echo(f"{region}\n  {region.reference}".rstrip())


def _show_map(source: Source, stated: MapSource) -> None:
    """Print what a map is of, and what its file says of it; of a FITS file of sources, the catalogue."""
    from ..sky import Catalogue
    from ..sky.formats import read_head
    from ..sky.skymap import sky_title

    try:
        head = read_head(source.model, stated.statements(source))
    except ValueError:
        try:
            catalogue = Catalogue.read(source.model)
        except ValueError:
            catalogue = None
        if catalogue is None:
            raise
        _show_with_head(catalogue, {})
        return
    title = sky_title(head.messenger, head.flavour, head.energy, head.pixels)
    _show_with_head(f"SkyMap: {title}\n  {head.component}", head.meta)


@main.command()
@click.argument("model", metavar="THING", required=False)
@click.option("--messenger", help="Of a map that does not say it: gamma or neutrino.")
@click.option("--flavour", help="Of a neutrino map that does not say it: per-flavour or all-flavour.")
@map_options
@gathered(stated=MapSource)
def show(stated: MapSource, model: str | None, messenger: str | None, flavour: str | None) -> None:
    """What there is: presets, data sets and regions; or what one of them, a map, a catalogue or an ECSV file holds."""
    thing = model
    if thing is None:
        _show_list()
        return
    from ..measured import list_measurements, list_ratios, load_data
    from ..shipped import PRESETS
    from ..sky import Catalogue, list_catalogues
    from ..sky.expressions import is_expression

    if is_expression(thing):
        _show_region(thing)
    elif thing in list_catalogues():
        catalogue = Catalogue.named(thing)
        _show_with_head(catalogue, catalogue.meta)
    elif thing in PRESETS.names() or thing.endswith(".toml"):
        from ..config import load_file
        from ..products.describe import describe

        click.echo(describe(load_file(thing).model))
    elif thing.endswith(".ecsv") and (text := _describe_table(thing)) is not None:
        click.echo(text)
    elif thing in (*list_measurements(), *list_ratios()) or thing.endswith(".ecsv"):
        item = load_data(thing)
        _show_with_head(item, item.meta)
    elif is_map(thing):
        _show_map(Source(thing, messenger=messenger, flavour=flavour), stated)
    elif thing.endswith(TEXT_ENDINGS):
        _show_with_head(Catalogue.read(thing), {})
    else:
        _show_region(thing)
