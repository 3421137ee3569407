"""Helium on protons: proton cross section per nucleon times an enhancement (eqs. 13 and 14)."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["ENHANCEMENTS"]

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
