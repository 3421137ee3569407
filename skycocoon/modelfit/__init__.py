"""A model file against its data."""

from .problem import Problem, prepare
from .solution import FitRun, solve

__all__ = ["FitRun", "Problem", "prepare", "solve"]
