"""Chunks of rays in threads; jobs of independent blocks, here, in processes or on a cluster, which can be resumed."""

from .chunks import Executor, in_chunks, in_order, progress_bar, threads, worker_count
from .content import content_digest
from .job import Job
from .running import Finished, finished_blocks

__all__ = [
    "Executor",
    "Finished",
    "Job",
    "content_digest",
    "finished_blocks",
    "in_chunks",
    "in_order",
    "progress_bar",
    "threads",
    "worker_count",
]
