"""The steady sea of diffusing cosmic rays: G(R, z) of a thin disc of sources in a cylinder with free escape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np
from scipy.special import j0, j1, jn_zeros

from ..errors import InputError, check_name
from ..numerics.quadrature import panel_nodes
from ..units import FloatArray, to_array, to_float
from .disc import PROFILES, SourceDisc

__all__ = ["Sea"]

# Terms of the Bessel series: 400 are ample for sources that vary over kpc.
TERMS = 400


@dataclass(frozen=True)
class Sea:
    r"""Cosmic rays relative to those at the Sun, G(R, z)/G(R_sun, 0), the same at all energies.

    Homogeneous diffusion without losses from sources q(R) delta(z), free escape at \|z\| = H and R = R_g. With the
    zeros j_k of J_0 and k_k = j_k/R_g,

    .. math:: G(R, z) = \sum_k q_k \frac{\sinh k_k(H-|z|)}{2 k_k \cosh k_k H} J_0(k_k R),\quad
              q_k = \frac{2}{R_g^2 J_1^2(j_k)} \int_0^{R_g} R\,q(R)\,J_0(k_k R)\,dR

    Derived by us (the paper takes its sea from a transport code); a finite-volume solution agrees to 1.5 %.

    Parameters
    ----------
    sources
        Radial profile of the sources, a key of :data:`~skycocoon.galaxy.PROFILES`.
    halo_height
        H [length].
    radius
        R_g [length].
    sun_radius
        Where G is 1, and the pivot of the profile [length].
    delta_gradient
        Of a diffusion slope delta(R) that grows linearly out to ``delta_outer`` [1/length], as in the KRA models
        (0.035 /kpc and 11 kpc; Gaggero et al. 2015, ApJL 815, L25 [from memory]). Then the sea is harder inside by
        (rigidity/4 GV)^(delta_sun - delta(R)): a local approximation of ours, not a solution.
    delta_outer
        Where delta stops growing [length].

    Raises
    ------
    InputError
        For unknown names and values out of range.

    Examples
    --------
    There are more cosmic rays inside the Sun's circle, and fewer above the plane:

    >>> import astropy.units as u
    >>> from skycocoon import Sea
    >>> sea = Sea()
    >>> sea([4.5, 8.5] * u.kpc, 0 * u.kpc).round(2)
    <Quantity [2.31, 1.  ]>
    >>> sea(8.5 * u.kpc, [0, 2] * u.kpc).round(2)
    <Quantity [1.  , 0.51]>
    """

    sources: str = "green2015"
    halo_height: u.Quantity = field(default=4.0 * u.kpc)
    radius: u.Quantity = field(default=20.0 * u.kpc)
    sun_radius: u.Quantity = field(default=8.5 * u.kpc)
    delta_gradient: u.Quantity = field(default=0.0 / u.kpc)
    delta_outer: u.Quantity = field(default=11.0 * u.kpc)

    def __post_init__(self) -> None:
        check_name("source profile", self.sources, PROFILES)
        for name in ("halo_height", "radius", "sun_radius", "delta_outer"):
            to_float(getattr(self, name), u.kpc, f"sea: {name}", minimum=0.0, exclusive=True)
        # From 0.06 on, delta would be negative at the centre, given some 0.5 at the Sun.
        to_float(self.delta_gradient, u.kpc**-1, "sea: delta_gradient", minimum=0.0, maximum=0.1)
        if self.sun_radius >= self.radius:
            raise InputError(f"sea: the Sun at {self.sun_radius:g} is outside the sea's radius of {self.radius:g}")

    @cached_property
    def series(self) -> tuple[FloatArray, FloatArray]:
        """Wave numbers k_k [1/kpc] and amplitudes q_k/2k_k, (n,) each, in units that make G(R_sun, 0) = 1."""
        sun = self.sun_radius.to_value(u.kpc)
        wave, amplitude = _projection(self.sources, self.radius.to_value(u.kpc), sun)
        scale = float(np.sum(amplitude * self._vertical(wave, np.zeros(1))[:, 0] * j0(wave * sun)))
        return wave, amplitude / scale

    def _vertical(self, wave: FloatArray, height: FloatArray) -> FloatArray:
        """Ratio sinh k(H - |z|)/cosh kH, (n_k, n_z), without large numbers."""
        top = self.halo_height.to_value(u.kpc)
        k, z = wave[:, None], np.minimum(np.abs(height), top)
        return np.asarray(np.exp(-k * z) * -np.expm1(-2 * k * (top - z)) / (1 + np.exp(-2 * k * top)))

    def relative(self, radius: FloatArray, height: FloatArray) -> FloatArray:
        """G(R, z)/G(R_sun, 0), 0 outside the cylinder.

        Parameters
        ----------
        radius, height
            R and z [kpc], which broadcast.

        Returns
        -------
        array
            Dimensionless, of the shape that R and z broadcast to.
        """
        r, z = np.asarray(radius, dtype=float), np.abs(np.asarray(height, dtype=float))
        wave, amplitude = self.series
        # On a grid each R and each z is worked out once.
        radii, at_r = np.unique(r, return_inverse=True)
        heights, at_z = np.unique(z, return_inverse=True)
        at_r, at_z = at_r.reshape(r.shape), at_z.reshape(z.shape)
        r, z = np.broadcast_arrays(r, z)
        if radii.size * heights.size <= 4 * r.size + 1000:
            waves = _waves(radii.tobytes(), self.radius.to_value(u.kpc))
            result = ((waves * amplitude) @ self._vertical(wave, heights))[at_r, at_z]
        else:
            result = np.empty(r.size)
            for first in range(0, r.size, 10_000):
                part = slice(first, first + 10_000)
                waves = j0(np.outer(r.ravel()[part], wave)).T * self._vertical(wave, z.ravel()[part])
                result[part] = amplitude @ waves
            result = result.reshape(r.shape)
        inside = (r < self.radius.to_value(u.kpc)) & (z < self.halo_height.to_value(u.kpc))
        # Where the series has all but cancelled, at the edges, it may be negative by rounding.
        return np.where(inside, np.maximum(result, 0.0), 0.0)

    @property
    def radial_kinks(self) -> FloatArray:
        """Radii [kpc] at which a sea that hardens inwards has a kink: where delta stops growing."""
        return np.array([self.delta_outer.to_value(u.kpc)] if self.delta_gradient.value else [])

    def hardening(self, radius: FloatArray) -> FloatArray:
        """delta_sun - delta(R) at radii [kpc]: 0 unless there is a gradient."""
        outer = self.delta_outer.to_value(u.kpc)
        sun = min(self.sun_radius.to_value(u.kpc), outer)
        return np.asarray(self.delta_gradient.to_value(u.kpc**-1) * (sun - np.minimum(radius, outer)))

    def __call__(self, radius: u.Quantity, height: u.Quantity) -> u.Quantity:
        """G(R, z)/G(R_sun, 0), dimensionless, 0 outside the cylinder.

        Parameters
        ----------
        radius, height
            Galactocentric R and z, which broadcast.

        Returns
        -------
        Quantity
            Of the shape that R and z broadcast to.
        """
        return self.relative(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height")) * u.one

    def plot(self, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw cosmic rays relative to those at the Sun against R, at three heights, beside their sources.

        Parameters
        ----------
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the figure.
        """
        from ..plot import Axis, Curve, Look, Panel, plot_panel
        from ..plot.style import BLUE, VERMILION

        r = np.linspace(0.0, self.radius.to_value(u.kpc), 401)
        curves = []
        for part, line in zip((0.0, 0.25, 0.5), ("-", "--", ":"), strict=True):
            height = part * self.halo_height.to_value(u.kpc)
            relative = self.relative(r, np.full_like(r, height))
            curves.append(Curve(f"cosmic rays, |z| = {height:g} kpc", r, relative, Look(BLUE, line)))
        disc = SourceDisc.preset(self.sources, sun_radius=self.sun_radius)
        curves.append(Curve(f"sources, {self.sources}", r, disc.radial(r), Look(VERMILION, width=1.2)))
        panel = Panel(
            f"cosmic rays, halo of {self.halo_height:g}, R < {self.radius:g}",
            tuple(curves),
            x=Axis(
                r"$R\ \ [\mathrm{kpc}]$",
                log=False,
                limits=(0, r[-1]),
                marked={"the Sun": self.sun_radius.to_value(u.kpc)},
            ),
            y=Axis("density relative to the Sun's place", log=False, limits=(0, None)),
        )
        return plot_panel(panel, meta=meta)

    def __str__(self) -> str:
        gradient = (
            f", delta(R) with {self.delta_gradient:g} out to {self.delta_outer:g}" if self.delta_gradient.value else ""
        )
        return f"sea of {self.sources} sources, halo of {self.halo_height:g}, R < {self.radius:g}{gradient}"


