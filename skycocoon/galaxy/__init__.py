"""Where: number or rate per volume."""

from .disc import PROFILES, SourceDisc
from .frame import Sun
from .gas.hydrogen import Gas
from .gas.published import GAS_MODELS
from .grid import CylindricalGrid
from .sea import Sea
from .table import Density, DensityTable

__all__ = ["GAS_MODELS", "PROFILES", "CylindricalGrid", "Density", "DensityTable", "Gas", "Sea", "SourceDisc", "Sun"]
