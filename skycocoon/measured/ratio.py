"""Published ratios of secondary to primary nuclei, of which boron over carbon is the one with the most data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np

from ..ecsv import check_rows, read_column, read_ecsv, read_errors, read_flags
from ..errors import InputError
from ..kinematics import Species
from ..points import Points, same_rows
from ..shipped import Shelf
from ..units import M_PROTON, FloatArray, to_float

if TYPE_CHECKING:
    from ..plot import DataPoints, Panel

__all__ = ["RATIOS", "Curves", "RatioMeasurement", "list_ratios", "plot_ratios", "ratio_panels"]

RATIOS = Shelf("ratio", "ratios")
"""Shipped ratios."""
Curves = Mapping[str, tuple[u.Quantity, FloatArray]]
"""(n,) kinetic energies per nucleon or rigidities, and (n,) ratios, by the names of curves."""
NOTHING: Mapping[str, Any] = MappingProxyType({})

# The nucleus that converts bounds: exact for C-12, O-16 and B-10; 10 % in rigidity for B-11.
HALF_CHARGED = Species("A/Z = 2", 2, 1)


@dataclass(frozen=True, eq=False, repr=False)
class RatioMeasurement:
    """A published ratio of two nuclei's fluxes at the same energy per nucleon, or at the same rigidity.

    Attributes
    ----------
    name, label
        Short name, and the name in a figure's legend.
    quantity
        What over what, e.g. ``"B/C"``.
    x
        (n,) kinetic energies per nucleon [GeV], or rigidities [GV].
    value
        (n,) ratios, at the top of the atmosphere: with the Sun's modulation.
    error_low, error_high
        (n,) errors, statistical and systematic in quadrature; positive.
    meta
        Reference, DOI, provenance and notes.

    Examples
    --------
    >>> from skycocoon import RatioMeasurement
    >>> dampe = RatioMeasurement.named("bc-dampe-2022")
    >>> dampe.quantity, dampe.x.size
    ('B/C', 13)
    """

    name: str
    label: str
    quantity: str
    x: u.Quantity
    value: FloatArray
    error_low: FloatArray
    error_high: FloatArray
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_rigidity(self) -> bool:
        """Whether ``x`` are rigidities; else they are kinetic energies per nucleon."""
        return bool(self.x.unit == u.GV)

    @property
    def events(self) -> str:
        """Data-taking that the points come from; the data set's own name if the header does not say."""
        return self.meta.get("events") or self.name

    @classmethod
    def named(cls, name: str) -> RatioMeasurement:
        """Read a shipped data set by name; :func:`list_ratios` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        return cls.read(RATIOS.path(name))

    @classmethod
    def read(cls, path: str | Path) -> RatioMeasurement:
        """Read an ECSV file of points; shipped and users' files are read alike.

        Columns: ``energy`` (kinetic, per nucleon) or ``rigidity``; ``ratio``; errors ``ratio_errn, ratio_errp`` (or
        ``ratio_err``), optional systematic ``ratio_sysn, ratio_sysp`` (or ``ratio_sys``). Header: ``quantity``;
        optional ``label``, ``events``, ``reference``, ``doi``, anything else.

        Raises
        ------
        InputError
            For a file that cannot be read, lacks one of these, has a wrong unit, or values that are not finite.
        """
        path = Path(path)
        return cls.from_table(read_ecsv(path, str(RATIOS)), path)

    @classmethod
    def from_table(cls, table: Any, path: Path) -> RatioMeasurement:
        """Take the points from a table that was read from a file; see :meth:`read`.

        Parameters
        ----------
        table
            Columns, and the header as ``table.meta``.
        path
            The file: its stem is the data set's name, and messages begin with it.

        Returns
        -------
        RatioMeasurement
            The points.

        Raises
        ------
        InputError
            For anything that is wrong in the table.
        """
        meta = {str(key): str(value) for key, value in table.meta.items()}
        try:
            return cls._from_table(path.stem, table, meta)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _from_table(cls, name: str, table: Any, meta: dict[str, str]) -> RatioMeasurement:
        if not re.fullmatch(r"\w+/\w+", quantity := meta.get("quantity", "").strip()):
            raise InputError(f"the header has the quantity {quantity!r}; needed: one over another, like quantity: B/C")
        axes = {"energy": u.GeV, "rigidity": u.GV}
        names = [key for key in axes if key in table.colnames]
        if len(names) != 1:
            raise InputError(
                f"one column 'energy' (kinetic, per nucleon, like 'GeV') or 'rigidity' (like 'GV') is needed; there "
                f"are: {', '.join(table.colnames)}"
            )
        axis = names[0]
        x = read_column(table, axis, axes[axis])
        value = read_column(table, "ratio", u.dimensionless_unscaled)
        low, high = read_errors(table, "ratio", u.dimensionless_unscaled)
        if not x.size:
            raise InputError("no rows; one point at least is needed")
        if read_flags(table, "is_ul").any():
            raise InputError("column 'is_ul': upper limits are not taken for ratios; leave these rows out")
        check_rows(np.isfinite(x) & (x > 0), f"column {axis!r} must be positive and finite")
        check_rows(np.isfinite(value), "column 'ratio' must be finite")
        check_rows(np.isfinite(low) & np.isfinite(high) & (low > 0) & (high > 0), "errors must be positive and finite")
        return cls(name, meta.get("label", name), quantity, x * axes[axis], value, low, high, meta)

    def within(self, low: u.Quantity | None = None, high: u.Quantity | None = None) -> RatioMeasurement:
        """Return the points in a range, both ends included.

        Parameters
        ----------
        low, high
            Bounds, kinetic energy per nucleon or rigidity; None for no bound. A rigidity for data in energy per
            nucleon, or the reverse, is converted with A/Z = 2.

        Returns
        -------
        RatioMeasurement
            The same data set with these points alone.

        Raises
        ------
        InputError
            If no point is left, or a bound is neither an energy nor a rigidity.
        """
        inside = np.ones(self.x.size, dtype=bool)
        if low is not None:
            x, bound = self._comparable(low, "low")
            inside &= x >= bound
        if high is not None:
            x, bound = self._comparable(high, "high")
            inside &= x <= bound
        if not inside.any():
            limits = f"{'the lowest' if low is None else low} to {'the highest' if high is None else high}"
            raise InputError(f"{self.name}: no point from {limits}; it has {self._range()}")
        return replace(
            self,
            x=self.x[inside],
            value=self.value[inside],
            error_low=self.error_low[inside],
            error_high=self.error_high[inside],
        )

    def _comparable(self, bound: u.Quantity, what: str) -> tuple[FloatArray, float]:
        """Return the points' x and a bound, both in the unit of x or both as rigidities [GV]."""
        in_rigidity = isinstance(bound, u.Quantity) and bound.unit.is_equivalent(u.GV)
        edge = to_float(bound, u.GV if in_rigidity else u.GeV, f"{self.name}: {what} bound", minimum=0.0)
        if in_rigidity == self.in_rigidity:
            return self.x.value, edge
        return self._rigidity(), edge if in_rigidity else float(_as_rigidity(np.array([edge]))[0])

    def _rigidity(self) -> FloatArray:
        return self.x.value if self.in_rigidity else _as_rigidity(self.x.value)

    def pulls(self, model: FloatArray) -> FloatArray:
        """Return (data - model)/error of every point, with the error of the side on which the model lies.

        Parameters
        ----------
        model
            (n,) the model's ratio at ``x``.

        Returns
        -------
        ndarray
            (n,) pulls.

        Raises
        ------
        InputError
            If the model has another shape.
        """
        return self.points().pulls(model)

    def points(self) -> Points:
        """Return the values that a model is held against."""
        unit, label = (u.GV, "R [GV]") if self.in_rigidity else (u.GeV, "T [GeV per nucleon]")
        x, none = self.x.to_value(unit), np.zeros(self.value.size, dtype=bool)
        return Points(self.name, self.label, x, label, self.value, self.error_low, self.error_high, limit=none)

    def shares(self, other: RatioMeasurement) -> str:
        """Return the element that two different ratios of the same data-taking share, in a range that overlaps.

        Parameters
        ----------
        other
            The other data set.

        Returns
        -------
        str
            Its symbol, e.g. ``"B"`` of B/C and B/O; empty if there is none.
        """
        together = self.events == other.events and self.quantity != other.quantity and self._meets(other)
        shared = set(self.quantity.split("/")) & set(other.quantity.split("/"))
        return ", ".join(sorted(shared)) if together else ""

    def _meets(self, other: RatioMeasurement) -> bool:
        """Whether the ranges overlap, as rigidities at A/Z = 2."""
        one, two = self._rigidity(), other._rigidity()
        return bool(one.min() <= two.max() and two.min() <= one.max())

    def overlaps(self, other: RatioMeasurement) -> bool:
        """Return whether another data set is of the same ratio, in a range that overlaps at A/Z = 2.

        :func:`skycocoon.points.same_points` asks this of ratios of the same data-taking.
        """
        return self.quantity == other.quantity and self._meets(other)

    def repeats(self, other: RatioMeasurement) -> bool:
        """Return whether one of two data sets holds the ratios of the other at the same x, or a part of them."""
        same = same_rows((self.x, self.value * u.one), (other.x, other.value * u.one))
        return self.quantity == other.quantity and same

    def plot(
        self,
        *,
        axes: Any = None,
        meta: Mapping[str, str] = NOTHING,
        quantity: str = "B/C",
        series: Mapping[str, int] = NOTHING,
    ) -> Any:
        """Draw the points against energy per nucleon or rigidity; see :func:`plot_ratios` for the parameters.

        Parameters
        ----------
        axes, meta, quantity, series
            As in :func:`plot_ratios`.

        Returns
        -------
        matplotlib.axes.Axes
            Those that were drawn on.
        """
        return plot_ratios({"": ({}, [self])}, meta, quantity, series, axes=axes)

    def drawn(self, mark: int = 0) -> DataPoints:
        """Turn the data set into points of a figure, against energy per nucleon [GeV] or rigidity [GV].

        Parameters
        ----------
        mark
            Place in the series of colours and marks.

        Returns
        -------
        DataPoints
            The ratios.
        """
        from ..plot import DataPoints

        return DataPoints(self.points(), mark=mark)

    def _range(self) -> str:
        unit = "GV" if self.in_rigidity else "GeV per nucleon"
        return f"{self.x.value.min():.4g}..{self.x.value.max():.4g} {unit}"

    def __repr__(self) -> str:
        return (
            f"{self.name}: {self.label}; {self.quantity}, {self.x.size} points {self._range()}\n"
            f"  {self.meta.get('reference', 'no reference given')} {self.meta.get('doi', '')}".rstrip()
        )


