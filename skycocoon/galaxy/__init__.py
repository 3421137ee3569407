"""Where: number, rate or energy per volume."""

from .disc import PROFILES, SourceDisc
from .frame import Sun
from .gas import GAS_MODELS, Gas
from .grid import CylindricalGrid, DensityTable
from .radiation import energy_density, photon_density
from .sea import Sea

__all__ = [
    "GAS_MODELS", "PROFILES", "CylindricalGrid", "DensityTable", "Gas", "Sea", "SourceDisc", "Sun", "energy_density",
    "photon_density",
]  # fmt: skip
