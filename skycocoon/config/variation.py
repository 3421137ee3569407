"""A model at other values of some of its keys, fast: what a fit walks through."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import astropy.units as u

from ..emission import GalaxyModel
from ..errors import InputError, unknown_name
from ..nuclei import Nuclei
from ..units import quantity, to_float
from .loading import LoadedModel, nuclei_of
from .mistakes import checked
from .quantities import Section
from .schema import ModelFile

__all__ = [
    "Variation",
]


class Variation:
    """The same model at other values of some of its keys, without reading or checking it all again.

    Parts that no key touches are the very objects that were there before: what was computed of them stays good.

    Parameters
    ----------
    loaded
        The model.
    bounds
        Lowest and highest value of each key that varies, as in a model file. Both are tried.
    where
        What to call the place of a mistake.

    Attributes
    ----------
    keys, units
        Keys, and what their values are measured in.
    start, low, high
        The model's values, and the bounds.

    Raises
    ------
    InputError
        For a key that is not there, has no number, or whose model would be wrong at a bound; for a model outside the
        bounds.
    """

    def __init__(self, loaded: LoadedModel, bounds: Mapping[str, tuple[Any, Any]], where: str = "fit.parameters"):
        self.keys = tuple(bounds)
        paths = [tuple(key.split(".")) for key in bounds]
        self._loaded = loaded
        self._file, self._model = loaded.file, loaded.model
        self._built = {n: (section, part) for (n, section), part in zip(
            loaded.file.components.items(), loaded.model.components, strict=True)}  # fmt: skip
        starts: list[float] = []
        lows: list[float] = []
        highs: list[float] = []
        units: list[str] = []
        for key, path, (low, high) in zip(self.keys, paths, bounds.values(), strict=True):
            place = f"{loaded.source}: {where}.{key}"
            leaf = _leaf(loaded.file, path, place)
            if isinstance(leaf, bool) or not isinstance(leaf, (int, float, u.Quantity)):
                said = "has no value in the model, give it one" if leaf is None else f"is {leaf!r}, no number"
                if isinstance(leaf, (Section, Mapping)):
                    said = f"is a table, no number; its keys are {', '.join(_names_of(leaf))}"
                raise InputError(f"{place}: {said}")
            unit = _unit_of(low, leaf, place)
            start = _in_unit(leaf, unit, f"{place}: the model's value")
            least, most = (_in_unit(value, unit, f"{place}: bounds") for value in (low, high))
            if not least < most:
                raise InputError(f"{place}: bounds = [{low}, {high}]: the first must be below the second")
            if not least <= start <= most:
                raise InputError(
                    f"{place}: the model's {start:g} {unit}".rstrip() + f" is outside its bounds, {low} to {high}"
                )
            for found, value in ((starts, start), (lows, least), (highs, most)):
                found.append(value)
            units.append(unit)
        self.start, self.low, self.high = (tuple(values) for values in (starts, lows, highs))
        self.units = tuple(units)
        self._scales = [unit and u.Unit(unit) for unit in units]
        self._tree = _tree(loaded.file, [(path, index) for index, path in enumerate(paths)])
        for values in (self.low, self.high):
            for index, key in enumerate(self.keys):
                tried = [*self.start[:index], values[index], *self.start[index + 1 :]]
                try:
                    self._try(tried)
                except InputError as error:
                    raise InputError(f"{error} (in {where}.{key}: bounds)") from None

    def _try(self, values: Iterable[float]) -> None:
        """Check the file with these values, and build what they touch; maps and grids are not read again."""
        source, values = self._loaded.source, tuple(values)
        checked(tomllib.loads(self._loaded.with_values(self.quantities(values))), source)
        try:
            self.at(values)
        except InputError as error:
            raise InputError(f"{source}: {error}") from None

    def quantities(self, values: Iterable[float]) -> dict[str, object]:
        """Values as a model file has them."""
        return {
            key: f"{value!r} {unit}" if unit else value
            for key, value, unit in zip(self.keys, map(float, values), self.units, strict=True)
        }

    def at(self, values: Iterable[float]) -> tuple[ModelFile, GalaxyModel]:
        """The file and the model at values in :attr:`units`; nuclei by :meth:`nuclei`."""
        leaves = [u.Quantity(value, unit) if unit else value for value, unit in zip(values, self._scales, strict=True)]
        file = _with_leaves(self._file, self._tree, leaves)
        sun, absorption = self._model.sun, self._model.absorption
        if file.galaxy is not self._file.galaxy or file.absorption is not self._file.absorption:
            sun, absorption = file.galaxy.build(), file.absorption.build()
        if file.galaxy is not self._file.galaxy:
            self._built = {}
        parts = []
        for name, section in file.components.items():
            before = self._built.get(name)
            if before is None or before[0] is not section:
                part = section.build(name, sun, file.interactions, self._loaded.folder, before)
                self._built[name] = before = (section, part)
            parts.append(before[1])
        return file, GalaxyModel(tuple(parts), sun, absorption, self._model.provenance)

    def nuclei(self, file: ModelFile, model: GalaxyModel) -> Nuclei:
        """Nuclei of what :meth:`at` gave."""
        return nuclei_of(file, model, self._loaded.source)


def _leaf(file: ModelFile, path: tuple[str, ...], place: str) -> Any:
    """What a dotted key leads to."""
    found: Any = file
    for index, step in enumerate(path):
        names = _names_of(found)
        if step not in names:
            above = ".".join(path[:index]) or "the model"
            raise InputError(f"{place}: {unknown_name(f'key of {above},', step, names)}")
        found = found[step] if isinstance(found, Mapping) else getattr(found, _field_name(found, step))
    return found


def _names_of(place: Any) -> list[str]:
    """Keys of a table or a section, as they are written."""
    if isinstance(place, Section):
        return [field.alias or name for name, field in type(place).model_fields.items()]
    return list(place) if isinstance(place, Mapping) else []


def _field_name(section: Section, step: str) -> str:
    return next(n for n, f in type(section).model_fields.items() if step in (n, f.alias))


# What changes in a section: of each field a number's place among the values, or what changes within it.
_Tree = dict[str, Any]


def _tree(place: Any, leaves: list[tuple[tuple[str, ...], int]]) -> _Tree:
    """Dotted keys, each with a place, as a tree of the fields of a section (or the keys of a table)."""
    found: _Tree = {}
    for step in dict.fromkeys(path[0] for path, _ in leaves):
        name = step if isinstance(place, Mapping) else _field_name(place, step)
        within = place[name] if isinstance(place, Mapping) else getattr(place, name)
        below = [(path[1:], index) for path, index in leaves if path[0] == step]
        found[name] = below[0][1] if not below[0][0] else _tree(within, below)
    return found


def _with_leaves(place: Any, tree: _Tree, leaves: list[Any]) -> Any:
    """A copy with other values at the leaves; all that is not on the way to them is shared."""
    table = isinstance(place, Mapping)
    changed = {}
    for name, below in tree.items():
        if isinstance(below, int):
            changed[name] = leaves[below]
        else:
            changed[name] = _with_leaves(place[name] if table else getattr(place, name), below, leaves)
    return {**place, **changed} if table else place.model_copy(update=changed)


def _unit_of(bound: object, leaf: object, place: str) -> str:
    """The unit in which a parameter is fitted: that of its lower bound."""
    if not isinstance(leaf, u.Quantity):
        return ""
    try:
        unit = quantity(bound, leaf.unit, "bounds").unit
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    try:
        return str(unit.to_string("fits"))
    except ValueError:  # a unit that FITS does not know
        return str(unit.to_string())


def _in_unit(value: object, unit: str, place: str) -> float:
    return to_float(quantity(value, u.Unit(unit), place), u.Unit(unit), place)
