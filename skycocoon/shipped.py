"""Data that come with the package: the folder, and the shelves of things that have names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, check_name, listed

__all__ = ["PRESETS", "Shelf", "data_folder"]


def data_folder() -> Path:
    """Return the folder of presets, measurements and tables: in the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "data", here.parent / "data"):
        if (folder / "regions.ecsv").is_file():
            return folder
    raise InputError(f"the data files of skycocoon are missing beside {here}; reinstall the package")


@dataclass(frozen=True)
class Shelf:
    """Shipped files of one kind, each known by its name without the ending.

    Attributes
    ----------
    kind
        What one of them is called in messages, e.g. ``"data set"``.
    folder
        Folder of the files, in :func:`data_folder`.
    ending
        Ending of the files' names.
    """

    kind: str
    folder: str
    ending: str = ".ecsv"

    def names(self) -> list[str]:
        """Return the names, sorted."""
        return sorted(path.stem for path in (data_folder() / self.folder).glob(f"*{self.ending}"))

    def path(self, name: str) -> Path:
        """Return the path of a file.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        check_name(self.kind, name, self.names())
        return data_folder() / self.folder / f"{name}{self.ending}"

    def __str__(self) -> str:
        return f"{self.kind}s: {listed(self.names())}"


PRESETS = Shelf("preset", "presets", ".toml")
"""Shipped models."""
