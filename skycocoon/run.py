"""The main job: a model to maps, SEDs against data, figures and a summary, in one folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from .config import LoadedModel
from .emission import GalaxyModel
from .errors import InputError
from .files import new_folder
from .interactions import KelnerGamma, KelnerNeutrino
from .los import RTOL, intensity_map, region_sed
from .sky import Measurement, Region, Sed, SkyMap
from .sky.measurement import Comparison
from .sky.sed import FLAVOURS, MESSENGERS
from .units import INTENSITY

__all__ = ["DATA", "FILES", "energies_for", "load_measurement", "run"]

DATA = (
    "lhaaso-km2a-2023-inner",
    "lhaaso-km2a-2023-outer",
    "icecube-2023-pi0",
    "icecube-2023-kra5",
    "icecube-2023-kra50",
)
"""Data sets of a run: the two regions of LHAASO, and IceCube's three templates of the whole sky."""

FILES = ("gamma.fits", "neutrino.fits", "seds.ecsv", "summary.txt", "model.toml")


def load_measurement(name: str) -> Measurement:
    """A shipped data set by name, or a user's by path."""
    return Measurement.read(name) if name.endswith(".ecsv") or "/" in name else Measurement.named(name)


def energies_for(messenger: str, energy: u.Quantity) -> u.Quantity:
    """The nodes at which the messenger's cross section may be used: Kelner's neutrinos begin at 100 GeV.

    Raises
    ------
    InputError
        If an energy is beyond any of the cross sections' ranges, or none is left.
    """
    section: Any = KelnerGamma() if messenger == "gamma" else KelnerNeutrino()
    low, high = section.energy_range
    gev = energy.to_value(u.GeV)
    widest = min(KelnerGamma.energy_range[0], low), max(KelnerGamma.energy_range[1], high)
    outside = (gev < widest[0] * (1 - 1e-9)) | (gev > widest[1] * (1 + 1e-9))
    if outside.any():
        raise InputError(
            f"maps.energies: {gev[outside][0]:g} GeV is outside the cross sections' range; "
            f"allowed: {widest[0]:g} GeV to {widest[1]:g} GeV"
        )
    kept = energy[gev >= low * (1 - 1e-9)]
    if kept.size < 2:
        raise InputError(f"maps.energies: fewer than two nodes are at or above {low:g} GeV, where {messenger}s begin")
    return kept


