"""Interstellar hydrogen: published models of atomic, molecular and ionised gas, and columns through them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from types import MappingProxyType
from typing import Any, ClassVar

import astropy.constants as const
import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, check_name
from ..files import data_folder
from ..units import CM_PER_KPC, FloatArray, to_array, to_float
from .frame import Sun

__all__ = ["GAS_MODELS", "KINDS", "X_CO_UNIT", "Gas", "GasModel"]

KINDS = ("all", "atomic", "molecular", "ionised")
"""Kinds of gas that have a mass and a column."""

X_CO_UNIT = u.Unit("cm-2 K-1 km-1 s")
"""Unit of N(H2) / W_CO, cm^-2 (K km/s)^-1."""

LN2 = math.log(2.0)
HYDROGEN_MASS = (const.m_p + const.m_e).to_value(u.Msun)
"""Mass of a hydrogen atom [Msun]; CODATA (astropy.constants), binding energy neglected."""
CM3_PER_KPC3 = CM_PER_KPC**3

Profile = Callable[[FloatArray, FloatArray], FloatArray]
IndexArray = NDArray[np.int64]


# --- GALPROP -------------------------------------------------------------------------------------------------------

GALPROP_X_CO = 1.9e20
"""Strong & Mattox 1996, A&A 308, L21 [cm^-2 (K km/s)^-1]."""


@lru_cache(maxsize=1)
def _galprop_tables() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Centres of the HI bins, Y; radii, CO emissivity [K km/s/kpc] and half width [kpc] (all radii in kpc)."""
    from astropy.table import QTable

    folder = data_folder() / "gas"
    hi = QTable.read(folder / "galprop-hi.ecsv", format="ascii.ecsv")
    co = QTable.read(folder / "galprop-co.ecsv", format="ascii.ecsv")
    centre = 0.5 * (hi["r_min"] + hi["r_max"])
    return (
        to_array(centre, u.kpc, "galprop-hi.ecsv radius"),
        to_array(hi["density"], u.cm**-3, "galprop-hi.ecsv density"),
        to_array(co["radius"], u.kpc, "galprop-co.ecsv radius"),
        to_array(co["emissivity"], u.Unit("K km s-1 kpc-1"), "galprop-co.ecsv emissivity"),
        to_array(co["half_width"], u.kpc, "galprop-co.ecsv half_width"),
    )


def galprop_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    r"""HI of GALPROP [cm^-3]: n = Y(R) f(R, z) / 0.33 cm^-3.

    Y: Gordon & Burton 1976, ApJ 208, 346, linear between the centres of its bins, exp[-(R - 15.75 kpc)/3 kpc] beyond.
    f at R < 8 kpc: Dickey & Lockman 1990, ARA&A 28, 215; at R > 10 kpc: Cox, Kruegel & Mezger 1986, A&A 155, 380;
    linear in R between. Coefficients as in GALPROP's nH.cc (Moskalenko et al. 2002, ApJ 565, 280).
    """
    centre, plane, *_ = _galprop_tables()
    density = np.interp(R, centre, plane) * np.exp(-np.maximum(R - centre[-1], 0.0) / 3.0)
    inner = 0.395 * np.exp(-LN2 * (z / 0.106) ** 2) + 0.107 * np.exp(-LN2 * (z / 0.265) ** 2)
    inner = inner + 0.064 * np.exp(-np.abs(z) / 0.403)
    outer = 0.57 * np.exp(-((z / (0.0523 * np.exp(0.11 * R))) ** 2))
    weight = np.clip((R - 8.0) / 2.0, 0.0, 1.0)
    return np.asarray(density / 0.33 * ((1 - weight) * inner + weight * outer))


