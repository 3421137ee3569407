"""A folder of results, filled step by step behind a progress bar; figures in a thread beside the steps."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..outputs import new_folder

__all__ = ["figure_thread", "fill_folder"]


def fill_folder(
    out: str | Path,
    files: Sequence[str],
    steps: Callable[[Path], Generator[str]],
    *,
    count: int,
    overwrite: bool,
    progress: bool,
) -> list[Path]:
    """Write a folder of results, whole or not at all.

    Parameters
    ----------
    out
        The folder; made if missing.
    files
        What will be written, by names relative to the folder.
    steps
        Does the work in a temporary folder and yields a label before each step.
    count
        Number of steps.
    overwrite
        Whether files of the same names may be replaced.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of Path
        The files, in the order of ``files``.

    Raises
    ------
    InputError
        If a file exists and ``overwrite`` is false, or the folder cannot be written to; before any step.
    """
    from tqdm import tqdm

    # Steps end before their folder goes, also when they are interrupted.
    with new_folder(out, files, overwrite) as work, closing(steps(work)) as labels:
        bar = tqdm(labels, total=count, disable=None if progress else True, leave=False)
        for label in bar:
            bar.set_description(label)
    return [Path(out) / name for name in files]


@contextmanager
def figure_thread() -> Iterator[Callable[..., Future[Any]]]:
    """Draw figures in a thread of their own, one at a time, while maps are computed and written.

    Matplotlib holds the interpreter's lock; kernels, checksums and disks do not need it.

    Yields
    ------
    callable
        Takes a function and its arguments, gives the future of the call. At the end of the block calls that have not
        begun are dropped, and the one that has is waited for.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="figures")
    pool.submit(_prepare)
    try:
        yield pool.submit
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare() -> None:
    """Import matplotlib, which takes as long as the spectra of the first region."""
    from .. import plot  # noqa: F401