def _file_name(messenger: str, region: Region) -> str:
    clean = "".join(c if c.isalnum() or c in "-_." else "-" for c in region.name).strip("-.")
    return f"{messenger}-{clean}.png"


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
        What was written: ``gamma.fits neutrino.fits seds.ecsv summary.txt model.toml figures/*.png``.

    Raises
    ------
    InputError
        For anything wrong in the model or with the folder, before anything is written.
    """
    from tqdm import tqdm

    measurements = [load_measurement(name) for name in (*DATA, *data)]
    nodes = loaded.maps.energies.nodes()
    energy = {messenger: energies_for(messenger, nodes) for messenger in MESSENGERS}
    nside = loaded.maps.nside if nside is None else nside

    # One SED and one figure for each part of the sky that was measured.
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for item in measurements:
        groups.setdefault((item.messenger, item.region.name), []).append(item)
    regions = {key: items[0].region for key, items in groups.items()}
    names = [_file_name(messenger, regions[messenger, name]) for messenger, name in groups]
    figures = [f"figures/{name}" for name in (*names, *(f"{m}-map.png" for m in MESSENGERS))]

    with (
        new_folder(out, [*FILES, *figures], overwrite) as work,
        tqdm(total=3 * len(MESSENGERS) + 2 * len(groups) + 1, disable=not progress, leave=False) as bar,
    ):
        (work / "figures").mkdir()
        (work / "model.toml").write_text(loaded.toml, encoding="utf-8")
        seds: dict[tuple[str, str], Sed] = {}
        for key, items in groups.items():
            bar.set_description(f"{key[0]} SED, {key[1]}")
            flavour = items[0].flavour or "per-flavour"
            seds[key] = region_sed(
                loaded.model, key[0], energy[key[0]], regions[key], rtol=rtol, flavour=flavour, progress=progress
            )
            bar.update()
        maps = {}
        for messenger in MESSENGERS:
            bar.set_description(f"{messenger} map, nside {nside}")
            maps[messenger] = intensity_map(
                loaded.model, messenger, energy[messenger], nside, rtol=rtol, progress=progress
            )
            bar.update()
            bar.set_description(f"{messenger}.fits")
            maps[messenger].write(work / f"{messenger}.fits")
            bar.update()
        _write_seds(seds, loaded, work / "seds.ecsv")
        comparisons = []
        for (key, items), name in zip(groups.items(), names, strict=True):
            bar.set_description(f"figures/{name}")
            factor = loaded.comparison.mask_factor.get(key[1], 1.0) if key[0] == "gamma" else 1.0
            _draw_sed(seds[key], items, factor, work / "figures" / name)
            comparisons += [(seds[key], item, factor) for item in items]
            bar.update()
        for messenger in MESSENGERS:
            bar.set_description(f"figures/{messenger}-map.png")
            _draw_map(maps[messenger], work / "figures" / f"{messenger}-map.png")
            bar.update()
        text = _summary(loaded, maps, seds, comparisons, nside, rtol)
        (work / "summary.txt").write_text(text, encoding="utf-8")
        bar.update()
    return [Path(out) / name for name in (*FILES, *figures)]


def _draw_sed(sed: Sed, data: list[Measurement], factor: float, path: Path) -> None:
    from .plot import plot_sed, save

    save(plot_sed(sed, data=data, factor=factor, factor_name="mask factor"), path)


def _draw_map(sky: SkyMap, path: Path) -> None:
    from .plot import plot_map, save

    save(plot_map(sky), path)


def _write_seds(seds: dict[tuple[str, str], Sed], loaded: LoadedModel, path: Path) -> None:
    """All SEDs in one table; no mask factor is in it."""
    from astropy.table import vstack

    tables = []
    for (messenger, region), sed in seds.items():
        table = sed.to_table()
        table.meta = {}
        table.add_column(np.full(len(table), messenger), 0, "messenger")
        table.add_column(np.full(len(table), region), 1, "region")
        table["solid_angle"] = sed.solid_angle
        tables.append(table)
    whole = vstack(tables)
    whole.meta = {
        "content": "intensity: mean over the region; flux: intensity times solid angle; no mask factor applied",
        "neutrinos": FLAVOURS["per-flavour"],
        **{key: value.splitlines() if "\n" in value else value for key, value in loaded.model.provenance.items()},
    }
    whole.write(path, format="ascii.ecsv")


def _compared(sed: Sed, item: Measurement, factor: float, name: str) -> Comparison | None:
    try:
        return item.compare(sed, factor, name)
    except InputError:
        return None


def _summary(
    loaded: LoadedModel,
    maps: dict[str, SkyMap],
    seds: dict[tuple[str, str], Sed],
    comparisons: list[tuple[Sed, Measurement, float]],
    nside: int,
    rtol: float,
) -> str:
    model = loaded.model
    lines = [
        f"skycocoon {model.provenance.get('version', '')}: {model.provenance.get('model', '')}",
        f"model sha256 {model.provenance.get('model_sha256', '')}",
        f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}; nside {nside}, rtol {rtol:g}",
        "gamma-ray absorption: none",
        "",
    ]
    for component in model.components:
        lines += component.describe()
    lines += [
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
    for (messenger, region), sed in seds.items():
        for tev in (1, 10, 100):
            energy = tev * u.TeV
            if sed.energy[0] <= energy <= sed.energy[-1]:
                value = (energy**2 * sed.at(energy)).to_value(INTENSITY * u.GeV**2)
                lines.append(f"  {messenger:<9}{region:<16}{tev:>5} TeV  {float(value):.4e}")
    lines += [
        "",
        "Chi-square of the model against data (a band is one normalisation; errors: statistical and systematic)",
        f"  {'data set':<28}{'points':>7}{'no factor':>12}{'with mask factor':>18}",
    ]
    for sed, item, factor in comparisons:
        plain = _compared(sed, item, 1.0, "none")
        if plain is None:
            lines.append(f"  {item.name:<28}      none within the model's energies")
            continue
        masked = "" if factor == 1.0 else f"{item.compare(sed, factor, 'mask factor').chi2:>10.1f} (x {factor:g})"
        skipped = f"  ({plain.skipped} points outside the model's energies)" if plain.skipped else ""
        lines.append(f"  {item.name:<28}{plain.points:>7}{plain.chi2:>12.1f}{masked:>18}{skipped}")
    return "\n".join(lines) + "\n"


def describe(model: GalaxyModel) -> str:
    """What a model holds, with its derived numbers."""
    lines = [f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}"]
    for component in model.components:
        lines += component.describe()
    return "\n".join(lines)
