"""Gas model ``nakanishi-sofue``: HI and H2 of Nakanishi & Sofue 2003, 2006."""

from __future__ import annotations

import numpy as np

from ...units import FloatArray
from .model import LN2, GasModel

__all__ = ["MODEL"]

# 0.94 and 1.06 bring densities and heights from R_sun = 8 kpc to 8.5 kpc [inferred: 8.5/8 = 1.06 = 1/0.94].


def nakanishi_sofue_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Nakanishi & Sofue 2003, PASJ 55, 191 [cm^-3], as fitted in arXiv:1607.07886 (appendix C).

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    width = 1.06e-3 * (116.3 + R * (19.3 + R * (4.1 - 0.05 * R)))
    plane = 0.94 * (0.6 * np.exp(-R / 2.4) + 0.24 * np.exp(-(((R - 9.5) / 4.8) ** 2)))
    return np.asarray(plane * np.exp(-LN2 * (z / width) ** 2))


def nakanishi_sofue_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Nakanishi & Sofue 2006, PASJ 58, 847 [cm^-3], as fitted in arXiv:1607.07886 (appendix C).

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    width = 1.06e-3 * (10.8 * np.exp(0.28 * R) + 42.78)
    plane = 0.94 * (11.2 * np.exp(-(R**2) / 0.874) + 0.83 * np.exp(-(((R - 4.0) / 3.2) ** 2)))
    return np.asarray(2 * plane * np.exp(-LN2 * (z / width) ** 2))


MODEL = GasModel(
    reference="Nakanishi & Sofue 2003, 2006 as fitted in arXiv:1607.07886",
    atomic=nakanishi_sofue_atomic,
    molecular=nakanishi_sofue_molecular,
    x_co=1.8e20,
    x_co_source="Dame et al. 2001, ApJ 547, 792 [that the maps use it: from memory]",
    provenance="published, coefficients as in HERMES and CRPropa; X_CO from memory",
)
"""The gas of Nakanishi & Sofue."""
