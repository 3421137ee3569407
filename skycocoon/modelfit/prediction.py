"""Predict every data set at values of the fit parameters, and compute again only what they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import call
from typing import Any

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..config import LoadedModel, Variation
from ..config.sections.comparison import ComparisonSection
from ..emission import Component, GalaxyModel, Template
from ..errors import InputError
from ..galaxy import Sun
from ..los import region_means
from ..measured import Data, Measurement, RatioMeasurement, Target
from ..nuclei import RANGE
from ..numerics.memo import Last
from ..points import Points
from ..sky import Region, SkyMap
from ..sky.convention import MESSENGERS
from ..units import FloatArray

__all__ = ["Prediction", "SkyMeans", "SpectrumPrediction"]


@dataclass(frozen=True, eq=False)
class SpectrumPrediction:
    """A spectrum that is fitted, and where its points are among the mean intensities of its messenger.

    Attributes
    ----------
    data
        The data set, with the points that lie within the model's energies.
    region
        What the model is averaged over: the region of the data, or that one without masked sources.
    rows
        (n,) place of each point's energy among the energies of :class:`SkyMeans`.
    column
        Place of the region among its regions.
    """

    data: Measurement
    region: Region
    rows: np.ndarray[Any, np.dtype[np.int64]]
    column: int

    def points(self) -> Points:
        """Return the values that are fitted."""
        return self.data.points(self.region)

    def predict(self, means: FloatArray, target: Target) -> FloatArray:
        """Return the model's counterparts of :meth:`points`.

        Parameters
        ----------
        means
            (energies, regions) mean intensities per neutrino flavour [GeV^-1 cm^-2 s^-1 sr^-1].
        target
            What they are multiplied by.

        Returns
        -------
        ndarray
            (n,) values in the unit of the data; (1,) for a band.
        """
        return self.data.expected(means[self.rows, self.column], target)


class SkyMeans:
    """Mean intensities of one messenger, at all energies and in all regions that are fitted.

    Parameters
    ----------
    loaded
        The model.
    data
        Spectra of one messenger, with different names.
    rtol
        Relative accuracy of the means.
    progress
        Whether to show a progress bar while rays are integrated, if stderr is a terminal.

    Attributes
    ----------
    spectra
        The data sets and their places, by name.

    Raises
    ------
    InputError
        If no component emits this messenger, or a data set does not overlap with the model's energies or regions.
    """

    def __init__(self, loaded: LoadedModel, data: Sequence[Measurement], rtol: float, progress: bool) -> None:
        self._messenger, self._rtol, self._progress = data[0].messenger, rtol, progress
        if self._messenger not in loaded.model.messengers:
            raise InputError(f"fit.data: {data[0].name} is of {self._messenger}s, no component shines in them")
        nodes = loaded.energies(self._messenger)
        covered = [_covered(item, nodes) for item in data]
        energies = np.unique(np.concatenate([item.energy.to_value(u.GeV) for item in covered]))
        regions: list[Region] = []
        self.spectra: dict[str, SpectrumPrediction] = {}
        for item in covered:
            region = loaded.comparison.target(self._messenger, item.region).averaged
            item.check_region(region)
            if region not in regions:
                regions.append(region)
            rows = np.searchsorted(energies, item.energy.to_value(u.GeV))
            self.spectra[item.name] = SpectrumPrediction(item, region, rows, regions.index(region))
        self._energies, self._regions = energies * u.GeV, regions
        self._view: tuple[Sun, Absorption] | None = None
        self._means: Callable[[Component], FloatArray]
        self._last_of: defaultdict[str, Last] = defaultdict(Last)

    def __call__(self, model: GalaxyModel) -> FloatArray:
        """Return the mean intensities of all components together.

        Parameters
        ----------
        model
            The model; components that are the same objects as the last time are not integrated again.

        Returns
        -------
        ndarray
            (energies, regions) intensities per neutrino flavour [GeV^-1 cm^-2 s^-1 sr^-1].
        """
        # By value: a fitted absorber is another object in every step.
        view = model.sun, model.absorption
        if self._view != view:
            self._means = region_means(
                self._messenger, self._energies, self._regions, *view, rtol=self._rtol, progress=self._progress
            )
            self._view = view
        total: Any = 0.0
        for component in model.components:
            if self._messenger not in component.messengers:
                continue
            last, scale = self._last_of[component.name], 1.0
            if isinstance(component, Template):  # its scale is a factor: the map is averaged once
                scale, component = component.scale, last(_unscaled, component.name, component.sky, component.outside)
            total = total + scale * last(call, self._means, component)
        return np.asarray(total)


def _covered(data: Measurement, nodes: u.Quantity) -> Measurement:
    try:
        return data.covered_by(nodes)
    except InputError:
        low, high = data.energy.min().to_value(u.GeV), data.energy.max().to_value(u.GeV)
        first, last = nodes[[0, -1]].to_value(u.GeV)
        raise InputError(
            f"fit.data: {data.name} has {low:g}..{high:g} GeV, none of it within the model's {first:g}..{last:g} GeV "
            "(maps.energies)"
        ) from None


def _covered_ratio(data: RatioMeasurement) -> RatioMeasurement:
    unit = 2.0 * u.GV if data.in_rigidity else 1.0 * u.GeV
    try:
        return data.within(RANGE[0] * unit, RANGE[1] * unit)
    except InputError:
        raise InputError(
            f"fit.data: {data.name} has no point within {RANGE[0]:g} to {RANGE[1]:g} GeV per nucleon"
        ) from None


def _unscaled(name: str, sky: SkyMap, outside: str) -> Template:
    return Template(name, sky, 1.0, outside)


def _size(data: Data) -> int:
    return int((data.energy if isinstance(data, Measurement) else data.x).size)


class Prediction:
    """Every data set's model at values of the parameters; what has not changed is not computed again.

    Parameters
    ----------
    loaded
        The model.
    variation
        The same at other values.
    data
        Data sets with different names.
    rtol
        Relative accuracy of region means.
    progress
        Whether to show a progress bar while rays are integrated, if stderr is a terminal.

    Attributes
    ----------
    left_out
        How many energies of a data set are outside the model's, by its name, where there are any.

    Raises
    ------
    InputError
        For data outside the model's messengers, energies or regions.
    """

    def __init__(
        self, loaded: LoadedModel, variation: Variation, data: Sequence[Data], rtol: float, progress: bool
    ) -> None:
        self._variation = variation
        self._data = [_covered_ratio(item) if isinstance(item, RatioMeasurement) else item for item in data]
        self._skies: dict[str, SkyMeans] = {}
        for messenger in MESSENGERS:
            spectra = [item for item in data if isinstance(item, Measurement) and item.messenger == messenger]
            if spectra:
                self._skies[messenger] = SkyMeans(loaded, spectra, rtol, progress)
        self._last_of: defaultdict[str, Last] = defaultdict(Last)
        left_out = {item.name: _size(item) - _size(self._used(item)) for item in data}
        self.left_out = {name: count for name, count in left_out.items() if count}

    def points(self) -> tuple[Points, ...]:
        """Return the values that are fitted, in the order of the data."""
        return tuple(
            item.points() if isinstance(item, RatioMeasurement) else self._spectrum(item).points()
            for item in self._data
        )

    def _used(self, data: Data) -> Data:
        """The points of a data set that are predicted."""
        if isinstance(data, Measurement):
            return self._spectrum(data).data
        return next(item for item in self._data if item.name == data.name)

    def _spectrum(self, data: Measurement) -> SpectrumPrediction:
        return self._skies[data.messenger].spectra[data.name]

    def __call__(self, values: Sequence[float]) -> list[FloatArray]:
        """Return the predictions in the order of the data, in the units of :meth:`points`.

        Parameters
        ----------
        values
            One of each free key, in its unit.

        Returns
        -------
        list of ndarray
            An array for each data set.
        """
        file, model = self._variation.at(values)
        means = {messenger: sky(model) for messenger, sky in self._skies.items()}
        predictions = []
        for item in self._data:
            if isinstance(item, RatioMeasurement):
                nuclei = self._variation.nuclei(file, model)
                predictions.append(nuclei.ratio(item.x, *item.quantity.split("/")))
                continue
            last = self._last_of[item.name]
            target = last(ComparisonSection.target, file.comparison, item.messenger, item.region)
            predictions.append(self._spectrum(item).predict(means[item.messenger], target))
        return predictions
