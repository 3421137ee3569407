"""Every figure. The only place that imports matplotlib.

Colours are Okabe and Ito's and cividis: both stay apart for colour-blind readers and in grey print.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter

from ..emission import Absorption
from ..errors import InputError
from ..galaxy import Gas, Sea, SourceDisc, Sun
from ..sky import Measurement, Region, Sed, SkyMap
from ..sky.healpix import pixels_at
from ..sky.sed import FLAVOURS

__all__ = [
    "plot_absorption", "plot_gas", "plot_map", "plot_measurement", "plot_region", "plot_sea", "plot_sed", "save",
    "style",
]  # fmt: skip

# Okabe & Ito 2008.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#888888"
LINES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
POINTS = (BLACK, PURPLE, GREEN, ORANGE, SKY)
MARKS = ("o", "s", "D", "^", "v", "P")
VARIANTS = (":", "-.", (0, (1, 3)))
BANDS = ((ORANGE, ""), (SKY, "///"), (PURPLE, "\\\\\\"))

E2I = u.GeV / u.cm**2 / u.s / u.sr
E2F = u.GeV / u.cm**2 / u.s
LABELS = {
    E2I: r"$E^2\,\Phi\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}\,sr^{-1}}]$",
    E2F: r"$E^2\,\mathrm{d}N/\mathrm{d}E\ \ [\mathrm{GeV\,cm^{-2}\,s^{-1}}]$",
}
NONE: Mapping[str, Sed] = MappingProxyType({})
NOTHING_SAID: Mapping[str, str] = MappingProxyType({})
NAMES = {"gamma": "gamma rays", "neutrino": "neutrinos"}


def _what(messenger: str, flavour: str) -> str:
    """The messenger and its convention, for a title."""
    convention = FLAVOURS[flavour].replace("nu + anti-nu", r"$\nu+\bar\nu$") if flavour else ""
    return NAMES[messenger] + (f", {convention}" if convention else "")


def style() -> AbstractContextManager[None]:
    """Settings of every figure, for use in a ``with``."""
    return mpl.rc_context(
        {
            "figure.dpi": 150,
            "savefig.dpi": 200,
            "font.size": 11,
            "axes.labelsize": 12,
            "axes.titlesize": 12,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.top": True,
            "ytick.right": True,
            "lines.linewidth": 1.8,
            "errorbar.capsize": 2,
            "mathtext.fontset": "dejavusans",
            "hatch.linewidth": 0.6,
        }
    )


def _axes(size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    axes: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return axes


def save(axes: Axes, path: str | Path) -> None:
    """Write the figure that holds the axes, and close it."""
    figure = axes.get_figure(root=True)
    with style():
        figure.savefig(path)  # type: ignore[union-attr]
    plt.close(figure)


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
        axes = _axes() if axes is None else axes
        flux = not data.per_steradian if flux is None else flux
        unit = E2F if flux else E2I
        e = data.energy.to_value(u.TeV)
        y, low, high = (_shown(data, value, flux) for value in (data.value, data.error_low, data.error_high))
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


def _shown(data: Measurement, value: u.Quantity, flux: bool) -> Any:
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
        axes = _axes((6.8, 5.4) if variants else (6.4, 4.8)) if axes is None else axes
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
        _sign(axes, sed.meta)
        _limits(axes, sed, [*data, *beside], unit, flux, bool(variants))
        return axes


def _sign(axes: Axes, meta: Mapping[str, str]) -> None:
    """Say in small print which model a figure shows, and what was changed in it."""
    words = [f"{meta['creator']} {meta.get('version', '')}"] if "creator" in meta else []
    words += [meta[key].split("/")[-1] if key == "model" else meta[key] for key in ("model", "changes") if key in meta]
    if meta.get("absorption", "none") != "none":
        words.append(meta["absorption"])
    # In lines that are no wider than the axes: the layout makes room for all that is drawn.
    text = "\n".join(textwrap.wrap("; ".join(words), 110))
    axes.annotate(text, (1, 0), (0, -34), "axes fraction", "offset points", ha="right", va="top", fontsize=6)


def _limits(axes: Axes, sed: Sed, data: list[Measurement], unit: u.UnitBase, flux: bool, roomy: bool) -> None:
    """Show the data and four decades of the model; with room for a long legend below."""
    model = (sed.energy**2 * sed.intensity * (sed.solid_angle if flux else 1.0)).to_value(unit)
    values = [(shown := _shown(item, item.value, flux))[shown > 0] for item in data]
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
    axes.set_title(f"{_what(messenger, flavour)}\n{where}{masked}", fontsize=11)
    axes.legend()


def _mollweide(title: str) -> tuple[Figure, Any]:
    figure = plt.figure(figsize=(8.0, 4.8), layout="constrained")
    axes = figure.add_subplot(projection="mollweide")
    axes.set_title(title, pad=12)
    return figure, axes


def _sky_image(values: Any, nside: int) -> tuple[Any, Any, Any]:
    """Sample a RING map on a grid of x = -l (longitude grows to the left) and b."""
    x = np.linspace(-math.pi, math.pi, 901)
    b = np.linspace(-math.pi / 2, math.pi / 2, 451)
    xc, bc = np.meshgrid(0.5 * (x[1:] + x[:-1]), 0.5 * (b[1:] + b[:-1]))
    vectors = np.stack([np.cos(bc) * np.cos(-xc), np.cos(bc) * np.sin(-xc), np.sin(bc)], axis=-1)
    return x, b, values[pixels_at(nside, vectors.reshape(-1, 3), nest=False)].reshape(xc.shape)


def _graticule(axes: Any, colour: str) -> None:
    axes.grid(color=colour, lw=0.4, alpha=0.6)
    longitudes = [120, 60, 0, 300, 240]
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]), [f"{l}°" for l in longitudes])
    axes.tick_params(axis="x", colors=colour, labelsize=9)
    for label in axes.get_xticklabels():  # they lie on the bright plane
        label.set_path_effects([withStroke(linewidth=2, foreground="#333333")])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]), ["−60°", "−30°", "b = 0°", "30°", "60°"])
    axes.tick_params(axis="y", labelsize=9)


def plot_map(sky: SkyMap, energy: u.Quantity | None = None, decades: float = 4.0) -> Axes:
    """Draw a map at an energy: Mollweide, Galactic, longitude growing to the left, logarithmic.

    Parameters
    ----------
    sky
        The map.
    energy
        Where; by default 10 TeV, or the middle of the map's energies if that is outside.
    decades
        Range of the colour scale below the maximum.
    """
    nodes = sky.energy
    if energy is None:
        energy = 10 * u.TeV
        if not nodes[0] <= energy <= nodes[-1]:
            energy = np.sqrt(nodes[0] * nodes[-1])
    e2 = (energy**2 * sky.at(energy)).to_value(E2I)
    with style():
        what, tev = _what(sky.messenger, sky.flavour), energy.to_value(u.TeV)
        figure, axes = _mollweide(f"{' + '.join(sky.components)}: {what}\n{tev:.4g} TeV, nside {sky.nside}")
        x, b, image = _sky_image(e2, sky.nside)
        # A model without cocoons is a good null test: a dark sky is drawn as one.
        highest = e2.max() if e2.max() > 0 else 1.0
        lowest = max(highest / 10**decades, e2.min())
        norm = LogNorm(lowest, highest * (1 + 1e-9))
        mesh = axes.pcolormesh(x, b, np.maximum(image, lowest), norm=norm, cmap="cividis", rasterized=True)
        _graticule(axes, "white")
        low = e2.min() < lowest
        bar = figure.colorbar(
            mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=35, pad=0.04, label=LABELS[E2I],
            extend="min" if low else "neither",
        )  # fmt: skip
        # Below two decades labels of every minor tick run into one another.
        if highest / lowest < 100:
            bar.ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if highest / lowest > 3 else (1, 1.5, 2, 3, 5, 7)))
            bar.ax.xaxis.set_minor_formatter(NullFormatter())
        _sign(axes, sky.meta)
        result: Axes = axes
        return result


def plot_region(region: Region, nside: int = 64) -> Axes:
    """Draw which part of the sky a region covers."""
    with style():
        _, axes = _mollweide(f"{region.name}: {region.solid_angle.to_value(u.sr):.4g} sr")
        x, b, image = _sky_image(region.fractions(nside), nside)
        axes.pcolormesh(x, b, image, cmap="cividis", vmin=0, vmax=1, rasterized=True)
        _graticule(axes, "grey")
        result: Axes = axes
        return result


def plot_sea(sea: Sea, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw cosmic rays relative to those at the Sun against R, at three heights, beside their sources."""
    with style():
        axes = _axes()
        r = np.linspace(0.0, sea.radius.to_value(u.kpc), 401)
        top = sea.halo_height.to_value(u.kpc)
        for part, line in zip((0.0, 0.25, 0.5), ("-", "--", ":"), strict=True):
            height = part * top
            axes.plot(
                r,
                sea.relative(r, np.full_like(r, height)),
                color=BLUE,
                ls=line,
                label=f"cosmic rays, |z| = {height:g} kpc",
            )
        disc = SourceDisc.preset(sea.sources, sun_radius=sea.sun_radius)
        axes.plot(r, disc.radial(r), color=VERMILION, lw=1.2, label=f"sources, {sea.sources}")
        axes.axvline(sea.sun_radius.to_value(u.kpc), color=GREY, lw=0.8, label="the Sun")
        axes.set_xlabel(r"$R\ \ [\mathrm{kpc}]$")
        axes.set_ylabel("density relative to the Sun's place")
        axes.set_title(f"cosmic rays, halo of {sea.halo_height:g}, R < {sea.radius:g}", fontsize=11)
        axes.set_xlim(0, r[-1])
        axes.set_ylim(0, None)
        axes.legend()
        _sign(axes, meta)
        return axes


