"""Files that are written as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from .locks import check_nobody_writes, claimed
from .record import note, signals_later

__all__ = ["came_meanwhile", "check_file_is_free", "check_name", "new_file", "reason", "synced"]


@contextmanager
def new_file(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path in the target's folder and rename it to the target once the block ends without error.

    One process at a time writes a target; what one that was killed has left is taken away. A target that is a link to
    a file stays one.

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
        If the target exists and ``overwrite`` is false, it is no file, another process is at work on it, or the folder
        is missing or cannot be written to.
    """
    given = Path(path)
    check_name(given)
    target = Path(os.path.realpath(given))
    if os.path.isdir(target):
        raise InputError(f"{given}: is a folder, a file name is needed")
    if os.path.exists(target) and not os.path.isfile(target):
        raise InputError(f"{given}: is not an ordinary file")
    if os.path.exists(target) and not overwrite:
        raise InputError(f"{given}: exists already; overwrite=True replaces it")
    work = target.with_name(f".{target.stem}-unfinished{''.join(target.suffixes)}")
    try:
        with claimed(_lock_of(target), given):
            try:
                work.unlink(missing_ok=True)
                work.touch(0o600, exist_ok=False)
                yield work
                os.chmod(work, 0o666 & ~_umask())
                synced(work)
                with signals_later():
                    _move(work, target, overwrite)
                    note(given)
            finally:
                work.unlink(missing_ok=True)
    except OSError as error:
        raise reason(error, given, target.parent) from None


def check_file_is_free(path: str | Path) -> None:
    """Refuse a target that another process is at work on, before anything is computed for it.

    Parameters
    ----------
    path
        The target.

    Raises
    ------
    InputError
        If another process is writing it.
    """
    check_nobody_writes(_lock_of(Path(os.path.realpath(path))), Path(path))


def check_name(path: Path) -> None:
    """Refuse a name that the system cannot write with `InputError`.

    Parameters
    ----------
    path
        The name.
    """
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise InputError(
            f"{ascii(str(path))[1:-1]}: names of files are {error.encoding} in this locale; LC_ALL=C.UTF-8 helps"
        ) from None


def reason(error: OSError, target: Path, folder: Path) -> Exception:
    """Say of which file or folder an error is: the output that was begun, or another one.

    Parameters
    ----------
    error
        What went wrong while an output was written.
    target
        The output.
    folder
        Where it and its temporary name are.

    Returns
    -------
    Exception
        One of one line.
    """
    name = error.filename
    if isinstance(error, BrokenPipeError) or (
        isinstance(name, str | os.PathLike) and not Path(os.path.abspath(name)).is_relative_to(os.path.abspath(folder))
    ):
        return error
    return InputError(f"{target}: cannot write there ({error.strerror or error})")


def came_meanwhile(path: Path) -> InputError:
    """The line about a file that was not there when the work began.

    Parameters
    ----------
    path
        The file, which somebody else has put there.

    Returns
    -------
    InputError
        Says so.
    """
    return InputError(f"{path}: exists already, since a moment ago; overwrite=True replaces it")


def synced(path: Path) -> None:
    """Have the content of a file or folder on its disk, so that it survives a crash of the machine.

    Parameters
    ----------
    path
        The file or folder.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock_of(target: Path) -> Path:
    """File of the lock of a target."""
    return target.with_name(f".{target.name}-running")


def _move(item: Path, target: Path, overwrite: bool) -> None:
    """Give a file its final name; one that came there meanwhile is kept unless it may be replaced."""
    if overwrite:
        os.replace(item, target)
        return
    try:
        os.link(item, target)
    except FileExistsError:
        raise came_meanwhile(target) from None
    except OSError:  # a file system without links
        os.replace(item, target)
    else:
        item.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
