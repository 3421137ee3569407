"""Files of maps and masks."""

from .reading import read_map, read_mask
from .writing import write_map

__all__ = [
    "read_map",
    "read_mask",
    "write_map",
]