# None of this knows the height of the halo: a fit of it works out neither again.
@lru_cache(maxsize=16)
def _projection(sources: str, radius: float, sun_radius: float) -> tuple[FloatArray, FloatArray]:
    """Wave numbers [1/kpc] and amplitudes q_k/2k_k of a profile, not normalised."""
    zeros = _zeros()
    disc = SourceDisc.preset(sources, sun_radius=sun_radius * u.kpc)
    # Gauss-Legendre panels, 25 nodes for each of 200: the shortest wave has 200 periods. R = t^2 smooths R^a.
    t, dt = panel_nodes(np.linspace(0.0, np.sqrt(radius), 201), 25)
    weight = dt * 2 * t
    r = t**2
    q = disc.radial(r) * r * weight
    wave = zeros / radius
    return wave, j0(np.outer(wave, r)) @ q * 2 / (radius * j1(zeros)) ** 2 / (2 * wave)


@lru_cache(maxsize=8)
def _waves(radii: bytes, radius: float) -> FloatArray:
    """J_0(k_k R), (n, k), at radii [kpc], which are a key as bytes."""
    return np.asarray(j0(np.outer(np.frombuffer(radii), _zeros() / radius)))


@lru_cache(maxsize=1)
def _zeros() -> FloatArray:
    return np.asarray(jn_zeros(0, TERMS))
