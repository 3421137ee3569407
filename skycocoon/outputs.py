"""Files and folders that are written as a whole or not at all; file names; heads of tables."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

__all__ = [
    "file_name",
    "header",
    "new_file",
    "new_folder",
    "others",
]


@contextmanager
def new_file(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path in the target's folder and rename it to the target once the block ends without error.

    Raises
    ------
    InputError
        If the target exists and ``overwrite`` is false, or the folder is missing or cannot be written to.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{target}: is a folder, a file name is needed")
    if target.exists() and not overwrite:
        raise InputError(f"{target}: exists already; use --overwrite (overwrite=True) to replace it")
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
def new_folder(path: str | Path, contents: list[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder and move what is in it to the target once the block ends without error.

    Other files in an existing target are left alone; :func:`others` finds them.

    Parameters
    ----------
    path
        The target, made if it is missing.
    contents
        Names that the block will write there.
    overwrite
        Whether files of these names may be replaced.

    Raises
    ------
    InputError
        If one of ``contents`` exists and ``overwrite`` is false, or the folder cannot be written to.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: exists and is not a folder")
    there = [name for name in contents if (target / name).exists()]
    if there and not overwrite:
        raise InputError(f"{target / there[0]}: exists already; use --overwrite to replace it")
    made = not target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".skycocoon-", dir=target))
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror})") from None
    done = False
    try:
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
        if made and not done:
            shutil.rmtree(target, ignore_errors=True)


def others(path: str | Path, contents: Iterable[Path]) -> list[str]:
    """Files in a folder that are not among those that were just written: an earlier result's, or a user's own."""
    target = Path(path)
    written = {Path(item).resolve() for item in contents}
    every = sorted(item for item in target.rglob("*") if item.is_file() and item.resolve() not in written)
    return [str(item.relative_to(target)) for item in every]


def file_name(name: str) -> str:
    """A name as part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")


def header(meta: Mapping[str, str]) -> dict[str, str | list[str]]:
    """What is said of a result, for the head of an ECSV file: texts of several lines, such as TOML, as lists."""
    return {key: value.splitlines() if "\n" in value else value for key, value in meta.items()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
