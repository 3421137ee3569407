"""The main job: a model to maps, SEDs against data, figures and a summary, in one folder."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import astropy.units as u
import numpy as np

from ...config import LoadedModel
from ...emission import GalaxyModel
from ...errors import InputError
from ...los import RTOL
from ...measured import Measurement, Target, load_data
from ...outputs import file_name, nearest_folder
from ...sky.formats.writing import Values
from ...sky.skymap import shown_energy
from ..folder import figure_thread, fill_folder
from ..maps import MapRequest, map_values
from .figures import draw_map, draw_sed
from .groups import RegionSpectra, region_spectra
from .summary import summary_text
from .tables import write_seds

__all__ = ["DATA", "FILES", "run"]

DATA = (
    "lhaaso-km2a-2023-inner",
    "lhaaso-km2a-2023-outer",
    "icecube-2023-pi0",
    "icecube-2023-kra5",
    "icecube-2023-kra50",
)
"""Data sets of a run: the two regions of LHAASO, and IceCube's three templates of the whole sky."""

FILES = ("seds.ecsv", "summary.txt", "model.toml")
"""What every run writes, besides maps and figures."""


Kept = Callable[[list[MapRequest]], AbstractContextManager[Sequence[Values | None]]]
"""What gives the values of maps from blocks on disk; None for maps that are worked out while they are written."""


@dataclass(frozen=True)
class MapFile:
    """A map and its file.

    Attributes
    ----------
    messenger
        ``"gamma"`` or ``"neutrino"``.
    component
        Name of the component that the map is of; empty for the total.
    file
        Name of the file.
    """

    messenger: str
    component: str
    file: str


@dataclass(frozen=True)
class MeasuredRegion:
    """A part of the sky that was measured, and its figure.

    Attributes
    ----------
    data
        The data sets: of one messenger and region.
    target
        What the model is averaged over there, and multiplied by.
    figure
        Name of the figure's file.
    """

    data: list[Measurement]
    target: Target
    figure: str

    @property
    def messenger(self) -> str:
        """``"gamma"`` or ``"neutrino"``."""
        return self.data[0].messenger


@dataclass(frozen=True)
class Plan:
    """What a run will compute and write, settled before anything is computed.

    Attributes
    ----------
    maps
        The maps: for each messenger the total, and each component if there are several.
    regions
        The measured regions: a SED and a figure for each.
    requests
        What is computed for the maps, for each messenger.
    skies
        Files of the figures of the total maps, by messenger.
    """

    maps: list[MapFile]
    regions: list[MeasuredRegion]
    requests: list[MapRequest]
    skies: dict[str, str]

    @property
    def files(self) -> list[str]:
        """Names of all files, relative to the folder of the run."""
        maps, figures = (item.file for item in self.maps), (item.figure for item in self.regions)
        return [*maps, *FILES, *figures, *self.skies.values()]


def _map_files(model: GalaxyModel) -> list[MapFile]:
    """Maps of the total and, if there are several, of the components. One component alone has no map of its own."""
    maps = []
    for messenger in model.messengers:
        maps.append(MapFile(messenger, "", f"{messenger}.fits"))
        shining = [component.name for component in model.components if messenger in component.messengers]
        for name in shining if len(model.components) > 1 else ():
            maps.append(MapFile(messenger, name, f"{messenger}-{file_name(name)}.fits"))
    files = [item.file for item in maps]
    if twice := [name for name in files if files.count(name) > 1]:
        raise InputError(f"components: two maps would be called {twice[0]}; name them differently")
    return maps


def _measured_regions(loaded: LoadedModel, data: list[Measurement]) -> list[MeasuredRegion]:
    """One SED and one figure for each part of the sky that was measured."""
    sets: dict[tuple[str, str], list[Measurement]] = {}
    for item in data:
        if item.messenger in loaded.model.messengers:
            sets.setdefault((item.messenger, item.region.name), []).append(item)
    regions = []
    for (messenger, name), items in sets.items():
        target = loaded.comparison.target(messenger, items[0].region)
        for item in items:
            item.check_region(target.averaged)
        regions.append(MeasuredRegion(items, target, f"figures/{messenger}-{file_name(name)}.png"))
    return regions


