"""Files and folders that are written as a whole or not at all; file names; heads of tables."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGINT, SIGTERM

from .errors import InputError

__all__ = [
    "file_name",
    "header",
    "nearest_folder",
    "new_file",
    "new_folder",
    "others",
    "remove_leftovers",
    "short_names",
]


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
    if os.path.isdir(target):
        raise InputError(f"{target}: is a folder, a file name is needed")
    if os.path.exists(target) and not overwrite:
        raise InputError(f"{target}: exists already; overwrite=True replaces it")
    try:
        ending = "".join(target.suffixes)
        handle, name = tempfile.mkstemp(prefix=_unfinished(target.stem), suffix=ending, dir=target.parent)
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror})") from None
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o666 & ~_umask())
        _move(Path(name), target, overwrite)
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror or error})") from None
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path, contents: Sequence[str], overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder and move what is in it to the target once the block ends without error.

    Either all of it is moved or, after an error or an interruption on the way, nothing. Other files in an existing
    target are left alone; :func:`others` finds them.

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
    # os.path.exists, unlike Path.exists, raises nothing where a folder above may not be entered: making it will say so.
    is_new = not os.path.exists(target)
    if not is_new and not os.path.isdir(target):
        raise InputError(f"{target}: exists and is not a folder")
    existing = [name for name in contents if os.path.exists(target / name)]
    if existing and not overwrite:
        raise InputError(f"{target / existing[0]}: exists already; overwrite=True replaces it")
    try:
        target.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target)
        work = Path(tempfile.mkdtemp(prefix=_unfinished(""), dir=target))
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror})") from None
    done = False
    try:
        new = work / "new"
        for name in ("", *contents):
            (new / name if not name else (new / name).parent).mkdir(parents=True, exist_ok=True)
        with locked(work):
            yield new
        with _signals_later():
            _move_all(new, work / "old", target, overwrite)
            done = True
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror or error})") from None
    except (KeyboardInterrupt, SystemExit) as error:
        if done:
            error.add_note(f"after all was written to {target}")
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if is_new and not done:
            with suppress(OSError):  # somebody else's files are in it
                target.rmdir()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a temporary file or folder during a block, so that :func:`remove_leftovers` leaves it.

    Of a file, this is not for one that a library locks itself, as HDF5 does.

    Parameters
    ----------
    path
        The file or folder.

    Returns
    -------
    context manager
        Gives nothing.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def remove_leftovers(folder: Path, beginning: str = "", ending: str = "") -> None:
    """Remove unfinished files and folders of processes that were killed; those of living ones are :func:`locked`.

    Parameters
    ----------
    folder
        Where they are.
    beginning, ending
        Stem and endings of the files' final name; those of folders have none.
    """
    for item in folder.glob(f"{glob.escape(_unfinished(beginning))}????????{glob.escape(ending)}"):
        with suppress(OSError):
            handle = os.open(item, os.O_RDONLY)
            try:
                if _lock(handle):
                    shutil.rmtree(item) if item.is_dir() else item.unlink()
            finally:
                os.close(handle)


def _unfinished(name: str) -> str:
    """How the temporary name of a file or folder begins, before eight random letters."""
    return f".{name or 'skycocoon'}-unfinished-"


def _lock(handle: int) -> bool:
    """Lock an open file or folder for as long as it is open; False if somebody else has, or nobody can."""
    try:
        import fcntl
    except ImportError:  # not on this system
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _move(item: Path, target: Path, overwrite: bool) -> None:
    """Give a file its final name; one that came there meanwhile is kept unless it may be replaced."""
    if overwrite:
        os.replace(item, target)
        return
    try:
        os.link(item, target)
    except FileExistsError:
        raise InputError(f"{target}: exists already, since a moment ago; overwrite=True replaces it") from None
    except OSError:  # a file system without links
        os.replace(item, target)
    else:
        item.unlink()


def _move_all(new: Path, old: Path, target: Path, overwrite: bool) -> None:
    """Move all files of a folder to another; if that fails, put back what was there."""
    moved: list[tuple[Path, Path | None]] = []
    made: list[Path] = []
    try:
        for item in sorted(new.rglob("*")):
            goal, kept = target / item.relative_to(new), old / item.relative_to(new)
            if item.is_dir():
                if not goal.is_dir():
                    goal.mkdir()
                    made.append(goal)
                continue
            replaced = overwrite and goal.is_file()
            if replaced:
                kept.parent.mkdir(parents=True, exist_ok=True)
                os.replace(goal, kept)
                moved.append((goal, kept))
            _move(item, goal, overwrite)
            if not replaced:
                moved.append((goal, None))
    except BaseException:
        for goal, before in reversed(moved):
            with suppress(OSError):
                goal.unlink(missing_ok=True) if before is None else os.replace(before, goal)
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _signals_later() -> Iterator[None]:
    """Hold back Ctrl-C and a batch system's SIGTERM until the block ends."""
    held: list[int] = []
    try:
        before = {number: signal.signal(number, lambda n, _: held.append(n)) for number in (SIGINT, SIGTERM)}
    except ValueError:  # not in the main thread, which alone is interrupted
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])


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
    return next((folder for folder in (target, *target.parents) if os.path.isdir(folder)), target)


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
