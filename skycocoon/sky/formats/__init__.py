"""Files of maps and masks: files to plain fields, and plain fields to files."""

from .compressed import is_fits
from .fields import MapFields, MapHead
from .masks import MaskFields, MaskStatements, read_mask
from .reading import read_head, read_map
from .statements import UNSEEN, Statements, check_plane
from .writing import DTYPES, FILE_UNIT, MapFile, write_maps

__all__ = [
    "DTYPES",
    "FILE_UNIT",
    "UNSEEN",
    "MapFields",
    "MapFile",
    "MapHead",
    "MaskFields",
    "MaskStatements",
    "Statements",
    "check_plane",
    "is_fits",
    "read_head",
    "read_map",
    "read_mask",
    "write_maps",
]
