r"""Chi-square of a model's parameters, given measured points. Knows no model.

A likelihood is points, a function that predicts them, and parameters with bounds; fits, profiles and samples follow
from

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

from ..errors import InputError, check_name
from ..points import SIGMA_95, Points, pulls
from ..units import FloatArray

__all__ = ["NORMALISATION", "Likelihood", "Memory", "Parameter"]

NORMALISATION = "normalisation."
"""How the name of a nuisance normalisation begins; the name of a data set or of a group of data sets follows."""

# Predictions that are remembered: the gradient of MINUIT returns to its base point after 2 steps per parameter.
REMEMBERED = 32


@dataclass(frozen=True)
class Parameter:
    """A free parameter of a fit: a number between two bounds, in the unit that it names.

    Attributes
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

    Examples
    --------
    >>> from skycocoon.inference import Parameter
    >>> Parameter("delta", start=0.5, low=0.2, high=1.0, prior=(0.55, 0.05)).prior
    (0.55, 0.05)
    >>> Parameter("delta", start=1.5, low=0.2, high=1.0)
    Traceback (most recent call last):
        ...
    skycocoon.errors.InputError: delta: start 1.5 is outside its bounds 0.2 to 1
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

    @property
    def short_name(self) -> str:
        """Name in a figure: the label or, without most of its sections, the name."""
        first, *rest = self.name.split(".")
        if first == NORMALISATION.removesuffix("."):
            return self.label or f"norm. {'.'.join(rest)}"
        return self.label or ".".join([first, *rest][-2:])


@dataclass(eq=False)
class Memory:
    """The last predictions of a model, and how many times it was asked for one.

    Attributes
    ----------
    predictions
        At most `REMEMBERED` predictions by the model's parameters, the one unused for longest first. None where the
        prediction was not finite.
    asked
        How many times the model was asked.
    """

    predictions: dict[tuple[float, ...], FloatArray | None] = field(default_factory=dict)
    asked: int = 0

    def recall(
        self, values: tuple[float, ...], predict: Callable[[tuple[float, ...]], FloatArray | None]
    ) -> FloatArray | None:
        """Prediction at given parameters: remembered, or asked for and then remembered.

        Parameters
        ----------
        values
            Parameters of the model.
        predict
            Gives the prediction where none is remembered.

        Returns
        -------
        (n,) array or None
            The prediction. It belongs to the memory: copy it before changing it.
        """
        if values in self.predictions:
            self.predictions[values] = self.predictions.pop(values)  # the last to be forgotten
            return self.predictions[values]
        prediction = predict(values)
        self.asked += 1
        while len(self.predictions) >= REMEMBERED:
            del self.predictions[next(iter(self.predictions))]
        self.predictions[values] = prediction
        return prediction


