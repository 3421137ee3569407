"""Gas model ``misiriotis``: HI and H2 of Misiriotis et al. 2006, A&A 459, 113."""

from __future__ import annotations

import numpy as np

from ...units import FloatArray
from .model import GasModel

__all__ = ["MODEL"]


def misiriotis_atomic(R: FloatArray, z: FloatArray) -> FloatArray:
    """HI of Misiriotis et al. 2006, A&A 459, 113 [cm^-3]; none at R <= 2.75 kpc.

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    return np.where(R > 2.75, 0.32 * np.exp(-R / 18.24 - np.abs(z) / 0.52), 0.0)


def misiriotis_molecular(R: FloatArray, z: FloatArray) -> FloatArray:
    """H nuclei in H2 of Misiriotis et al. 2006, A&A 459, 113 [cm^-3].

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    return np.asarray(2 * 4.06 * np.exp(-R / 2.57 - np.abs(z) / 0.08))


MODEL = GasModel(
    reference="Misiriotis et al. 2006",
    atomic=misiriotis_atomic,
    molecular=misiriotis_molecular,
    x_co=None,
    x_co_source="the X_CO of Misiriotis et al. 2006 is not known to us",
    provenance="published, coefficients as in a public code",
    kinks=lambda: (2.75,),
)
"""The gas of Misiriotis et al."""
