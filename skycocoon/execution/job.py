"""A job: independent blocks, and how one of them is computed."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..errors import AccuracyWarning, InputError
from .content import content_digest

__all__ = ["Block", "Job", "compute_block"]

Arrays = Mapping[str, NDArray[Any]]


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
        """What identifies the job: functions, specification, blocks and the version of the package."""
        return content_digest(version("skycocoon"), self.prepare, self.compute, self.specification, self.blocks)

    @cached_property
    def core(self) -> Core:
        """What a worker needs of it besides the block."""
        return Core(self.digest, version("skycocoon"), self.prepare, self.specification, self.compute)


@dataclass(frozen=True, eq=False)
class Core:
    """What all blocks of a job have in common.

    Attributes
    ----------
    digest, prepare, specification, compute
        As in :class:`Job`.
    version
        Version of the package that made the job.
    """

    digest: str
    version: str
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
        If this process runs another version of the package, or the job says so.
    """
    if core.version != (own := version("skycocoon")):
        raise InputError(f"a worker runs skycocoon {own}, the job was made by {core.version}: install the same")
    # Sums of matrix products are rounded differently by other numbers of threads.
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1, "blas"):
        warnings.simplefilter("always", AccuracyWarning)
        with _LOCK:
            if core.digest not in _SHARED:
                _SHARED[core.digest] = core.prepare(core.specification)
            _SHARED.move_to_end(core.digest)
            while len(_SHARED) > _REMEMBERED:
                _SHARED.popitem(last=False)
            shared = _SHARED[core.digest]
        arrays = {name: np.asarray(array) for name, array in core.compute(shared, block).items()}
    accuracy: dict[str, None] = {}
    for warning in caught:
        if issubclass(warning.category, AccuracyWarning):
            accuracy[str(warning.message)] = None
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return Block(arrays, tuple(accuracy))
