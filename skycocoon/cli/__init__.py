"""The commands. Imports nothing heavy at the top: `skycocoon --help` must answer at once."""

from . import products, scan, show, sky  # noqa: F401  each registers its commands
from .group import main

__all__ = ["main"]
