"""Maps as a job: blocks of pixels are worked out anywhere, and written from disk as one process would write them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import astropy.units as u
import numpy as np

from ..config import LoadedModel, ModelText
from ..emission import GalaxyModel
from ..errors import AccuracyWarning, InputError
from ..execution import Finished, Job, finished_blocks
from ..los import ModelSky
from ..outputs import nearest_folder
from ..resources import check_disk
from ..sky import Region
from ..sky.formats.writing import BLOCK, Values
from ..units import FloatArray

__all__ = ["MapRequest", "map_values", "maps_job", "write_map"]

# Blocks of a map, enough to share; and bytes of a block, little enough to lose.
BLOCKS, BLOCK_BYTES = 64, 2**24
# Blocks that are held while a file is written; threads work on neighbours.
HELD = 6


@dataclass(frozen=True, eq=False)
class MapRequest:
    """A map that is asked for, in one or several files.

    Attributes
    ----------
    messenger, energy, nside, rtol, flavour, region
        As in :meth:`skycocoon.ModelSky.of`.
    names
        Name of the component for each file, empty for the total.
    """

    messenger: str
    energy: u.Quantity
    nside: int
    rtol: float
    flavour: str = "per-flavour"
    region: Region | None = None
    names: tuple[str, ...] = ("",)

    def sky(self, model: GalaxyModel) -> ModelSky:
        """The sky of a model that is asked for; nothing is worked out yet."""
        return ModelSky.of(
            model, self.messenger, self.energy, self.nside, region=self.region, rtol=self.rtol, flavour=self.flavour
        )

    def block(self, pixels: int) -> int:
        """Pixels in a block of a map of so many: as many as the writer takes at a time, or some times that."""
        most = BLOCK_BYTES // (8 * self.energy.size * len(self.names) * BLOCK)
        return min(max(most, 1), math.ceil(pixels / (BLOCKS * BLOCK))) * BLOCK


@dataclass(frozen=True, eq=False)
class Specification:
    """What every worker needs for maps, as plain data.

    Attributes
    ----------
    model
        The model.
    requests
        The maps.
    """

    model: ModelText
    requests: tuple[MapRequest, ...]


def _prepare(specification: Specification) -> list[Values]:
    """What gives the values of pixels, for each map; columns are integrated."""
    model = specification.model.load().model
    with warnings.catch_warnings():
        # Who writes the maps tells it, and says it in their headers.
        warnings.simplefilter("ignore", AccuracyWarning)
        return [request.sky(model).values(request.names) for request in specification.requests]


def _compute(maps: list[Values], block: tuple[int, int, int]) -> dict[str, FloatArray]:
    """Values of the pixels of a block: (energies, pixels) for each file."""
    number, start, stop = block
    return {f"{file:03d}": part for file, part in enumerate(maps[number](slice(start, stop)))}


def maps_job(loaded: LoadedModel, requests: Sequence[MapRequest]) -> Job:
    """Divide maps into blocks of pixels.

    Parameters
    ----------
    loaded
        The model.
    requests
        The maps.

    Returns
    -------
    Job
        A block is the number of its map, and its first pixel and that after its last.

    Raises
    ------
    InputError
        For unknown names, a wrong nside, energies that do not increase, or an empty region.
    """
    blocks = []
    for number, request in enumerate(requests):
        pixels = request.sky(loaded.model).pixels
        blocks += [(number, place.start, place.stop) for place in pixels.blocks(request.block(pixels.size))]
    return Job("map", _prepare, Specification(ModelText.of(loaded), tuple(requests)), _compute, blocks)


def _stored(finished: Finished, first: int, size: int) -> Values:
    """What gives the values of a map's pixels from its blocks, the first of which has that number."""

    @lru_cache(maxsize=HELD)
    def read(number: int) -> list[FloatArray]:
        return [array for _, array in sorted(finished[first + number].items())]

    def values(place: slice) -> list[FloatArray]:
        pieces = []
        for number in range(place.start // size, (place.stop - 1) // size + 1):
            begin = number * size
            part = slice(max(place.start - begin, 0), min(place.stop - begin, size))
            pieces.append([array[:, part] for array in read(number)])
        return [np.concatenate(files, axis=1) for files in zip(*pieces, strict=True)]

    return values


@contextmanager
def map_values(
    loaded: LoadedModel,
    requests: Sequence[MapRequest],
    out: str | Path,
    *,
    workers: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = False,
) -> Iterator[list[Values]]:
    """Work maps out block by block, and keep the blocks beside the output until the ``with`` block has ended well.

    Parameters
    ----------
    loaded
        The model.
    requests
        The maps.
    out
        File or folder that is made of them.
    workers, resume, overwrite, progress
        As in :func:`skycocoon.execution.finished_blocks`.

    Yields
    ------
    list of callable
        What :meth:`skycocoon.ModelSky.write` takes as ``values``, for each map.

    Raises
    ------
    InputError
        For anything wrong in the model or the requests, a disk without room for the blocks, and as
        :func:`skycocoon.execution.finished_blocks`.
    """
    folder = nearest_folder(Path(out).parent)
    skies = [request.sky(loaded.model) for request in requests]
    if workers is None:
        for request, sky in zip(requests, skies, strict=True):
            sky.check(folder, len(request.names))
    values = sum(sky.pixels.size * r.energy.size * len(r.names) for sky, r in zip(skies, requests, strict=True))
    # In double precision in blocks, and then, as a rule, in single precision in files.
    check_disk((8 + 4) * values, folder, "blocks of maps and the maps")
    job = maps_job(loaded, requests)
    with finished_blocks(job, out, workers=workers, resume=resume, overwrite=overwrite, progress=progress) as finished:
        of_map = [number for number, _, _ in job.blocks]
        yield [
            _stored(finished, of_map.index(k), request.block(sky.pixels.size))
            for k, (request, sky) in enumerate(zip(requests, skies, strict=True))
        ]


def write_map(
    loaded: LoadedModel,
    request: MapRequest,
    out: str | Path,
    *,
    dtype: str = "",
    overwrite: bool = False,
    workers: int | str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> ModelSky:
    """Write a map into a file; with workers, or to be resumed, by way of blocks that are kept beside it.

    Parameters
    ----------
    loaded
        The model.
    request
        The map.
    out
        The file.
    dtype
        As in :meth:`skycocoon.ModelSky.write`.
    overwrite
        Whether an existing file, and blocks of another map, may be replaced.
    workers, resume, progress
        As in :func:`map_values`. With neither workers nor ``resume``, nothing is kept.

    Returns
    -------
    ModelSky
        What was written.

    Raises
    ------
    InputError
        As :func:`map_values` and :meth:`skycocoon.ModelSky.write`.
    """
    sky = request.sky(loaded.model)
    if workers is None and not resume:
        sky.write({Path(out): request.names[0]}, overwrite=overwrite, dtype=dtype, progress=progress)
        return sky
    if Path(out).exists() and not overwrite:
        raise InputError(f"{out}: exists already; overwrite=True replaces it")
    kept = map_values(loaded, [request], out, workers=workers, resume=resume, overwrite=overwrite, progress=progress)
    with kept as (values,):
        sky.write({Path(out): request.names[0]}, overwrite=overwrite, dtype=dtype, values=values, progress=progress)
    return sky
