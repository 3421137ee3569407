"""What one collision makes: one publication, one file."""

from .helium import ENHANCEMENTS
from .kelner import KelnerGamma, KelnerNeutrino

__all__ = ["ENHANCEMENTS", "KelnerGamma", "KelnerNeutrino"]
