"""A model at other values of some of its keys, fast enough for the steps of a fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u

from ..emission import GalaxyModel
from ..errors import InputError, unknown_name
from ..nuclei import Nuclei
from ..units import quantity, to_float
from .document import parse
from .loading import LoadedModel
from .mistakes import checked
from .quantities import Section
from .schema import ModelFile

__all__ = ["FreeKey", "Variation"]


@dataclass(frozen=True)
class FreeKey:
    """A key of a model file whose value varies between bounds; numbers in the unit that it names.

    Attributes
    ----------
    key
        Dotted key.
    unit
        Name of the unit, that of the lower bound; ``""`` for a plain number.
    start
        The model's value.
    low, high
        Bounds.
    """

    key: str
    unit: str
    start: float
    low: float
    high: float

    @property
    def path(self) -> tuple[str, ...]:
        """Steps of the key, from the file to the number."""
        return tuple(self.key.split("."))

    @classmethod
    def read(cls, loaded: LoadedModel, key: str, bounds: tuple[Any, Any], where: str) -> FreeKey:
        """Look a key up in a model, and read its bounds.

        Parameters
        ----------
        loaded
            The model.
        key
            Dotted key.
        bounds
            Lowest and highest value, as in a model file.
        where
            What stands before the key in messages: the table of the bounds.

        Returns
        -------
        FreeKey
            The key with its unit, value and bounds.

        Raises
        ------
        InputError
            For a key that does not exist or has no number, bounds that are not in order, and a model outside them.
        """
        place = f"{loaded.source}: {where}{key}"
        leaf = _leaf(loaded.file, tuple(key.split(".")), place)
        if isinstance(leaf, bool) or not isinstance(leaf, (int, float, u.Quantity)):
            problem = "has no value in the model, give it one" if leaf is None else f"is {leaf!r}, no number"
            if isinstance(leaf, (Section, Mapping)):
                problem = f"is a table, no number; its keys are {', '.join(_names_of(leaf))}"
            raise InputError(f"{place}: {problem}")
        unit = _unit_of(bounds[0], leaf, place)
        start = _in_unit(leaf, unit, f"{place}: the model's value")
        low, high = (_in_unit(value, unit, f"{place}: bounds") for value in bounds)
        if not low < high:
            raise InputError(f"{place}: bounds = [{bounds[0]}, {bounds[1]}]: the first must be below the second")
        if not low <= start <= high:
            model = f"{start:g} {unit}".rstrip()
            raise InputError(f"{place}: the model's {model} is outside its bounds, {bounds[0]} to {bounds[1]}")
        return cls(key, unit, start, low, high)

    def value(self, number: float) -> object:
        """Return the value of a number as a model file has it."""
        return f"{number!r} {self.unit}" if self.unit else number


class Variation:
    """The same model at other values of some of its keys, without reading or checking the whole file again.

    Parts of the model that no key touches are shared: what was computed for them stays good.

    Parameters
    ----------
    loaded
        The model.
    bounds
        Lowest and highest value of each key that varies, as in a model file. The model is tried at both.
    where
        What stands before a key in messages: the table of the bounds.

    Attributes
    ----------
    free
        The keys, with their units, the model's values and bounds.

    Raises
    ------
    InputError
        For a key that does not exist, has no number, or whose model would be wrong at a bound; for a model outside
        the bounds.
    """

    def __init__(self, loaded: LoadedModel, bounds: Mapping[str, tuple[Any, Any]], where: str = "fit.parameters."):
        self.free = tuple(FreeKey.read(loaded, key, pair, where) for key, pair in bounds.items())
        self._loaded = loaded
        self._units = [free.unit and u.Unit(free.unit) for free in self.free]
        self._tree = _tree(loaded.file, [(free.path, index) for index, free in enumerate(self.free)])
        for end in ("low", "high"):
            for index, free in enumerate(self.free):
                values = list(self.start)
                values[index] = getattr(free, end)
                try:
                    self._check(values)
                except InputError as error:
                    raise InputError(f"{error} (in {where}{free.key}: bounds)") from None

    @property
    def keys(self) -> tuple[str, ...]:
        """Dotted keys that vary."""
        return tuple(free.key for free in self.free)

    @property
    def start(self) -> tuple[float, ...]:
        """The model's values."""
        return tuple(free.start for free in self.free)

    def _check(self, values: Sequence[float]) -> None:
        """Check the file with these values, and build what they touch; maps and grids are not read again."""
        source = self._loaded.source
        checked(parse(self._loaded.with_values(self.quantities(values)), source), source)
        self.at(values)

    def quantities(self, values: Iterable[float]) -> dict[str, object]:
        """Return values by key, as a model file has them."""
        return {free.key: free.value(float(value)) for free, value in zip(self.free, values, strict=True)}

    def at(self, values: Iterable[float]) -> tuple[ModelFile, GalaxyModel]:
        """Return the file and the model at values in the units of :attr:`free`; nuclei by :meth:`nuclei`."""
        leaves = [u.Quantity(value, unit) if unit else value for value, unit in zip(values, self._units, strict=True)]
        file = _with_leaves(self._loaded.file, self._tree, leaves)
        return file, self._loaded.build(file, self._loaded.model.provenance)

    def nuclei(self, file: ModelFile, model: GalaxyModel) -> Nuclei:
        """Return the nuclei of what :meth:`at` gave.

        Parameters
        ----------
        file, model
            From :meth:`at`.

        Returns
        -------
        Nuclei
            Transport and cocoons at those values.
        """
        return self._loaded.build.nuclei(file, model)


def _leaf(file: ModelFile, path: tuple[str, ...], place: str) -> Any:
    """Return the value that a dotted key leads to."""
    node: Any = file
    for index, step in enumerate(path):
        names = _names_of(node)
        if step not in names:
            above = ".".join(path[:index]) or "the model"
            raise InputError(f"{place}: {unknown_name(f'key of {above},', step, names)}")
        node = node[step] if isinstance(node, Mapping) else getattr(node, node.fields_by_key()[step])
    return node


def _names_of(node: Any) -> list[str]:
    """Return the keys of a table or a section, as they are written."""
    if isinstance(node, Section):
        return list(node.fields_by_key())
    return list(node) if isinstance(node, Mapping) else []


# The fields of a section that change: the place of a field's new value among the values, or what changes within it.
_Tree = dict[str, Any]


def _tree(node: Any, leaves: list[tuple[tuple[str, ...], int]]) -> _Tree:
    """Sort dotted keys, each with the place of its value, into a tree of fields of sections and keys of tables."""
    tree: _Tree = {}
    for step in dict.fromkeys(path[0] for path, _ in leaves):
        name = step if isinstance(node, Mapping) else node.fields_by_key()[step]
        inner = node[name] if isinstance(node, Mapping) else getattr(node, name)
        below = [(path[1:], index) for path, index in leaves if path[0] == step]
        tree[name] = below[0][1] if not below[0][0] else _tree(inner, below)
    return tree


def _with_leaves(node: Any, tree: _Tree, leaves: list[Any]) -> Any:
    """Return a copy with other values at the leaves; all that is not on the way to them is shared."""
    table = isinstance(node, Mapping)
    changed = {}
    for name, below in tree.items():
        if isinstance(below, int):
            changed[name] = leaves[below]
        else:
            changed[name] = _with_leaves(node[name] if table else getattr(node, name), below, leaves)
    return {**node, **changed} if table else node.model_copy(update=changed)


def _unit_of(bound: object, leaf: object, place: str) -> str:
    """Return the unit in which a key varies: that of its lower bound."""
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
