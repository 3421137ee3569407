"""A scan as a job: what its blocks share, and the mean intensities at the points of a block."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import call

import astropy.units as u
import numpy as np

from ...absorption import Absorption
from ...config import LoadedModel, ModelText, Variation
from ...emission import Component
from ...errors import InputError
from ...execution import Job
from ...galaxy import Sun
from ...los import region_means
from ...numerics.memo import Last
from ...sky import Region
from ...units import FloatArray
from .axes import Points, as_in_a_file

__all__ = ["ScanQuestion", "scan_job"]

# A scan has about so many blocks: enough to spread, to show progress and to lose little with a worker.
BLOCKS = 200


@dataclass(frozen=True, eq=False)
class ScanQuestion:
    """What is computed at each point of a scan.

    Attributes
    ----------
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing energies.
    regions
        Parts of the sky.
    flavour
        Neutrinos: ``"per-flavour"`` or ``"all-flavour"``.
    rtol
        Relative accuracy of the means.
    """

    messenger: str
    energy: u.Quantity
    regions: tuple[Region, ...]
    flavour: str
    rtol: float


@dataclass(frozen=True, eq=False)
class Specification:
    """What every worker needs for a scan, as plain data.

    Attributes
    ----------
    model
        The model at the scan's first point, so that keys without a value have one.
    bounds
        Lowest and highest value of each key, as a model file has them.
    question
        What is computed.
    """

    model: ModelText
    bounds: Mapping[str, tuple[object, object]]
    question: ScanQuestion


class Scanner:
    """The model of a scan, at any of its points; what does not change from point to point is not computed again.

    Parameters
    ----------
    specification
        What the scan's blocks share.

    Raises
    ------
    InputError
        For anything wrong in the model at its first point or at an end of an axis.
    """

    def __init__(self, specification: Specification) -> None:
        self.loaded = specification.model.load()
        self._variation = Variation(self.loaded, specification.bounds, "over ")
        self._question = specification.question
        self._last = Last()
        self._last_of: defaultdict[str, Last] = defaultdict(Last)

    def __call__(self, numbers: Sequence[float]) -> FloatArray:
        """Return mean intensities at a point.

        Parameters
        ----------
        numbers
            (k,) values of the keys.

        Returns
        -------
        array
            (regions, components, energies) [GeV^-1 cm^-2 s^-1 sr^-1].

        Raises
        ------
        InputError
            If the model is wrong there; with the values.
        """
        try:
            _, model = self._variation.at(numbers)
            means = self._last(self._means, model.sun, model.absorption)
            parts = [
                self._last_of[component.name](call, means, component)
                for component in model.components
                if self._question.messenger in component.messengers
            ]
        except InputError as error:
            values = self._variation.quantities(numbers)
            where = ", ".join(f"{key} = {value}" for key, value in values.items())
            raise InputError(f"{error} (at {where})") from None
        return np.stack(parts).transpose(2, 0, 1)

    def _means(self, sun: Sun, absorption: Absorption) -> Callable[[Component], FloatArray]:
        question = self._question
        return region_means(
            question.messenger,
            question.energy,
            question.regions,
            sun,
            absorption,
            rtol=question.rtol,
            flavour=question.flavour,
        )


def _intensities(scanner: Scanner, numbers: FloatArray) -> dict[str, FloatArray]:
    """(points, regions, components, energies) mean intensities at the points of a block."""
    return {"intensity": np.stack([scanner(point) for point in numbers.tolist()])}


def scan_job(loaded: LoadedModel, points: Points, question: ScanQuestion, size: int | None = None) -> Job:
    """Divide a scan into blocks of neighbouring points.

    Parameters
    ----------
    loaded
        The model.
    points
        Where it is computed.
    question
        What is computed there.
    size
        Points in a block; by default so many that there are about 200 blocks.

    Returns
    -------
    Job
        Each block gives ``intensity``, (points, regions, components, energies) [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        For a key that does not exist or has no number, and values of which the model is wrong.
    """
    bounds = {axis.key: (as_in_a_file(axis.values.min()), as_in_a_file(axis.values.max())) for axis in points.axes}
    model = ModelText.of(loaded, points.settings(0))
    specification = Specification(model, bounds, question)
    Scanner(specification)
    size = math.ceil(len(points.numbers) / BLOCKS) if size is None else size
    blocks = [points.numbers[first : first + size] for first in range(0, len(points.numbers), size)]
    return Job("scan", Scanner, specification, _intensities, blocks)