def _steps(plan: Plan, loaded: LoadedModel, kept: Kept, progress: bool, work: Path) -> Generator[str]:
    """Compute and write everything; yield a label before each step. Figures are drawn beside the other steps."""
    model, requests = loaded.model, plan.requests
    rtol, nside = requests[0].rtol, requests[0].nside
    yield "model.toml"
    (work / "model.toml").write_text(loaded.toml, encoding="utf-8")
    spectra: list[RegionSpectra] = []
    means: dict[str, u.Quantity] = {}
    figures: dict[str, Future[None]] = {}
    with figure_thread() as draw:
        for region in plan.regions:
            yield f"{region.messenger} SED, {region.data[0].region.name}"
            energy = loaded.energies(region.messenger)
            group = region_spectra(loaded, region.data, region.target, energy, rtol, progress)
            spectra.append(group)
            figures[region.figure] = draw(draw_sed, group, loaded.comparison.name, work / region.figure)
        with kept(requests) as values_of_maps:
            for request, values in zip(requests, values_of_maps, strict=True):
                messenger, nodes = request.messenger, request.energy
                yield f"{messenger} maps, nside {nside}"
                shown = replace(request, energy=np.atleast_1d(shown_energy(nodes))).sky(model).drawn().map(progress)
                _raise_failure(figures)
                figure = plan.skies[messenger]
                figures[figure] = draw(draw_map, shown, work / figure)
                # Together, since they are of the same columns; one block of pixels after another.
                files = {work / item.file: item.component for item in plan.maps if item.messenger == messenger}
                means[messenger] = request.sky(model).write(files, values=values, progress=progress)[""]
            yield "seds.ecsv"
            write_seds(spectra, loaded, work / "seds.ecsv")
            yield "summary.txt"
            (work / "summary.txt").write_text(summary_text(loaded, means, spectra, nside, rtol), encoding="utf-8")
            for figure, drawn in figures.items():
                yield figure
                drawn.result()


def _raise_failure(figures: dict[str, Future[None]]) -> None:
    """Raise the error of a figure that failed, before more is computed in vain."""
    for drawn in figures.values():
        if drawn.done():
            drawn.result()


def run(
    loaded: LoadedModel,
    out: str | Path,
    *,
    data: Iterable[str] = (),
    nside: int | None = None,
    rtol: float = RTOL,
    workers: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> list[Path]:
    """Make everything that a model file describes.

    Parameters
    ----------
    loaded
        The model, from :func:`skycocoon.config.load_file`.
    out
        Folder; made if missing. Nothing appears there unless all of it does.
    data
        Names or paths of more data sets, besides :data:`DATA`.
    nside
        Resolution instead of the model file's.
    rtol
        Relative accuracy of columns and means.
    workers, resume
        Who computes the maps, and whether to go on from blocks of them, as in
        :func:`~skycocoon.products.maps.map_values`;
        with neither, nothing is kept.
    overwrite
        Whether files of the same names, and blocks of other maps, may be replaced.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of Path
        What was written: a map for each messenger, and one for each of several components; ``seds.ecsv summary.txt
        model.toml figures/*.png``.

    Raises
    ------
    InputError
        For anything wrong in the model or with the folder, before anything is written.
    """
    model = loaded.model
    measurements = [load_data(name, "spectrum") for name in (*DATA, *data)]
    nside = loaded.maps.nside if nside is None else nside
    maps, requests = _map_files(model), []
    for messenger in model.messengers:
        names = tuple(item.component for item in maps if item.messenger == messenger)
        requests.append(MapRequest(messenger, loaded.energies(messenger), nside, rtol, names=names))
        requests[-1].sky(model).check(nearest_folder(out), len(names))
    loaded.check_templates()
    skies = {messenger: f"figures/{messenger}-map.png" for messenger in model.messengers}
    plan = Plan(maps, _measured_regions(loaded, measurements), requests, skies)

    def kept(requests: list[MapRequest]) -> AbstractContextManager[Sequence[Values | None]]:
        if workers is None and not resume:
            return nullcontext([None] * len(requests))
        return map_values(loaded, requests, out, workers=workers, resume=resume, overwrite=overwrite, progress=progress)

    return fill_folder(
        out,
        plan.files,
        partial(_steps, plan, loaded, kept, progress),
        count=len(plan.regions) + len(model.messengers) + len(plan.files) - len(plan.maps),
        overwrite=overwrite,
        progress=progress,
    )
