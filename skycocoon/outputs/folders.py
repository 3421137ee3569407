"""Folders of results that are replaced in one step.

A rename replaces one file, and a result is many. So names in the folder first become links, by way of one further link,
to the files that are there already; then this one link is turned round to the new files, which shows all of them at
once; then files take the places of their links. Whenever the process ends, all names lead to the old files, or all to
the new ones, and the next process that writes there puts the files in their places.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError
from .files import came_meanwhile, check_name, reason, synced
from .locks import check_nobody_writes, claimed
from .record import note, signals_later, unrecorded

__all__ = ["check_folder_is_free", "new_folder", "others"]

# Files that are put on the disk at a time.
SYNCS = 16
LOCK = ".skycocoon-running"
WORK = ".skycocoon-unfinished"
# In the working folder: new files; those that they replace; and the link that says which of both the names mean.
NEW, OLD, NOW = "new", "old", "now"


@contextmanager
def new_folder(path: str | Path, contents: Sequence[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder, whose files appear in the target all at once when the block ends without error.

    Whatever ends the process, the old files are there or the new ones. One process at a time writes to a target. Other
    files in an existing target are left alone; :func:`others` finds them.

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
        If one of ``contents`` exists and ``overwrite`` is false, another process is at work there, or the folder cannot
        be written to.
    """
    target = Path(path)
    for name in ("", *contents):
        check_name(target / name)
    # os.path.exists, unlike Path.exists, raises nothing where a folder above may not be entered: making it will say so.
    if os.path.exists(target) and not os.path.isdir(target):
        raise InputError(f"{target}: exists and is not a folder")
    made = [folder for folder in (target, *target.parents) if not os.path.exists(folder)]
    done = False
    try:
        target.mkdir(parents=True, exist_ok=True)
        with claimed(target / LOCK, target):
            work = target / WORK
            _settle(work, target)
            _check_places(target, contents, overwrite)
            try:
                for folder in {work / NEW, *((work / NEW / name).parent for name in contents)}:
                    folder.mkdir(parents=True, exist_ok=True)
                with unrecorded():
                    yield work / NEW
                with ThreadPoolExecutor(SYNCS) as pool:  # together: one after the other, each waits for the disk
                    list(pool.map(synced, [work / NEW / name for name in _files(work / NEW)]))
                with signals_later():
                    _replace_all(work, target, overwrite)
                    note(target)
                    done = True
            finally:
                with signals_later():
                    _settle(work, target)
    except OSError as error:
        raise reason(error, target, target) from None
    except InputError as error:
        # Of a file that was to have another name.
        error.args = (str(error).replace(str(target / WORK / NEW), str(target)),)
        raise
    finally:
        for folder in () if done else made:
            with suppress(OSError):  # somebody else's files are in it
                folder.rmdir()


def check_folder_is_free(path: str | Path) -> None:
    """Refuse a folder that another process is at work on, before anything is computed for it.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    InputError
        If another process is writing to it.
    """
    check_nobody_writes(Path(path) / LOCK, Path(path))


def _check_places(target: Path, contents: Sequence[str], overwrite: bool) -> None:
    """Refuse names that are taken, before anything is computed for them."""
    for name in contents:
        place = target / name
        if os.path.lexists(place) and not overwrite:
            raise InputError(f"{place}: exists already; overwrite=True replaces it")
        if os.path.isdir(place):
            raise InputError(f"{place}: is a folder, in the way of a file")
        for folder in place.parents[: len(Path(name).parents) - 1]:
            if os.path.lexists(folder) and not os.path.isdir(folder):
                raise InputError(f"{folder}: is a file, in the way of a folder")


def _replace_all(work: Path, target: Path, overwrite: bool) -> None:
    """Have all names of new files mean the new ones, at once."""
    names = _files(work / NEW)
    try:
        os.symlink(OLD, work / NOW)
    except OSError:  # a file system without links: files are moved one by one, and what is left by the next process
        (work / NOW).touch()
        return
    for name in names:
        place, kept, link = target / name, work / OLD / name, work / "link"
        place.parent.mkdir(parents=True, exist_ok=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not overwrite:
            try:
                os.symlink(_way(work, name), place)
            except FileExistsError:
                raise came_meanwhile(place) from None
            continue
        os.symlink(_way(work, name), link)
        if os.path.lexists(place):
            _keep(place, kept)
        os.replace(link, place)
    os.symlink(NEW, work / "next")
    os.replace(work / "next", work / NOW)


def _keep(place: Path, kept: Path) -> None:
    """Give a file a second name, so that the first can become a link to it."""
    if place.is_symlink():
        os.symlink(os.path.realpath(place), kept)
        return
    try:
        os.link(place, kept)
    except OSError:  # a file system without second names
        shutil.copy2(place, kept)


def _settle(work: Path, target: Path) -> None:
    """Put files where links to them are, of a replacement that was done or begun, and remove the working folder."""
    if not os.path.lexists(work):
        return
    now, names = work / NOW, {*_files(work / NEW), *_files(work / OLD)}
    if now.is_symlink():
        for name in sorted(names):
            place, item = target / name, now / name
            if not place.is_symlink() or os.readlink(place) != _way(work, name):
                continue
            if os.path.lexists(item):
                os.replace(item, place)
            else:
                place.unlink()
                for folder in place.parents[: len(Path(name).parents) - 1]:
                    with suppress(OSError):  # not empty
                        folder.rmdir()
    elif now.exists():
        for name in _files(work / NEW):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(work / NEW / name, target / name)
    shutil.rmtree(work, ignore_errors=True)


def _way(work: Path, name: str) -> str:
    """Where the link at a name leads: relative, so that the folder can be moved."""
    return os.path.join(*[".."] * (len(Path(name).parents) - 1), work.name, NOW, name)


def _files(folder: Path) -> list[str]:
    """Names of all files in a folder, relative to it, sorted; none if it is missing."""
    return sorted(str(item.relative_to(folder)) for item in folder.rglob("*") if item.is_symlink() or item.is_file())


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
    # Unlike rglob, it minds no folder that others take away meanwhile.
    files = (Path(folder, name) for folder, _, names in os.walk(target) for name in names)
    older = sorted(item for item in files if item.is_file() and item.resolve() not in written)
    return [str(item.relative_to(target)) for item in older]
