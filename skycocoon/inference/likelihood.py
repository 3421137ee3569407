r"""What points say of a model's parameters: chi-square, best fit, profiles and samples. Knows no model.

A likelihood is points, a function that predicts them, and parameters with bounds; everything else follows from

.. math:: \chi^2(\theta, n) = \sum_i \left[\frac{d_i - n_{s(i)}\,m_i(\theta)}{\sigma_i}\right]^2
          + \sum_k \left[\frac{\theta_k - \mu_k}{s_k}\right]^2

with the errors of :func:`skycocoon.points.pulls` and Gaussian priors :math:`(\mu_k, s_k)` where a parameter has one.
Errors are treated as independent from point to point; a systematic error common to a data set is a normalisation n.

Parameters of any scale (1e28 beside 0.5) are searched for as parts of the way between their bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..errors import InputError, unknown_name
from ..points import SIGMA_95, BoolArray, Points, pulls
from ..units import FloatArray

__all__ = [
    "NORMALISATION",
    "Likelihood",
    "Parameter",
]

NORMALISATION = "normalisation."
"""What the name of a nuisance normalisation begins with; a data set or a group of them follows."""

# Predictions that are remembered: the gradient of MINUIT returns to its base point after 2 steps per parameter.
REMEMBERED = 32


@dataclass(frozen=True)
class Parameter:
    """A free parameter; a number in the unit that it names.

    Parameters
    ----------
    name
        Unique name, e.g. the dotted key of a model file. ``"normalisation.<data set>"`` is a nuisance normalisation.
    start
        Where a fit starts.
    low, high
        Bounds, finite; between them the prior of a sample is flat.
    unit
        Name of the unit, for tables and axes.
    prior
        Gaussian prior, mean and standard deviation, or None.
    label
        Name in a figure; `name` if empty.

    Raises
    ------
    InputError
        For bounds that are not finite or not in order, a start outside, or a prior without a positive width.
    """

    name: str
    start: float
    low: float
    high: float
    unit: str = ""
    prior: tuple[float, float] | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("a parameter without a name")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(f"{self.name}: bounds {self.low:g} to {self.high:g}; finite ones, low < high, are needed")
        if not math.isfinite(self.high - self.low):
            raise InputError(f"{self.name}: bounds {self.low:g} to {self.high:g} are too far apart")
        if not self.low <= self.start <= self.high:
            raise InputError(f"{self.name}: start {self.start:g} is outside its bounds {self.low:g} to {self.high:g}")
        if self.prior is not None:
            mean, sigma = self.prior
            if not (math.isfinite(mean) and math.isfinite(sigma) and sigma > 0):
                raise InputError(
                    f"{self.name}: prior {self.prior}; a mean and a positive standard deviation are needed"
                )

    @property
    def title(self) -> str:
        """Label, or the name, with the unit in brackets."""
        return f"{self.label or self.name}{f' [{self.unit}]' if self.unit else ''}"


@dataclass(frozen=True, eq=False, repr=False)
class Likelihood:
    """Points, what predicts them, and the parameters.

    Parameters
    ----------
    parameters
        The model's first, then the nuisance normalisations, named ``"normalisation.<data set or group>"``.
    points
        Data sets. That no two hold the same measurement is for the caller to know.
    predict
        Takes the model's parameters (a tuple, without the normalisations) and gives one array for each data set, in
        its unit. The last few predictions are remembered: a step in a normalisation alone does not ask again, so the
        answer must depend on the parameters alone.
    groups
        Data sets that share a normalisation, such as the regions of one experiment. A normalisation multiplies the
        model's prediction of its data sets; where two apply, both do.

    Raises
    ------
    InputError
        For duplicate names, no parameters or points, a normalisation of nothing, or one before a model's parameter.
    """

    parameters: tuple[Parameter, ...]
    points: tuple[Points, ...]
    predict: Callable[[tuple[float, ...]], Sequence[FloatArray]]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _memory: dict[tuple[float, ...], FloatArray | None] = field(default_factory=dict, init=False)
    _asked: list[int] = field(default_factory=lambda: [0], init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(self.parameters))
        object.__setattr__(self, "points", tuple(self.points))
        if not self.parameters or not self.points:
            raise InputError("a fit needs at least one free parameter and one data set")
        names = [p.name for p in self.points]
        for what, given in (("parameter", [p.name for p in self.parameters]), ("data set", names)):
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise InputError(f"{what} {twice[0]!r} is there twice")
        if same := [name for name in self.groups if name in names]:
            raise InputError(f"group {same[0]!r} has the name of a data set")
        for group in self.groups.values():
            for name in group:
                if name not in names:
                    raise unknown_name("data set", name, names)
        nuisance = [p.name.startswith(NORMALISATION) for p in self.parameters]
        if nuisance != sorted(nuisance):
            raise InputError("the model's parameters come first, normalisations after them")
        for p in self.parameters[self.model_size :]:
            target = p.name.removeprefix(NORMALISATION)
            if target not in names and target not in self.groups:
                raise unknown_name("data set of a normalisation", target, [*names, *self.groups])

    @cached_property
    def model_size(self) -> int:
        """Number of parameters of the model: those that are no normalisation."""
        return sum(not p.name.startswith(NORMALISATION) for p in self.parameters)

    @cached_property
    def _flat(self) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
        """All points as one: value, error_low, error_high, limit."""
        return (
            np.concatenate([p.value for p in self.points]),
            # A limit's sigma is the limit's own; 1 keeps its unused errors harmless.
            np.concatenate([np.where(p.limit, 1.0, p.error_low) for p in self.points]),
            np.concatenate([np.where(p.limit, 1.0, p.error_high) for p in self.points]),
            np.concatenate([p.limit for p in self.points]),
        )

    @cached_property
    def _slices(self) -> dict[str, slice]:
        ends = np.cumsum([len(p) for p in self.points]).tolist()
        return {p.name: slice(end - len(p), end) for p, end in zip(self.points, ends, strict=True)}

    @cached_property
    def _normalised(self) -> list[tuple[int, list[slice]]]:
        """Place of each normalisation, and the points that it multiplies."""
        out = []
        for i, p in enumerate(self.parameters[self.model_size :], start=self.model_size):
            target = p.name.removeprefix(NORMALISATION)
            out.append((i, [self._slices[name] for name in self.groups.get(target, (target,))]))
        return out

    @cached_property
    def _priors(self) -> list[tuple[int, float, float]]:
        return [(i, *p.prior) for i, p in enumerate(self.parameters) if p.prior is not None]

    @property
    def predictions(self) -> int:
        """How many times `predict` was asked."""
        return self._asked[0]

    def _values(self, values: Sequence[float] | FloatArray) -> list[float]:
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.shape != (len(self.parameters),):
            raise InputError(f"{len(self.parameters)} values are needed, one for each parameter, got {numbers.size}")
        return list(numbers.tolist())

    def _raw(self, key: tuple[float, ...]) -> FloatArray | None:
        """The model's prediction of all points, or None if it is not finite."""
        memory = self._memory
        if key in memory:
            memory[key] = known = memory.pop(key)  # the last to be forgotten
            return known
        arrays = self.predict(key)
        self._asked[0] += 1
        flat: FloatArray | None
        if [np.shape(a) for a in arrays] != [p.value.shape for p in self.points]:
            raise InputError(
                f"the prediction has {[np.shape(a) for a in arrays]} values for data sets of "
                f"{ {p.name: p.value.shape for p in self.points} }"
            )
        flat = np.concatenate(arrays, dtype=np.float64)
        if not np.isfinite(flat).all():
            flat = None
        while len(memory) >= REMEMBERED:
            del memory[next(iter(memory))]
        memory[key] = flat
        return flat

    def _model(self, values: list[float]) -> FloatArray | None:
        """Prediction of all points, normalised; None if it is not finite."""
        flat = self._raw(tuple(values[: self.model_size]))
        if flat is None or not self._normalised:
            return flat
        flat = flat.copy()
        for i, slices in self._normalised:
            for part in slices:
                flat[part] *= values[i]
        return flat

    def _residuals(self, values: list[float]) -> FloatArray | None:
        """Pulls of all points, then of all priors; None if the prediction is not finite."""
        model = self._model(values)
        if model is None:
            return None
        data = pulls(*self._flat, model)
        if not self._priors:
            return data
        out = np.empty(data.size + len(self._priors))
        out[: data.size] = data
        out[data.size :] = [(values[i] - mean) / sigma for i, mean, sigma in self._priors]
        return out

    def model(self, values: Sequence[float] | FloatArray) -> dict[str, FloatArray]:
        """What the model predicts for each data set, normalised; NaN if any of it is not finite."""
        flat = self._model(self._values(values))
        if flat is None:
            flat = np.full(self._flat[0].shape, np.nan)
        return {name: flat[part].copy() for name, part in self._slices.items()}

    def pulls(self, values: Sequence[float] | FloatArray) -> dict[str, FloatArray]:
        """(data - model)/error of every point of every data set, as :func:`skycocoon.points.pulls` counts them."""
        flat = pulls(*self._flat, np.concatenate(list(self.model(values).values())))
        return {name: flat[part] for name, part in self._slices.items()}

    def chi2_by_set(self, values: Sequence[float] | FloatArray) -> dict[str, float]:
        """Chi-square of every data set, without priors."""
        return {name: float(p @ p) for name, p in self.pulls(values).items()}

    def prior_chi2(self, values: Sequence[float] | FloatArray) -> float:
        """What the Gaussian priors add to chi-square."""
        numbers = self._values(values)
        return sum(((numbers[i] - mean) / sigma) ** 2 for i, mean, sigma in self._priors)

    def chi2(self, values: Sequence[float] | FloatArray) -> float:
        """Chi-square of all points and priors; infinite where the prediction is not finite."""
        residuals = self._residuals(self._values(values))
        return math.inf if residuals is None else float(residuals @ residuals)

    def simulated(self, values: Sequence[float] | FloatArray, rng: np.random.Generator) -> Likelihood:
        """The same with data drawn from the model at given parameters, to test that a fit finds them again.

        A point is drawn from the density exp(-chi-square/2) of its value, the two-piece normal distribution: above the
        model with a chance of error_low/(error_low + error_high), else below, by a half-Gaussian of the error of its
        side that faces the model. So pulls at the true parameters have the absolute values of standard normal numbers,
        and chi-square there its distribution. (With equal chances the mean derivative of chi-square is not 0 there, and
        n points with errors that differ a little shift their normalisation by 0.4 sqrt(n) (error_high/error_low - 1) of
        its error.) A limit is drawn as the measurement that it stands for, with sigma = limit/1.645. A prior is a
        measurement made elsewhere: its centre is drawn about the parameter, as well.

        Raises
        ------
        InputError
            If the prediction is not finite there.
        """
        numbers = self._values(values)
        flat = self._model(numbers)
        if flat is None:
            raise InputError(self._not_finite(numbers))
        points = []
        for p in self.points:
            low, high = (np.where(p.limit, p.value / SIGMA_95, e) for e in (p.error_low, p.error_high))
            above = rng.uniform(size=len(p)) < low / (low + high)
            data = flat[self._slices[p.name]] + np.abs(rng.standard_normal(len(p))) * np.where(above, low, -high)
            points.append(replace(p, value=data, error_low=low, error_high=high, limit=np.zeros(len(p), dtype=bool)))
        parameters = [
            p if p.prior is None else replace(p, prior=(float(rng.normal(value, p.prior[1])), p.prior[1]))
            for p, value in zip(self.parameters, numbers, strict=True)
        ]
        return Likelihood(tuple(parameters), tuple(points), self.predict, self.groups)

    def _not_finite(self, values: list[float]) -> str:
        at = ", ".join(f"{p.name} = {value:g}" for p, value in zip(self.parameters, values, strict=True))
        return f"the model's prediction is not finite at {at}; start elsewhere or narrow the bounds"

    def __repr__(self) -> str:
        sets = ", ".join(f"{p.name} ({len(p)})" for p in self.points)
        free = ", ".join(p.name for p in self.parameters)
        return f"{self._flat[0].size} points: {sets}\n{len(self.parameters)} parameters: {free}"
