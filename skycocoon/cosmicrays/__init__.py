"""With what spectrum: what a source releases, the grammage that it crosses in the cocoon, and transport."""

from .grammage import LAWS, ConstantGrammage, DiffusiveGrammage, ExponentialGrammage, Grammage
from .injection import MASS_CONVENTIONS, Injection
from .slab import Slab

__all__ = [
    "LAWS",
    "MASS_CONVENTIONS",
    "ConstantGrammage",
    "DiffusiveGrammage",
    "ExponentialGrammage",
    "Grammage",
    "Injection",
    "Slab",
]