def galprop_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    r"""H nuclei in H2 of GALPROP [cm^-3].

    .. math:: 2 n_{H_2} = 2 X_{CO}\,\epsilon(R)\,e^{-\ln 2\,(z/Z_h)^2}

    epsilon and Z_h: Bronfman et al. 1988, ApJ 324, 248 (table 3), Wouterloot et al. 1990, A&A 230, 21 (R >= 10 kpc) and
    Ferriere, Gillard & Jean 2007, A&A 467, 611 (R <= 1.5 kpc) as tabulated in GALPROP's nH.cc; X_CO: Strong & Mattox
    1996. Offsets Z_0 from the plane, at most 39 pc there, are left out. Zero beyond the table's last radius, 21 kpc.
    """
    *_, radius, emissivity, half_width = _galprop_tables()
    eps = np.interp(R, radius, emissivity, right=0.0)
    width = np.interp(R, radius, half_width)
    return np.asarray(2 * GALPROP_X_CO * eps / CM_PER_KPC * np.exp(-LN2 * (z / width) ** 2))


def _galprop_kinks() -> tuple[float, ...]:
    centre, _, radius, _, _ = _galprop_tables()
    return tuple(sorted({*map(float, centre), *map(float, radius[1:]), 8.0, 10.0}))


# --- Nakanishi & Sofue ---------------------------------------------------------------------------------------------
# 0.94 and 1.06 bring densities and heights from R_sun = 8 kpc to 8.5 kpc [inferred: 8.5/8 = 1.06 = 1/0.94].


def nakanishi_sofue_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Nakanishi & Sofue 2003, PASJ 55, 191 [cm^-3], as fitted in arXiv:1607.07886 (appendix C)."""
    width = 1.06e-3 * (116.3 + R * (19.3 + R * (4.1 - 0.05 * R)))
    plane = 0.94 * (0.6 * np.exp(-R / 2.4) + 0.24 * np.exp(-(((R - 9.5) / 4.8) ** 2)))
    return np.asarray(plane * np.exp(-LN2 * (z / width) ** 2))


def nakanishi_sofue_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Nakanishi & Sofue 2006, PASJ 58, 847 [cm^-3], as fitted in arXiv:1607.07886 (appendix C)."""
    width = 1.06e-3 * (10.8 * np.exp(0.28 * R) + 42.78)
    plane = 0.94 * (11.2 * np.exp(-(R**2) / 0.874) + 0.83 * np.exp(-(((R - 4.0) / 3.2) ** 2)))
    return np.asarray(2 * plane * np.exp(-LN2 * (z / width) ** 2))


# --- Misiriotis et al. ---------------------------------------------------------------------------------------------


def misiriotis_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Misiriotis et al. 2006, A&A 459, 113 [cm^-3]; none at R <= 2.75 kpc."""
    return np.where(R > 2.75, 0.32 * np.exp(-R / 18.24 - np.abs(z) / 0.52), 0.0)


def misiriotis_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Misiriotis et al. 2006, A&A 459, 113 [cm^-3]."""
    return np.asarray(2 * 4.06 * np.exp(-R / 2.57 - np.abs(z) / 0.08))


# --- Ferriere ------------------------------------------------------------------------------------------------------

FERRIERE_EDGE = 3.0
"""Radius [kpc] inside which Ferriere, Gillard & Jean 2007 takes over from Ferriere 1998."""
FERRIERE_AZIMUTHS = 128
"""Azimuths in a mean. The tilted disc crosses a height in some 0.06 rad: 2e-6 of its maximum is left out."""


