"""The main job: a model to maps, SEDs against data, figures and a summary, in one folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...config import LoadedModel
from ...emission import GalaxyModel
from ...errors import InputError
from ...los import RTOL, intensity_map
from ...los.skies import check_memory
from ...measured import Measurement
from ...outputs import file_name, new_folder
from .figures import draw_map, draw_sed
from .groups import load_measurement, region_spectra
from .summary import summary_text
from .tables import write_seds

__all__ = [
    "DATA",
    "FILES",
    "run",
]

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


def _map_names(model: GalaxyModel) -> dict[tuple[str, str], str]:
    """File of every map, by messenger and component; "" is the total. One component alone has no map of its own."""
    names = {}
    for messenger in model.messengers:
        names[messenger, ""] = f"{messenger}.fits"
        shining = [component.name for component in model.components if messenger in component.messengers]
        for name in shining if len(model.components) > 1 else ():
            names[messenger, name] = f"{messenger}-{file_name(name)}.fits"
    files = list(names.values())
    if twice := [name for name in files if files.count(name) > 1]:
        raise InputError(f"components: two maps would be called {twice[0]}; name them differently")
    return names


def run(
    loaded: LoadedModel,
    out: str | Path,
    *,
    data: Iterable[str] = (),
    nside: int | None = None,
    rtol: float = RTOL,
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
    overwrite
        Whether files of the same names may be replaced.
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
    from tqdm import tqdm

    model, comparison = loaded.model, loaded.comparison
    measurements = [load_measurement(name) for name in (*DATA, *data)]
    energy = {messenger: loaded.energies(messenger) for messenger in model.messengers}
    nside = loaded.maps.nside if nside is None else nside
    names = _map_names(model)
    for messenger in model.messengers:
        check_memory(nside, energy[messenger].size, len(model.components))
    loaded.check_templates()

    # One SED and one figure for each part of the sky that was measured.
    chosen: dict[tuple[str, str], list[Measurement]] = {}
    for item in measurements:
        if item.messenger in model.messengers:
            chosen.setdefault((item.messenger, item.region.name), []).append(item)
    places = {key: comparison.region_for(key[0], items[0].region) for key, items in chosen.items()}
    for key, items in chosen.items():
        for item in items:
            item.check_region(places[key])
    pictures = {key: f"figures/{key[0]}-{file_name(items[0].region.name)}.png" for key, items in chosen.items()}
    figures = [*pictures.values(), *(f"figures/{m}-map.png" for m in model.messengers)]
    every = [*names.values(), *FILES, *figures]

    with (
        new_folder(out, every, overwrite) as work,
        tqdm(total=2 * len(energy) + len(names) + 2 * len(chosen) + 1, disable=not progress, leave=False) as bar,
    ):
        (work / "figures").mkdir()
        (work / "model.toml").write_text(loaded.toml, encoding="utf-8")
        groups = {}
        for key, items in chosen.items():
            bar.set_description(f"{key[0]} SED, {key[1]}")
            groups[key] = region_spectra(loaded, items, energy[key[0]], places[key], rtol, progress)
            bar.update()
        maps = {}
        for messenger in model.messengers:
            bar.set_description(f"{messenger} map, nside {nside}")
            maps[messenger] = intensity_map(model, messenger, energy[messenger], nside, rtol=rtol, progress=progress)
            bar.update()
        for (messenger, name), file in names.items():
            bar.set_description(file)
            (maps[messenger].only(name) if name else maps[messenger]).write(work / file)
            bar.update()
        write_seds(groups, loaded, work / "seds.ecsv")
        for key, group in groups.items():
            bar.set_description(pictures[key])
            draw_sed(group, comparison.name, work / pictures[key])
            bar.update()
        for messenger in model.messengers:
            bar.set_description(f"figures/{messenger}-map.png")
            draw_map(maps[messenger], work / "figures" / f"{messenger}-map.png")
            bar.update()
        text = summary_text(loaded, maps, groups, nside, rtol)
        (work / "summary.txt").write_text(text, encoding="utf-8")
        bar.update()
    return [Path(out) / name for name in every]
