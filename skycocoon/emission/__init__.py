"""What shines: components that yield terms, each a spectrum times a density."""

from .cocoons import Cocoons
from .model import Component, GalaxyModel, Term
from .production import Production

__all__ = ["Cocoons", "Component", "GalaxyModel", "Production", "Term"]
