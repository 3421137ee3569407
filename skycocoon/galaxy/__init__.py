"""Where: densities of sources per volume, and the Sun's place among them."""

from .disc import PROFILES, SourceDisc
from .frame import Sun
from .grid import CylindricalGrid, DensityTable

__all__ = ["PROFILES", "CylindricalGrid", "DensityTable", "SourceDisc", "Sun"]