def plot_gas(gas: Gas, sun: Sun, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw a gas model: columns in the plane against longitude, atomic and molecular, as seen from the Sun."""
    with style():
        axes = _axes()
        # Fine where the central peak is.
        lon = np.unique(np.concatenate([np.linspace(-180, 180, 241), np.linspace(-3, 3, 61)]))
        for kind, colour in (("all", BLACK), ("atomic", BLUE), ("molecular", VERMILION)):
            for lat, line in ((0.0, "-"), (5.0, ":")):
                columns = gas.column(lon * u.deg, lat * u.deg, sun, kind, rtol=1e-3).to_value(u.cm**-2)
                label = f"{kind}, b = {lat:g}°"
                axes.plot(lon, np.where(columns > 0, columns, np.nan), color=colour, ls=line, lw=1.3, label=label)
        axes.set_yscale("log")
        # Longitude grows to the left, as on the sky.
        axes.set_xlim(180, -180)
        axes.set_xticks(range(180, -181, -60), [f"{l % 360}°" for l in range(180, -181, -60)])
        axes.set_ylim(axes.get_ylim()[0] / 3, None)
        axes.set_xlabel("Galactic longitude")
        axes.set_ylabel(r"$N_\mathrm{H}\ \ [\mathrm{cm^{-2}}]$")
        x_co = "" if gas.x_co is None else f", X_CO = {gas.x_co:.3g}"
        more = (", with HII" if gas.ionised else "") + (f", times {gas.scale:g}" if gas.scale != 1 else "")
        axes.set_title(f"hydrogen nuclei along lines of sight, gas model {gas.model}{x_co}{more}", fontsize=11)
        axes.legend(ncols=3, fontsize=8, loc="lower center")
        _sign(axes, meta)
        return axes


def plot_absorption(absorption: Absorption, sun: Sun, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw the transmission of gamma rays from the Galactic centre and other places against energy.

    If nothing absorbs: what CMB and dust would do, and the title says so.
    """
    off = "" if absorption.fields else "switched off; it would be:\n"
    absorption = absorption if absorption.fields else type(absorption)(dust_scale=absorption.dust_scale)
    with style():
        axes = _axes()
        energy = np.geomspace(3e3, 3e7, 161) * u.GeV
        centre = sun.radius.to_value(u.kpc)
        places = (
            (f"Galactic centre, {centre:g} kpc", 0.0, centre),
            (f"behind it, {2 * centre:g} kpc", 0.0, 2 * centre),
            ("l = 30°, 15 kpc", 30.0, 15.0),
            ("l = 180°, 10 kpc", 180.0, 10.0),
        )
        fields = (
            {"": absorption.fields, ", CMB only": ("cmb",)} if "dust" in absorption.fields else {"": absorption.fields}
        )
        for (label, lon, distance), colour in zip(places, LINES, strict=False):
            for (note, names), line in zip(fields.items(), ("-", ":"), strict=False):
                absorber = type(absorption)(tuple(names), absorption.dust_scale)
                y = absorber.transmission(energy, sun, lon * u.deg, 0 * u.deg, distance * u.kpc).value
                axes.plot(
                    energy.to_value(u.TeV), y, color=colour, ls=line, lw=1.5 if not note else 1, label=label + note
                )
        axes.set_xscale("log")
        axes.set_ylim(0, 1.03)
        axes.set_xlabel(r"$E\ \ [\mathrm{TeV}]$")
        axes.set_ylabel("transmission")
        axes.set_title(f"{off}{absorption}", fontsize=11)
        axes.legend(fontsize=7)
        _sign(axes, meta)
        return axes
