"""A job: independent blocks, and how one of them is computed."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..errors import AccuracyWarning, InputError, RangeWarning
from ..shipped import data_folder
from .content import content_digest

__all__ = ["Block", "Job", "compute_block"]

Arrays = Mapping[str, NDArray[Any]]


@lru_cache(maxsize=1)
def package_digest() -> str:
    """SHA-256 of the package's version, code and data: a block of other code is another block."""
    digest = hashlib.sha256(version("skycocoon").encode())
    for folder, pattern in ((Path(__file__).parents[1], "*.py"), (data_folder(), "*")):
        for path in sorted(folder.rglob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Job:
    """Independent blocks that are computed from one specification, anywhere and in any order.

    Both functions stand at the top of a module, so that other processes find them by name. A block's arrays must not
    depend on which blocks were computed before it.

    Attributes
    ----------
    name
        What progress and messages call it.
    prepare
        Makes, of the specification, what all blocks share; called once in each process.
    specification
        What :attr:`prepare` takes: plain data, small enough to be sent to each worker.
    compute
        Computes the arrays of a block, by name, from what is shared and from the block.
    blocks
        What distinguishes the blocks.
    """

    name: str
    prepare: Callable[[Any], Any]
    specification: Any
    compute: Callable[[Any, Any], Arrays]
    blocks: Sequence[Any]

    @cached_property
    def digest(self) -> str:
        """What identifies the job: functions, specification, blocks, and the package with its data."""
        return content_digest(package_digest(), self.prepare, self.compute, self.specification, self.blocks)

    @cached_property
    def core(self) -> Core:
        """What a worker needs of it besides the block."""
        return Core(self.digest, package_digest(), self.prepare, self.specification, self.compute)


@dataclass(frozen=True, eq=False)
class Core:
    """What all blocks of a job have in common.

    Attributes
    ----------
    digest, prepare, specification, compute
        As in :class:`Job`.
    package
        Digest of the package that made the job.
    """

    digest: str
    package: str
    prepare: Callable[[Any], Any]
    specification: Any
    compute: Callable[[Any, Any], Arrays]


@dataclass(frozen=True, eq=False)
class Block:
    """What came of a block.

    Attributes
    ----------
    arrays
        Results by name.
    accuracy
        Accuracies that could not be reached, each in a line.
    """

    arrays: Arrays
    accuracy: tuple[str, ...] = ()


# What blocks of a job share, of the last jobs that this process took part in. A worker's threads wait for the first.
_SHARED: OrderedDict[str, Any] = OrderedDict()
_REMEMBERED = 2
_LOCK = threading.Lock()

# Warnings that whoever asked for the blocks repeats.
TOLD = (AccuracyWarning, RangeWarning)
# Who collects warnings at the moment, and what ends it.
_COLLECTORS: list[list[str]] = []
_CATCHING = ExitStack()
_WARNING = threading.Lock()


def compute_block(core: Core, block: Any) -> Block:
    """Compute a block; what blocks share is made once in a process.

    Parameters
    ----------
    core
        What all blocks of the job have in common.
    block
        What distinguishes this one.

    Returns
    -------
    Block
        Its arrays, and the accuracies that could not be reached.

    Raises
    ------
    InputError
        If this process runs another state of the package, or the job says so.
    """
    if core.package != package_digest():
        raise InputError(
            f"a worker runs another skycocoon ({version('skycocoon')}) than made the job: install the same"
        )
    # Sums of matrix products are rounded differently by other numbers of threads.
    with _accuracies() as accuracy, threadpool_limits(1, "blas"):
        with _LOCK:
            if core.digest not in _SHARED:
                _SHARED[core.digest] = core.prepare(core.specification)
            _SHARED.move_to_end(core.digest)
            while len(_SHARED) > _REMEMBERED:
                _SHARED.popitem(last=False)
            shared = _SHARED[core.digest]
        arrays = {name: np.asarray(array) for name, array in core.compute(shared, block).items()}
    return Block(arrays, tuple(dict.fromkeys(accuracy)))


@contextmanager
def _accuracies() -> Iterator[list[str]]:
    """Collect accuracies that were not reached, while blocks are computed in whatever number of threads.

    Python's own collector belongs to one thread. A block of another thread may get a warning of this one's; in the end
    those of all blocks are put together.
    """
    own: list[str] = []
    with _WARNING:
        if not _COLLECTORS:
            _CATCHING.enter_context(warnings.catch_warnings())
            show = warnings.showwarning

            def collect(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
                if issubclass(category, TOLD):
                    for collector in list(_COLLECTORS):
                        collector.append(str(message))
                else:
                    show(message, category, *where, **more)

            for category in TOLD:
                warnings.simplefilter("always", category)
            warnings.showwarning = collect
        _COLLECTORS.append(own)
    try:
        yield own
    finally:
        with _WARNING:
            # By identity: lists are equal as long as they are empty.
            _COLLECTORS[:] = [collector for collector in _COLLECTORS if collector is not own]
            if not _COLLECTORS:
                _CATCHING.close()
