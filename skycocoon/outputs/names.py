"""Names of files and of folders; heads of tables."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["file_name", "header", "nearest_folder", "short_names"]

LONGEST = 160


def nearest_folder(path: str | Path) -> Path:
    """The folder of a path, or the nearest one around it that exists already."""
    target = Path(path).absolute()
    return next((folder for folder in (target, *target.parents) if os.path.isdir(folder)), target)


def file_name(name: str) -> str:
    """A name as part of a file's name: letters, digits, ``-_.`` stay, all else becomes a hyphen; long ones are cut."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")
    # Systems take 255 bytes, endings and what temporary files add among them; regions of masks have whole paths.
    return plain if len(plain.encode()) <= LONGEST else f"{plain[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def short_names(keys: Sequence[str], joint: str = "-") -> dict[str, str]:
    """Last steps of dotted keys, as many as tell them apart, by key.

    Parameters
    ----------
    keys
        Dotted keys, different from one another.
    joint
        What joins the steps.

    Returns
    -------
    dict
        Names of two steps or more.

    Examples
    --------
    >>> short_names(["components.near.disc.height", "components.far.disc.height"])
    {'components.near.disc.height': 'near-disc-height', 'components.far.disc.height': 'far-disc-height'}
    """
    for steps in (2, 3, 4, 5):
        names = {key: joint.join(key.split(".")[-steps:]) for key in keys}
        if len(set(names.values())) == len(keys):
            return names
    return {key: key.replace(".", joint) for key in keys}


def header(meta: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Provenance for the header of an ECSV file: texts of several lines, such as TOML, as lists of lines."""
    return {key: value.split("\n") if "\n" in value else value for key, value in meta.items()}
