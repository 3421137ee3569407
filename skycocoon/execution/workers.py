"""Who computes the blocks of a job: this process, processes on this machine, or a Dask cluster."""

from __future__ import annotations

import logging
import pickle
import threading
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, WorkerError
from ..resources import check_memory
from ..units import FloatArray
from . import preload
from .chunks import one_processor
from .job import Block, Job, compute_block
from .progress import say

__all__ = ["Workers", "computed", "crew"]

Workers = int | str | None
"""Number of processes on this machine, or address or scheduler file of a Dask cluster; this process if None."""

# Blocks that wait at the scheduler, so that no worker is idle while a result travels, and few results wait in memory.
AHEAD = 2
FEWEST_AHEAD = 16
# So many blocks are given up before any is done: each is tried alone. So many end workers alone: no more are tried.
MANY, HOPELESS = 4, 3
# How long to try to reach a scheduler [s].
PATIENCE = 10
# What a process takes that has imported the package [bytes].
WORKER = 150e6
# How often to look whether workers are missing [s].
REFILL = 5.0


def computed(
    job: Job, indices: Sequence[int], workers: Workers, progress: bool = False
) -> Generator[tuple[int, Block]]:
    """Compute blocks of a job, and yield each when it is done, in whatever order.

    Parameters
    ----------
    job
        The job.
    indices
        Which of its blocks are wanted.
    workers
        Who computes them.
    progress
        Whether to say that workers are waited for.

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
    with _client(workers, progress) as client:
        yield from _from_cluster(client, job, {index: job.blocks[index] for index in indices})


@contextmanager
def crew(job: Job, workers: int | str, progress: bool = False) -> Iterator[Callable[[FloatArray], list[Block]]]:
    """Workers that stay together, for blocks that are not known beforehand.

    Parameters
    ----------
    job
        What is computed; its own blocks are not.
    workers
        Who computes.
    progress
        Whether to say that workers are waited for.

    Yields
    ------
    callable
        Divides the rows of an array among the workers; gives what came of each part, in order.

    Raises
    ------
    InputError
        If the cluster cannot be reached.
    """
    with _client(workers, progress) as client:

        def compute(rows: FloatArray) -> list[Block]:
            count = min(max(sum(client.nthreads().values()), 1), len(rows))
            parts = dict(_from_cluster(client, job, dict(enumerate(np.array_split(rows, count)))))
            return [parts[index] for index in range(count)]

        yield compute


def _from_cluster(client: Any, job: Job, blocks: Mapping[int, Any]) -> Iterator[tuple[int, Block]]:
    """Blocks from a cluster, each once it is done; what a lost worker had is computed again by others.

    The scheduler gives a block up when some workers were lost that had it, whichever of their blocks it was that ended
    them. Blocks that it gives up are tried again at the end, one at a time, so that only the right one is blamed.
    """
    core = client.submit(_unchanged, pickle.dumps(job.core), key=f"skycocoon-job-{job.digest[:16]}")
    group = f"skycocoon-block-{uuid.uuid4().hex[:12]}"

    def submit(index: int, attempt: str = "") -> Any:
        return client.submit(_on_worker, core, blocks[index], key=(group + attempt, index))

    todo, finished, deadly = dict.fromkeys(blocks), 0, []
    while todo:
        suspects = []
        with closing(_completed(client, submit, list(todo))) as results:
            for index, future in results:
                block = _result(future)
                if block is None:
                    suspects.append(index)
                    if not finished and len(suspects) >= MANY:
                        break
                    continue
                del todo[index]
                finished += 1
                yield index, block
        for index in suspects:
            del todo[index]
            block = _result(submit(index, "-alone"))
            if block is not None:
                finished += 1
                yield index, block
                continue
            deadly.append(index)
            if len(deadly) >= HOPELESS:
                raise _deadly(job, deadly[0], len(blocks))
    if deadly:
        raise _deadly(job, deadly[0], len(blocks))


def _deadly(job: Job, index: int, wanted: int) -> WorkerError:
    """Error that names a block which ended its workers."""
    return WorkerError(
        f"{job.name}: block {index + 1} of {max(len(job.blocks), wanted)} ended every worker that took it, as for want "
        "of memory: give workers more, or use fewer of them on a machine"
    )


def _result(future: Any) -> Block | None:
    """Wait for a block; None if the scheduler has given it up."""
    from distributed import CancelledError, KilledWorker

    try:
        block: Block = future.result()
    except KilledWorker:
        return None
    except CancelledError:
        raise WorkerError("the Dask scheduler is gone") from None
    return block


def _completed(client: Any, submit: Any, indices: Iterable[int]) -> Generator[tuple[int, Any]]:
    """Index and future of each block that is done or given up; a few more than there are workers are under way."""
    from distributed import as_completed

    waiting, under_way = deque(indices), as_completed(loop=client.loop)
    number_of: dict[Any, tuple[int, Any]] = {}

    def fill() -> None:
        workers = sum(client.nthreads().values()) if waiting else 0
        while waiting and len(number_of) < max(AHEAD * workers, FEWEST_AHEAD):
            index = waiting.popleft()
            future = submit(index)
            number_of[future.key] = index, future
            under_way.add(future)

    fill()
    try:
        for future in under_way:
            index, _ = number_of.pop(future.key)
            yield index, future
            future.release()
            fill()
    finally:
        client.cancel([future for _, future in number_of.values()])


def _unchanged(packed: bytes) -> bytes:
    """What a job has in common, as a result that the scheduler can have computed again."""
    return packed


def _on_worker(packed: bytes, block: Any) -> Block:
    """Compute a block in a worker's thread, beside those of other threads and workers."""
    with one_processor():
        return compute_block(pickle.loads(packed), block)


