"""Ionised gas of Cordes et al. 1991, Nature 354, 121."""

from __future__ import annotations

import numpy as np

from ...units import FloatArray


def cordes_ionised(R: FloatArray, z: FloatArray) -> FloatArray:
    """HII of Cordes et al. 1991, Nature 354, 121, eq. 6 and table 1 [cm^-3]: one H nucleus per free electron.

    Parameters
    ----------
    R, z
        Radii and heights [kpc], which broadcast.

    Returns
    -------
    array
        [cm^-3], of the shape that R and z broadcast to.
    """
    wide = 0.025 * np.exp(-np.abs(z) - (R / 20.0) ** 2)
    return np.asarray(wide + 0.2 * np.exp(-np.abs(z) / 0.15 - ((R - 4.0) / 2.0) ** 2))
