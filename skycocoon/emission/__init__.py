"""What shines: components that yield terms, each a spectrum times a density."""

from .cocoons import Cocoons
from .component import Component, Term
from .diffuse import Diffuse
from .galaxy_model import GalaxyModel
from .template import Template

__all__ = ["Cocoons", "Component", "Diffuse", "GalaxyModel", "Template", "Term"]
