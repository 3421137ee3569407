"""Samples of a fit's posterior by several processes, and in segments that survive a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..config import ModelText, SamplingSection
from ..execution import Block, BlockFolder, Job, block_progress, crew, kept_blocks
from ..inference import Likelihood, Samples
from ..inference import sample as draw_samples
from ..inference.posterior import SEGMENT, Segment, log_probabilities
from ..units import FloatArray
from .problem import Problem, prepare

__all__ = ["Draw", "kept_samples"]

Draw = Callable[..., Samples]
"""What draws samples: :func:`skycocoon.sample`, or the same with some arguments given."""


@dataclass(frozen=True, eq=False)
class Specification:
    """What every worker needs to compute a likelihood, and what tells one chain from another.

    Attributes
    ----------
    model
        The model with its ``[fit]``.
    rtol
        Relative accuracy of region means.
    walkers, steps, seed
        Of the chain.
    starts
        Starts of the fit about whose best values the walkers begin.
    """

    model: ModelText
    rtol: float
    walkers: int
    steps: int
    seed: int
    starts: int


def _likelihood(specification: Specification) -> Likelihood:
    """The likelihood of a model file."""
    return prepare(specification.model.load(), rtol=specification.rtol).likelihood


def _probabilities(likelihood: Likelihood, values: FloatArray) -> dict[str, FloatArray]:
    """Logarithms of the probability of some walkers."""
    return {"log_probability": log_probabilities(likelihood, values)}


def _together(compute: Callable[[FloatArray], list[Block]], values: FloatArray) -> FloatArray:
    """(m,) logarithms of the probability at (m, n) values, from workers."""
    return np.concatenate([part.arrays["log_probability"] for part in compute(values)])


class KeptSegments(MutableMapping[int, Segment]):
    """Segments of a chain on disk.

    Parameters
    ----------
    store
        Where they are.
    advance
        Called whenever another one is there.
    """

    def __init__(self, store: BlockFolder, advance: Callable[[], None]) -> None:
        self._store, self._advance = store, advance
        self._finished = store.finished()

    def __getitem__(self, index: int) -> Segment:
        if index not in self._finished:
            raise KeyError(index)
        return self._store.read(index)

    def __setitem__(self, index: int, segment: Segment) -> None:
        self._store.write(index, Block(segment))
        self._finished.add(index)
        self._advance()

    def __delitem__(self, index: int) -> None:
        raise TypeError("segments are removed together")

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._finished))

    def __len__(self) -> int:
        return len(self._finished)


@contextmanager
def kept_samples(
    problem: Problem,
    sampler: SamplingSection,
    out: str | Path,
    *,
    rtol: float,
    starts: int,
    workers: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> Iterator[Draw]:
    """Give what draws samples with workers, and keeps its chain beside the output until the ``with`` block ends well.

    Each step asks for half of the walkers, which are divided among the workers. A segment of the chain, 20 steps, is
    kept with the state of the random numbers, so that a chain that goes on is the chain that was never interrupted.

    Parameters
    ----------
    problem
        The fit.
    sampler
        How the posterior is sampled.
    out
        Folder that is made of it.
    rtol, starts
        As of the fit: another fit has another chain.
    workers, resume, overwrite, progress
        As in :func:`skycocoon.execution.finished_blocks`.

    Yields
    ------
    callable
        Takes what :func:`skycocoon.sample` takes.

    Raises
    ------
    InputError
        As :func:`skycocoon.execution.finished_blocks`.
    """
    model = ModelText.of(problem.loaded)
    specification = Specification(model, rtol, sampler.walkers, sampler.steps, sampler.seed, starts)
    segments = range(0, sampler.steps, SEGMENT)
    job = Job("sample", _likelihood, specification, _probabilities, list(segments))
    with (
        kept_blocks(job, out, resume=resume, overwrite=overwrite) as store,
        nullcontext(None) if workers is None else crew(job, workers, progress) as compute,
    ):
        together = None if compute is None else partial(_together, compute)

        def draw(*arguments: Any, **options: Any) -> Samples:
            finished = len(store.finished())
            with block_progress(job.name, len(segments), finished, progress) as advance:
                kept = KeptSegments(store, advance)
                given: dict[str, Any] = {"segments": kept, "together": together, "progress": False}
                return draw_samples(*arguments, **{**options, **given})

        yield draw
