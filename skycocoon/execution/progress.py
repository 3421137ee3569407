"""Progress of a job over its blocks: a bar on a terminal, lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["block_progress", "say"]

# A batch system's log gets a line after so many per cent, and no more than one in so many seconds.
PERCENT, SECONDS = 5, 2.0


@contextmanager
def block_progress(name: str, total: int, finished: int, show: bool) -> Iterator[Callable[[], None]]:
    """Show how many blocks of a job are done: a bar if stderr is a terminal, else a line every 5 %.

    Parameters
    ----------
    name
        What the job is called.
    total
        Number of its blocks.
    finished
        How many of them were done before.
    show
        Whether to show anything.

    Yields
    ------
    callable
        To be called after each block.
    """
    if not show:
        yield lambda: None
    elif sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, initial=finished, desc=name, unit="block", leave=False) as bar:
            yield lambda: bar.update() and None
    else:
        yield _Log(name, total, finished)


class _Log:
    """Writes a line to stderr whenever another 5 % of the blocks are done."""

    def __init__(self, name: str, total: int, finished: int) -> None:
        self._name, self._total, self._finished = name, total, finished
        self._begun = self._last = time.monotonic()
        self._told = self._step()

    def _step(self) -> int:
        return 100 * self._finished // (PERCENT * self._total)

    def __call__(self) -> None:
        self._finished += 1
        step, now = self._step(), time.monotonic()
        if step > self._told and now - self._last >= SECONDS:
            self._told, self._last = step, now
            seconds = int(now - self._begun)
            clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            done = 100 * self._finished // self._total
            say(f"{self._name} {done} %, {self._finished} of {self._total} blocks, {clock}")


def say(text: str) -> None:
    """Write a line to stderr, at once."""
    sys.stderr.write(f"skycocoon: {text}\n")
    sys.stderr.flush()
