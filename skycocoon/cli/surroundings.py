"""What a command needs around it, wherever it runs: open streams in UTF-8, as files are, and a home."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

from ..scratch import has_home, scratch_folder

__all__ = ["PipeClosedError", "flush", "prepare_process", "table_stream"]


class PipeClosedError(Exception):
    """Whoever read what a command prints has gone, as ``head`` does."""


class _Nowhere(io.TextIOBase):
    """What stands for a closed stream."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Drop a text."""
        return len(text)


def prepare_process() -> None:
    """Make the surroundings of this process usable, before anything is imported that looks at them."""
    _open_streams()
    if not has_home():
        # Astropy does not start without one, and matplotlib would look for its fonts each time.
        os.environ["HOME"] = scratch_folder() or os.sep
    # Figures are files: no window is opened, whatever matplotlib is set to.
    os.environ["MPLBACKEND"] = "Agg"


def _open_streams() -> None:
    """Open what is closed: it would give its number to the next file that is opened.

    Text is UTF-8 in any locale, since tables and model files are; names of files that are not UTF-8 come out as they
    came in.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _Nowhere())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def table_stream() -> TextIO:
    """Return the standard output for what a command is asked to print.

    Returns
    -------
    file
        The stream.

    Raises
    ------
    InputError
        If it is closed.
    """
    from ..errors import InputError

    if isinstance(sys.stdout, _Nowhere):
        raise InputError("stdout is closed: there is nowhere to print to")
    return sys.stdout


def flush() -> None:
    """Have all that was printed arrive.

    Raises
    ------
    PipeClosedError
        If nobody reads it any more.
    OSError
        If it cannot be written.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise PipeClosedError from None
        raise
