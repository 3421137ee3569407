"""What every section of a model file is made of: Quantities of a kind, names, lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, get_args, get_origin

import astropy.units as u
import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from ..errors import InputError, check_name
from ..galaxy.gas.hydrogen import X_CO_UNIT
from ..units import quantity, to_float


class Section(BaseModel):
    """A table of a model file: no other keys than these, and none changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_truth(cls, table: Any) -> Any:
        # Python takes true for 1.
        names = cls.fields_by_key()
        for key, value in table.items() if isinstance(table, Mapping) else ():
            if _has_truth(value) and key in names:
                kinds = _kinds(cls.model_fields[names[key]].annotation)
                if kinds & {int, float} and not kinds & {bool, str, Any}:
                    raise PydanticCustomError("truth", "a number is needed", {"key": key})
        return table

    @classmethod
    def fields_by_key(cls) -> dict[str, str]:
        """Names of the fields, by their keys as a model file has them."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}


def _has_truth(value: object) -> bool:
    """Return True if a value is true or false, or a list or table that holds one."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return isinstance(value, bool) or any(map(_has_truth, inner))


def _kinds(kind: Any) -> set[Any]:
    """Kinds of the values that a field takes, within lists and tables, too."""
    parts = get_args(kind)
    return {kind}.union(*map(_kinds, parts[1:] if get_origin(kind) is dict else parts))


# Usual sizes of what is far from 1 in the unit it is given in: supernovae, diffusion, hydrogen per CO.
USUAL = {u.erg: 1e51, u.cm**2 / u.s: 1e28, X_CO_UNIT: 1e20}
# Powers of ten about a usual size within which a value means something, and products of values are numbers.
POWERS = 12


def in_unit(
    unit: str, *, minimum: float = 0.0, exclusive: bool = True, infinite: bool = False
) -> Callable[[object], u.Quantity]:
    """Validator of a Quantity: its unit's kind, and its range, which ends 12 powers of ten about its usual size.

    Parameters
    ----------
    unit
        A unit of the kind that is meant.
    minimum, exclusive
        Least value in that unit, and whether it is excluded itself.
    infinite
        Whether infinity is allowed.

    Returns
    -------
    callable
        Takes a text or a Quantity, gives a Quantity.
    """
    wanted = u.Unit(unit)
    usual = USUAL.get(wanted, 1.0)
    least, most = usual * 10.0**-POWERS, usual * 10.0**POWERS

    def read(value: object) -> u.Quantity:
        result = quantity(value, wanted, "value")
        if infinite and np.ndim(result) == 0 and result.value == math.inf:
            return result
        number = to_float(result, wanted, "value", minimum=minimum, exclusive=exclusive)
        # What may be 0 may be anything near it: a search between bounds goes there.
        if abs(number) > most or (exclusive and minimum == 0 and number < least):
            low, more = f"{least:g}" if exclusive else f"{minimum:g}", ", or inf" if infinite else ""
            low = f"{-most:g}" if minimum < 0 else low
            raise InputError(f"value: {result} is out of range; allowed: {low} to {most:g} {wanted}{more}")
        return result

    return read


Length = Annotated[u.Quantity, BeforeValidator(in_unit("kpc"))]
LengthOrZero = Annotated[u.Quantity, BeforeValidator(in_unit("kpc", exclusive=False))]
SignedLength = Annotated[u.Quantity, BeforeValidator(in_unit("kpc", minimum=-math.inf))]
Time = Annotated[u.Quantity, BeforeValidator(in_unit("yr"))]
Energy = Annotated[u.Quantity, BeforeValidator(in_unit("GeV"))]
EnergyOrZero = Annotated[u.Quantity, BeforeValidator(in_unit("erg", exclusive=False))]
Rigidity = Annotated[u.Quantity, BeforeValidator(in_unit("GV"))]
RigidityOrInfinite = Annotated[u.Quantity, BeforeValidator(in_unit("GV", infinite=True))]
Grams = Annotated[u.Quantity, BeforeValidator(in_unit("g cm-2", exclusive=False))]
NumberDensity = Annotated[u.Quantity, BeforeValidator(in_unit("cm-3"))]
Gradient = Annotated[u.Quantity, BeforeValidator(in_unit("kpc-1", exclusive=False))]
SurfaceDensity = Annotated[u.Quantity, BeforeValidator(in_unit("g cm-2"))]
Speed = Annotated[u.Quantity, BeforeValidator(in_unit("km s-1"))]
DiffusionCoefficient = Annotated[u.Quantity, BeforeValidator(in_unit("cm2 s-1"))]
RigidityOrZero = Annotated[u.Quantity, BeforeValidator(in_unit("GV", exclusive=False))]
CoToHydrogen = Annotated[u.Quantity, BeforeValidator(in_unit(X_CO_UNIT.to_string()))]


def one_of(what: str, allowed: Iterable[str]) -> Callable[[object], str]:
    """Validator of a name.

    Parameters
    ----------
    what
        What kind of thing is named, for messages.
    allowed
        Right names.

    Returns
    -------
    callable
        Takes a name and gives it back.
    """
    return partial(check_name, what, allowed=list(allowed))


def listed(value: object) -> object:
    """Validator that takes no text for a list of letters."""
    if isinstance(value, str):
        raise InputError(f'a list is needed, e.g. ["{value}"] or []')
    return value
