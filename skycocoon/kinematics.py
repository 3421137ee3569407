"""Momentum and rigidity of nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .units import M_PROTON, FloatArray

__all__ = ["SPECIES", "Species", "momentum"]


@dataclass(frozen=True)
class Species:
    """A nucleus: mass number A, charge Z; its mass is A proton masses, as in the papers.

    Parameters
    ----------
    name
        Name of the nucleus.
    A, Z
        Mass number and charge.
    """

    name: str
    A: int
    Z: int

    @property
    def mass(self) -> float:
        """Rest energy [GeV]."""
        return self.A * M_PROTON

    def rigidity(self, total: FloatArray) -> FloatArray:
        """Rigidity A p_N / Z [GV] at total energies per nucleon [GeV]."""
        return self.A / self.Z * np.sqrt((total - M_PROTON) * (total + M_PROTON))


SPECIES: MappingProxyType[str, Species] = MappingProxyType(
    {"proton": Species("proton", 1, 1), "helium": Species("helium", 4, 2)}
)


def momentum(kinetic: FloatArray) -> FloatArray:
    """Momentum per nucleon [GeV] at kinetic energies per nucleon [GeV]."""
    return np.sqrt(kinetic * (kinetic + 2 * M_PROTON))
