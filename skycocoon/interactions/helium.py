"""Helium in projectiles and targets: proton cross sections times an enhancement (eqs. 13 and 14)."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from ..units import FloatArray

__all__ = ["ENHANCEMENTS", "NUCLEAR_FACTORS", "nuclear_factors"]

ENHANCEMENTS: MappingProxyType[str, float] = MappingProxyType(
    {
        # sigma_Ap = A^(3/4) sigma_pp; Joshi, Winter & Gupta 2014, MNRAS 439, 3414. Reconstructed: their formula is
        # quoted from memory, neither text nor erratum was re-read.
        "joshi2014": 4**0.75,
        # Mori 2009, Astropart. Phys. 31, 341: multiplication factor for He-p, as in HERMES.
        "mori2009": 3.68,
        # Four free nucleons.
        "superposition": 4.0,
    }
)
"""s_He, the cross section of He-p in units of pp, by publication.

A enters once more through the spectrum per nucleon.
"""

NUCLEAR_FACTORS = ("constant", "aafrag")
"""How yields of p-He, He-p and He-He follow from pp: see :func:`nuclear_factors`."""

# Yield ratios to pp of gamma rays at 1e2, 1e3 ... 1e6 GeV for a spectrum of slope 2.7 per nucleon, computed with
# aafragpy 2.0.4 (AAfrag: Kachelriess, Moskalenko & Ostapchenko 2019, Comput. Phys. Commun. 245, 106846).
_ENERGY = np.geomspace(1e2, 1e6, 5)
_ON_HELIUM = np.array([3.33, 3.24, 3.15, 3.03, 2.88])
_HELIUM_ON = np.array([4.13, 4.15, 4.16, 4.18, 4.15])
_BOTH = np.array([12.7, 12.4, 12.0, 11.6, 10.9])
# One number for helium on protons and for protons on helium: about the mean of the two above.
_CONSTANT = 3.55


def nuclear_factors(name: str, energy: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Yields of p-He, He-p and He-He in units of pp, at secondary energies [GeV].

    ``"constant"`` is 3.55 for either helium and its square for both; ``"aafrag"`` interpolates ratios of gamma-ray
    yields over ln E, constant outside 0.1 to 1000 TeV (neutrinos are given the same).

    Parameters
    ----------
    name
        One of :data:`NUCLEAR_FACTORS`.
    energy
        (n,) secondary energies [GeV].

    Returns
    -------
    on_helium, helium_on, both
        (n,) yields of p-He, He-p and He-He.
    """
    one = np.ones_like(energy)
    if name == "constant":
        return _CONSTANT * one, _CONSTANT * one, _CONSTANT**2 * one
    ln_e = np.log(energy)
    first, second, both = (np.interp(ln_e, np.log(_ENERGY), row) for row in (_ON_HELIUM, _HELIUM_ON, _BOTH))
    return first, second, both
