"""Files and folders that are written as a whole or not at all, by one process at a time; names; heads of tables."""

from .files import check_file_is_free, new_file
from .folders import check_folder_is_free, new_folder, others
from .locks import claimed
from .names import file_name, header, nearest_folder, short_names
from .record import recorded, unrecorded

__all__ = [
    "check_file_is_free",
    "check_folder_is_free",
    "claimed",
    "file_name",
    "header",
    "nearest_folder",
    "new_file",
    "new_folder",
    "others",
    "recorded",
    "short_names",
    "unrecorded",
]
