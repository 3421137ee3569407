"""What a command makes."""

from .scan import scan

__all__ = ["scan"]
