"""Data that come with the package: where they are."""

from __future__ import annotations

from pathlib import Path

from .errors import InputError

__all__ = [
    "data_folder",
]


def data_folder() -> Path:
    """Folder of presets, measurements and tables: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "data", here.parent / "data"):
        if (folder / "regions.ecsv").is_file():
            return folder
    raise InputError(f"the data files of skycocoon are missing beside {here}; reinstall the package")
