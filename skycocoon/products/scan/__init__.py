"""A model at many values of some of its keys: mean intensities of regions, in one file with parameter axes."""

from .scan import scan

__all__ = ["scan"]
