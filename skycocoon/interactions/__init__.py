"""What one collision makes."""

from .cross_section import CrossSection
from .helium import ENHANCEMENTS
from .kelner import KelnerGamma, KelnerNeutrino

__all__ = [
    "ENHANCEMENTS",
    "CrossSection",
    "KelnerGamma",
    "KelnerNeutrino",
]
