"""Run a job: what is on disk already is not computed again, what is computed is kept until the output is whole."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import AccuracyWarning
from .job import Job
from .progress import block_progress
from .store import BlockFolder, blocks_folder
from .workers import Workers, computed

__all__ = ["Finished", "finished_blocks", "kept_blocks"]


class Finished:
    """All blocks of a job, read from disk when they are asked for.

    Parameters
    ----------
    store
        Where they are.
    count
        Their number.

    Attributes
    ----------
    accuracy
        Accuracies that could not be reached, each in a line; sorted, so that they do not depend on who was first.
    """

    def __init__(self, store: BlockFolder, count: int) -> None:
        self._store, self._count = store, count
        self.accuracy = sorted({line for index in range(count) for line in store.accuracy(index)})

    def __getitem__(self, index: int) -> Mapping[str, NDArray[Any]]:
        return self._store.read(index)

    def __iter__(self) -> Iterator[Mapping[str, NDArray[Any]]]:
        return (self._store.read(index) for index in range(self._count))


@contextmanager
def finished_blocks(
    job: Job,
    out: str | Path | None = None,
    *,
    workers: Workers = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> Iterator[Finished]:
    """Compute the blocks of a job that are not on disk yet, and keep all there until the ``with`` block has ended well.

    Parameters
    ----------
    job
        The job.
    out
        What is made of the blocks. They are kept beside it; without it, in a temporary folder.
    workers
        Number of processes on this machine, or address or scheduler file of a Dask cluster; this process if None.
    resume
        Whether blocks of the same job that are on disk are taken.
    overwrite
        Whether blocks of other jobs, and without ``resume`` those of this one, are removed.
    progress
        Whether to show progress.

    Yields
    ------
    Finished
        The arrays of all blocks, in their order.

    Raises
    ------
    InputError
        For blocks on disk that are not wanted, a folder that cannot be written to, workers that cannot be reached, and
        whatever the job says. If blocks are kept, a note says where.

    Examples
    --------
    >>> import numpy as np
    >>> from skycocoon.execution import Job, finished_blocks
    >>> job = Job("sine", float, "2", lambda factor, x: {"y": np.sin(factor * x)}, [0.0, 1.0])
    >>> with finished_blocks(job) as blocks:
    ...     [round(float(block["y"]), 4) for block in blocks]
    [0.0, 0.9093]
    """
    with kept_blocks(job, out, resume=resume, overwrite=overwrite) as store:
        whole = store.finished()
        missing = [index for index in range(len(job.blocks)) if index not in whole]
        with (
            block_progress(job.name, len(job.blocks), len(whole), progress) as advance,
            closing(computed(job, missing, workers, progress)) as results,
        ):
            for index, block in results:
                store.write(index, block)
                advance()
        finished = Finished(store, len(job.blocks))
        for line in finished.accuracy:
            warnings.warn(line, AccuracyWarning, stacklevel=3)
        yield finished


@contextmanager
def kept_blocks(
    job: Job, out: str | Path | None = None, *, resume: bool = False, overwrite: bool = False
) -> Iterator[BlockFolder]:
    """Keep finished blocks of a job beside its output until the ``with`` block has ended well.

    Parameters
    ----------
    job, out, resume, overwrite
        As in :func:`finished_blocks`.

    Yields
    ------
    BlockFolder
        Where finished blocks are, and where they are put.

    Raises
    ------
    InputError
        For blocks on disk that are not wanted, and a folder that cannot be written to. To any error, a note is added
        that says where blocks are kept.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="skycocoon-") as folder:
            yield BlockFolder(Path(folder), job)
        return
    store = BlockFolder(blocks_folder(out), job)
    with store.opened(resume, overwrite):
        try:
            yield store
        except BaseException as error:
            if kept := store.count():
                error.add_note(
                    f"{kept} of {len(job.blocks)} blocks are kept in {store.path}; resume=True goes on from there"
                )
            else:
                store.remove()
            raise
        store.remove()
