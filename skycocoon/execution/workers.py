"""Who computes the blocks of a job: this process, processes on this machine, or a Dask cluster."""

from __future__ import annotations

import logging
import pickle
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError, WorkerError
from . import preload
from .chunks import one_processor
from .job import Block, Job, compute_block

__all__ = ["Workers", "computed"]

Workers = int | str | None
"""Number of processes on this machine, or address or scheduler file of a Dask cluster; this process if None."""

# Blocks that wait at the scheduler, so that no worker is idle while a result travels, and few results wait in memory.
AHEAD = 2
FEWEST_AHEAD = 16
# How long to try to reach a scheduler [s].
PATIENCE = 10


def computed(job: Job, indices: Sequence[int], workers: Workers) -> Generator[tuple[int, Block]]:
    """Compute blocks of a job, and yield each when it is done, in whatever order.

    Parameters
    ----------
    job
        The job.
    indices
        Which of its blocks are wanted.
    workers
        Who computes them.

    Yields
    ------
    tuple
        Index of the block, and the block.

    Raises
    ------
    InputError
        If the cluster cannot be reached, or the job says so.
    WorkerError
        If a block ends all workers that take it, or the cluster is lost.
    """
    if not indices:
        return
    if workers is None:
        for index in indices:
            yield index, compute_block(job.core, job.blocks[index])
        return
    with _quiet(), _client(workers) as client:
        yield from _from_cluster(client, job, indices)


def _from_cluster(client: Any, job: Job, indices: Sequence[int]) -> Iterator[tuple[int, Block]]:
    """Blocks from a cluster, each once it is done; what a lost worker had is computed again by others.

    The scheduler gives a block up when some workers were lost that had it, whichever of their blocks it was that ended
    them. Blocks that it gives up are tried again at the end, one at a time, so that only the right one is blamed.
    """
    from distributed import KilledWorker

    core = client.submit(_unchanged, pickle.dumps(job.core), key=f"skycocoon-job-{job.digest[:16]}")
    group = f"skycocoon-block-{uuid.uuid4().hex[:12]}"

    def submit(index: int, attempt: str = "") -> Any:
        return client.submit(_on_worker, core, job.blocks[index], key=(group + attempt, index))

    suspects: list[int] = []
    for index, future in _completed(client, submit, indices):
        try:
            block = future.result()
        except KilledWorker:
            suspects.append(index)
            continue
        yield index, block
    for index in suspects:
        future = submit(index, "-alone")
        try:
            block = future.result()
        except KilledWorker:
            raise WorkerError(
                f"{job.name}: block {index + 1} of {len(job.blocks)} ended every worker that took it, as for want of "
                "memory: give workers more, or use fewer of them on a machine"
            ) from None
        yield index, block


def _completed(client: Any, submit: Any, indices: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """Index and future of each block that is done or given up; a few more than there are workers are under way."""
    from distributed import as_completed

    waiting, under_way = deque(indices), as_completed(loop=client.loop)
    number_of: dict[Any, int] = {}

    def fill() -> None:
        workers = sum(client.nthreads().values()) if waiting else 0
        while waiting and len(number_of) < max(AHEAD * workers, FEWEST_AHEAD):
            index = waiting.popleft()
            future = submit(index)
            number_of[future.key] = index
            under_way.add(future)

    fill()
    for future in under_way:
        yield number_of.pop(future.key), future
        future.release()
        fill()


def _unchanged(packed: bytes) -> bytes:
    """What a job has in common, as a result that the scheduler can have computed again."""
    return packed


def _on_worker(packed: bytes, block: Any) -> Block:
    """Compute a block in a worker's thread, beside those of other threads and workers."""
    with one_processor():
        return compute_block(pickle.loads(packed), block)


@contextmanager
def _client(workers: int | str) -> Iterator[Any]:
    """Client of a cluster: one that is made of processes here, or one that runs already."""
    try:
        from dask import config
        from distributed import Client, LocalCluster
        from distributed.comm import get_address_host_port
    except ImportError:
        raise InputError('workers need dask.distributed; install it with: pip install "skycocoon[dask]"') from None
    if isinstance(workers, int):
        if workers < 1:
            raise InputError(f"workers {workers}: one or more are needed")
        with (
            # Lost processes are started again within the job; what ended two of them would end a third.
            config.set({"distributed.scheduler.allowed-failures": 1}),
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
                preload=preload.__name__,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    try:
        if workers.endswith(".json"):
            if not Path(workers).is_file():
                raise InputError(f"{workers}: no such scheduler file; `dask scheduler --scheduler-file FILE` writes it")
            client = Client(scheduler_file=workers, timeout=PATIENCE, set_as_default=False)
        else:
            # A client that cannot read its address leaves a thread behind.
            get_address_host_port(workers, strict=True)
            client = Client(workers, timeout=PATIENCE, set_as_default=False)
    except InputError:
        raise
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"no Dask scheduler at {workers!r} ({reason})") from None
    with client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's log, which tells of every worker that is lost, and at length."""
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
