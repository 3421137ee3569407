"""Work in chunks: threads of this process, or anything with a ``map``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..units import FloatArray

__all__ = ["Executor", "in_chunks", "in_order", "one_processor", "progress_bar", "threads", "worker_count"]

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8192

# Set while a worker computes a block: its processors are shared with the other workers.
_ALONE: ContextVar[bool] = ContextVar("alone", default=True)


class Executor(Protocol):
    """Something that maps a function over items: `concurrent.futures` pools, a Dask client's executor, MPI pools."""

    def map(self, function: Callable[..., Any], *iterables: Any) -> Any:
        """Apply a function to every item, keeping the order.

        Parameters
        ----------
        function
            What is applied.
        *iterables
            Items, one from each for a call.

        Returns
        -------
        iterable
            Results, in the order of the items.
        """
        ...


def worker_count() -> int:
    """Processors that this process may use; one within a block of a job that is spread over workers."""
    if not _ALONE.get():
        return 1
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


@contextmanager
def one_processor() -> Iterator[None]:
    """Use one processor while the block lasts."""
    token = _ALONE.set(False)
    try:
        yield
    finally:
        _ALONE.reset(token)


@contextmanager
def threads(count: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """Pool of threads, as many as processors unless told; kernels release the interpreter's lock."""
    with ThreadPoolExecutor(count or worker_count()) as pool:
        yield pool


@contextmanager
def progress_bar(description: str, show: bool) -> Iterator[Callable[[float], None]]:
    """Show progress on stderr if that is a terminal.

    Parameters
    ----------
    description
        What is in progress.
    show
        Whether to show it at all.

    Yields
    ------
    callable
        Takes the part that is done, 0 to 1.
    """
    if not (show and sys.stderr.isatty()):
        yield lambda part: None
        return
    from tqdm import tqdm

    with tqdm(
        total=100, desc=description, leave=False, bar_format="{desc} {percentage:3.0f} % |{bar}| {elapsed}"
    ) as bar:

        def update(part: float) -> None:
            bar.n = min(100.0 * part, 100.0)
            bar.refresh()

        yield update


def in_chunks(
    function: Callable[[Any], FloatArray], rows: NDArray[Any], executor: Executor | None = None, chunk: int = CHUNK
) -> FloatArray:
    """Apply a function to an array's rows, chunk by chunk; the result does not depend on the split.

    Parameters
    ----------
    function
        Takes (n, ...) rows and gives (n,) numbers, each row on its own.
    rows
        (N, ...) array.
    executor
        What runs the chunks; this thread if None.
    chunk
        Rows in a chunk.

    Returns
    -------
    array
        (N, ...) numbers of all rows.
    """
    if len(rows) <= chunk or executor is None:
        return function(rows)
    parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
    return np.concatenate(list(executor.map(function, parts)))


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], executor: Executor, ahead: int
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items on an executor, and give results in the items' order.

    Only so many items are begun before results are taken, so that results do not pile up.

    Parameters
    ----------
    function
        What is applied.
    items
        Items, which may be made on the way.
    executor
        What runs the calls.
    ahead
        Number of items that are begun together.

    Yields
    ------
    item, result
        One pair for each item.
    """
    rest = iter(items)
    while begun := list(islice(rest, ahead)):
        yield from zip(begun, executor.map(function, begun), strict=True)
