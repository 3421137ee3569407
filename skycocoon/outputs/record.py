"""What a command has written under its final name, so that it can say so when it is stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["SIGNALS", "note", "recorded", "signals_later", "unrecorded"]

SIGNALS: list[signal.Signals] = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that end a command: Ctrl-C, a batch system's, and a closed terminal's where there are terminals."""

_written: ContextVar[list[Path] | None] = ContextVar("written", default=None)


@contextmanager
def recorded() -> Iterator[list[Path]]:
    """Collect the files and folders that are written during a block.

    Yields
    ------
    list of Path
        Those that have their final names; it grows.
    """
    written: list[Path] = []
    token = _written.set(written)
    try:
        yield written
    finally:
        _written.reset(token)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Collect nothing during a block: what it writes is a part of something that has no final name yet.

    Yields
    ------
    None
        Nothing.
    """
    token = _written.set(None)
    try:
        yield
    finally:
        _written.reset(token)


def note(path: Path) -> None:
    """Add a file or folder that has got its final name.

    Parameters
    ----------
    path
        Its name, as the user gave it.
    """
    if (written := _written.get()) is not None:
        written.append(path)


@contextmanager
def signals_later() -> Iterator[None]:
    """Hold back signals that end a command until the block ends.

    Yields
    ------
    None
        Nothing. Outside the main thread, which alone is interrupted, nothing is held back.
    """
    held: list[int] = []
    caught = [number for number in SIGNALS if callable(signal.getsignal(number))]
    try:
        before = {number: signal.signal(number, lambda n, _: held.append(n)) for number in caught}
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])
