"""Files of maps and masks: files to plain fields, and plain fields to files."""

from .arrays import is_array
from .choosing import Column, column_list
from .compressed import is_fits
from .fields import MapFields, MapHead
from .masks import MaskFields, MaskStatements, read_mask
from .reading import read_head, read_map
from .statements import Statements
from .values import NEGATIVE, OUTSIDE_SKY, check_plane
from .writing import DTYPES, FILE_UNIT, MapFile, write_maps

__all__ = [
    "DTYPES",
    "FILE_UNIT",
    "NEGATIVE",
    "OUTSIDE_SKY",
    "Column",
    "MapFields",
    "MapFile",
    "MapHead",
    "MaskFields",
    "MaskStatements",
    "Statements",
    "check_plane",
    "column_list",
    "is_array",
    "is_fits",
    "read_head",
    "read_map",
    "read_mask",
    "write_maps",
]