def ferriere_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Ferriere 1998, ApJ 497, 759 (R > 3 kpc) and, as a mean over azimuth, of Ferriere et al. 2007 [cm^-3].

    Coefficients as in CRPropa 3 (Ferriere.cpp).
    """

    def outer(R: FloatArray, z: FloatArray) -> FloatArray:
        a = np.maximum(R / 8.5, 1.0)
        shapes = np.exp(-((z / (0.127 * a)) ** 2)), np.exp(-((z / (0.318 * a)) ** 2)), np.exp(-np.abs(z) / (0.403 * a))
        cold = 0.340 / a**2 * (0.859 * shapes[0] + 0.047 * shapes[1] + 0.094 * shapes[2])
        warm = (1.745 - 1.289 / a) * shapes[0] + (0.473 - 0.070 / a) * shapes[1] + (0.283 - 0.142 / a) * shapes[2]
        return np.asarray(cold + 0.226 / a * warm)

    return _ferriere(outer, (8.8, 0.054), (0.34, 0.120), R, z)


def ferriere_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Ferriere 1998 (R > 3 kpc) and, as a mean over azimuth, of Ferriere et al. 2007 [cm^-3].

    Outside, 0.58 cm^-3 at the Sun is taken to count H nuclei already [inferred: as molecules it would give
    4.1 Msun/pc^2 at the Sun and 3.6e9 Msun, both twice what is observed]; CRPropa 3, whose coefficients these are,
    doubles it. Inside, 150 and 4.8 cm^-3 count molecules and are doubled: so they give the 1.9e7 and 3.4e7 Msun that
    Ferriere et al. 2007 find for the central zone and the disc around it [masses from memory].
    """

    def outer(R: FloatArray, z: FloatArray) -> FloatArray:
        x = R / 8.5
        radial = x**-0.58 * np.exp(-((R - 4.5) ** 2 - (8.5 - 4.5) ** 2) / 2.9**2)
        return np.asarray(0.58 * radial * np.exp(-((z / (0.081 * x**0.58)) ** 2)))

    return _ferriere(outer, (2 * 150.0, 0.018), (2 * 4.8, 0.042), R, z)


def _ferriere(
    outer: Profile, zone: tuple[float, float], disc: tuple[float, float], R: FloatArray, z: FloatArray
) -> FloatArray:
    """The outer profile at R > 3 kpc, and inside the mean over azimuth of the central zone and the tilted disc.

    Both lie on ellipses: exp{-[(A - A_0)/L]^4} exp(-z'^2/h^2) with A^2 = x'^2 + (e y')^2 (Ferriere, Gillard & Jean
    2007; coefficients as in CRPropa 3).

    Parameters
    ----------
    outer
        Profile at R > 3 kpc.
    zone, disc
        Density [cm^-3] and height h [kpc] of the central molecular zone and of the tilted disc.
    R, z
        Broadcasting radii and heights [kpc].
    """
    R, z = np.broadcast_arrays(R, z)
    inside = R <= FERRIERE_EDGE
    result = outer(np.maximum(R, FERRIERE_EDGE), z)
    if not inside.any():
        return result
    r, height = R[inside], z[inside]
    turn = math.radians(70.0)
    alpha, beta, theta = (math.radians(x) for x in (13.5, 20.0, 48.5))
    total = np.zeros(r.shape)
    for azimuth in 2 * math.pi * (np.arange(FERRIERE_AZIMUTHS) + 0.5) / FERRIERE_AZIMUTHS:
        x, y = r * math.cos(azimuth), r * math.sin(azimuth)
        # Central zone: turned about the axis, its centre 50 pc off in x and in y.
        dx, dy = x + 0.05, y - 0.05
        major, minor = dx * math.cos(turn) + dy * math.sin(turn), dy * math.cos(turn) - dx * math.sin(turn)
        a = np.hypot(major, 2.5 * minor)
        total += zone[0] * np.exp(-(((a - 0.125) / 0.137) ** 4) - (height / zone[1]) ** 2)
        # Disc: tilted about x by alpha, about y by beta, then turned in its own plane by theta.
        y1, z1 = y * math.cos(alpha) - height * math.sin(alpha), y * math.sin(alpha) + height * math.cos(alpha)
        x2, z2 = x * math.cos(beta) - z1 * math.sin(beta), x * math.sin(beta) + z1 * math.cos(beta)
        major, minor = x2 * math.cos(theta) + y1 * math.sin(theta), y1 * math.cos(theta) - x2 * math.sin(theta)
        a = np.hypot(major, 3.1 * minor)
        total += disc[0] * np.exp(-(((a - 1.2) / 0.438) ** 4) - (z2 / disc[1]) ** 2)
    result = np.array(result)
    result[inside] = total / FERRIERE_AZIMUTHS
    return result


# --- Ionised gas ---------------------------------------------------------------------------------------------------


