"""Every data set's model at values of the fit parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import astropy.units as u
import numpy as np

from ..config import LoadedModel, ModelFile, Variation
from ..emission import Component, GalaxyModel, Template
from ..errors import InputError
from ..los import region_means
from ..measured import Data, Measurement, RatioMeasurement
from ..nuclei import Nuclei
from ..points import Points
from ..sky import Region
from ..units import FloatArray, within


@dataclass(frozen=True, eq=False)
class SpectrumPrediction:
    """Points of a spectrum that are fitted: which of the model's rows and regions they are, and in what unit.

    Attributes
    ----------
    data
        The data set.
    used
        (n,) which of its points lie within the model's energies.
    region
        Part of the sky for the model: that of the data, or that without masked sources.
    rows
        (m,) where the used points' energies are among all energies of the messenger.
    column
        Which of the messenger's regions.
    convert
        From a mean intensity per flavour to what was measured.
    """

    data: Measurement
    used: np.ndarray[Any, np.dtype[np.bool_]]
    region: Region
    rows: np.ndarray[Any, np.dtype[np.int64]]
    column: int
    convert: float

    def points(self) -> Points:
        """What is compared: every point, or the one normalisation of a band."""
        data, unit = self.data, self.data.value.unit
        x, values = data.energy.to_value(u.TeV)[self.used], data.value.to_value(unit)[self.used]
        low, high = (error.to_value(unit)[self.used] for error in (data.error_low, data.error_high))
        limit = data.limit[self.used]
        if data.band:
            # One number was measured: by how much the band's spectrum is multiplied.
            x, limit = np.array([np.exp(np.mean(np.log(x)))]), np.array([False])
            low, high = (np.array([np.mean(error / values)]) for error in (low, high))
            values = np.ones(1)
        return Points(data.name, f"{data.label}, {self.region.name}", x, "E [TeV]", values, low, high, limit)

    def predict(self, means: FloatArray, factor: float) -> FloatArray:
        """The model in the unit of the data, of (energies, regions) mean intensities."""
        model = means[self.rows, self.column] * (self.convert * factor)
        if not self.data.band:
            return model
        return np.array([np.mean(model / self.data.value.value[self.used])])


class Prediction:
    """Every data set's model at values of the parameters; what has not changed is not computed again."""

    def __init__(
        self, loaded: LoadedModel, variation: Variation, data: Sequence[Data], rtol: float, progress: bool
    ) -> None:
        self._variation, self._rtol, self._progress = variation, rtol, progress
        self._data = data
        self._any_ratio = any(isinstance(item, RatioMeasurement) for item in data)
        self._spectra: dict[str, SpectrumPrediction] = {}
        self._energies: dict[str, u.Quantity] = {}
        self._regions: dict[str, list[Region]] = {}
        # Where from and through what it is looked, components as they were last and their means; the nuclei likewise.
        self._where: dict[str, tuple[Any, Callable[[Component], FloatArray]]] = {}
        self._means: dict[tuple[str, str], tuple[Component, FloatArray]] = {}
        self._maps: dict[str, Template] = {}
        self._nuclei: tuple[Any, Any, Nuclei] | None = None
        for messenger in ("gamma", "neutrino"):
            items = [item for item in data if isinstance(item, Measurement) and item.messenger == messenger]
            if items:
                self._place(loaded, messenger, items)

    def _place(self, loaded: LoadedModel, messenger: str, items: list[Measurement]) -> None:
        if messenger not in loaded.model.messengers:
            raise InputError(f"fit.data: {items[0].name} is of {messenger}s, no component shines in them")
        nodes = loaded.energies(messenger).to_value(u.GeV)
        used, energies = {}, {}
        for item in items:
            gev = item.energy.to_value(u.GeV)
            used[item.name] = within(gev, nodes[0], nodes[-1])
            energies[item.name] = gev[used[item.name]]
            if not used[item.name].any():
                raise InputError(
                    f"fit.data: {item.name} has {gev.min():g}..{gev.max():g} GeV, none of it within the model's "
                    f"{nodes[0]:g}..{nodes[-1]:g} GeV (maps.energies)"
                )
        every = np.unique(np.concatenate(list(energies.values())))
        regions: list[Region] = []
        for item in items:
            region = loaded.comparison.region_for(messenger, item.region)
            item.check_region(region)
            if region not in regions:
                regions.append(region)
            scale = 1.0 if item.per_steradian else region.solid_angle.to_value(u.sr)
            self._spectra[item.name] = SpectrumPrediction(
                item,
                used[item.name],
                region,
                np.searchsorted(every, energies[item.name]),
                regions.index(region),
                scale * (3.0 if item.flavour == "all-flavour" else 1.0),
            )
        self._energies[messenger], self._regions[messenger] = every * u.GeV, regions

    def points(self) -> tuple[Points, ...]:
        """What is compared, in the order of the data."""
        found = []
        for item in self._data:
            if isinstance(item, Measurement):
                found.append(self._spectra[item.name].points())
                continue
            label = "R [GV]" if item.in_rigidity else "T [GeV per nucleon]"
            none = np.zeros(item.value.size, dtype=bool)
            found.append(
                Points(item.name, item.label, item.x.value, label, item.value, item.error_low, item.error_high, none)
            )
        return tuple(found)

    def _mean(self, model: GalaxyModel, messenger: str) -> FloatArray:
        """Mean intensities of all components together, (energies, regions)."""
        where = (model.sun, model.absorption)
        found = self._where.get(messenger)
        if found is None or found[0] != where:
            energy, regions = self._energies[messenger], self._regions[messenger]
            means = region_means(messenger, energy, regions, *where, rtol=self._rtol, progress=self._progress)
            self._where[messenger] = found = (where, means)
            self._means = {key: item for key, item in self._means.items() if key[0] != messenger}
        total: Any = 0.0
        for component in model.components:
            if messenger not in component.messengers:
                continue
            scale = 1.0
            if isinstance(component, Template):  # a map's scale is a factor: it is read once
                scale, component = component.scale, self._map(component)
            before = self._means.get((messenger, component.name))
            if before is None or before[0] is not component:
                self._means[messenger, component.name] = before = (component, found[1](component))
            total = total + scale * before[1]
        return np.asarray(total)

    def _map(self, component: Template) -> Template:
        """The same map without its scale: the very object that was made of it before."""
        known = self._maps.get(component.name)
        if known is None or known.sky is not component.sky or known.outside != component.outside:
            self._maps[component.name] = known = replace(component, scale=1.0)
        return known

    def _nuclei_at(self, file: ModelFile, model: GalaxyModel) -> Nuclei:
        grammages = [getattr(component, "grammage", None) for component in model.components]
        before = self._nuclei
        if (
            before is None
            or before[0] is not file.transport
            or any(a is not b for a, b in zip(before[1], grammages, strict=True))
        ):
            self._nuclei = before = (file.transport, grammages, self._variation.nuclei(file, model))
        return before[2]

    def __call__(self, values: Sequence[float]) -> list[FloatArray]:
        """Predictions in the order of the data, in the units of :meth:`points`."""
        file, model = self._variation.at(values)
        means = {messenger: self._mean(model, messenger) for messenger in self._energies}
        nuclei = self._nuclei_at(file, model) if self._any_ratio else None
        found = []
        for item in self._data:
            if isinstance(item, Measurement):
                spectrum = self._spectra[item.name]
                factor = file.comparison.factor_for(item.messenger, item.region)
                found.append(spectrum.predict(means[item.messenger], factor))
            elif nuclei is not None:
                found.append(nuclei.ratio(item.x, *item.quantity.split("/")))
        return found
