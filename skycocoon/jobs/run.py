"""The main job: a model to maps, SEDs against data, figures and a summary, in one folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel
from ..emission import GalaxyModel
from ..errors import InputError
from ..files import file_name, header, new_folder
from ..likelihood import energies_for, load_data
from ..los import RTOL, check_memory, intensity_map, region_sed
from ..sky import Measurement, Region, Sed, SkyMap, list_measurements
from ..sky.measurement import Comparison
from ..sky.sed import FLAVOURS
from ..units import INTENSITY

__all__ = ["DATA", "FILES", "check_pictures", "load_measurement", "run"]

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


def load_measurement(name: str) -> Measurement:
    """A shipped spectrum by name, or a user's by path.

    Raises
    ------
    InputError
        If it is unknown, cannot be read, or is a ratio of nuclei.
    """
    found = load_data(name)
    if not isinstance(found, Measurement):
        raise InputError(f"{name}: is {found.quantity}, no spectrum of the sky; see `skycocoon bc` and `skycocoon fit`")
    return found


def check_pictures(model: GalaxyModel, messenger: str, energy: u.Quantity) -> None:
    """Check that components that are maps have the energies that are asked for; else `InputError`."""
    for component in model.components:
        if messenger in component.messengers:
            component.picture(messenger, energy[[0, -1]])


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


@dataclass(frozen=True)
class _Group:
    """Data sets of one part of the sky, and the models that are held against them.

    Attributes
    ----------
    data
        The data sets.
    sed, variants
        The model, outside masked sources if these are masked, and its variants.
    plain
        The model of the whole region, if sources are masked; else the same.
    factor
        What the model is multiplied by instead of masking sources.
    """

    data: list[Measurement]
    sed: Sed
    variants: dict[str, Sed]
    plain: Sed
    factor: float


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
    nodes = loaded.maps.energies.nodes()
    energy = {messenger: energies_for(messenger, nodes) for messenger in model.messengers}
    nside = loaded.maps.nside if nside is None else nside
    names = _map_names(model)
    for messenger in model.messengers:
        check_memory(nside, energy[messenger].size, len(model.components))
        check_pictures(model, messenger, energy[messenger])

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
            groups[key] = _group(loaded, items, energy[key[0]], places[key], rtol, progress)
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
        _write_seds(groups, loaded, work / "seds.ecsv")
        for key, group in groups.items():
            bar.set_description(pictures[key])
            _draw_sed(group, comparison.name, work / pictures[key])
            bar.update()
        for messenger in model.messengers:
            bar.set_description(f"figures/{messenger}-map.png")
            _draw_map(maps[messenger], work / "figures" / f"{messenger}-map.png")
            bar.update()
        text = _summary(loaded, maps, groups, nside, rtol)
        (work / "summary.txt").write_text(text, encoding="utf-8")
        bar.update()
    return [Path(out) / name for name in every]


def _group(
    loaded: LoadedModel, data: list[Measurement], energy: u.Quantity, where: Region, rtol: float, progress: bool
) -> _Group:
    messenger, region = data[0].messenger, data[0].region
    flavour = data[0].flavour or "per-flavour"

    def sed(model: GalaxyModel, where: Region) -> Sed:
        return region_sed(model, messenger, energy, where, rtol=rtol, flavour=flavour, progress=progress)

    plain = sed(loaded.model, region)
    return _Group(
        data,
        plain if where is region else sed(loaded.model, where),
        {name: sed(model, where) for name, model in loaded.variants.items()},
        plain,
        loaded.comparison.factor_for(messenger, region),
    )


def _nearby(region: Region, messenger: str) -> list[Measurement]:
    """Shipped intensities that were measured in a part of a region."""
    found = []
    for name in list_measurements():
        item = Measurement.named(name)
        if item.messenger != messenger or not item.per_steradian or item.region == region:
            continue
        if region.covers(item.region):
            found.append(item)
    return found


def _draw_sed(group: _Group, name: str, path: Path) -> None:
    from ..plot import plot_sed, save

    region = group.data[0].region
    # Grey points for orientation: other experiments inside the same region.
    nearby = _nearby(region, group.sed.messenger) if region.solid_angle < 1 * u.sr else []
    axes = plot_sed(
        group.sed,
        data=group.data,
        factor=group.factor,
        factor_name="mask factor",
        name=name,
        variants=group.variants,
        nearby=[item for item in nearby if item.name not in [other.name for other in group.data]],
    )
    save(axes, path)


def _draw_map(sky: SkyMap, path: Path) -> None:
    from ..plot import plot_map, save

    save(plot_map(sky), path)


def _write_seds(groups: dict[tuple[str, str], _Group], loaded: LoadedModel, path: Path) -> None:
    """All SEDs in one table; no mask factor is in it. Variants come as components called "name, variant"."""
    from astropy.table import vstack

    tables = []
    for (messenger, _), group in groups.items():
        for sed in dict.fromkeys((group.sed, group.plain)):
            variants = group.variants if sed is group.sed else {}
            table = vstack([sed.to_table(), *(_variant_table(sed, name, v) for name, v in variants.items())])
            table.meta = {}
            table.add_column(np.full(len(table), messenger), 0, "messenger")
            table.add_column(np.full(len(table), sed.region.name), 1, "region")
            table["solid_angle"] = sed.solid_angle
            tables.append(table)
    whole = vstack(tables)
    whole.meta = {
        "content": "intensity: mean over the region; flux: intensity times solid angle; no mask factor applied",
        "neutrinos": FLAVOURS["per-flavour"],
        **header(loaded.model.provenance),
    }
    whole.write(path, format="ascii.ecsv")


def _variant_table(sed: Sed, name: str, variant: Sed) -> Any:
    """Rows of a variant's components that differ from the model's, and of its total."""
    table = variant.to_table()
    same = [
        n for n, part in variant.components.items()
        if n in sed.components and np.array_equal(sed.components[n].value, part.value)
    ]  # fmt: skip
    table = table[~np.isin(table["component"], same)]
    table["component"] = [f"{component}, {name}" for component in table["component"]]
    table.meta = {}
    return table


def _chi2(sed: Sed, item: Measurement, factor: float = 1.0) -> Comparison | None:
    try:
        return item.compare(sed, factor, "mask factor" if factor != 1.0 else "none")
    except InputError:
        return None


def _summary(
    loaded: LoadedModel,
    maps: dict[str, SkyMap],
    groups: dict[tuple[str, str], _Group],
    nside: int,
    rtol: float,
) -> str:
    model = loaded.model
    lines = [
        f"skycocoon {model.provenance.get('version', '')}: {model.provenance.get('model', '')}",
        f"model sha256 {model.provenance.get('model_sha256', '')}",
        f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}; nside {nside}, rtol {rtol:g}",
        "",
        *_describe(model),
        "",
        "Sky-integrated E^2 dN/dE [GeV cm-2 s-1] from the maps (neutrinos per flavour at Earth, nu + anti-nu)",
    ]
    for messenger, sky in maps.items():
        for tev in (1, 10, 100, 1000):
            energy = tev * u.TeV
            if sky.energy[0] <= energy <= sky.energy[-1]:
                total = (energy**2 * sky.at(energy).mean() * 4 * np.pi * u.sr).to_value(u.GeV / u.cm**2 / u.s)
                lines.append(f"  {messenger:<9}{tev:>6} TeV  {total:.4e}")
        lines.append(f"  {messenger}.fits: {sky.energy.size} energies, {sky.energy[0]:g} to {sky.energy[-1]:g}")
    lines += ["", f"Region means, E^2 intensity [{(INTENSITY * u.GeV**2).to_string()}], no mask factor"]
    for (messenger, _), group in groups.items():
        for sed in dict.fromkeys((group.plain, group.sed)):
            for tev in (1, 10, 100):
                energy = tev * u.TeV
                if sed.energy[0] <= energy <= sed.energy[-1]:
                    value = (energy**2 * sed.at(energy)).to_value(INTENSITY * u.GeV**2)
                    lines.append(f"  {messenger:<9}{sed.region.name:<20}{tev:>5} TeV  {float(value):.4e}")
        if group.sed is not group.plain:
            lines.append(f"  {_mask_effect(group)}")
    return "\n".join([*lines, "", *_chi2_table(loaded, groups)]) + "\n"


def _mask_effect(group: _Group) -> str:
    """What a mask does to the area and to the mean intensity, beside the paper's factor."""
    area = float(group.sed.solid_angle / group.plain.solid_angle)
    middle = group.sed.energy[np.argmin(np.abs(np.log(group.sed.energy.to_value(u.TeV) / 10)))]
    ratio = float(group.sed.at(middle) / group.plain.at(middle))
    return (
        f"{group.sed.region.name}: leaves {area:.4f} of the area, masked/unmasked intensity {ratio:.4f} at "
        f"{middle.to(u.TeV):.3g} (the paper's factor inside: 0.65)"
    )