def cordes_ionised(R: FloatArray, z: FloatArray) -> FloatArray:
    """HII of Cordes et al. 1991, Nature 354, 121, eq. 6 and table 1 [cm^-3]: one H nucleus per free electron."""
    wide = 0.025 * np.exp(-np.abs(z) - (R / 20.0) ** 2)
    return np.asarray(wide + 0.2 * np.exp(-np.abs(z) / 0.15 - ((R - 4.0) / 2.0) ** 2))


# --- The models ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GasModel:
    """A published model of HI and H2.

    Attributes
    ----------
    reference
        Papers, in a few words.
    atomic, molecular
        H nuclei [cm^-3] at R and z [kpc], which broadcast.
    x_co
        X_CO that its H2 is based on [cm^-2 (K km/s)^-1]; None if that is not known to us.
    x_co_source
        Where that comes from, or why there is none.
    provenance
        What is published and what is not.
    kinks
        Gives the radii [kpc] at which a density has a kink or a jump.
    jumps
        Radii [kpc] at which it jumps.
    """

    reference: str
    atomic: Profile
    molecular: Profile
    x_co: float | None
    x_co_source: str
    provenance: str
    kinks: Callable[[], tuple[float, ...]] = tuple
    jumps: tuple[float, ...] = ()


GAS_MODELS: MappingProxyType[str, GasModel] = MappingProxyType(
    {
        "galprop": GasModel(
            "Gordon & Burton 1976, Dickey & Lockman 1990, Bronfman et al. 1988 as in GALPROP",
            galprop_atomic,
            galprop_molecular,
            GALPROP_X_CO,
            "Strong & Mattox 1996, A&A 308, L21",
            "published; offsets of the H2 layer (< 39 pc) left out",
            _galprop_kinks,
        ),
        "nakanishi-sofue": GasModel(
            "Nakanishi & Sofue 2003, 2006 as fitted in arXiv:1607.07886",
            nakanishi_sofue_atomic,
            nakanishi_sofue_molecular,
            1.8e20,
            "Dame et al. 2001, ApJ 547, 792 [that the maps use it: from memory]",
            "published, coefficients as in HERMES and CRPropa; X_CO from memory",
        ),
        "misiriotis": GasModel(
            "Misiriotis et al. 2006",
            misiriotis_atomic,
            misiriotis_molecular,
            None,
            "the X_CO of Misiriotis et al. 2006 is not known to us",
            "published, coefficients as in a public code",
            lambda: (2.75,),
            (2.75,),
        ),
        "ferriere": GasModel(
            "Ferriere 1998; R < 3 kpc: Ferriere et al. 2007",
            ferriere_atomic,
            ferriere_molecular,
            None,
            "it joins CO surveys with different X_CO, 5e19 inside 3 kpc",
            "published; reconstructed: 0.58 cm-3 of H2 at the Sun counts nuclei, R < 3 kpc is a mean over azimuth",
            lambda: (FERRIERE_EDGE, 8.5),
            (FERRIERE_EDGE,),
        ),
    }
)
"""Published models of the Galaxy's neutral hydrogen."""

