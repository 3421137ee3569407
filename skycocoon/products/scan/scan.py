"""Scan a model: mean intensities of regions at many values of some of its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ...config import LoadedModel, load_file
from ...errors import InputError
from ...execution import finished_blocks
from ...los import RTOL
from ...resources import check_memory
from ...sky import Region
from ...sky.convention import check_flavour, check_messenger
from .axes import Points, grid
from .computing import ScanQuestion, scan_job
from .dataset import check_xarray, scan_dataset, write_dataset

__all__ = ["scan"]


def scan(
    model: str | Path | LoadedModel,
    over: Mapping[str, Any] | Points,
    regions: Region | Iterable[Region],
    messenger: str = "gamma",
    energy: u.Quantity | None = None,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    workers: int | str | None = None,
    progress: bool = False,
) -> Any:
    """Compute mean intensities of regions at many values of some of a model's keys.

    Columns of a density are integrated once for all points that share it, so that a spectral key costs next to nothing.
    The result does not depend on who computes it, to the last bit.

    Parameters
    ----------
    model
        Preset, TOML file, or what :func:`~skycocoon.load_file` gave.
    over
        Two values or more of each key, by dotted key: a grid of all combinations, the last key fastest. Or points of
        :func:`skycocoon.products.scan.sobol`.
    regions
        One part of the sky or several.
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing energies; the model file's if None.
    rtol
        Relative accuracy of the means.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.
    out
        NetCDF file to write as well. Finished blocks are kept beside it until it is whole.
    resume
        Whether to go on from blocks that an interrupted scan left there.
    overwrite
        Whether an existing file, and blocks of another scan, may be replaced.
    workers
        Number of processes on this machine, or address or scheduler file of a Dask cluster; this process if None.
        Scripts that ask for processes need ``if __name__ == "__main__":``.
    progress
        Whether to show progress.

    Returns
    -------
    xarray.Dataset
        ``intensity`` [GeV^-1 cm^-2 s^-1 sr^-1] with an axis for each key (or ``point``), region, component and energy;
        ``solid_angle`` of the regions; the model's TOML and how it was made as attributes.

    Raises
    ------
    InputError
        For unknown keys and names, values of which the model is wrong, energies outside its range, an output that
        exists, and workers that cannot be reached; before anything is computed, where it can be known.

    Examples
    --------
    The cut-off of the grammage: more grammage at high energies, more gamma rays.

    >>> import astropy.units as u
    >>> from skycocoon import Region, scan
    >>> over = {"components.cocoons.grammage.cutoff": [100, 1000] * u.TV}
    >>> data = scan("schroer2021", over, Region.parse("disc:30,0,2"), energy=[10, 100] * u.TeV, rtol=1e-2)
    >>> dict(data.intensity.sizes)
    {'grammage_cutoff': 2, 'region': 1, 'component': 1, 'energy': 2}
    >>> ratio = data.intensity.sel(grammage_cutoff=1000) / data.intensity.sel(grammage_cutoff=100)
    >>> bool((ratio > 1).all())
    True
    """
    check_xarray()
    loaded = model if isinstance(model, LoadedModel) else load_file(model)
    points = over if isinstance(over, Points) else grid(over)
    places = (regions,) if isinstance(regions, Region) else tuple(regions)
    question = _question(loaded, places, messenger, energy, flavour, rtol)
    job = scan_job(loaded, points, question)
    components = [part.name for part in loaded.model.components if messenger in part.messengers]
    size = len(points.numbers) * len(places) * len(components) * question.energy.size
    what = f"a scan of {len(points.numbers)} points"
    check_memory(4 * 8 * size, what, "use fewer points, regions or energies")
    if out is not None and Path(out).exists() and not overwrite:
        raise InputError(f"{out}: exists already; overwrite=True replaces it")
    with finished_blocks(job, out, workers=workers, resume=resume, overwrite=overwrite, progress=progress) as blocks:
        accuracy = {"accuracy": "\n".join(blocks.accuracy)} if blocks.accuracy else {}
        dataset = scan_dataset(points, question, components, blocks, {**loaded.model.provenance, **accuracy})
        if out is not None:
            write_dataset(dataset, out, overwrite)
    return dataset


def _question(
    loaded: LoadedModel,
    regions: tuple[Region, ...],
    messenger: str,
    energy: u.Quantity | None,
    flavour: str,
    rtol: float,
) -> ScanQuestion:
    """Check what is asked for, before anything is computed."""
    check_messenger(messenger)
    check_flavour(flavour)
    if not regions or not all(isinstance(region, Region) for region in regions):
        raise InputError("regions: one Region or several are needed; see Region.named and Region.parse")
    names = [region.name for region in regions]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"regions: {twice[0]} is there twice")
    if messenger not in loaded.model.messengers:
        raise InputError(f"{loaded.source}: none of its components shines in {messenger}s")
    nodes = loaded.energies(messenger) if energy is None else np.atleast_1d(energy)
    return ScanQuestion(messenger, nodes, regions, flavour, rtol)