def _chi2_table(loaded: LoadedModel, groups: dict[tuple[str, str], _Group]) -> list[str]:
    """Chi-square of the model, of the model without each of its components, and of its variants."""
    names = [component.name for component in loaded.model.components]
    without = names if len(names) > 1 else []
    heads = [loaded.comparison.name or "model", *(f"without {name}" for name in without), *loaded.variants]
    heads += ["no factor"] if any(group.factor != 1.0 for group in groups.values()) else []
    widths = [max(len(head), 8) + 3 for head in heads]
    lines = [
        "Chi-square against data (a band is one normalisation; errors: statistical and systematic); masked sources:",
        *_mask_notes(groups),
        f"  {'data set':<28}{'points':>7}" + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True)),
    ]
    for group in groups.values():
        for item in group.data:
            full = _chi2(group.sed, item, group.factor)
            if full is None:
                lines.append(f"  {item.name:<28}      none within the model's energies")
                continue
            parts = [_without(group.sed, name) for name in without]
            cases = [full, *(sed and _chi2(sed, item, group.factor) for sed in (*parts, *group.variants.values()))]
            plain = _chi2(group.sed, item) if group.factor != 1.0 else None
            cells = [f"{case.chi2:.1f}" if case else "-" for case in cases] + [f"{plain.chi2:.1f}" if plain else ""]
            skipped = f"  ({full.skipped} points outside the model's energies)" if full.skipped else ""
            row = "".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=False)).rstrip()
            lines.append(f"  {item.name:<28}{full.points:>7}{row}{skipped}")
    return lines


def _without(sed: Sed, name: str) -> Sed | None:
    """A SED without one of the model's components; None if it has it not, or nothing else."""
    return sed.without(name) if name in sed.components and len(sed.components) > 1 else None


def _mask_notes(groups: dict[tuple[str, str], _Group]) -> list[str]:
    lines = []
    for (messenger, region), group in groups.items():
        if group.sed is not group.plain:
            lines.append(f"  {region}: the model is the mean over {group.sed.region.name}")
        elif group.factor != 1.0:
            lines.append(f"  {region}: the model is multiplied by {group.factor:g}, but for the column 'no factor'")
        elif messenger == "gamma":
            lines.append(f"  {region}: nothing is done")
    return lines


def _describe(model: GalaxyModel) -> list[str]:
    lines = []
    for component in model.components:
        lines += component.describe()
    return [*lines, *model.absorption.describe()]


def describe(model: GalaxyModel) -> str:
    """What a model holds, with its derived numbers."""
    return "\n".join([f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}", *_describe(model)])
