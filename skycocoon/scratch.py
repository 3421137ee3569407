"""A folder that stands for a home where there is none, as in containers and on batch nodes."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

__all__ = ["has_home", "scratch_folder"]


def has_home() -> bool:
    """Whether there is a home, and it can be written to."""
    home = os.path.expanduser("~")
    return os.path.isdir(home) and os.access(home, os.W_OK)


def scratch_folder() -> str | None:
    """A folder among the temporary ones, the same for all processes of a user, that nobody else can write to.

    Returns
    -------
    str or None
        The folder; None where there can be none.
    """
    try:
        folder = Path(tempfile.gettempdir()) / f"skycocoon-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except (OSError, AttributeError):  # nowhere to write; or a system without users' numbers
        return None
    # What is kept is run: another user may have made a folder of this name.
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return str(folder) if is_own else None
