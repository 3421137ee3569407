"""A model file against its data: what each set should have measured, as a function of the parameters of ``[fit]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from .config import FitSection, LoadedModel, ModelFile, Variation
from .cosmicrays import RatioMeasurement, list_ratios
from .emission import Component, GalaxyModel, Template
from .errors import InputError, unknown_name
from .files import read_ecsv
from .inference import NORMALISATION, Likelihood, Parameter, Points
from .interactions import KelnerGamma, KelnerNeutrino
from .los import RTOL, region_means
from .nuclei import ELEMENTS, RANGE, Nuclei
from .points import copies, same_points
from .sky import Measurement, Region, list_measurements
from .units import FloatArray, quantity, to_float

__all__ = ["Data", "Problem", "energies_for", "load_data", "prepare"]

Data = Measurement | RatioMeasurement

LABELS = {
    "cocoons.grammage.normalisation": "$X_c$",
    "cocoons.grammage.cutoff": "$R_c$",
    "cocoons.grammage.delta": r"$\delta$ of the grammage",
    "diffuse.column_scale": "diffuse emission",
    "transport.diffusion": "$D_0$",
    "transport.delta": r"$\delta$",
    "transport.break_rigidity": "$R_b$",
    "transport.break_delta": r"$\Delta\delta$",
    "transport.halo_height": "$H$",
    "transport.advection": "$u$",
    "transport.modulation": r"$\phi$",
    "transport.cross_section_scale": "production of boron",
}
"""Symbols of the papers for figures, by key without "components."."""


def load_data(name: str) -> Data:
    """A shipped data set by name, or a user's by path: a spectrum of the sky, or a ratio of nuclei.

    Raises
    ------
    InputError
        For an unknown name, or a file that cannot be read.
    """
    if name in list_ratios():
        return RatioMeasurement.named(name)
    if name in list_measurements():
        return Measurement.named(name)
    if not name.endswith(".ecsv") and "/" not in name:
        raise unknown_name("data set", name, [*list_measurements(), *list_ratios()])
    table = read_ecsv(Path(name), f"data sets: {', '.join([*list_measurements(), *list_ratios()])}")
    return RatioMeasurement.read(name) if "quantity" in table.meta else Measurement.read(name)


def energies_for(messenger: str, energy: u.Quantity) -> u.Quantity:
    """The nodes at which the messenger's cross section may be used: Kelner's neutrinos begin at 100 GeV.

    Raises
    ------
    InputError
        If an energy is beyond any of the cross sections' ranges, or none is left.
    """
    section: Any = KelnerGamma() if messenger == "gamma" else KelnerNeutrino()
    low, high = section.energy_range
    gev = energy.to_value(u.GeV)
    widest = min(KelnerGamma.energy_range[0], low), max(KelnerGamma.energy_range[1], high)
    outside = (gev < widest[0] * (1 - 1e-9)) | (gev > widest[1] * (1 + 1e-9))
    if outside.any():
        raise InputError(
            f"maps.energies: {gev[outside][0]:g} GeV is outside the cross sections' range; "
            f"allowed: {widest[0]:g} GeV to {widest[1]:g} GeV"
        )
    kept = energy[gev >= low * (1 - 1e-9)]
    if kept.size < 2:
        raise InputError(f"maps.energies: fewer than two nodes are at or above {low:g} GeV, where {messenger}s begin")
    return kept


def label(key: str) -> str:
    """Symbol of a key, or "" if it has none."""
    return LABELS.get(key.removeprefix("components."), "")


@dataclass(frozen=True, eq=False)
class _Spectrum:
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


class _Prediction:
    """Every data set's model at values of the parameters; what has not changed is not computed again."""

    def __init__(
        self, loaded: LoadedModel, variation: Variation, data: Sequence[Data], rtol: float, progress: bool
    ) -> None:
        self._variation, self._rtol, self._progress = variation, rtol, progress
        self._data = data
        self._any_ratio = any(isinstance(item, RatioMeasurement) for item in data)
        self._spectra: dict[str, _Spectrum] = {}
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
        nodes = energies_for(messenger, loaded.maps.energies.nodes()).to_value(u.GeV)
        low, high = nodes[0] * (1 - 1e-9), nodes[-1] * (1 + 1e-9)
        used, energies = {}, {}
        for item in items:
            gev = item.energy.to_value(u.GeV)
            used[item.name] = (gev >= low) & (gev <= high)
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
            self._spectra[item.name] = _Spectrum(
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


@dataclass(frozen=True, eq=False)
class Problem:
    """A model file's fit, ready to be solved.

    Attributes
    ----------
    loaded, section
        The model, and its ``[fit]``.
    data
        Data sets, cut to the ranges that are fitted.
    variation
        The model at other values.
    likelihood
        Chi-square as a function of the parameters, first those of the model, then normalisations.
    """

    loaded: LoadedModel
    section: FitSection
    data: tuple[Data, ...]
    variation: Variation
    likelihood: Likelihood

    def model_at(self, values: Sequence[float]) -> tuple[ModelFile, GalaxyModel]:
        """File and model at values of all parameters."""
        return self.variation.at(values[: len(self.variation.keys)])

    def toml_at(self, values: Sequence[float], note: str = "") -> str:
        """The model file with these values in it."""
        best: dict[str, object] = self.variation.quantities(values[: len(self.variation.keys)])
        # A variant of a component that was fitted would keep what was fitted to another one.
        fitted = {_component(key) for key in best}
        variants = self.loaded.comparison.variants
        kept = {n: keys for n, keys in variants.items() if not fitted & {_component(key) for key in keys}}
        if len(kept) < len(variants):
            best["comparison.variants"] = kept
        return self.loaded.with_values(best, note)


def prepare(loaded: LoadedModel, *, rtol: float = RTOL, progress: bool = False) -> Problem:
    """Set up the fit that ``[fit]`` of a model file describes.

    Parameters
    ----------
    loaded
        The model.
    rtol
        Relative accuracy of region means.
    progress
        Whether to show a progress bar while rays are integrated, if stderr is a terminal.

    Raises
    ------
    InputError
        If there is no ``[fit]``; for a parameter that is not there, has no number or is outside its bounds; for data
        outside the model's energies, two data sets of the same points, or anything wrong in a data file.
    """
    fit = loaded.file.fit
    if fit is None:
        raise InputError(
            f"{loaded.source}: there is no [fit]: data sets and parameters; see the presets fit-bc, fit-joint"
        )
    variation = Variation(loaded, {key: (item.bounds[0], item.bounds[1]) for key, item in fit.parameters.items()})
    try:
        whole = [_read(name) for name in fit.data]
        fit.check_names()
        data = tuple(_within(item, fit, name) for name, item in zip(fit.data, whole, strict=True))
        for index, one in enumerate(data):
            for before, other in enumerate(data[:index]):
                # A copy is found out even if a range is cut from it; ranges of one data-taking may lie side by side.
                if same_points(one, other) or copies(whole[index], whole[before]):
                    raise InputError(
                        f"fit.data: {other.name} and {one.name} hold the same points, measured once; choose one of them"
                    )
        if twice := [item.name for item in data if [other.name for other in data].count(item.name) > 1]:
            raise InputError(f"fit.data: two data sets are called {twice[0]}")
        prediction = _Prediction(loaded, variation, data, rtol, progress)
    except InputError as error:
        raise InputError(f"{loaded.source}: {error}") from None
    if any(isinstance(item, RatioMeasurement) for item in data):
        loaded.nuclei  # noqa: B018  an error of [transport] is said here and not in the middle of a fit
    parameters = [
        Parameter(
            key,
            start,
            low,
            high,
            unit,
            _prior(fit, key, unit, loaded.source),
            LABELS.get(key.removeprefix("components."), ""),
        )
        for key, start, low, high, unit in zip(
            variation.keys, variation.start, variation.low, variation.high, variation.units, strict=True
        )
    ]
    names = {item.name: item.name for item in data}
    names |= {name: item.name for name, item in zip(fit.data, data, strict=True)}
    groups = {}
    for name, item in fit.normalisations.items():
        target = names.get(name, name)
        members = tuple(names[one] for one in item.data)
        if target not in names.values():
            groups[target] = members
        elif members != (target,):
            raise InputError(
                f"{loaded.source}: fit.normalisations.{name}: is a data set, but data = [{', '.join(item.data)}]; "
                "call a group something else"
            )
        reach = min(5 * item.sigma, 0.95)
        prior = (1.0, item.sigma)
        parameters.append(Parameter(f"{NORMALISATION}{target}", 1.0, 1 - reach, 1 + reach, "", prior))
    likelihood = Likelihood(tuple(parameters), prediction.points(), prediction, groups)
    return Problem(loaded, fit, data, variation, likelihood)


def _component(key: str) -> str:
    """The component that a key belongs to; its section, for other keys."""
    return ".".join(key.split(".")[:2])


def _read(name: str) -> Data:
    try:
        return load_data(name)
    except InputError as error:
        raise InputError(f"fit.data: {error}") from None


def _within(data: Data, fit: FitSection, name: str) -> Data:
    """The points of a data set that are fitted."""
    wanted = fit.ranges.get(name, fit.ranges.get(data.name))
    ends = [None if wanted is None else getattr(wanted, key) for key in ("first", "last")]
    where = f"fit.ranges.{name}"
    if isinstance(data, RatioMeasurement):
        for symbol in data.quantity.split("/"):
            if symbol not in ELEMENTS:
                raise InputError(f"fit.data: {data.name} is {data.quantity}; allowed: ratios of {', '.join(ELEMENTS)}")
        low, high = (None if end is None else _bound(end, where) for end in ends)
        try:
            data = data.within(low, high)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        unit = 2.0 * u.GV if data.in_rigidity else 1.0 * u.GeV
        try:
            return data.within(RANGE[0] * unit, RANGE[1] * unit)
        except InputError:
            raise InputError(
                f"fit.data: {data.name} has no point within {RANGE[0]:g} to {RANGE[1]:g} GeV per nucleon"
            ) from None
    if wanted is None:
        return data
    used = np.ones(data.energy.size, dtype=bool)
    for end, sign in zip(ends, (1, -1), strict=True):
        if end is not None:
            used &= sign * (data.energy - quantity(end, u.GeV, where)).to_value(u.GeV) >= 0
    if not used.any():
        raise InputError(f"{where}: no point is left of {data.name}")
    cut = {
        key: getattr(data, key)[used]
        for key in ("energy", "energy_min", "energy_max", "value", "error_low", "error_high", "limit")
    }
    return replace(data, **cut)


def _bound(text: str, where: str) -> u.Quantity:
    """An energy per nucleon or a rigidity."""
    try:
        value = u.Quantity(text)
    except (TypeError, ValueError):
        value = None
    if value is None or not (value.unit.is_equivalent(u.GeV) or value.unit.is_equivalent(u.GV)):
        raise InputError(f"{where}: {text!r}: an energy per nucleon like '4 GeV' or a rigidity like '8 GV' is needed")
    return value


def _prior(fit: FitSection, key: str, unit: str, source: str) -> tuple[float, float] | None:
    prior = fit.parameters[key].prior
    if prior is None:
        return None
    values = []
    for name in ("mean", "sigma"):
        place = f"{source}: fit.parameters.{key}.prior.{name}"
        wanted = u.Unit(unit)
        low = 0.0 if name == "sigma" else -np.inf
        values.append(
            to_float(quantity(getattr(prior, name), wanted, place), wanted, place, minimum=low, exclusive=True)
        )
    return values[0], values[1]
