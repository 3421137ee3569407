"""A model file's fit, ready to be solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import astropy.units as u
import numpy as np

from ..config import FitSection, LoadedModel, ModelFile, Variation
from ..config.variation import FreeKey
from ..emission import GalaxyModel
from ..errors import InputError
from ..inference import NORMALISATION, Likelihood, Parameter
from ..los import RTOL
from ..measured import Data, RatioMeasurement
from ..points import copies, same_points
from ..units import quantity, to_float
from .prediction import Prediction
from .selection import fitted_points, read_data
from .symbols import SYMBOLS

__all__ = [
    "Problem",
    "prepare",
]


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
        whole = [read_data(name) for name in fit.data]
        fit.check_names()
        data = tuple(fitted_points(item, fit, name) for name, item in zip(fit.data, whole, strict=True))
        for index, one in enumerate(data):
            for before, other in enumerate(data[:index]):
                # A copy is found out even if a range is cut from it; ranges of one data-taking may lie side by side.
                if same_points(one, other) or copies(whole[index], whole[before]):
                    raise InputError(
                        f"fit.data: {other.name} and {one.name} hold the same points, measured once; choose one of them"
                    )
        if twice := [item.name for item in data if [other.name for other in data].count(item.name) > 1]:
            raise InputError(f"fit.data: two data sets are called {twice[0]}")
        prediction = Prediction(loaded, variation, data, rtol, progress)
    except InputError as error:
        raise InputError(f"{loaded.source}: {error}") from None
    if any(isinstance(item, RatioMeasurement) for item in data):
        loaded.nuclei  # noqa: B018  an error of [transport] is said here and not in the middle of a fit
    parameters = [
        Parameter(
            free.key,
            free.start,
            free.low,
            free.high,
            free.unit,
            _prior(fit, free, loaded.source),
            SYMBOLS.get(free.key.removeprefix("components."), ""),
        )
        for free in variation.free
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


def _prior(fit: FitSection, free: FreeKey, source: str) -> tuple[float, float] | None:
    """Return mean and standard deviation of a key's prior in the key's unit; None without one."""
    prior = fit.parameters[free.key].prior
    if prior is None:
        return None
    unit, place = u.Unit(free.unit), f"{source}: fit.parameters.{free.key}.prior"

    def number(name: str, minimum: float) -> float:
        where = f"{place}.{name}"
        return to_float(quantity(getattr(prior, name), unit, where), unit, where, minimum=minimum, exclusive=True)

    return number("mean", -np.inf), number("sigma", 0.0)
