"""Gas model ``galprop``: HI and H2 as GALPROP has them (Moskalenko et al. 2002, ApJ 565, 280)."""

from __future__ import annotations

from functools import lru_cache

import astropy.units as u
import numpy as np

from ...shipped import data_folder
from ...units import CM_PER_KPC, FloatArray, to_array
from .model import LN2, GasModel

__all__ = ["MODEL"]

GALPROP_X_CO = 1.9e20
"""Strong & Mattox 1996, A&A 308, L21 [cm^-2 (K km/s)^-1]."""


@lru_cache(maxsize=1)
def _galprop_tables() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Centres of the HI bins, Y; radii, CO emissivity [K km/s/kpc] and half width [kpc] (all radii in kpc)."""
    from astropy.table import QTable

    folder = data_folder() / "gas"
    hi = QTable.read(folder / "galprop-hi.ecsv", format="ascii.ecsv", encoding="utf-8")
    co = QTable.read(folder / "galprop-co.ecsv", format="ascii.ecsv", encoding="utf-8")
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

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
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

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    *_, radius, emissivity, half_width = _galprop_tables()
    eps = np.interp(R, radius, emissivity, right=0.0)
    width = np.interp(R, radius, half_width)
    return np.asarray(2 * GALPROP_X_CO * eps / CM_PER_KPC * np.exp(-LN2 * (z / width) ** 2))


def galprop_kinks() -> tuple[float, ...]:
    """Radii [kpc] of the nodes of both tables, and where the shape of the HI layer changes."""
    centre, _, radius, _, _ = _galprop_tables()
    return tuple(sorted({*map(float, centre), *map(float, radius[1:]), 8.0, 10.0}))


MODEL = GasModel(
    reference="Gordon & Burton 1976, Dickey & Lockman 1990, Bronfman et al. 1988 as in GALPROP",
    atomic=galprop_atomic,
    molecular=galprop_molecular,
    x_co=GALPROP_X_CO,
    x_co_source="Strong & Mattox 1996, A&A 308, L21",
    provenance="published; offsets of the H2 layer (< 39 pc) left out",
    kinks=galprop_kinks,
)
"""The gas of GALPROP."""
