"""Inelastic cross sections of nuclei on hydrogen: Letaw, Silberberg & Tsao 1983, ApJS 51, 271."""

from __future__ import annotations

import numpy as np

from ..units import FloatArray

__all__ = ["letaw_inelastic"]


def letaw_inelastic(mass_number: FloatArray | int, kinetic: FloatArray) -> FloatArray:
    r"""Cross section [mb] of a nucleus A at kinetic energies per nucleon [GeV]; the two broadcast.

    .. math:: 45\,A^{0.7}\,[1 + 0.016 \sin(5.3 - 2.63 \ln A)]\,[1 - 0.62\,e^{-T/200}\,\sin(10.9\,T^{-0.28})]

    with T in MeV; constant to 1e-3 above 1.3 GeV. Read in a secondary source, not in the paper itself.

    Parameters
    ----------
    mass_number
        A.
    kinetic
        Kinetic energies per nucleon [GeV].

    Returns
    -------
    array
        [mb].
    """
    mev = 1e3 * kinetic
    plateau = 45.0 * mass_number**0.7 * (1 + 0.016 * np.sin(5.3 - 2.63 * np.log(mass_number)))
    return np.asarray(plateau * (1 - 0.62 * np.exp(-mev / 200.0) * np.sin(10.9 * mev**-0.28)))
