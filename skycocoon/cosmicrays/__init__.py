"""With what spectrum: what a source releases, and the grammage that it crosses in the cocoon."""

from .grammage import LAWS, ConstantGrammage, DiffusiveGrammage, ExponentialGrammage, Grammage
from .injection import MASS_CONVENTIONS, SPECIES, Injection, Species
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
    "Slab",
    "Species",
]
