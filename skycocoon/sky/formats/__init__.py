"""Files of maps and masks: files to plain fields, and plain fields to files."""

from .fields import MapFields
from .reading import read_map, read_mask
from .statements import Statements
from .writing import FILE_UNIT, write_map

__all__ = ["FILE_UNIT", "MapFields", "Statements", "read_map", "read_mask", "write_map"]
