"""Sections ``[fit]`` and ``[sampling]``: which parameters are fitted to which data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from ...errors import InputError
from ..quantities import Section, listed


def _pair(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise InputError("two values are needed, [lowest, highest]")
    return value


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InputError("a number, or a text with a unit, is needed")
    if not isinstance(value, str) and not math.isfinite(value):
        raise InputError("a finite number is needed")
    return value


def _entries(value: object) -> object:
    """Entries by the keys of a model, which have dots, and have to be quoted."""
    for key, item in value.items() if isinstance(value, Mapping) else ():
        if item is False:
            raise InputError(f"{key} = false takes out what a base has; there is none here, or the table was replaced")
        inner = (
            next((name for name in item if name not in ParameterSection.model_fields), None)
            if isinstance(item, Mapping)
            else None
        )
        if inner is not None and isinstance(item[inner], Mapping):
            raise InputError(f'{key}.{inner}: a key with dots is quoted: "{key}.{inner}" = {{ bounds = [...] }}')
    return value


Number = Annotated[str | float, BeforeValidator(_number)]


class PriorSection(Section):
    """``prior`` of a parameter: a Gaussian.

    Attributes
    ----------
    mean, sigma
        Centre and standard deviation.
    """

    mean: Number
    sigma: Number


class ParameterSection(Section):
    """``[fit.parameters]``, one key of the model: where it may be, and what is known of it.

    Attributes
    ----------
    bounds
        Lowest and highest value.
    prior
        Gaussian prior; None for a flat one.
    """

    bounds: Annotated[list[Number], BeforeValidator(_pair)]
    prior: PriorSection | None = None


class NormalisationSection(Section):
    """``[fit.normalisations]``: one nuisance factor of an experiment, on the model.

    Attributes
    ----------
    sigma
        Standard deviation of the factor about 1.
    data
        Data sets that share the factor.
    """

    sigma: float = Field(gt=0, lt=1)
    data: Annotated[list[str], BeforeValidator(listed)] = Field(min_length=1)


def _normalisations(value: object) -> object:
    """A number alone is the sigma of the data set that the key names."""
    if isinstance(value, Mapping):
        return {
            key: item if isinstance(item, Mapping) else {"sigma": item, "data": [key]} for key, item in value.items()
        }
    return value


class DataRangeSection(Section):
    """``[fit.ranges]``: which points of a data set are used.

    Attributes
    ----------
    first, last
        Ends of the range, ``from`` and ``to`` in a file; None for no end.
    """

    model_config = ConfigDict(populate_by_name=True)

    first: str | None = Field(default=None, alias="from")
    last: str | None = Field(default=None, alias="to")


class FitSection(Section):
    """``[fit]``: which data, which parameters.

    Attributes
    ----------
    data
        Names or paths of data sets.
    parameters
        Free keys of the model.
    normalisations, ranges
        Nuisance factors, and ranges of data that are used.
    profiles
        Keys whose profiles are made.
    minos
        Whether to follow chi-square to its +1.
    starts, seed
        Number of starts, and the seed of the random ones.
    """

    data: Annotated[list[str], BeforeValidator(listed)] = Field(min_length=1)
    parameters: Annotated[dict[str, ParameterSection], BeforeValidator(_entries)] = Field(min_length=1)
    normalisations: Annotated[dict[str, NormalisationSection], BeforeValidator(_normalisations)] = Field(
        default_factory=dict
    )
    ranges: dict[str, DataRangeSection] = Field(default_factory=dict)
    profiles: Annotated[list[str], BeforeValidator(listed)] = Field(default_factory=list)
    minos: StrictBool = True
    starts: int = Field(default=1, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> FitSection:
        if twice := [name for name in self.data if self.data.count(name) > 1]:
            raise ValueError(f"data: {twice[0]} is named twice")
        of = [other for item in self.normalisations.values() for other in item.data]
        if twice := [name for name in of if of.count(name) > 1]:
            raise ValueError(f"normalisations: {twice[0]} has two")
        return self

    def check_names(self) -> None:
        """Check that normalisations, ranges and profiles name what is fitted; last, so as not to hide other mistakes.

        A user's file may be named by its path or by its name alone.

        Raises
        ------
        InputError
            Otherwise.
        """
        known = {*self.data, *(Path(name).stem for name in self.data)}
        places = [(f"ranges.{name}", name) for name in self.ranges]
        places += [
            (f"normalisations.{name}", other) for name, item in self.normalisations.items() for other in item.data
        ]
        for where, name in places:
            if name not in known:
                raise InputError(
                    f"fit.{where}: {name} is not in data = [{', '.join(self.data)}]; take it out there, or put it in"
                )
        for key in self.profiles:
            if key not in self.parameters:
                raise InputError(f"fit.profiles: {key} is not free in this fit; free: {', '.join(self.parameters)}")


class SamplingSection(Section):
    """``[sampling]``: how emcee samples the posterior.

    Attributes
    ----------
    walkers, steps, burn, thin
        As in :func:`skycocoon.sample`.
    seed
        Same seed, same chain.
    """

    walkers: int = Field(default=32, ge=4, le=10000)
    # 50 autocorrelation times of the shipped fits.
    steps: int = Field(default=5000, ge=10)
    burn: int = Field(default=500, ge=0)
    thin: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> SamplingSection:
        if self.burn >= self.steps:
            raise ValueError(f"burn = {self.burn}: fewer than steps = {self.steps} are needed")
        if self.thin > self.steps - self.burn:
            raise ValueError(f"thin = {self.thin}: no step is left; at most steps - burn = {self.steps - self.burn}")
        return self
