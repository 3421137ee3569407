"""Command ``scan``."""

from __future__ import annotations

import click

from .group import main
from .options import (
    REGION_HELP,
    Machines,
    Output,
    Source,
    check_file,
    flavour_option,
    gathered,
    machines_options,
    messenger_option,
    overwrite_option,
    quiet_option,
    read_energies,
    rtol_option,
    set_option,
)


@main.command()
@click.argument("model", default="paper")
@click.option(
    "--over",
    required=True,
    multiple=True,
    metavar="KEY=a..b:n[:log]",
    help='Key and n values from a to b, e.g. components.cocoons.disc.height="50pc..200pc:5"; may be repeated: a grid.',
)
@click.option("--sobol", type=int, metavar="N", help="N Sobol points between the bounds KEY=a..b[:log], and no grid.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the Sobol points.")
@messenger_option
@click.option("--region", "regions", required=True, multiple=True, help=f"{REGION_HELP} May be repeated.")
@click.option("--energies", help='Energies like "1 TeV, 10 TeV"; by default the model\'s.')
@click.option("--out", required=True, help="NetCDF file (.nc).")
@machines_options
@flavour_option
@set_option
@rtol_option
@overwrite_option
@quiet_option("summary")
@gathered(source=Source, output=Output, machines=Machines)
def scan(
    source: Source,
    output: Output,
    machines: Machines,
    over: tuple[str, ...],
    sobol: int | None,
    seed: int,
    regions: tuple[str, ...],
    energies: str | None,
) -> None:
    """Mean intensities of regions at many values of some of a model's keys, as one NetCDF file.

    Finished blocks are kept beside --out until it is whole; --resume goes on from them.
    """
    from ..errors import InputError
    from ..products.scan import axes
    from ..products.scan import scan as scan_model
    from ..sky import Region

    source.check_rtol()
    check_file(output, (".nc",))
    workers = machines.chosen
    read = [axes.parse_axis(text, sobol is not None) for text in over]
    if twice := [key for key, _ in read if [name for name, _ in read].count(key) > 1]:
        raise InputError(f"--over {twice[0]} is there twice")
    nodes = None if energies is None else read_energies(energies)
    dataset = scan_model(
        source.load(),
        axes.grid(dict(read)) if sobol is None else axes.sobol(dict(read), sobol, seed),
        [Region.parse(text) for text in regions],
        source.named_messenger(),
        nodes,
        rtol=source.rtol,
        flavour=source.named_flavour(),
        out=output.out,
        resume=machines.resume,
        overwrite=output.overwrite,
        workers=workers,
        progress=not output.quiet,
    )
    if not output.quiet:
        sizes = ", ".join(f"{name} {size}" for name, size in dataset.intensity.sizes.items())
        click.echo(f"{output.out}: {sizes}", err=True)
