"""A model at many values of some of its keys: mean intensities of regions, in one file with parameter axes."""

from .axes import grid, sobol
from .scan import scan

__all__ = ["grid", "scan", "sobol"]
