"""Files and folders that are written as a whole or not at all; file names; heads of tables."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

__all__ = ["file_name", "header", "nearest_folder", "new_file", "new_folder", "others", "short_names"]


@contextmanager
def new_file(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path in the target's folder and rename it to the target once the block ends without error.

    Parameters
    ----------
    path
        The target.
    overwrite
        Whether an existing target may be replaced.

    Returns
    -------
    context manager
        Gives the temporary path.

    Raises
    ------
    InputError
        If the target exists and ``overwrite`` is false, or the folder is missing or cannot be written to.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{target}: is a folder, a file name is needed")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; overwrite=True replaces it")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix="".join(target.suffixes), dir=target.parent)
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror})") from None
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror or error})") from None
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path, contents: Sequence[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder and move what is in it to the target once the block ends without error.

    Other files in an existing target are left alone; :func:`others` finds them.

    Parameters
    ----------
    path
        The target, made if it is missing.
    contents
        Names that the block will write there; folders in them, such as ``figures`` of ``figures/map.png``, are made.
    overwrite
        Whether files of these names may be replaced.

    Returns
    -------
    context manager
        Gives the temporary folder.

    Raises
    ------
    InputError
        If one of ``contents`` exists and ``overwrite`` is false, or the folder cannot be written to.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: exists and is not a folder")
    existing = [name for name in contents if (target / name).exists()]
    if existing and not overwrite:
        raise InputError(f"{target / existing[0]}: exists already; overwrite=True replaces it")
    is_new = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".skycocoon-", dir=target))
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror})") from None
    done = False
    try:
        for name in contents:
            (work / name).parent.mkdir(parents=True, exist_ok=True)
        yield work
        for item in sorted(work.rglob("*")):
            goal = target / item.relative_to(work)
            if item.is_dir():
                goal.mkdir(exist_ok=True)
            else:
                os.replace(item, goal)
        done = True
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror or error})") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if is_new and not done:
            shutil.rmtree(target, ignore_errors=True)


def others(path: str | Path, contents: Iterable[Path]) -> list[str]:
    """List the files in a folder that this command did not write: an earlier result's, or a user's own.

    Parameters
    ----------
    path
        The folder.
    contents
        The files that were just written.

    Returns
    -------
    list of str
        Names relative to the folder, sorted.
    """
    target = Path(path)
    written = {Path(item).resolve() for item in contents}
    older = sorted(item for item in target.rglob("*") if item.is_file() and item.resolve() not in written)
    return [str(item.relative_to(target)) for item in older]


def nearest_folder(path: str | Path) -> Path:
    """The folder of a path, or the nearest one around it that exists already."""
    target = Path(path).absolute()
    return next((folder for folder in (target, *target.parents) if folder.is_dir()), target)


def file_name(name: str) -> str:
    """A name as part of a file's name: letters, digits, ``-_.`` stay, all else becomes a hyphen."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")


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
    return {key: value.splitlines() if "\n" in value else value for key, value in meta.items()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
