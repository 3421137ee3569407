"""What one collision makes."""

from .cross_section import CrossSection
from .helium import ENHANCEMENTS
from .kelner import KelnerGamma, KelnerNeutrino
from .publications import PUBLICATIONS

__all__ = ["ENHANCEMENTS", "PUBLICATIONS", "CrossSection", "KelnerGamma", "KelnerNeutrino"]
