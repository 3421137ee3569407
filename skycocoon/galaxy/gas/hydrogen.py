"""Interstellar hydrogen: a published gas model with its X_CO, scale and edges; masses and surface densities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

import astropy.constants as const
import astropy.units as u
import numpy as np

from ...errors import InputError, check_name
from ...numerics.quadrature import panel_edges, panel_nodes
from ...units import CM_PER_KPC, FloatArray, to_array, to_float
from ..frame import Sun
from .column import integrate_columns
from .cordes import cordes_ionised
from .model import Profile
from .published import GAS_MODELS

__all__ = ["KINDS", "X_CO_UNIT", "Gas"]

KINDS = ("all", "atomic", "molecular", "ionised")
"""Kinds of gas that have a mass and a column."""

X_CO_UNIT = u.Unit("cm-2 K-1 km-1 s")
"""Unit of N(H2) / W_CO, cm^-2 (K km/s)^-1."""
HYDROGEN_MASS = (const.m_p + const.m_e).to_value(u.Msun)
"""Mass of a hydrogen atom [Msun]; CODATA (astropy.constants), binding energy neglected."""
CM3_PER_KPC3 = CM_PER_KPC**3


@dataclass(frozen=True)
class Gas:
    """Hydrogen nuclei per volume in the Galaxy; axisymmetric and symmetric about the plane.

    The choice of a model matters: columns differ by a factor of two (for which there is ``scale``). Helium is not in
    these numbers.

    Parameters
    ----------
    model
        One of :data:`GAS_MODELS`.

        * ``"galprop"``: HI, H2 as GALPROP has them. At R < 1.5 kpc its CO table holds much less H2 than Ferriere et al.
          2007, after whom it is made (3.4e6 instead of 5e7 Msun); this is of no concern at \\|l\\| > 11 deg.
        * ``"nakanishi-sofue"``, ``"misiriotis"``: closed forms.
        * ``"ferriere"``: Ferriere 1998 at R > 3 kpc. The bar-shaped central zone and the tilted disc of Ferriere,
          Gillard & Jean 2007 inside are not axisymmetric: here they are averaged over azimuth, so that masses are
          right and single lines of sight at \\|l\\| < 20 deg are not.
    x_co
        X_CO [cm^-2 (K km/s)^-1] to rescale H2 to; None for the model's own. Only for models whose own is known.
    ionised
        Whether to add the HII of Cordes et al. 1991.
    scale
        Factor for every density, thus mass and column.
    radius
        Outer edge. GALPROP's table, the flares and the exponentials of the others are not meant for more.
    half_height
        Top of the gas. The default holds all but 0.2 % of the HI of each model, in the flares at R > 15 kpc, and all
        but 1.6 % of the HII, whose layer has a height of 1 kpc.

    Raises
    ------
    InputError
        For unknown models, values out of range, and ``x_co`` with a model whose own X_CO is not known.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Gas
    >>> Gas("galprop").surface_density(8.5 * u.kpc).round(2)
    <Quantity 6.73 solMass / pc2>
    >>> Gas("galprop", scale=2.0).mass() / Gas("galprop").mass()
    <Quantity 2.>
    """

    axisymmetric: ClassVar[bool] = True

    model: str = "galprop"
    x_co: u.Quantity | None = None
    ionised: bool = False
    scale: float = 1.0
    radius: u.Quantity = field(default=20.0 * u.kpc)
    half_height: u.Quantity = field(default=4.0 * u.kpc)

    def __post_init__(self) -> None:
        model = GAS_MODELS[check_name("gas model", self.model, GAS_MODELS)]
        if self.x_co is not None:
            to_float(self.x_co, X_CO_UNIT, "gas x_co", minimum=0.0, exclusive=True)
            if model.x_co is None:
                known = ", ".join(name for name, other in GAS_MODELS.items() if other.x_co is not None)
                raise InputError(
                    f"gas x_co: not with the model {self.model}, {model.x_co_source}; allowed with: {known}"
                )
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"gas scale {self.scale:g} is out of range; allowed: finite and > 0")
        for name in ("radius", "half_height"):
            to_float(getattr(self, name), u.kpc, f"gas {name}", minimum=0.0, exclusive=True)

    def __str__(self) -> str:
        return self.describe()

    def plot(self, sun: Sun, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw columns in the plane against longitude, atomic and molecular, as seen from the Sun.

        Parameters
        ----------
        sun
            The observer.
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the figure.
        """
        from ...plot import Axis, Curve, Look, Panel, plot_panel
        from ...plot.style import BLACK, BLUE, VERMILION

        # Fine where the central peak is.
        lon = np.unique(np.concatenate([np.linspace(-180, 180, 241), np.linspace(-3, 3, 61)]))
        curves = []
        for kind, colour in (("all", BLACK), ("atomic", BLUE), ("molecular", VERMILION)):
            for lat, line in ((0.0, "-"), (5.0, ":")):
                columns = self.column(lon * u.deg, lat * u.deg, sun, kind, rtol=1e-3).to_value(u.cm**-2)
                curves.append(Curve(f"{kind}, b = {lat:g}°", lon, columns, Look(colour, line, 1.3)))
        x_co = "" if self.x_co is None else f", X_CO = {self.x_co:.3g}"
        more = (", with HII" if self.ionised else "") + (f", times {self.scale:g}" if self.scale != 1 else "")
        panel = Panel(
            f"hydrogen nuclei along lines of sight, gas model {self.model}{x_co}{more}",
            tuple(curves),
            # Longitude grows to the left, as on the sky.
            x=Axis(
                "Galactic longitude",
                log=False,
                limits=(180, -180),
                ticks={l: f"{l % 360}°" for l in range(180, -181, -60)},
            ),
            y=Axis(r"$N_\mathrm{H}\ \ [\mathrm{cm^{-2}}]$"),
        )
        axes = plot_panel(panel, meta=meta, ncols=3, fontsize=8, loc="lower center")
        # Room for the legend.
        axes.set_ylim(axes.get_ylim()[0] / 3, None)
        return axes

    def describe(self) -> str:
        """Model, references, X_CO and scale in one line, and what is published."""
        model = GAS_MODELS[self.model]
        if self.x_co is not None:
            x_co = f"X_CO = {self.x_co.to_value(X_CO_UNIT):.3g} cm-2 (K km/s)-1 instead of {model.x_co:.3g}"
        elif model.x_co is not None:
            x_co = f"X_CO = {model.x_co:.3g} cm-2 (K km/s)-1 ({model.x_co_source})"
        else:
            x_co = "X_CO not known"
        ionised = ", with HII of Cordes et al. 1991" if self.ionised else ""
        return (
            f"gas {self.model} ({model.reference}; {model.provenance}), {x_co}{ionised}, times {self.scale:g}, "
            f"R < {self.radius:g}, |z| < {self.half_height:g}"
        )

    @property
    def molecular_factor(self) -> float:
        """Factor by which ``x_co`` changes H2."""
        own = GAS_MODELS[self.model].x_co
        return 1.0 if self.x_co is None or own is None else float(self.x_co.to_value(X_CO_UNIT) / own)

    @property
    def radial_kinks(self) -> FloatArray:
        """Radii [kpc] inside the outer edge at which a density has a kink or a jump, increasing."""
        kinks = np.array(GAS_MODELS[self.model].kinks(), dtype=np.float64)
        return kinks[kinks < self.radius.to_value(u.kpc)]

    def atomic(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """HI [cm^-3], zero outside the cylinder.

        Parameters
        ----------
        R, z
            Radii and heights [kpc], which broadcast.

        Returns
        -------
        array
            H nuclei per volume, of the shape that R and z broadcast to.
        """
        return self._inside(GAS_MODELS[self.model].atomic, R, z)

    def molecular(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """H nuclei in H2, 2 n(H2) [cm^-3], zero outside the cylinder.

        Parameters
        ----------
        R, z
            Radii and heights [kpc], which broadcast.

        Returns
        -------
        array
            H nuclei per volume, of the shape that R and z broadcast to.
        """
        return self.molecular_factor * self._inside(GAS_MODELS[self.model].molecular, R, z)

    def ionised_density(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """HII [cm^-3], zero outside the cylinder, and everywhere unless ``ionised``.

        Parameters
        ----------
        R, z
            Radii and heights [kpc], which broadcast.

        Returns
        -------
        array
            H nuclei per volume, of the shape that R and z broadcast to.
        """
        if not self.ionised:
            return np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z)))
        return self._inside(cordes_ionised, R, z)

    def hydrogen(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """H nuclei of every kind [cm^-3]: the sum of HI, H2 and HII.

        Parameters
        ----------
        R, z
            Radii and heights [kpc], which broadcast.

        Returns
        -------
        array
            H nuclei per volume, of the shape that R and z broadcast to.
        """
        total = self.atomic(R, z) + self.molecular(R, z)
        return total + self.ionised_density(R, z) if self.ionised else total

    def density(self, radius: u.Quantity, azimuth: u.Quantity, height: u.Quantity) -> u.Quantity:
        """H nuclei of every kind per volume, zero outside the cylinder.

        Parameters
        ----------
        radius, azimuth, height
            Galactocentric R, phi and z, which broadcast.

        Returns
        -------
        Quantity
            [cm^-3], of the shape that the three broadcast to.
        """
        n = self.hydrogen(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
        phi = to_array(azimuth, u.rad, "azimuth")
        return np.broadcast_to(n, np.broadcast_shapes(n.shape, phi.shape)) * u.cm**-3

    def surface_density(self, radius: u.Quantity, kind: str = "all") -> u.Quantity:
        """Hydrogen mass per area of the disc.

        Parameters
        ----------
        radius
            Radii, of any shape.
        kind
            One of :data:`KINDS`.

        Returns
        -------
        Quantity
            [Msun pc^-2], of the shape of ``radius``.
        """
        R = to_array(radius, u.kpc, "radius")
        return (self._surface(R, kind) * HYDROGEN_MASS * CM3_PER_KPC3 * u.Msun / u.kpc**2).to(u.Msun / u.pc**2)

    def mass(self, kind: str = "all") -> u.Quantity:
        """Hydrogen mass [Msun] of a kind of gas within the cylinder."""
        edges = panel_edges(self.radial_kinks, self.radius.to_value(u.kpc), 0.25)
        R, w = panel_nodes(edges)
        total = float(np.sum(w * 2 * np.pi * R * self._surface(R, kind)))
        return total * CM3_PER_KPC3 * HYDROGEN_MASS * u.Msun

    def column(
        self, longitude: u.Quantity, latitude: u.Quantity, sun: Sun, kind: str = "all", rtol: float = 1e-6
    ) -> u.Quantity:
        """H nuclei per area [cm^-2] from the Sun to the end of the gas, by plain adaptive quadrature.

        A reference for the kernels, which it shares nothing with; see :mod:`skycocoon.galaxy.gas.column`.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [angle], which broadcast.
        sun
            The observer.
        kind
            One of :data:`KINDS`.
        rtol
            Relative accuracy.

        Returns
        -------
        Quantity
            Of the shape that longitude and latitude broadcast to.

        Raises
        ------
        InputError
            For an unknown kind.
        """
        lon = to_array(longitude, u.rad, "longitude")
        lat = to_array(latitude, u.rad, "latitude")
        lon, lat = np.broadcast_arrays(lon, lat)
        rays = np.column_stack([lon.ravel(), lat.ravel()])
        cylinders = np.append(self.radial_kinks, self.radius.to_value(u.kpc))
        top = self.half_height.to_value(u.kpc)
        columns = integrate_columns(self._profile(kind), rays, sun.place, cylinders, top, rtol)
        return columns.reshape(lon.shape) * CM_PER_KPC * u.cm**-2

    def _profile(self, kind: str) -> Profile:
        profiles = {
            "all": self.hydrogen,
            "atomic": self.atomic,
            "molecular": self.molecular,
            "ionised": self.ionised_density,
        }
        return profiles[check_name("kind of gas", kind, KINDS)]

    def _inside(self, profile: Profile, R: FloatArray, z: FloatArray) -> FloatArray:
        inside = (self.radius.to_value(u.kpc) >= R) & (np.abs(z) <= self.half_height.to_value(u.kpc))
        return np.where(inside, self.scale * profile(R, z), 0.0)

    def _surface(self, R: FloatArray, kind: str) -> FloatArray:
        """H nuclei per area of the disc, int n dz [cm^-3 kpc], at radii [kpc]."""
        # The thinnest layer has a height of 18 pc; the tilted disc puts one of 42 pc anywhere up to 0.8 kpc.
        top = self.half_height.to_value(u.kpc)
        z, w = panel_nodes(panel_edges(np.concatenate([[0.02, 0.04], 0.08 * np.arange(1, 11), [1.28, 2.56]]), top, top))
        return np.asarray(2 * np.sum(w * self._profile(kind)(np.asarray(R)[..., None], z), axis=-1))
