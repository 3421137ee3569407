"""What shines: components that yield terms, each a spectrum times a density; and what absorbs it."""

from .absorption import Absorption
from .attenuation import TRANSPARENT, Attenuation, attenuate
from .cocoons import Cocoons
from .diffuse import Diffuse
from .model import Component, GalaxyModel, Term
from .production import Production
from .template import Template

__all__ = [
    "TRANSPARENT", "Absorption", "Attenuation", "Cocoons", "Component", "Diffuse", "GalaxyModel", "Production",
    "Template", "Term", "attenuate",
]  # fmt: skip
