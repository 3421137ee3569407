"""Chunks of rays in threads; jobs of independent blocks, here, in processes or on a cluster, which can be resumed."""

from .chunks import Executor, in_chunks, in_order, progress_bar, threads, worker_count
from .content import content_digest
from .job import Block, Job
from .progress import block_progress
from .running import Finished, finished_blocks, kept_blocks
from .store import BlockFolder
from .workers import crew

__all__ = [
    "Block",
    "BlockFolder",
    "Executor",
    "Finished",
    "Job",
    "block_progress",
    "content_digest",
    "crew",
    "finished_blocks",
    "in_chunks",
    "in_order",
    "kept_blocks",
    "progress_bar",
    "threads",
    "worker_count",
]