@contextmanager
def _client(workers: int | str, progress: bool) -> Iterator[Any]:
    """Client of a cluster: one that is made of processes here, or one that runs already."""
    try:
        import distributed  # noqa: F401  its loggers are made here
    except ImportError:
        raise InputError('workers need dask.distributed; install it with: pip install "skycocoon[dask]"') from None
    with _quiet(), _processes(workers) if isinstance(workers, int) else _remote(workers) as client:
        if progress and not client.nthreads():
            say(f"{workers}: this Dask cluster has no workers yet, waiting for them")
        yield client


@contextmanager
def _processes(count: int) -> Iterator[Any]:
    """Client of a cluster of processes on this machine."""
    from dask import config
    from distributed import Client, LocalCluster

    if count < 1:
        raise InputError(f"workers {count}: one or more are needed")
    check_memory(count * WORKER, f"{count} workers", "use fewer of them")
    with ExitStack() as stack:
        # Lost processes are started again within the job; what ended two of them would end a third.
        stack.enter_context(config.set({"distributed.scheduler.allowed-failures": 1}))
        try:
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                    preload=preload.__name__,
                )
            )
            client = stack.enter_context(Client(cluster, set_as_default=False))
        except (RuntimeError, OSError) as error:
            raise WorkerError(
                f"{count} workers could not be started ({' '.join(str(error).split())}); a script that asks "
                "for them needs: if __name__ == '__main__':"
            ) from None
        ended = threading.Event()
        stack.callback(ended.set)
        threading.Thread(target=_refill, args=(cluster, count, ended), daemon=True).start()
        yield client


def _refill(cluster: Any, count: int, ended: threading.Event) -> None:
    """Start workers in the place of those that Dask gave up, because they died or were slow while they started."""
    while not ended.wait(REFILL):
        cluster.scale(count)


@contextmanager
def _remote(address: str) -> Iterator[Any]:
    """Client of a cluster that runs, by its scheduler's address or file."""
    from distributed import Client
    from distributed.comm import get_address_host_port

    where: dict[str, str] = {"address": address}
    if address.endswith(".json"):
        if not Path(address).is_file():
            raise InputError(f"{address}: no such scheduler file; `dask scheduler --scheduler-file FILE` writes it")
        where = {"scheduler_file": address}
    try:
        if "address" in where:
            # A client that cannot read its address leaves a thread behind.
            get_address_host_port(address, strict=True)
        client = Client(**where, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"no Dask scheduler at {address!r} ({reason})") from None
    with client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Dask's logs, which tell of every worker that is lost, and at length."""
    logs = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
