"""A model file's fit: data, free parameters and their likelihood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
from ..units import quantity, to_float
from .prediction import Prediction
from .selection import fitted_data
from .symbols import SYMBOLS

__all__ = ["Problem", "prepare"]

# Bounds of a normalisation: so many standard deviations about 1, and no further than this.
REACH_SIGMA, REACH = 5, 0.95
# A prior that excludes all between the bounds, by so many standard deviations, is a mistake.
FAR_SIGMA = 5


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
    left_out
        How many energies of a data set are outside the model's and not fitted, by its name, where there are any.
    """

    loaded: LoadedModel
    section: FitSection
    data: tuple[Data, ...]
    variation: Variation
    likelihood: Likelihood
    left_out: Mapping[str, int]

    def model_at(self, values: Sequence[float]) -> tuple[ModelFile, GalaxyModel]:
        """Return file and model at values of all parameters."""
        return self.variation.at(values[: len(self.variation.free)])

    def toml_at(self, values: Sequence[float], note: str = "") -> str:
        """Return the text of the model file with fitted values in it.

        Variants of components that were fitted are left out: they would keep what was fitted to another model.

        Parameters
        ----------
        values
            Values of all parameters.
        note
            A comment for the top of the file.

        Returns
        -------
        str
            TOML.
        """
        changes: dict[str, object] = self.variation.quantities(values[: len(self.variation.free)])
        fitted = {_component(key) for key in changes}
        variants = self.loaded.comparison.variants
        kept = {n: keys for n, keys in variants.items() if not fitted & {_component(key) for key in keys}}
        if len(kept) < len(variants):
            changes["comparison.variants"] = kept
        return self.loaded.with_values(changes, note)


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

    Returns
    -------
    Problem
        The data and the likelihood; nothing is integrated yet.

    Raises
    ------
    InputError
        If there is no ``[fit]``; for a parameter that does not exist, has no number or is outside its bounds; for data
        outside the model's energies, two data sets of the same points, or anything wrong in a data file.

    Examples
    --------
    Boron over carbon: seven parameters, three experiments.

    >>> from skycocoon import load_file, prepare
    >>> problem = prepare(load_file("fit-bc"))
    >>> [data.name for data in problem.data]
    ['bc-ams02-2021', 'bc-dampe-2022', 'bc-calet-2022']
    >>> values = [parameter.start for parameter in problem.likelihood.parameters]
    >>> len(values), round(problem.likelihood.chi2(values), 1)
    (7, 94.4)
    """
    fit, source = loaded.file.fit, loaded.source
    if fit is None:
        raise InputError(f"{source}: there is no [fit]: data sets and parameters; see the presets fit-bc, fit-joint")
    variation = Variation(loaded, {key: (item.bounds[0], item.bounds[1]) for key, item in fit.parameters.items()})
    try:
        data = fitted_data(fit)
        prediction = Prediction(loaded, variation, data, rtol, progress)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    if any(isinstance(item, RatioMeasurement) for item in data):
        loaded.nuclei  # noqa: B018  an error of [transport] is raised here and not in the middle of a fit
    normalisations, groups = _normalisations(fit, data, source)
    parameters = [*(_parameter(fit, free, source) for free in variation.free), *normalisations]
    likelihood = Likelihood(tuple(parameters), prediction.points(), prediction, groups)
    return Problem(loaded, fit, data, variation, likelihood, prediction.left_out)


def _parameter(fit: FitSection, free: FreeKey, source: str) -> Parameter:
    """Return the parameter of a model's key."""
    label = SYMBOLS.get(free.key.removeprefix("components."), "")
    return Parameter(free.key, free.start, free.low, free.high, free.unit, _prior(fit, free, source), label)


def _normalisations(
    fit: FitSection, data: Sequence[Data], source: str
) -> tuple[list[Parameter], dict[str, tuple[str, ...]]]:
    """Return the nuisance factors of data sets and groups, and the members of each group."""
    # Data sets may be named by their path or their name; members and groups are known by name.
    names = {item.name: item.name for item in data}
    names |= {name: item.name for name, item in zip(fit.data, data, strict=True)}
    twice = Counter(names[member] for item in fit.normalisations.values() for member in item.data)
    if several := [name for name, count in twice.items() if count > 1]:
        raise InputError(
            f"{source}: fit.normalisations: {several[0]} has two; it is one data set by its path and by its name"
        )
    parameters, groups = [], {}
    for name, item in fit.normalisations.items():
        target = names.get(name, name)
        members = tuple(names[member] for member in item.data)
        if target not in names.values():
            groups[target] = members
        elif members != (target,):
            raise InputError(
                f"{source}: fit.normalisations.{name}: is a data set, but data = [{', '.join(item.data)}]; "
                "call a group something else"
            )
        reach = min(REACH_SIGMA * item.sigma, REACH)
        prior = (1.0, item.sigma)
        parameters.append(Parameter(f"{NORMALISATION}{target}", 1.0, 1 - reach, 1 + reach, "", prior))
    return parameters, groups


def _component(key: str) -> str:
    """Return the component that a key belongs to, or the section for other keys."""
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

    mean, sigma = number("mean", -np.inf), number("sigma", 0.0)
    if not free.low - FAR_SIGMA * sigma <= mean <= free.high + FAR_SIGMA * sigma:
        bounds = f"{free.low:g} to {free.high:g} {free.unit}".rstrip()
        raise InputError(f"{place}: mean {mean:g} is more than {FAR_SIGMA} sigma outside the bounds, {bounds}")
    return mean, sigma
