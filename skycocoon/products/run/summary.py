"""The summary of a run."""

from __future__ import annotations

import astropy.units as u
import numpy as np

from ...config import LoadedModel
from ...errors import InputError
from ...measured import Comparison, Measurement
from ...sky import Region, Sed
from ...units import INTENSITY
from ..describe import describe_lines
from .groups import RegionSpectra


def _chi2(sed: Sed, item: Measurement, factor: float = 1.0, factor_name: str = "none") -> Comparison | None:
    try:
        return item.compare(sed, factor, factor_name)
    except InputError:
        return None


def summary_text(
    loaded: LoadedModel, means: dict[str, u.Quantity], groups: list[RegionSpectra], nside: int, rtol: float
) -> str:
    """The summary of a run: settings, the model's derived numbers, fluxes of the sky and regions, chi-squares.

    Parameters
    ----------
    loaded
        The model.
    means
        For each messenger the mean intensity over the pixels of its map, at the model's energies.
    groups
        The model's spectra in the measured regions.
    nside, rtol
        Settings of the run.

    Returns
    -------
    str
        Lines of text.
    """
    model = loaded.model
    lines = [
        f"skycocoon {model.provenance.get('version', '')}: {model.provenance.get('model', '')}",
        f"model sha256 {model.provenance.get('model_sha256', '')}",
        f"Sun at R = {model.sun.radius:g}, z = {model.sun.height:g}; nside {nside}, rtol {rtol:g}",
        "",
        *describe_lines(model),
        "",
        "Sky-integrated E^2 dN/dE [GeV cm-2 s-1] from the maps (neutrinos per flavour at Earth, nu + anti-nu)",
    ]
    for messenger, mean in means.items():
        nodes = loaded.energies(messenger)
        sky = Sed(nodes, {"total": mean}, Region.everywhere(), messenger)
        for tev in (1, 10, 100, 1000):
            energy = tev * u.TeV
            if nodes[0] <= energy <= nodes[-1]:
                total = (energy**2 * sky.at(energy) * 4 * np.pi * u.sr).to_value(u.GeV / u.cm**2 / u.s)
                lines.append(f"  {messenger:<9}{tev:>6} TeV  {total:.4e}")
        lines.append(f"  {messenger}.fits: {nodes.size} energies, {nodes[0]:g} to {nodes[-1]:g}")
    lines += ["", f"Region means, E^2 intensity [{(INTENSITY * u.GeV**2).to_string()}], no mask factor"]
    for group in groups:
        for sed in dict.fromkeys((group.plain, group.sed)):
            for tev in (1, 10, 100):
                energy = tev * u.TeV
                if sed.energy[0] <= energy <= sed.energy[-1]:
                    value = (energy**2 * sed.at(energy)).to_value(INTENSITY * u.GeV**2)
                    lines.append(f"  {sed.messenger:<9}{sed.region.name:<20}{tev:>5} TeV  {float(value):.4e}")
        if group.target.masked:
            lines.append(f"  {_mask_effect(group)}")
    return "\n".join([*lines, "", *_chi2_table(loaded, groups)]) + "\n"


def _mask_effect(group: RegionSpectra) -> str:
    """What a mask does to the area and to the mean intensity, beside the paper's factor."""
    area = float(group.sed.solid_angle / group.plain.solid_angle)
    middle = group.sed.energy[np.argmin(np.abs(np.log(group.sed.energy.to_value(u.TeV) / 10)))]
    ratio = float(group.sed.at(middle) / group.plain.at(middle))
    return (
        f"{group.sed.region.name}: leaves {area:.4f} of the area, masked/unmasked intensity {ratio:.4f} at "
        f"{middle.to(u.TeV):.3g} (the paper's factor inside: 0.65)"
    )


def _chi2_table(loaded: LoadedModel, groups: list[RegionSpectra]) -> list[str]:
    """Chi-square of the model, of the model without each of its components, and of its variants."""
    names = [component.name for component in loaded.model.components]
    without = names if len(names) > 1 else []
    heads = [loaded.comparison.name or "model", *(f"without {name}" for name in without), *loaded.variants]
    heads += ["no factor"] if any(group.target.factor != 1.0 for group in groups) else []
    widths = [max(len(head), 8) + 3 for head in heads]
    lines = [
        "Chi-square against data (a band is one normalisation; errors: statistical and systematic); masked sources:",
        *_mask_notes(groups),
        f"  {'data set':<28}{'points':>7}" + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True)),
    ]
    for group in groups:
        for item in group.data:
            factor = group.target.factor, group.target.factor_name
            full = _chi2(group.sed, item, *factor)
            if full is None:
                lines.append(f"  {item.name:<28}      none within the model's energies")
                continue
            parts = [_without(group.sed, name) for name in without]
            cases = [full, *(sed and _chi2(sed, item, *factor) for sed in (*parts, *group.variants.values()))]
            plain = _chi2(group.sed, item) if group.target.factor != 1.0 else None
            cells = [f"{case.chi2:.1f}" if case else "-" for case in cases] + [f"{plain.chi2:.1f}" if plain else ""]
            skipped = f"  ({full.skipped} points outside the model's energies)" if full.skipped else ""
            row = "".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=False)).rstrip()
            lines.append(f"  {item.name:<28}{full.points:>7}{row}{skipped}")
    return lines


def _without(sed: Sed, name: str) -> Sed | None:
    """A SED without one of the model's components; None if it has it not, or nothing else."""
    return sed.without(name) if name in sed.components and len(sed.components) > 1 else None


def _mask_notes(groups: list[RegionSpectra]) -> list[str]:
    lines = []
    for group in groups:
        target = group.target
        region = target.measured.name
        if target.masked:
            lines.append(f"  {region}: the model is the mean over {target.averaged.name}")
        elif target.factor != 1.0:
            lines.append(f"  {region}: the model is multiplied by {target.factor:g}, but for the column 'no factor'")
        elif group.sed.messenger == "gamma":
            lines.append(f"  {region}: nothing is done")
    return lines