@dataclass(frozen=True, eq=False, repr=False)
class Likelihood:
    """Measured points, the function that predicts them, and the free parameters.

    Attributes
    ----------
    parameters
        The model's first, then the nuisance normalisations, named ``"normalisation.<data set or group>"``.
    points
        Data sets. It is for the caller to see that no two hold the same measurement.
    predict
        Takes the model's parameters (a tuple, without the normalisations) and gives one array for each data set, in
        its unit. The last few predictions are remembered: a step in a normalisation alone does not ask again, so the
        prediction must depend on the parameters alone.
    groups
        Data sets that share a normalisation, such as the regions of one experiment. A normalisation multiplies the
        model's prediction of its data sets; where two apply, both do.
    memory
        Remembered predictions; each likelihood begins with none.

    Raises
    ------
    InputError
        For duplicate names, no parameters or points, a normalisation of nothing, or one before a model's parameter.

    Examples
    --------
    A line through the origin, of slope 2, measured three times with an error of 0.1:

    >>> import numpy as np
    >>> from skycocoon.inference import Likelihood, Parameter
    >>> from skycocoon.points import Points
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> error = np.full(3, 0.1)
    >>> limit = np.zeros(3, dtype=bool)
    >>> data = Points("line", "line", x, "x", 2.0 * x, error, error, limit)
    >>> likelihood = Likelihood((Parameter("slope", 1.0, 0.0, 5.0),), (data,), lambda values: [values[0] * x])
    >>> likelihood
    3 points: line (3)
    1 parameters: slope
    >>> round(likelihood.chi2([2.1]), 6)
    14.0
    """

    parameters: tuple[Parameter, ...]
    points: tuple[Points, ...]
    predict: Callable[[tuple[float, ...]], Sequence[FloatArray]]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(self.parameters))
        object.__setattr__(self, "points", tuple(self.points))
        if not self.parameters or not self.points:
            raise InputError("a fit needs at least one free parameter and one data set")
        names = [p.name for p in self.points]
        for what, given in (("parameter", self.names), ("data set", names)):
            twice = sorted({name for name in given if given.count(name) > 1})
            if twice:
                raise InputError(f"{what} {twice[0]!r} is there twice")
        if same := [name for name in self.groups if name in names]:
            raise InputError(f"group {same[0]!r} has the name of a data set")
        for name in (name for group in self.groups.values() for name in group):
            check_name("data set", name, names)
        nuisance = [p.name.startswith(NORMALISATION) for p in self.parameters]
        if nuisance != sorted(nuisance):
            raise InputError("the model's parameters come first, normalisations after them")
        for p in self.parameters[self.model_size :]:
            target = p.name.removeprefix(NORMALISATION)
            check_name("data set of a normalisation", target, [*names, *self.groups])

    @property
    def names(self) -> list[str]:
        """Names of the parameters."""
        return [p.name for p in self.parameters]

    @cached_property
    def model_size(self) -> int:
        """Number of parameters of the model: those that are no normalisation."""
        return sum(not p.name.startswith(NORMALISATION) for p in self.parameters)

    @cached_property
    def flat(self) -> Points:
        """Points of all data sets, in their order, as one set; a limit has errors of 1, which nothing uses."""
        # A limit's sigma is the limit's own; 1 keeps its unused errors harmless.
        return Points(
            name="all points",
            label="all points",
            x=np.concatenate([p.x for p in self.points]),
            x_label="",
            value=np.concatenate([p.value for p in self.points]),
            error_low=np.concatenate([np.where(p.limit, 1.0, p.error_low) for p in self.points]),
            error_high=np.concatenate([np.where(p.limit, 1.0, p.error_high) for p in self.points]),
            limit=np.concatenate([p.limit for p in self.points]),
        )

    @cached_property
    def priors(self) -> list[tuple[int, float, float]]:
        """Gaussian priors: index of the parameter, mean and standard deviation."""
        return [(i, *p.prior) for i, p in enumerate(self.parameters) if p.prior is not None]

    @property
    def terms(self) -> int:
        """Number of terms of chi-square: points (limits too) and Gaussian priors."""
        return len(self.flat) + len(self.priors)

    @property
    def predictions(self) -> int:
        """How many times `predict` was asked."""
        return self.memory.asked

    @cached_property
    def _slices(self) -> dict[str, slice]:
        """Place of each data set among all points."""
        ends = np.cumsum([len(p) for p in self.points]).tolist()
        return {p.name: slice(end - len(p), end) for p, end in zip(self.points, ends, strict=True)}

    @cached_property
    def _normalised(self) -> list[tuple[int, slice]]:
        """Index of a normalisation, and the place of a data set that it multiplies."""
        pairs = []
        for i, p in enumerate(self.parameters[self.model_size :], start=self.model_size):
            target = p.name.removeprefix(NORMALISATION)
            pairs += [(i, self._slices[name]) for name in self.groups.get(target, (target,))]
        return pairs

    def normalisation(self, values: Sequence[float] | FloatArray, name: str) -> float:
        """Product of the nuisance factors on the model of a data set, 1 without any.

        Parameters
        ----------
        values
            One value for each parameter.
        name
            Of the data set.

        Returns
        -------
        float
            The factor.
        """
        numbers = self._numbers(values)
        return math.prod((numbers[i] for i, part in self._normalised if part == self._slices[name]), start=1.0)

    def _numbers(self, values: Sequence[float] | FloatArray) -> list[float]:
        """Values of the parameters as floats of Python, one for each."""
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.shape != (len(self.parameters),):
            raise InputError(f"{len(self.parameters)} values are needed, one for each parameter, got {numbers.size}")
        return list(numbers.tolist())

    def _predict_flat(self, values: tuple[float, ...]) -> FloatArray | None:
        """Ask the model for its prediction of all points; None if it is not finite."""
        arrays = self.predict(values)
        if [np.shape(a) for a in arrays] != [p.value.shape for p in self.points]:
            raise InputError(
                f"the prediction has {[np.shape(a) for a in arrays]} values for data sets of "
                f"{ {p.name: p.value.shape for p in self.points} }"
            )
        flat = np.concatenate(arrays, dtype=np.float64)
        return flat if np.isfinite(flat).all() else None

    def _model(self, numbers: list[float]) -> FloatArray | None:
        """Prediction of all points, normalised; None if it is not finite."""
        flat = self.memory.recall(tuple(numbers[: self.model_size]), self._predict_flat)
        if flat is None or not self._normalised:
            return flat
        flat = flat.copy()
        for i, part in self._normalised:
            flat[part] *= numbers[i]
        return flat

    def _pulls(self, model: FloatArray) -> FloatArray:
        """Pulls of all points against a prediction of them."""
        flat = self.flat
        return pulls(flat.value, flat.error_low, flat.error_high, flat.limit, model)

    def residuals(self, values: Sequence[float] | FloatArray) -> FloatArray | None:
        """Terms of chi-square before they are squared: pulls of all points, then of the priors.

        Parameters
        ----------
        values
            (n,) values of the parameters.

        Returns
        -------
        (`terms`,) array or None
            None where the prediction is not finite.
        """
        numbers = self._numbers(values)
        model = self._model(numbers)
        if model is None:
            return None
        data = self._pulls(model)
        if not self.priors:
            return data
        return np.concatenate([data, [(numbers[i] - mean) / sigma for i, mean, sigma in self.priors]])

    def model(self, values: Sequence[float] | FloatArray) -> dict[str, FloatArray]:
        """Prediction of each data set, normalised; NaN if any of it is not finite."""
        flat = self._model(self._numbers(values))
        if flat is None:
            flat = np.full(len(self.flat), np.nan)
        return {name: flat[part].copy() for name, part in self._slices.items()}

    def pulls(self, values: Sequence[float] | FloatArray) -> dict[str, FloatArray]:
        """(data - model)/error of the points of each data set, as :func:`skycocoon.points.pulls` counts them."""
        flat = self._pulls(np.concatenate(list(self.model(values).values())))
        return {name: flat[part] for name, part in self._slices.items()}

    def chi2_by_set(self, values: Sequence[float] | FloatArray) -> dict[str, float]:
        """Chi-square of each data set, without priors."""
        return {name: float(p @ p) for name, p in self.pulls(values).items()}

    def prior_chi2(self, values: Sequence[float] | FloatArray) -> float:
        """Chi-square of the Gaussian priors alone."""
        numbers = self._numbers(values)
        return sum(((numbers[i] - mean) / sigma) ** 2 for i, mean, sigma in self.priors)

    def chi2(self, values: Sequence[float] | FloatArray) -> float:
        """Chi-square of all points and priors; infinite where the prediction is not finite."""
        residuals = self.residuals(values)
        return math.inf if residuals is None else float(residuals @ residuals)

    def simulated(self, values: Sequence[float] | FloatArray, rng: np.random.Generator) -> Likelihood:
        """The same likelihood with data drawn from the model at given parameters, to test that a fit finds them again.

        A point is drawn from the density exp(-chi-square/2) of its value, the two-piece normal distribution: above the
        model with a chance of error_low/(error_low + error_high), else below, by a half-Gaussian of the error of its
        side that faces the model. So pulls at the true parameters have the absolute values of standard normal numbers,
        and chi-square there its distribution. (With equal chances the mean derivative of chi-square is not 0 there, and
        n points with errors that differ a little shift their normalisation by 0.4 sqrt(n) (error_high/error_low - 1) of
        its error.) A limit is drawn as the measurement that it stands for, with sigma = limit/1.645. A prior is a
        measurement made elsewhere: its centre is drawn about the parameter, as well.

        Parameters
        ----------
        values
            (n,) true values of the parameters.
        rng
            Generator of the random numbers.

        Returns
        -------
        Likelihood
            New points and centres of the priors; the same model.

        Raises
        ------
        InputError
            If the prediction is not finite there.
        """
        numbers = self._numbers(values)
        flat = self._model(numbers)
        if flat is None:
            raise self.not_finite(numbers)
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

    def not_finite(self, values: Sequence[float] | FloatArray) -> InputError:
        """Error that says at which values of the parameters the prediction, or chi-square, is not finite."""
        at = ", ".join(f"{name} = {value:g}" for name, value in zip(self.names, values, strict=True))
        if self._model(self._numbers(values)) is None:
            return InputError(f"the model's prediction is not finite at {at}; start elsewhere or narrow the bounds")
        with np.errstate(over="ignore"):
            pulls = {name: float(np.abs(pull).max()) for name, pull in self.pulls(values).items()}
        worst = max(pulls, key=lambda name: pulls[name])
        return InputError(
            f"{worst}: (data - model)/error is {pulls[worst]:.2g} at {at}; are its unit and errors right? "
            "If so, start elsewhere"
        )

    def __repr__(self) -> str:
        sets = ", ".join(f"{p.name} ({len(p)})" for p in self.points)
        return f"{len(self.flat)} points: {sets}\n{len(self.parameters)} parameters: {', '.join(self.names)}"