def _as_rigidity(kinetic: FloatArray) -> FloatArray:
    """Return the rigidities [GV] at A/Z = 2 of kinetic energies per nucleon [GeV]."""
    return HALF_CHARGED.rigidity(kinetic + M_PROTON)


def list_ratios() -> list[str]:
    """Return the names of the shipped ratios of nuclei.

    Examples
    --------
    >>> list_ratios()[:2]
    ['bc-ams02-2016', 'bc-ams02-2018']
    """
    return RATIOS.names()


def plot_ratios(
    panels: Mapping[str, tuple[Curves, Iterable[RatioMeasurement]]],
    meta: Mapping[str, str] = NOTHING,
    quantity: str = "B/C",
    series: Mapping[str, int] = NOTHING,
    axes: Any = None,
) -> Any:
    """Draw curves and data of a ratio in panels side by side, with the same ratios on their axes.

    Panels of the same kind (energy per nucleon, or rigidity) have the same x. A data set has the same mark in all of
    them, and a curve of the same name the same line.

    Parameters
    ----------
    panels
        Curves and data of each panel, by the panel's title (``""`` for none). Curves by their names: (n,) kinetic
        energies per nucleon or rigidities, and (n,) ratios. Data at the same kind of x.
    meta
        How the model was made, for the small print.
    quantity
        Name of the ratio, where no data say it.
    series
        Which of the marks (0, 1, ...) a data set has, by its name, and which of the lines a curve has, by its own: for
        figures that show the same ones. By default the places of names among all panels.
    axes
        Where to draw a panel that is the only one; new ones if None.

    Returns
    -------
    matplotlib.axes.Axes
        Of the first panel.

    Raises
    ------
    InputError
        If there is no panel or nothing in one, if energies and rigidities are mixed in one, or data of different
        ratios.
    """
    from ..plot import plot_side_by_side

    filled = {title: (curves, list(data)) for title, (curves, data) in panels.items()}
    if not filled:
        raise InputError("ratio: there is no panel to draw")
    quantities = {item.quantity for _, data in filled.values() for item in data}
    if len(quantities) > 1:
        raise InputError(f"ratio: data of different ratios cannot be on one axis: {', '.join(sorted(quantities))}")
    quantity = quantities.pop() if quantities else quantity
    points = dict.fromkeys(item.name for _, data in filled.values() for item in data)
    lines = dict.fromkeys(name for curves, _ in filled.values() for name in curves)
    series = {**{name: k for names in (points, lines) for k, name in enumerate(names)}, **series}
    drawn = [_panel(title, curves, data, quantity, series) for title, (curves, data) in filled.items()]
    return plot_side_by_side(drawn, meta, axes)