GAUSS_X, GAUSS_W = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True)
class Gas:
    """Hydrogen nuclei per volume in the Galaxy; axisymmetric and symmetric about the plane.

    What the choice of a model does is large: columns differ by a factor of two (``scale`` is there for that). Helium is
    not in these numbers.

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

    def plot(self, sun: Sun, **options: Any) -> Any:
        """Draw columns against longitude; see :func:`skycocoon.plot.plot_gas`."""
        return import_module("skycocoon.plot").plot_gas(self, sun, **options)

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

    @property
    def radial_jumps(self) -> FloatArray:
        """Radii [kpc] inside the outer edge at which a density jumps: no interpolation should go across."""
        jumps = np.array(GAS_MODELS[self.model].jumps, dtype=np.float64)
        return jumps[jumps < self.radius.to_value(u.kpc)]

    def atomic(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """HI [cm^-3] at R and z [kpc], which broadcast; zero outside the cylinder."""
        return self._inside(GAS_MODELS[self.model].atomic, R, z)

    def molecular(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """H nuclei in H2, 2 n(H2) [cm^-3], at R and z [kpc], which broadcast; zero outside the cylinder."""
        return self.molecular_factor * self._inside(GAS_MODELS[self.model].molecular, R, z)

    def ionised_density(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """HII [cm^-3] at R and z [kpc], which broadcast; zero outside the cylinder, and everywhere if not asked for."""
        if not self.ionised:
            return np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z)))
        return self._inside(cordes_ionised, R, z)

    def hydrogen(self, R: FloatArray, z: FloatArray) -> FloatArray:
        """H nuclei of every kind [cm^-3] at R and z [kpc], which broadcast: the sum of the three."""
        total = self.atomic(R, z) + self.molecular(R, z)
        return total + self.ionised_density(R, z) if self.ionised else total

    def density(self, radius: u.Quantity, azimuth: u.Quantity, height: u.Quantity) -> u.Quantity:
        """H nuclei [cm^-3] at (R, phi, z), which broadcast; zero outside the cylinder."""
        n = self.hydrogen(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
        phi = to_array(azimuth, u.rad, "azimuth")
        return np.broadcast_to(n, np.broadcast_shapes(n.shape, phi.shape)) * u.cm**-3

    def surface_density(self, radius: u.Quantity, kind: str = "all") -> u.Quantity:
        """Hydrogen mass per area of the disc [Msun pc^-2] at radii of any shape, of a kind of gas."""
        R = to_array(radius, u.kpc, "radius")
        return (self._surface(R, kind) * HYDROGEN_MASS * CM3_PER_KPC3 * u.Msun / u.kpc**2).to(u.Msun / u.pc**2)

    def mass(self, kind: str = "all") -> u.Quantity:
        """Hydrogen mass [Msun] of a kind of gas within the cylinder."""
        edges = _edges(self.radial_kinks, self.radius.to_value(u.kpc), 0.25)
        R, w = _nodes(edges)
        total = float(np.sum(w * 2 * np.pi * R * self._surface(R, kind)))
        return total * CM3_PER_KPC3 * HYDROGEN_MASS * u.Msun

    def column(
        self, longitude: u.Quantity, latitude: u.Quantity, sun: Sun, kind: str = "all", rtol: float = 1e-6
    ) -> u.Quantity:
        """H nuclei per area [cm^-2] from the Sun to the end of the gas, by plain adaptive quadrature.

        A reference for the kernels, which it shares nothing with. Rays are cut at the kinks in R, at the point nearest
        to the axis and at a few heights; panels are halved until Gauss-Legendre sums of 10 nodes agree.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [angle], which broadcast.
        sun
            The observer.
        kind
            One of :data:`KINDS`.
        rtol
            Accuracy asked for.
        """
        profile = self._profile(kind)
        lon = to_array(longitude, u.rad, "longitude")
        lat = to_array(latitude, u.rad, "latitude")
        lon, lat = np.broadcast_arrays(lon, lat)
        rays = np.column_stack([lon.ravel(), lat.ravel()])
        result = np.zeros(len(rays))
        block = 500  # Rays at a time: at most some 200 panels of 10 nodes each, 8 MB an array.
        for first in range(0, len(rays), block):
            chosen = slice(first, first + block)
            result[chosen] = self._columns(rays[chosen], sun.place, profile, rtol)
        return result.reshape(lon.shape) * CM_PER_KPC * u.cm**-2

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
        z, w = _nodes(_edges(np.concatenate([[0.02, 0.04], 0.08 * np.arange(1, 11), [1.28, 2.56]]), top, top))
        return np.asarray(2 * np.sum(w * self._profile(kind)(np.asarray(R)[..., None], z), axis=-1))

    def _columns(self, rays: FloatArray, place: FloatArray, profile: Profile, rtol: float) -> FloatArray:
        """Integrals of a density along rays (l, b) [rad]: (n,) in cm^-3 kpc."""
        sun_radius, sun_height = place
        edge, top = self.radius.to_value(u.kpc), self.half_height.to_value(u.kpc)
        cos_l, sin_l = np.cos(rays[:, 0]), np.sin(rays[:, 0])
        cos_b, sin_b = np.cos(rays[:, 1]), np.sin(rays[:, 1])

        # Where R = k: distance s cos b = R_sun cos l -+ sqrt(k^2 - R_sun^2 sin^2 l); and where z = h.
        cylinders = np.append(self.radial_kinks, edge)
        root = np.sqrt(np.maximum(cylinders**2 - (sun_radius * sin_l[:, None]) ** 2, 0.0))
        middle = (sun_radius * cos_l)[:, None]
        heights = np.array([-top, -1.0, -0.3, -0.1, -0.03, 0.0, 0.03, 0.1, 0.3, 1.0, top])
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = np.concatenate([middle - root, middle, middle + root], axis=1) / cos_b[:, None]
            tall = (heights - sun_height) / sin_b[:, None]
        cuts = np.concatenate([flat, tall], axis=1)
        cuts = np.where(np.isfinite(cuts), cuts, 0.0)
        # Beyond the far wall there is nothing; the lids are where the density itself ends.
        far = sun_radius + edge
        far = np.where(cos_b > 1e-6, far / np.maximum(cos_b, 1e-6), np.inf)
        lid = np.where(np.abs(sin_b) > 1e-12, (abs(sun_height) + top) / np.maximum(np.abs(sin_b), 1e-12), np.inf)
        end = np.minimum(far, lid)[:, None]
        cuts = np.sort(np.concatenate([np.zeros_like(end), np.clip(cuts, 0.0, end), end], axis=1), axis=1)

        ray: IndexArray = np.repeat(np.arange(len(rays), dtype=np.int64), cuts.shape[1] - 1)
        low, high = cuts[:, :-1].ravel(), cuts[:, 1:].ravel()

        def gauss(ray: IndexArray, low: FloatArray, high: FloatArray) -> FloatArray:
            half = 0.5 * (high - low)
            s = (0.5 * (low + high))[:, None] + half[:, None] * GAUSS_X
            flat = s * cos_b[ray, None]
            x, y = sun_radius - flat * cos_l[ray, None], flat * sin_l[ray, None]
            return np.asarray(half * (profile(np.hypot(x, y), sun_height + s * sin_b[ray, None]) @ GAUSS_W))

        keep = high > low
        ray, low, high = ray[keep], low[keep], high[keep]
        coarse = gauss(ray, low, high)
        total = np.bincount(ray, coarse, minlength=len(rays))
        result = np.zeros(len(rays))
        for _ in range(40):
            mid = 0.5 * (low + high)
            left, right = gauss(ray, low, mid), gauss(ray, mid, high)
            # A tenth of rtol per panel: errors of the few panels that count add up to less than rtol.
            good = np.abs(left + right - coarse) <= 0.1 * rtol * total[ray]
            result += np.bincount(ray[good], (left + right)[good], minlength=len(rays))
            bad = ~good
            if not bad.any():
                break
            ray = np.concatenate([ray[bad], ray[bad]])
            low, high = np.concatenate([low[bad], mid[bad]]), np.concatenate([mid[bad], high[bad]])
            coarse = np.concatenate([left[bad], right[bad]])
        return result


def _edges(kinks: FloatArray, end: float, longest: float) -> FloatArray:
    """Panel edges from 0 to an end, at kinks and not further apart than ``longest``."""
    marks = np.unique(np.concatenate([[0.0], kinks[(kinks > 0) & (kinks < end)], [end]]))
    parts = [np.linspace(a, b, math.ceil((b - a) / longest) + 1)[:-1] for a, b in pairwise(marks)]
    return np.concatenate([*parts, [end]])


def _nodes(edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights of panels."""
    half = 0.5 * np.diff(edges)[:, None]
    x = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * GAUSS_X
    return x.ravel(), (half * GAUSS_W).ravel()
