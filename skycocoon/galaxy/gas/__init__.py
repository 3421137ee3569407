"""Interstellar hydrogen: published models, one file each."""

from .hydrogen import Gas
from .published import GAS_MODELS

__all__ = ["GAS_MODELS", "Gas"]