def _panel(title: str, curves: Curves, data: list[RatioMeasurement], quantity: str, series: Mapping[str, int]) -> Panel:
    """A panel of a ratio, with its curves' lines and its data's marks by their names."""
    from ..plot import Axis, Curve, Panel
    from ..plot.curves import PER_NUCLEON, RIGIDITY, ratio_look

    kinds = [x.unit.is_equivalent(u.GV) for x, _ in curves.values()] + [item.in_rigidity for item in data]
    if not kinds:
        raise InputError("ratio: there is neither a curve nor a data set to draw")
    if len(set(kinds)) > 1:
        raise InputError("ratio: kinetic energies per nucleon and rigidities cannot be on one axis; choose one")
    unit, x_axis = (u.GV, RIGIDITY) if kinds[0] else (u.GeV, PER_NUCLEON)
    return Panel(
        title,
        tuple(Curve(name, x.to_value(unit), y, ratio_look(series[name])) for name, (x, y) in curves.items()),
        tuple(item.drawn(series[item.name]) for item in data),
        x=x_axis,
        y=Axis(quantity),
    )


def ratio_panels(
    curves_of: Callable[[bool], Curves], data: Iterable[RatioMeasurement]
) -> dict[str, tuple[Curves, list[RatioMeasurement]]]:
    """Panels for :func:`plot_ratios`: data in energy per nucleon in one, data in rigidity in another.

    Parameters
    ----------
    curves_of
        Gives the curves in rigidity for True, in energy per nucleon for False.
    data
        One ratio's data sets; the kind of the first comes first.

    Returns
    -------
    dict
        Curves and data by the panel's title, which is empty if there is one panel only.
    """
    kinds: dict[bool, list[RatioMeasurement]] = {}
    for item in data:
        kinds.setdefault(item.in_rigidity, []).append(item)
    titles = {False: "data in energy per nucleon", True: "data in rigidity"}
    return {titles[kind] if len(kinds) > 1 else "": (curves_of(kind), items) for kind, items in kinds.items()}
