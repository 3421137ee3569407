"""Source discs: power law times exponential in R, a layer in z, normalised to a rate (eqs. 1 and 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

import astropy.units as u
import numpy as np
from scipy.special import erf, gamma, gammainc

from ..errors import InputError, check_name
from ..units import FloatArray, to_array, to_float
from .elements import divided, halving_edges, product_table
from .grid import CylindricalGrid
from .table import RATE_DENSITY, DensityTable

__all__ = ["PROFILES", "VERTICALS", "SourceDisc"]

PROFILES: MappingProxyType[str, tuple[float, float, float]] = MappingProxyType(
    {
        # (a, b, offset in kpc)
        "green2015": (1.09, 3.87, 0.0),  # Green 2015, MNRAS 454, 1517, power law times exponential
        "case-bhattacharya1998": (2.0, 3.53, 0.0),  # Case & Bhattacharya 1998, ApJ 504, 761
        "yusifov-kucuk2004": (1.64, 4.01, 0.55),  # Yusifov & Kucuk 2004, A&A 422, 545
    }
)
"""Published radial profiles of supernova remnants and pulsars: (a, b, offset [kpc])."""

# Coefficients in R of an element.
RADIAL_ORDER = 9

VERTICALS = ("exponential", "gaussian", "top-hat")


@dataclass(frozen=True)
class SourceDisc:
    r"""Sources per volume and time in a disc.

    .. math:: R(r, z) = R_0 \left(\frac{r + r_1}{R_\odot + r_1}\right)^a
              \exp\left(-b\,\frac{r - R_\odot}{R_\odot + r_1}\right) v(z),\quad r < R_d,\ |z| < H_d

    with v = exp(-\|z\|/h) (default), exp(-z^2/2h^2) or 1 for \|z\| < h. R_0 is set so that the volume integral is
    ``rate``. Paper: eqs. 1 and 2, with r_1 = 0. Published: the form and Green's a and b. Reconstructed: h, R_d, H_d
    and the exponential vertical shape.

    Parameters
    ----------
    a, b
        Power and exponential slope.
    offset
        r_1, used by Yusifov and Kucuk [length].
    sun_radius
        Pivot of the profile [length].
    height
        Scale height h [length].
    radius, half_height
        The cylinder that holds the disc: R_d and H_d [length].
    rate
        Sources in the whole disc per time; 1/(30 yr) in the paper.
    vertical
        ``"exponential"``, ``"gaussian"`` or ``"top-hat"``.

    Raises
    ------
    InputError
        For values out of range and unknown names.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import SourceDisc
    >>> disc = SourceDisc.preset("green2015", height=50 * u.pc)
    >>> disc.total().to(1 / u.yr).round(4)
    <Quantity 0.0333 1 / yr>
    >>> disc.grid(rtol=1e-4).total().to(1 / u.yr).round(4)
    <Quantity 0.0333 1 / yr>
    """

    a: float = 1.09
    b: float = 3.87
    offset: u.Quantity = field(default=0.0 * u.kpc)
    sun_radius: u.Quantity = field(default=8.5 * u.kpc)
    height: u.Quantity = field(default=0.1 * u.kpc)
    radius: u.Quantity = field(default=20.0 * u.kpc)
    half_height: u.Quantity = field(default=0.5 * u.kpc)
    rate: u.Quantity = field(default=1.0 / (30.0 * u.yr))
    vertical: str = "exponential"

    def __post_init__(self) -> None:
        for name in ("sun_radius", "height", "radius", "half_height"):
            to_float(getattr(self, name), u.kpc, f"disc {name}", minimum=0.0, exclusive=True)
        to_float(self.offset, u.kpc, "disc offset", minimum=0.0)
        to_float(self.rate, u.yr**-1, "disc rate", minimum=0.0)
        if not (math.isfinite(self.a) and self.a > -1 and math.isfinite(self.b) and self.b >= 0):
            raise InputError(f"disc: a = {self.a:g} and b = {self.b:g} are out of range; allowed: a > -1, b >= 0")
        check_name("vertical profile", self.vertical, VERTICALS)

    def __str__(self) -> str:
        pivot = self.sun_radius.to_value(u.kpc)
        offset = f" offset {self.offset:g}" if self.offset > 0 else ""
        return (
            f"disc (R/{pivot:g} kpc)^{self.a:g} exp[-{self.b:g} (R/{pivot:g} kpc - 1)]{offset}, {self.vertical} with "
            f"h = {self.height:g}, R < {self.radius:g}, |z| < {self.half_height:g}, {self.rate.to(u.yr**-1):.4g}"
        )

    @classmethod
    def preset(cls, profile: str, **changes: object) -> SourceDisc:
        """A published radial profile.

        Parameters
        ----------
        profile
            A key of :data:`PROFILES`.
        **changes
            Other parameters of the class.

        Returns
        -------
        SourceDisc
            The disc.

        Raises
        ------
        InputError
            For an unknown profile, and as the class does.
        """
        a, b, offset = PROFILES[check_name("disc profile", profile, PROFILES)]
        return cls(a=a, b=b, offset=offset * u.kpc, **changes)  # type: ignore[arg-type]

    def shape(self, r: FloatArray, z: FloatArray) -> FloatArray:
        """The rate per volume with R_0 = 1, not yet cut at the cylinder's walls and lids.

        Parameters
        ----------
        r, z
            R and z [kpc], which broadcast.

        Returns
        -------
        array
            Dimensionless, of the shape that R and z broadcast to.
        """
        return np.asarray(self.radial(r) * self.profile_in_z(np.abs(z), self.height.to_value(u.kpc)))

    def radial(self, r: FloatArray) -> FloatArray:
        """The radial profile, 1 at the Sun's radius [R in kpc]."""
        r1, sun = self.offset.to_value(u.kpc), self.sun_radius.to_value(u.kpc)
        return np.asarray(((r + r1) / (sun + r1)) ** self.a * np.exp(-self.b * (r - sun) / (sun + r1)))

    def profile_in_z(self, z: FloatArray, h: float) -> FloatArray:
        """The vertical profile v, 1 in the plane.

        Parameters
        ----------
        z
            Heights above the plane, not negative [kpc].
        h
            Scale height [kpc].

        Returns
        -------
        array
            Of the shape of the heights.
        """
        if self.vertical == "exponential":
            return np.asarray(np.exp(-z / h))
        if self.vertical == "gaussian":
            return np.asarray(np.exp(-0.5 * (z / h) ** 2))
        return np.where(z <= h, 1.0, 0.0)

    def radial_integral(self, radius: float) -> float:
        """Integral of 2 pi R times the radial profile (R_0 = 1) out to a radius [kpc], in closed form [kpc^2]."""
        r1, sun = self.offset.to_value(u.kpc), self.sun_radius.to_value(u.kpc)
        scale = sun + r1
        # int (t - r1) t^a e^{-b (t - scale)/scale} dt / scale^a from r1 to r1 + radius, with t = r + r1
        if self.b == 0.0:
            first, last = r1, r1 + radius

            def power(k: float) -> float:
                return (last ** (k + 1) - first ** (k + 1)) / (k + 1)

            return 2 * math.pi * (power(self.a + 1) - r1 * power(self.a)) / scale**self.a

        def incomplete(k: float) -> float:
            x = np.array([r1, r1 + radius]) * self.b / scale
            low, high = gammainc(k + 1, x)
            return float(gamma(k + 1) * (high - low) * (scale / self.b) ** (k + 1))

        integral = incomplete(self.a + 1) - (r1 * incomplete(self.a) if r1 else 0.0)
        return 2 * math.pi * math.exp(self.b) * integral / scale**self.a

    def vertical_integral(self) -> float:
        """Integral of the vertical profile over \\|z\\| < H_d [kpc]."""
        h, top = self.height.to_value(u.kpc), self.half_height.to_value(u.kpc)
        if self.vertical == "exponential":
            return -2 * h * math.expm1(-top / h)
        if self.vertical == "gaussian":
            return float(h * math.sqrt(2 * math.pi) * erf(top / h / math.sqrt(2)))
        return 2 * min(h, top)

    @property
    def top(self) -> float:
        """Height [kpc] at which the disc ends: a top hat ends at h."""
        top = min(self.height, self.half_height) if self.vertical == "top-hat" else self.half_height
        return float(top.to_value(u.kpc))

    @property
    def normalisation(self) -> u.Quantity:
        """R_0, the rate per volume at the Sun's radius in the plane [kpc^-3 yr^-1] (eq. 2).

        For r_1 = 0 and the exponential layer this is
        R_0 = rate / {2 pi R_sun^2 e^b Gamma(a+2) P(a+2, b R_d/R_sun) b^-(a+2) 2h (1 - e^{-H_d/h})}.
        """
        volume = self.radial_integral(self.radius.to_value(u.kpc)) * self.vertical_integral()
        return (self.rate / (volume * u.kpc**3)).to("kpc-3 yr-1")

    def density(self, radius: u.Quantity, azimuth: u.Quantity, height: u.Quantity) -> u.Quantity:
        """Rate per volume, zero outside the cylinder (eq. 1).

        Parameters
        ----------
        radius, azimuth, height
            Galactocentric R, phi and z, which broadcast.

        Returns
        -------
        Quantity
            [kpc^-3 yr^-1].
        """
        r = to_array(radius, u.kpc, "radius")
        z = to_array(height, u.kpc, "height")
        inside = (r <= self.radius.to_value(u.kpc)) & (np.abs(z) <= self.half_height.to_value(u.kpc))
        return np.where(inside, self.shape(r, z), 0.0) * self.normalisation

    def total(self) -> u.Quantity:
        """Rate in the whole disc [yr^-1]."""
        return self.rate.to(u.yr**-1)

    def normalised(self, rate: u.Quantity) -> SourceDisc:
        """The same shape with another total rate."""
        return replace(self, rate=rate)

    def grid(self, rtol: float = 1e-5) -> CylindricalGrid:
        """The disc on a grid whose interpolation error is below ``rtol``."""
        return CylindricalGrid.sample(
            self.density,
            self.radius,
            self.top * u.kpc,
            axisymmetric=True,
            symmetric=True,
            rtol=rtol,
            interpolation="log",
            smooth=True,
        )

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read, made once per disc and accuracy."""
        return _table(self, rtol)


@lru_cache(maxsize=32)
def _table(disc: SourceDisc, rtol: float) -> DensityTable:
    top = disc.top
    # ln n is linear in z or a parabola, and in R a power near the axis: one panel, and panels that halve towards it.
    order = {"exponential": 2, "gaussian": 3, "top-hat": 1}[disc.vertical]
    height = disc.height.to_value(u.kpc)
    profiles = disc.radial, lambda z: disc.profile_in_z(z, height)
    outer = disc.radius.to_value(u.kpc)
    radial = divided(
        lambda r: disc.radial(r)[:, None],
        halving_edges(np.array([0.0, outer]), 0.04 * outer), RADIAL_ORDER, rtol, inner=True,
    )  # fmt: skip
    vertical = divided(lambda z: profiles[1](z)[:, None], np.array([0.0, top]), order, rtol)
    scale = disc.normalisation.to_value(RATE_DENSITY)
    return product_table(radial, vertical, profiles, scale)
