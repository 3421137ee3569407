"""Ctrl-C, a batch system's SIGTERM and the SIGHUP of a terminal that closes, which end a command wherever they come."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ..outputs.record import SIGNALS

__all__ = ["Stopped", "notes_of", "stopped_by_signals"]

# How long until a signal that had no effect is repeated [s].
AGAIN = 0.1


class Stopped(SystemExit):
    """A signal that ends the process; its code is 128 and the signal's number, as of shells."""


@contextlib.contextmanager
def stopped_by_signals(finally_die: bool = False) -> Iterator[None]:
    """Turn signals into exceptions that unwind a command like any error, so that what was begun is taken away.

    SIGINT is a KeyboardInterrupt, the others are :class:`Stopped`. SIGHUP stays ignored behind ``nohup``.
    Python swallows an exception that is raised in a destructor, in a callback of a weak reference or in a function that
    a C library calls, and goes on: the signal is repeated until the exception is on its way. Nothing is raised in the
    middle of an import, whose global lock would stay shut for all other threads.

    Parameters
    ----------
    finally_die
        Whether the process ends after the block: another signal then ends it at once, with no traceback. Otherwise what
        was done about signals before is done again.

    Returns
    -------
    context manager
        Gives nothing. Outside the main thread, which alone receives signals, it does nothing.
    """
    over, sending = threading.Event(), threading.Lock()
    underway: dict[int, BaseException] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        if over.is_set():
            return
        error = underway.get(number)
        if error is None:
            error = underway[number] = KeyboardInterrupt() if number == signal.SIGINT else Stopped(128 + number)
            # Without a lock of Python's own, which the main thread may hold just now.
            _thread.start_new_thread(repeat, (signal.Signals(number),))
        if not _imports(frame) and not any(_handled(other) for other in underway.values()):
            raise error

    def repeat(number: signal.Signals) -> None:
        while not over.is_set():
            time.sleep(AGAIN)
            with sending:
                if not over.is_set():
                    _signal_main_thread(number)

    def quietly(event: Any) -> None:
        if event.exc_value not in underway.values():
            said(event)

    said = sys.unraisablehook
    # SIGINT too is ignored by what a script starts in the background; who sends one to it means it.
    minded = [n for n in SIGNALS if n in (signal.SIGINT, signal.SIGTERM) or signal.getsignal(n) != signal.SIG_IGN]
    try:
        before = {number: signal.signal(number, stop) for number in minded}
    except ValueError:  # not in the main thread
        yield
        return
    sys.unraisablehook = quietly
    try:
        yield
    except BaseException as error:
        # Whatever the way up has made of the signal: Python itself makes a RuntimeError of it in a class that is made.
        for stopping in underway.values():
            for note in notes_of(error) if error is not stopping else ():
                stopping.add_note(note)
            raise stopping from None
        raise
    finally:
        over.set()
        with sending:  # none is on its way any more
            sys.unraisablehook = said
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if finally_die else handler)


def notes_of(error: BaseException | None) -> list[str]:
    """List what an error's way up has added to it, such as where finished blocks are, or to those that it came of.

    Parameters
    ----------
    error
        The error.

    Returns
    -------
    list of str
        Its notes.
    """
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        if notes := list(getattr(error, "__notes__", ())):
            return notes
        seen.append(error)
        error = error.__cause__ or error.__context__
    return []


def _imports(frame: FrameType | None) -> bool:
    """Whether the interpreter is just looking for a module, rather than running one."""
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


def _handled(error: BaseException) -> bool:
    """Whether an exception, or one that came of it, is on its way up and being cleaned up after."""
    current = sys.exception()
    while current is not None and current is not error:
        current = current.__cause__ or current.__context__
    return current is error


def _signal_main_thread(number: signal.Signals) -> None:
    """Send a signal to the main thread, waking it from what it waits for where the system can."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(number)
