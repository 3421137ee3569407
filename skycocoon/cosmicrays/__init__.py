"""With what spectrum: what a source releases, the grammage that it crosses in the cocoon, and ratios of nuclei."""

from .grammage import LAWS, ConstantGrammage, DiffusiveGrammage, ExponentialGrammage, Grammage
from .injection import MASS_CONVENTIONS, SPECIES, Injection, Species
from .ratio import RatioMeasurement, list_ratios
from .slab import Slab

__all__ = [
    "LAWS",
    "MASS_CONVENTIONS",
    "SPECIES",
    "ConstantGrammage",
    "DiffusiveGrammage",
    "ExponentialGrammage",
    "Grammage",
    "Injection",
    "RatioMeasurement",
    "Slab",
    "Species",
    "list_ratios",
]
