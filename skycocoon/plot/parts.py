"""Parts of a model, looked at alone: the sea, the gas, what absorbs."""

from __future__ import annotations

from collections.abc import Mapping

import astropy.units as u
import numpy as np
from matplotlib.axes import Axes

from ..absorption import Absorption
from ..galaxy import Gas, Sea, SourceDisc, Sun
from .style import BLACK, BLUE, GREY, LINES, NOTHING_SAID, VERMILION, new_axes, sign, style

__all__ = [
    "plot_absorption",
    "plot_gas",
    "plot_sea",
]


def plot_sea(sea: Sea, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw cosmic rays relative to those at the Sun against R, at three heights, beside their sources."""
    with style():
        axes = new_axes()
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
        sign(axes, meta)
        return axes


def plot_gas(gas: Gas, sun: Sun, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw a gas model: columns in the plane against longitude, atomic and molecular, as seen from the Sun."""
    with style():
        axes = new_axes()
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
        sign(axes, meta)
        return axes


def plot_absorption(absorption: Absorption, sun: Sun, meta: Mapping[str, str] = NOTHING_SAID) -> Axes:
    """Draw the transmission of gamma rays from the Galactic centre and other places against energy.

    If nothing absorbs: what CMB and dust would do, and the title says so.
    """
    off = "" if absorption.fields else "switched off; it would be:\n"
    absorption = absorption if absorption.fields else type(absorption)(dust_scale=absorption.dust_scale)
    with style():
        axes = new_axes()
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
        sign(axes, meta)
        return axes
