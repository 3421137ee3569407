"""Spectra of a part of the sky: a model's components beside data."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np
from matplotlib.axes import Axes

from ..errors import InputError
from ..measured import Measurement
from ..sky import Region, Sed
from .style import (
    BANDS,
    BLACK,
    E2F,
    E2I,
    GREY,
    LABELS,
    LINES,
    MARKS,
    POINTS,
    VARIANTS,
    messenger_title,
    new_axes,
    sign,
    style,
)

__all__ = [
    "plot_measurement",
    "plot_sed",
]

NONE: Mapping[str, Sed] = MappingProxyType({})


def plot_measurement(
    data: Measurement,
    axes: Axes | None = None,
    index: int = 0,
    flux: bool | None = None,
    aside: bool = False,
) -> Axes:
    """Draw a data set: points with their errors and bins, arrows for limits, or a band.

    Parameters
    ----------
    data
        What to draw.
    axes
        Where; new ones if None.
    index
        Which of the series of colours and marks to take.
    flux
        Whether to draw fluxes of the region instead of intensities; as published if None.
    aside
        Draw it in grey, with the region that it was measured in: for orientation, beside data of another region.
    """
    with style():
        new = axes is None
        axes = new_axes() if axes is None else axes
        flux = not data.per_steradian if flux is None else flux
        unit = E2F if flux else E2I
        e = data.energy.to_value(u.TeV)
        y, low, high = (as_drawn(data, value, flux) for value in (data.value, data.error_low, data.error_high))
        label = f"{data.label} [{data.region.name}]" if aside else data.label
        if data.band:
            colour, hatch = (GREY, ("", "///", "...")[index % 3]) if aside else BANDS[index % len(BANDS)]
            axes.fill_between(
                e, y - low, y + high, facecolor=colour, alpha=0.35, hatch=hatch, edgecolor=colour, lw=0, label=label
            )  # fmt: skip
            axes.plot(e, y, color=colour, lw=1)
        else:
            colour = GREY if aside else POINTS[index % len(POINTS)]
            width = np.array([e - data.energy_min.to_value(u.TeV), data.energy_max.to_value(u.TeV) - e])
            # What is not above zero cannot be on a logarithmic axis: an arrow down from the end of its upper error.
            below = ~data.limit & (y <= 0)
            y, limit = np.where(below, y + high, y), data.limit | below
            error = np.where(limit, 0.35 * np.abs(y), np.array([np.minimum(low, 0.999 * y), high]))
            axes.errorbar(
                e, y, yerr=error, xerr=np.maximum(width, 0.0), uplims=limit, fmt=MARKS[index % len(MARKS)],
                color=colour, mfc=colour if index == 0 else "white", ms=5, lw=1, label=label,
                zorder=3 if aside else 5,
            )  # fmt: skip
        if new:
            _finish(axes, data.messenger, data.flavour, data.region, unit)
        return axes


def as_drawn(data: Measurement, value: u.Quantity, flux: bool) -> Any:
    """E^2 times a value, as an intensity or as the flux of its region."""
    factor: Any = 1.0
    if flux == data.per_steradian:
        factor = data.region.solid_angle if flux else 1.0 / data.region.solid_angle
    return (data.energy**2 * value * factor).to_value(E2F if flux else E2I)


def plot_sed(
    sed: Sed,
    axes: Axes | None = None,
    data: Measurement | Iterable[Measurement] = (),
    factor: float = 1.0,
    factor_name: str = "",
    flux: bool | None = None,
    name: str = "",
    variants: Mapping[str, Sed] = NONE,
    nearby: Iterable[Measurement] = (),
) -> Axes:
    """Draw E^2 times a region's intensity, component by component, with data.

    Parameters
    ----------
    sed
        The model.
    axes
        Where; new ones if None.
    data
        Data sets of the same messenger and region; of the region before masking, if the SED's has sources masked.
    factor, factor_name
        Multiplies the model, once; the legend's title says so, and the model without it stays in the figure as a thin
        line.
    flux
        Draw the flux of the whole region instead of the mean intensity; if None, as the first data set was published.
    name, variants
        SEDs of the same model with other parameters, by name: their totals, and the components that differ; and what
        the model itself is called beside them.
    nearby
        Intensities that were measured in other parts of this sky, in grey: for orientation only.

    Raises
    ------
    InputError
        If a data set is of another messenger or another region, or a factor for masked sources comes on top of a mask.
    """
    data = [data] if isinstance(data, Measurement) else list(data)
    if not (math.isfinite(factor) and factor > 0):
        raise InputError(f"factor {factor:g}: a positive number is needed")
    if factor != 1.0 and sed.region.unmasked is not None:
        raise InputError(f"factor {factor:g}: sources are masked in {sed.region.name} already")
    for item in data:
        if item.messenger != sed.messenger:
            raise InputError(f"{item.name} is of {item.messenger}s, the SED of {sed.messenger}s")
        item.check_region(sed.region)
        if item.flavour != sed.flavour:
            raise InputError(
                f"{item.name} is {item.flavour}, the SED {sed.flavour}; make the SED with the same flavour"
            )
    if flux is None:
        flux = not data[0].per_steradian if data else False
    with style():
        axes = new_axes((6.8, 5.4) if variants else (6.4, 4.8)) if axes is None else axes
        unit = E2F if flux else E2I
        for index, item in enumerate(data):
            plot_measurement(item, axes, index, flux)
        beside = [] if flux else [item for item in nearby if item.per_steradian]
        for index, item in enumerate(beside):
            plot_measurement(item, axes, len(data) + index, flux, aside=True)
        e = sed.energy.to_value(u.TeV)
        scale = sed.solid_angle if flux else 1.0

        def scaled(intensity: u.Quantity, by: float = factor) -> Any:
            y = (sed.energy**2 * intensity * scale * by).to_value(unit)
            return np.where(y > 0, y, np.nan)

        several = len(sed.components) > 1
        itself = f", {name}" if name else ""
        for index, (component, part) in enumerate(sed.components.items()):
            colour = LINES[index % len(LINES)]
            others = {
                variant: scaled(other.components[component])
                for variant, other in variants.items()
                if component in other.components and not np.array_equal(other.components[component].value, part.value)
            }
            label = f"{component}{itself if others else ''}"
            axes.plot(e, scaled(part), color=colour, ls="--" if several else "-", label=label)
            for number, (variant, y) in enumerate(others.items()):
                axes.plot(
                    e, y, color=colour, ls=VARIANTS[number % len(VARIANTS)], lw=1.2,
                    label=f"{component}, {variant}",
                )  # fmt: skip
        if several:
            axes.plot(e, scaled(sed.intensity), color=BLACK, label=f"total{itself if variants else ''}")
            for number, (variant, other) in enumerate(variants.items()):
                axes.fill_between(e, scaled(sed.intensity), scaled(other.intensity), color=BLACK, alpha=0.10, lw=0)
                axes.plot(
                    e, scaled(other.intensity), color=BLACK, ls=VARIANTS[number % len(VARIANTS)], lw=1.2,
                    label=f"total, {variant}",
                )  # fmt: skip
        if factor != 1.0:
            axes.plot(
                e, scaled(sed.intensity, 1.0), color=BLACK if several else LINES[0], lw=0.7, ls=(0, (8, 2, 1, 2)),
                label="total, without the factor" if several else "without the factor",
            )  # fmt: skip
        _finish(axes, sed.messenger, sed.flavour, sed.region, unit)
        title = f"model × {factor:g} ({factor_name or 'factor'})" if factor != 1.0 else None
        long = len(axes.get_legend_handles_labels()[1]) > 7
        axes.legend(title=title, title_fontsize=8, fontsize=7 if long else 9, loc="lower left" if long else "best")
        sign(axes, sed.meta)
        _limits(axes, sed, [*data, *beside], unit, flux, bool(variants))
        return axes


def _limits(axes: Axes, sed: Sed, data: list[Measurement], unit: u.UnitBase, flux: bool, roomy: bool) -> None:
    """Show the data and four decades of the model; with room for a long legend below."""
    model = (sed.energy**2 * sed.intensity * (sed.solid_angle if flux else 1.0)).to_value(unit)
    values = [(y := as_drawn(item, item.value, flux))[y > 0] for item in data]
    every = np.concatenate([model[model > 0], *values])
    if every.size:
        top = every.max() * 3
        lowest = min([v.min() for v in values if v.size], default=top)
        axes.set_ylim(max(every.min() / 2, min(top / 1e4, lowest / (100 if roomy else 10))), top)
        bottom = axes.get_ylim()[0]
        shown = sed.energy.to_value(u.TeV)[model > bottom]
        energies = [edge.to_value(u.TeV) for item in data for edge in (item.energy_min, item.energy_max)]
        wide = np.concatenate([shown, *energies])
        if wide.size > 1 and wide.min() < wide.max():
            axes.set_xlim(wide.min() / 1.3, wide.max() * 1.6)


def _finish(axes: Axes, messenger: str, flavour: str, region: Region, unit: u.UnitBase) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"$E\ \ [\mathrm{TeV}]$")
    axes.set_ylabel(LABELS[unit])
    masked = ""
    if region.unmasked is not None:
        left = float(region.solid_angle / region.unmasked.solid_angle)
        masked = f"\nmean outside masked sources, {left:.0%} of {region.unmasked.name}"
    where = "\n".join(textwrap.wrap(f"{region.name}, {region.solid_angle.to_value(u.sr):.4g} sr", 70))
    axes.set_title(f"{messenger_title(messenger, flavour)}\n{where}{masked}", fontsize=11)
    axes.legend()
