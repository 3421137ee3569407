r"""Gamma rays that do not arrive: pair production on the photon fields of the Galaxy.

.. math:: K(E, x) = \int n(\epsilon, x)\,\bar\sigma(E\epsilon/m^2)\,d\epsilon,\qquad \tau = \int K\,dl

with the cross section averaged over isotropic targets. The infrared of the dust is not isotropic, it comes from the
inner Galaxy; summed over lines of sight that changes a diffuse flux by less than 4 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, check_name
from ..galaxy import Sun
from ..interactions.pair_production import M_ELECTRON, isotropic_cross_section
from ..numerics.quadrature import halving_panels, unit_panel
from ..units import CM_PER_KPC, FloatArray, Nodes, to_array, to_float
from .cmb import T_CMB, cmb_spectrum
from .dust import TEMPERATURES, dust_spectra, dust_weights
from .planck import K_BOLTZMANN

__all__ = ["ABSORBERS", "DUST_SCALE_BAND", "Absorption", "thermal_coefficient"]

ABSORBERS = ("cmb", "dust")
"""Photon fields that absorb, by name."""
DUST_SCALE_BAND = (1.0, 1.8)
"""Range of ``dust_scale`` that the published attenuations leave open."""

EV_PER_GEV = 1e9
# Energies of a thermal spectrum above the threshold, in kT: beyond, exp(-45) is left.
REACH = 45.0
NODES = 80
# Where the CMB absorbs most [GeV].
PEAK = np.array([2.2e6])
# Nodes of a panel along a ray and size of the smallest [kpc]: 1e-6 of the column of the dust's weights.
PER_PANEL = 8
SMALLEST = 0.02


def thermal_coefficient(
    energy: FloatArray, temperature: float, spectrum: Callable[[FloatArray], FloatArray], nodes: int = NODES
) -> FloatArray:
    """Absorption coefficient on thermal photons: the integral of n(eps) sbar(E eps/m^2) over eps.

    eps = (m^2/E) cosh^2 y: sbar is analytic in y, which takes the root at the threshold away.

    Parameters
    ----------
    energy
        (n,) gamma-ray energies [GeV].
    temperature
        Of the photons [K].
    spectrum
        n(eps) [cm^-3 eV^-1] at photon energies [eV].
    nodes
        Number of Gauss-Legendre nodes.

    Returns
    -------
    array
        (n,) [kpc^-1].
    """
    threshold = M_ELECTRON**2 / (energy * EV_PER_GEV)
    end = np.arcsinh(np.sqrt(REACH * K_BOLTZMANN * temperature / threshold))
    x, w = unit_panel(nodes)
    y = end[:, None] * x
    s0 = np.cosh(y) ** 2
    jacobian = threshold[:, None] * np.sinh(2 * y) * end[:, None] * w
    return np.asarray(np.sum(spectrum(threshold[:, None] * s0) * isotropic_cross_section(s0) * jacobian, axis=1)) * (
        CM_PER_KPC
    )


@lru_cache(maxsize=64)
def _cmb_coefficients(energies: Nodes) -> FloatArray:
    result = thermal_coefficient(energies.gev, T_CMB, cmb_spectrum)
    result.setflags(write=False)
    return result


@lru_cache(maxsize=64)
def _dust_coefficients(energies: Nodes) -> FloatArray:

    def spectrum(a: int) -> Callable[[FloatArray], FloatArray]:
        return lambda eps: np.asarray(dust_spectra(eps)[a])

    result = np.stack([thermal_coefficient(energies.gev, t, spectrum(a)) for a, t in enumerate(TEMPERATURES)], axis=1)
    result.setflags(write=False)
    return result


def _energies(energy: u.Quantity) -> FloatArray:
    gev = to_array(energy, u.GeV, "energy")
    if np.any(gev <= 0):
        raise InputError(f"energy: {energy} is out of range; allowed: > 0 GeV")
    return gev


@dataclass(frozen=True)
class Absorption:
    """Gamma-gamma absorption in the Galaxy.

    Published: pair production, and the microwave background (Fixsen 2009), which absorbs most at 2.2 PeV, with a mean
    free path of 7.07 kpc. Reconstructed: the dust of Misiriotis et al. 2006, read in a public code, times
    ``dust_scale``.

    ``dust_scale`` is a calibration on what three abstracts say, not a derivation. Moskalenko, Porter & Strong 2006 (ApJ
    640, L155) give about 25 % attenuation at most near 100 TeV from the Galactic centre, Vernetto & Lipari 2016 (PRD
    94, 063009) up to 45 % for far sources behind it; the dust as fitted gives 17 to 18 % and 34 %. Zhang et al. 2006
    (A&A 449, 641) give about 10 % at 50 TeV from the centre; the dust as fitted gives 10 %, and 1.4 times it 13 %.
    Depending on which is to be met, 1.0 to 1.8 is needed; 1.4 lies between.

    HERMES' integrator for absorbed gamma rays from pion decay uses the microwave background only:
    ``Absorption(("cmb",))`` is like that.

    Parameters
    ----------
    fields
        Which of ``"cmb"`` and ``"dust"`` absorb, in any order; none leaves the Galaxy transparent.
    dust_scale
        Factor on the photons of the dust; published attenuations leave 1.0 to 1.8 open.

    Raises
    ------
    InputError
        For unknown or repeated fields, and a scale that is negative or not finite.

    Examples
    --------
    What arrives at 1 PeV from the Galactic centre:

    >>> import astropy.units as u
    >>> from skycocoon import Absorption, Sun
    >>> absorption = Absorption(("cmb",))
    >>> absorption.transmission(1 * u.PeV, Sun(), 0 * u.deg, 0 * u.deg, 8.5 * u.kpc).round(2)
    <Quantity 0.39>
    """

    fields: tuple[str, ...] = ABSORBERS
    dust_scale: float = 1.4

    def __post_init__(self) -> None:
        if not isinstance(self.fields, (tuple, list)):
            raise InputError(f"absorption: fields {self.fields!r} is not a list; allowed in it: {', '.join(ABSORBERS)}")
        names = [check_name("absorbing field", name, ABSORBERS) for name in self.fields]
        if len(set(names)) < len(names):
            raise InputError(f"absorption: a field is named twice in {', '.join(names)}")
        if isinstance(self.dust_scale, bool) or not isinstance(self.dust_scale, (int, float)):
            raise InputError(f"absorption: dust_scale {self.dust_scale!r} is not a number")
        if not (math.isfinite(self.dust_scale) and self.dust_scale >= 0):
            raise InputError(f"absorption: dust_scale {self.dust_scale:g} is out of range; allowed: >= 0")
        # One order, so that equal absorbers compare and hash as equal.
        object.__setattr__(self, "fields", tuple(name for name in ABSORBERS if name in names))
        object.__setattr__(self, "dust_scale", float(self.dust_scale))

    def __str__(self) -> str:
        parts = {"cmb": "the CMB", "dust": f"infrared of dust (times {self.dust_scale:g})"}
        if not self.fields:
            return "no gamma-gamma absorption"
        return "gamma-gamma absorption on " + " and ".join(parts[name] for name in self.fields)

    def uniform(self, energy: FloatArray) -> FloatArray:
        """Absorption coefficient that is the same everywhere [kpc^-1]: that of the microwave background.

        Parameters
        ----------
        energy
            (n,) gamma-ray energies [GeV], positive. Far below the threshold the coefficient is 0.

        Returns
        -------
        coefficient
            (n,), read-only.
        """
        return _cmb_coefficients(Nodes(energy)) if "cmb" in self.fields else np.zeros(np.size(energy))

    def factors(self, energy: FloatArray) -> FloatArray:
        """Factors of the dust's weights in its absorption coefficient [kpc^-1 per g cm^-2 sr].

        ``factors(energy) @ dust_weights(R, z)`` is the coefficient at a place.

        Parameters
        ----------
        energy
            (n,) gamma-ray energies [GeV], positive.

        Returns
        -------
        factors
            (n, n_a), with a as in :data:`~skycocoon.absorption.dust.TEMPERATURES`; ``dust_scale`` is in it.
        """
        if "dust" not in self.fields:
            return np.zeros((np.size(energy), len(TEMPERATURES)))
        return self.dust_scale * _dust_coefficients(Nodes(energy))

    def coefficient(self, energy: u.Quantity, radius: u.Quantity, height: u.Quantity) -> u.Quantity:
        """Absorption coefficient K [kpc^-1] at a place.

        Parameters
        ----------
        energy
            Gamma-ray energies.
        radius, height
            Galactocentric R and z, which broadcast.

        Returns
        -------
        coefficient
            Of the shape of ``energy`` followed by that of the position.
        """
        gev = _energies(energy)
        r, z = np.broadcast_arrays(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
        flat = gev.ravel()
        result = np.multiply.outer(self.uniform(flat), np.ones(r.shape))
        if "dust" in self.fields:
            result = result + np.tensordot(self.factors(flat), dust_weights(r, z), axes=(1, 0))
        return result.reshape(gev.shape + r.shape) / u.kpc

    def optical_depth(
        self, energy: u.Quantity, sun: Sun, longitude: u.Quantity, latitude: u.Quantity, distance: u.Quantity
    ) -> u.Quantity:
        """Optical depth between the Sun and one place, by quadrature along the ray.

        Parameters
        ----------
        energy
            Gamma-ray energies.
        sun
            Where the observer is.
        longitude, latitude, distance
            Galactic coordinates of the source and its distance from the Sun; scalars.

        Returns
        -------
        depth
            tau, of the shape of ``energy``.
        """
        gev = _energies(energy)
        l, b = to_float(longitude, u.rad, "longitude"), to_float(latitude, u.rad, "latitude")
        end = to_float(distance, u.kpc, "distance", minimum=0.0)
        flat = gev.ravel()
        depth = self.uniform(flat) * end
        if "dust" in self.fields and end > 0:
            depth = depth + self.factors(flat) @ _weight_column(sun, l, b, end)
        return u.Quantity(depth.reshape(gev.shape))

    def transmission(
        self, energy: u.Quantity, sun: Sun, longitude: u.Quantity, latitude: u.Quantity, distance: u.Quantity
    ) -> u.Quantity:
        """Part of the gamma rays that arrives from one place, exp(-tau).

        Parameters
        ----------
        energy, sun, longitude, latitude, distance
            As in :meth:`optical_depth`.

        Returns
        -------
        transmission
            Of the shape of ``energy``.
        """
        return np.exp(-self.optical_depth(energy, sun, longitude, latitude, distance))

    def plot(self, sun: Sun, meta: Mapping[str, str] = MappingProxyType({})) -> Any:
        """Draw the transmission of gamma rays from the Galactic centre and other places against energy.

        If nothing absorbs: what CMB and dust would do, and the title says so.

        Parameters
        ----------
        sun
            Where the observer is.
        meta
            How the model was made, for the small print.

        Returns
        -------
        matplotlib.axes.Axes
            Of the figure.
        """
        from ..plot import Axis, Curve, Look, Panel, plot_panel
        from ..plot.curves import ENERGY
        from ..plot.style import LINES

        off = "" if self.fields else "switched off; it would be:\n"
        shown = self if self.fields else Absorption(dust_scale=self.dust_scale)
        absorbers = {"": (shown, Look(None, "-", 1.5))}
        if "dust" in shown.fields:
            absorbers[", CMB only"] = Absorption(("cmb",), shown.dust_scale), Look(None, ":", 1)
        energy = np.geomspace(3e3, 3e7, 161) * u.GeV
        centre = sun.radius.to_value(u.kpc)
        places = (
            (f"Galactic centre, {centre:g} kpc", 0.0, centre),
            (f"behind it, {2 * centre:g} kpc", 0.0, 2 * centre),
            ("l = 30°, 15 kpc", 30.0, 15.0),
            ("l = 180°, 10 kpc", 180.0, 10.0),
        )
        curves = []
        for (label, lon, distance), colour in zip(places, LINES, strict=False):
            for note, (absorber, look) in absorbers.items():
                arriving = absorber.transmission(energy, sun, lon * u.deg, 0 * u.deg, distance * u.kpc).value
                curves.append(Curve(label + note, energy.to_value(u.TeV), arriving, replace(look, colour=colour)))
        y_axis = Axis("transmission", log=False, limits=(0, 1.03))
        return plot_panel(Panel(f"{off}{shown}", tuple(curves), x=ENERGY, y=y_axis), meta=meta, fontsize=7)

    def describe(self) -> list[str]:
        """What absorbs, how far that is to be trusted, and what arrives from the Galactic centre."""
        lines, absorber, verb = [str(self)], self, "arrives"
        if not self.fields:
            absorber, verb = Absorption(), "with CMB and dust would arrive"
        if "cmb" in self.fields:
            peak, energy = self.uniform(PEAK)[0], PEAK[0] / 1e6
            lines.append(f"  CMB: {T_CMB:g} K (Fixsen 2009), at most {peak:.4f}/kpc, at {energy:g} PeV (published)")
        if "dust" in self.fields:
            low, high = DUST_SCALE_BAND
            lines += [
                "  dust: discs of Misiriotis et al. 2006, as in a public code, with an opacity from memory; "
                "HERMES has none for pion decay",
                f"  dust_scale = {self.dust_scale:g}, open from {low:g} to {high:g}: a calibration on three abstracts "
                "(Moskalenko et al., Zhang et al. 2006, Vernetto & Lipari 2016), not a derivation",
                "  isotropic targets: less than 4 % of a diffuse flux; starlight left out: about 1 %",
                "  no mid infrared, no PAH: below some 50 TeV a lower bound",
            ]
        elif self.fields:
            lines.append("  infrared of dust left out, as in HERMES' absorbed pion decay")
        sun = Sun()
        arrives = absorber.transmission([0.1, 1.0] * u.PeV, sun, 0 * u.rad, 0 * u.rad, sun.radius).value
        parts = f"{arrives[0]:.3f} at 100 TeV, {arrives[1]:.3f} at 1 PeV"
        return [*lines, f"  {verb} from the Galactic centre, {sun.radius:g}: {parts}"]


def _weight_column(sun: Sun, longitude: float, latitude: float, distance: float) -> FloatArray:
    """(n_a,) integral of the dust's weights along a ray [kpc g cm^-2 sr]; angles in rad, distance in kpc.

    Panels halve towards the closest approach to the axis and towards the plane, where the weights bend most.
    """
    radius, height = sun.place
    across, up = math.cos(latitude), math.sin(latitude)
    bends = [radius * math.cos(longitude) / across] if across > 1e-9 else []
    bends += [-height / up] if abs(up) > 1e-9 else []
    s, w = halving_panels(0.0, distance, [(bend, SMALLEST) for bend in bends], PER_PANEL)
    r = np.hypot(radius - s * across * math.cos(longitude), s * across * math.sin(longitude))
    return dust_weights(r, height + s * up) @ w
