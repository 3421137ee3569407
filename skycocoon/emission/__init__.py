"""What shines: components that yield terms, each a spectrum times a density; and what absorbs it."""

from .absorption import Absorption
from .attenuation import TRANSPARENT, Attenuation, attenuate
from .cocoons import Cocoons
from .model import Component, GalaxyModel, Term
from .production import Production

__all__ = [
    "TRANSPARENT", "Absorption", "Attenuation", "Cocoons", "Component", "GalaxyModel", "Production", "Term",
    "attenuate",
]  # fmt: skip
