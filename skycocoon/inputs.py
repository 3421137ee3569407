"""Files that a user names: local ones, which are neither waited for nor read beyond a limit."""

from __future__ import annotations

import os
import re
import select
import stat
from pathlib import Path

from .errors import InputError

__all__ = ["MAX_TEXT", "check_file", "is_address", "is_readable", "read_text"]

# Model files have some kB, tables of points and catalogues of sources up to some MB [bytes].
MAX_TEXT = 64 << 20
# Until somebody must have opened a pipe for writing [s].
WAIT = 2.0
# Two letters at least: one is a drive. A folder may have been put before it.
_ADDRESS = re.compile(r"(?:^|/)[A-Za-z][A-Za-z0-9+.-]+:/")


def is_address(text: str) -> bool:
    """Return True if a text is an address on a network, such as ``http://...``, and not the path of a file."""
    return _ADDRESS.search(text) is not None


def is_readable(path: str | Path) -> bool:
    """Return True if a path leads to a file that may be read; no path, however odd, is an error."""
    try:
        check_file(path)
    except InputError:
        return False
    return True


def check_file(path: str | Path, instead: str = "", pipe: bool = False) -> None:
    """Check that a path leads to a file that can be opened at once: no folder, device, or address on the network.

    Parameters
    ----------
    path
        What the user wrote.
    instead
        What there is to choose from, for the message about a missing file.
    pipe
        Whether a pipe will do, such as a shell's ``<(command)``.

    Raises
    ------
    InputError
        For a path that leads to anything else, or nowhere.
    """
    text = os.fspath(path)
    more = f"; {instead}" if instead else ""
    try:
        mode = os.stat(text).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a ValueError is a character that no path may have
        local = "; an address is not followed, files are local" if is_address(text) else ""
        raise InputError(f"{text or repr(text)}: no such file{local}{more}") from None
    except OSError as error:
        raise InputError(f"{text}: cannot be read ({error.strerror})") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{text}: is a folder, a file is needed")
    if not stat.S_ISREG(mode) and not (pipe and stat.S_ISFIFO(mode)):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise InputError(f"{text}: is {kind}, a file is needed")
    if not os.access(text, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        raise InputError(f"{text}: cannot be read (Permission denied)")


def read_text(path: str | Path, instead: str = "", limit: int = MAX_TEXT) -> str:
    """Text of a file in UTF-8, with or without a byte-order mark; a pipe is read to its end if somebody writes to it.

    Parameters
    ----------
    path
        What the user wrote.
    instead
        What there is to choose from, for the message about a missing file.
    limit
        Bytes at most.

    Returns
    -------
    str
        The text, its lines as they end in the file.

    Raises
    ------
    InputError
        For no such file, one that cannot be read, is longer than ``limit``, or holds no text.
    """
    check_file(path, instead, pipe=True)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            begin = _first_of_pipe(descriptor, path) if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else b""
            content = begin + file.read(limit + 1 - len(begin))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > limit:
        raise InputError(f"{path}: is too long for a text file of its kind; allowed: {limit} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None


def _first_of_pipe(descriptor: int, path: str | Path) -> bytes:
    """What a pipe holds already; one that nobody writes to would be waited for without an end, and is refused."""
    select.select([descriptor], [], [], WAIT)
    try:
        begin = os.read(descriptor, 1)
    except BlockingIOError:  # there is a writer, who has not begun
        begin = b""
    else:
        if not begin:
            raise InputError(f"{path}: is a pipe that nobody writes to")
    os.set_blocking(descriptor, True)
    return begin
