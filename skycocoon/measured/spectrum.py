"""Published spectra: points and bands with asymmetric errors and limits, and how a model compares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np

from ..ecsv import check_rows, column_unit, read_column, read_ecsv, read_errors, read_flags
from ..errors import InputError
from ..points import SIGMA_95, Points, limit_sigmas, same_rows
from ..shipped import Shelf
from ..sky import Region, Sed
from ..sky.convention import check_flavour, check_messenger, flavour_factor
from ..sky.sed import spectrum_title
from ..units import (
    E2_FLUX,
    E2_INTENSITY,
    INTENSITY,
    ROUNDING,
    BoolArray,
    FloatArray,
    quantity,
    to_array,
    to_float,
    within,
)
from .comparison import Comparison, Target

if TYPE_CHECKING:
    from ..plot import DataPoints

__all__ = ["MEASUREMENTS", "Measurement", "list_measurements"]

MEASUREMENTS = Shelf("data set", "measurements")
"""Shipped spectra."""

FLUX = INTENSITY * u.sr


@dataclass(frozen=True, eq=False, repr=False)
class Measurement:
    """A published spectrum of a region.

    Attributes
    ----------
    name, label
        Short name, and the name in a figure's legend.
    messenger, region
        What was measured, and where.
    energy, energy_min, energy_max
        (n,) reference energies and bin edges [energy].
    value
        (n,) differential intensity [GeV^-1 cm^-2 s^-1 sr^-1], or flux of the whole region [GeV^-1 cm^-2 s^-1]. For a
        limit, the limit.
    error_low, error_high
        (n,) errors, statistical and systematic in quadrature where both are known; never negative.
    limit
        (n,) whether a value is a 95 % upper limit; limits of another confidence are scaled to it when they are read.
    band
        Whether the rows are one fitted normalisation drawn over an energy range, fully correlated.
    flavour
        Neutrino convention; ``""`` for gamma rays.
    meta
        Reference, DOI, provenance and notes.

    Examples
    --------
    >>> from skycocoon import Measurement
    >>> lhaaso = Measurement.named("lhaaso-km2a-2023-inner")
    >>> lhaaso.region.name, lhaaso.energy.size, lhaaso.per_steradian
    ('lhaaso-inner', 10, True)
    """

    name: str
    label: str
    messenger: str
    region: Region
    energy: u.Quantity
    energy_min: u.Quantity
    energy_max: u.Quantity
    value: u.Quantity
    error_low: u.Quantity
    error_high: u.Quantity
    limit: BoolArray
    band: bool = False
    flavour: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in ("energy", "energy_min", "energy_max"):
            object.__setattr__(self, key, to_array(getattr(self, key), u.GeV, f"{self.name}: {key}") * u.GeV)
        unit = INTENSITY if u.Quantity(self.value).unit.is_equivalent(INTENSITY) else FLUX
        for key in ("value", "error_low", "error_high"):
            object.__setattr__(self, key, to_array(getattr(self, key), unit, f"{self.name}: {key}") * unit)
        object.__setattr__(self, "limit", np.asarray(self.limit, dtype=bool))
        shapes = {getattr(self, key).shape for key in ("energy", "energy_min", "energy_max", "value", "limit")}
        if len(shapes) > 1 or self.energy.ndim != 1 or self.energy.size == 0:
            raise InputError(f"{self.name}: columns of one length, one point or more, are needed")

    @cached_property
    def per_steradian(self) -> bool:
        """Whether values are intensities; else they are fluxes of the whole region."""
        return bool(self.value.unit == INTENSITY)

    @property
    def events(self) -> str:
        """Data-taking that the points come from; the data set's own name if the header does not say."""
        return self.meta.get("events") or self.name

    @classmethod
    def named(cls, name: str) -> Measurement:
        """Read a shipped data set by name; :func:`list_measurements` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        return cls.read(MEASUREMENTS.path(name))

    @classmethod
    def read(cls, path: str | Path) -> Measurement:
        """Read an ECSV file of points; shipped and users' files are read alike.

        Columns: ``e_ref`` [energy]; one of ``dnde`` (per energy) or ``e2dnde`` (times energy squared), with ``sr-1`` in
        the unit for an intensity and without for a flux; or gammapy's ``norm`` and ``ref_dnde``; errors ``*_errn,
        *_errp`` (or ``*_err``), optional systematic ``*_sysn, *_sysp`` (or ``*_sys``); optional ``e_min, e_max``;
        optional ``is_ul`` for upper limits, which are in ``*_ul`` if there is such a column.
        Header: ``messenger``, ``region`` (a name or ``box:...``); optional ``label``, ``flavour``, ``kind = band``,
        ``events``, ``reference``, ``doi``, ``UL_CONF`` (0.95), anything else.

        Raises
        ------
        InputError
            For a file that cannot be read, lacks one of these, has a wrong unit, or values that are not finite.
        """
        path = Path(path)
        return cls.from_table(read_ecsv(path, str(MEASUREMENTS)), path)

    @classmethod
    def from_table(cls, table: Any, path: Path) -> Measurement:
        """Take the points from a table that was read from a file; see :meth:`read`.

        Parameters
        ----------
        table
            Columns, and the header as ``table.meta``.
        path
            The file: its stem is the data set's name, and messages begin with it.

        Returns
        -------
        Measurement
            The points.

        Raises
        ------
        InputError
            For anything that is wrong in the table.
        """
        meta = {str(key): str(value) for key, value in table.meta.items()}
        try:
            for key in ("messenger", "region"):
                if key not in meta:
                    raise InputError(f"the header has no {key!r}; needed: messenger, region")
            return cls._from_table(path.stem, table, meta, path.resolve().parent)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _from_table(cls, name: str, table: Any, meta: dict[str, str], folder: Path) -> Measurement:
        messenger = check_messenger(meta["messenger"])
        flavour = meta.get("flavour", "per-flavour" if messenger == "neutrino" else "")
        if messenger == "neutrino":
            check_flavour(flavour)
        if not len(table):
            raise InputError("no rows; one point at least is needed")
        energy, e_min, e_max = _energies(table)
        base, unit, factor = _differential(table, energy)
        value, limit = _values(table, base, unit, meta)
        low, high = (np.zeros_like(value), np.zeros_like(value)) if limit.all() else read_errors(table, base, unit)
        positive = np.isfinite(low) & np.isfinite(high) & (low > 0) & (high > 0)
        check_rows(limit | positive, f"errors of {base!r} must be positive and finite")
        low, high = np.where(limit, 0.0, low), np.where(limit, 0.0, high)
        band = meta.get("kind", "points") == "band"
        check_rows(~(band & (limit | (value <= 0))), "a band must be positive, and no limit")
        return cls(
            name=name,
            label=meta.get("label", name),
            messenger=messenger,
            region=Region.parse(meta["region"], folder),
            energy=energy * u.GeV,
            energy_min=e_min * u.GeV,
            energy_max=e_max * u.GeV,
            value=value * factor,
            error_low=low * factor,
            error_high=high * factor,
            limit=limit,
            band=band,
            flavour=flavour,
            meta=meta,
        )

    def within(self, low: u.Quantity | None = None, high: u.Quantity | None = None) -> Measurement:
        """Return the points in a range of energies, both ends included.

        Parameters
        ----------
        low, high
            Bounds [energy]; None for no bound.

        Returns
        -------
        Measurement
            The same data set with these points alone.

        Raises
        ------
        InputError
            If no point is left, or a bound is no energy.
        """
        gev = self.energy.to_value(u.GeV)
        inside = np.ones(gev.size, dtype=bool)
        if low is not None:
            inside &= gev >= _bound(low, f"{self.name}: low bound")
        if high is not None:
            inside &= gev <= _bound(high, f"{self.name}: high bound")
        if not inside.any():
            limits = f"{'the lowest' if low is None else low} to {'the highest' if high is None else high}"
            raise InputError(f"{self.name}: no point from {limits}; it has {gev.min():.4g}..{gev.max():.4g} GeV")
        return self._only(inside)

    def covered_by(self, energy: u.Quantity) -> Measurement:
        """Return the points within the energies of a model.

        Parameters
        ----------
        energy
            (n,) energies of the model, increasing.

        Returns
        -------
        Measurement
            The same data set with these points alone.

        Raises
        ------
        InputError
            If no point is left.
        """
        nodes = energy.to_value(u.GeV)
        inside = within(self.energy.to_value(u.GeV), nodes.min(), nodes.max())
        if not inside.any():
            raise InputError(f"{self.name}: no point within the model's energies, {nodes[0]:g}..{nodes[-1]:g} GeV")
        return self._only(inside)

    def _only(self, chosen: BoolArray) -> Measurement:
        columns = ("energy", "energy_min", "energy_max", "value", "error_low", "error_high", "limit")
        return replace(self, **{key: getattr(self, key)[chosen] for key in columns})

    def check_region(self, region: Region) -> None:
        """Check that a model of a region may be held against these data.

        The region is the one that was measured, or that one without sources: intensities are means over what a mask
        leaves. A flux of the whole region has no counterpart through a mask.

        Raises
        ------
        InputError
            Otherwise.
        """
        if region == self.region:
            return
        if region.unmasked is None or region.unmasked != self.region:
            raise InputError(f"{self.name} was measured in {self.region.name}, the SED is of {region.name}")
        if not self.per_steradian:
            raise InputError(
                f"{self.name} is a flux of all of {self.region.name}, the SED is of {region.name}: through a mask only "
                "intensities compare"
            )

    def scale(self, target: Target, flavour: str) -> float:
        """Return the factor from a model's mean intensity to the quantity that was measured.

        It is the product of the conversion of neutrino flavours, the solid angle where a flux was measured, and the
        target's factor.

        Parameters
        ----------
        target
            Where the model is averaged, and what it is multiplied by.
        flavour
            Neutrino convention of the model; ``""`` for gamma rays.

        Returns
        -------
        float
            From GeV^-1 cm^-2 s^-1 sr^-1 to the unit of :attr:`value`.
        """
        area = 1.0 if self.per_steradian else target.averaged.solid_angle.to_value(u.sr) * self._flux_unit
        return float(flavour_factor(flavour, self.flavour) * area * target.factor)

    @cached_property
    def _flux_unit(self) -> float:
        """Number of the data set's units of flux in 1 GeV^-1 cm^-2 s^-1."""
        return float(FLUX.to(self.value.unit))

    def expected(self, intensity: FloatArray, target: Target, flavour: str = "per-flavour") -> FloatArray:
        """Turn a model's mean intensities into what was measured: the model's counterparts of :meth:`points`.

        Parameters
        ----------
        intensity
            (n,) mean intensities [GeV^-1 cm^-2 s^-1 sr^-1] at the data set's energies.
        target, flavour
            As in :meth:`scale`.

        Returns
        -------
        ndarray
            (n,) values in the unit of :attr:`value`; for a band (1,), the mean ratio of the model to the band.
        """
        model = intensity * self.scale(target, flavour)
        return np.array([np.mean(model / self.value.value)]) if self.band else model

    def points(self, region: Region | None = None) -> Points:
        """Return the values that a model is held against: every point, or the one normalisation of a band.

        Parameters
        ----------
        region
            What the model is averaged over, for the label; the measured region if None.

        Returns
        -------
        Points
            Values in the unit of :attr:`value` over energies [TeV]; for a band the number 1, with its relative error.
        """
        x, values = self.energy.to_value(u.TeV), self.value.value
        low, high = (error.to_value(self.value.unit) for error in (self.error_low, self.error_high))
        limit = self.limit
        if self.band:
            # One number was measured: by how much the band's spectrum is multiplied.
            x, limit = np.array([np.exp(np.mean(np.log(x)))]), np.array([False])
            low, high = (np.array([np.mean(error / values)]) for error in (low, high))
            values = np.ones(1)
        where = self.region if region is None else region
        return Points(self.name, f"{self.label}, {where.name}", x, "E [TeV]", values, low, high, limit)

    def compare(self, sed: Sed, factor: float = 1.0, factor_name: str = "none") -> Comparison:
        """Chi-square of a model.

        Points are compared one by one, with the error of the side on which the model lies; a 95 % limit counts as a
        measurement of 0 with sigma = limit/1.645. A band is one number: the model's mean ratio to its centre.

        Parameters
        ----------
        sed
            The model, of the same messenger. A neutrino SED in another flavour convention is converted. Its region is
            the one that was measured, or, for intensities, that one without sources (:meth:`check_region`).
        factor, factor_name
            Multiplies the model, once, here; e.g. 0.65, the paper's factor for masking the inner region, which a SED of
            the masked region does not need.

        Returns
        -------
        Comparison
            Chi-square and pulls.

        Raises
        ------
        InputError
            If messengers or regions differ, or no energy overlaps.
        """
        if sed.messenger != self.messenger:
            raise InputError(f"{self.name} measures {self.messenger}s, the SED is of {sed.messenger}s")
        self.check_region(sed.region)
        if factor != 1.0 and factor_name == "none":
            factor_name = "factor"
        if not (math.isfinite(factor) and factor > 0):
            raise InputError(f"comparison factor {factor}: a positive number is needed")
        if factor != 1.0 and sed.region.unmasked is not None:
            raise InputError(f"comparison factor {factor:g}: sources are masked in {sed.region.name} already")
        data = self.covered_by(sed.energy)
        averaged = self.region if sed.region == self.region else sed.region
        target = Target(self.region, averaged, factor, factor_name)
        model = data.expected(sed.at(data.energy).to_value(INTENSITY), target, sed.flavour)
        pulls = data.points(averaged).pulls(model)
        return Comparison(
            measurement=self.name,
            region=averaged.name,
            factor=factor,
            factor_name=factor_name,
            chi2=float(pulls @ pulls),
            points=pulls.size,
            skipped=0 if self.band else self.energy.size - data.energy.size,
            pulls=pulls,
        )

    def overlaps(self, other: Measurement) -> bool:
        """Return whether another spectrum is of the same messenger, in a region that overlaps.

        Energies are not compared: the reference energy of a fitted power law does not tell the energies of its events.
        :func:`skycocoon.points.same_points` asks this of spectra of the same data-taking.
        """
        return self.messenger == other.messenger and self.region.overlaps(other.region)

    def repeats(self, other: Measurement) -> bool:
        """Return whether one of two data sets holds the values of the other at the same energies, or a part of them."""
        same = same_rows((self.energy, self.value), (other.energy, other.value))
        return self.messenger == other.messenger and same

    def plot(self, *, axes: Any = None, index: int = 0, flux: bool | None = None, aside: bool = False) -> Any:
        """Draw the points with their errors and bins, arrows for limits, or a band: E^2 times the values.

        Parameters
        ----------
        axes
            Where to draw, without words about the axes; new ones, with these, if None.
        index
            Place in the series of colours and marks.
        flux
            Whether to draw fluxes of the region instead of intensities; as published if None.
        aside
            Whether to draw in grey, with the region that was measured: for orientation, beside data of another region.

        Returns
        -------
        matplotlib.axes.Axes
            Those that were drawn on.
        """
        from ..plot import Panel, plot_panel
        from ..plot.curves import E2_AXES
        from ..plot.panels import draw_data

        flux = not self.per_steradian if flux is None else flux
        points = self.drawn(flux, index, aside=aside)
        if axes is not None:
            draw_data(axes, points)
            return axes
        title = spectrum_title(self.messenger, self.flavour, self.region)
        return plot_panel(Panel(title, (), (points,), y=E2_AXES[E2_FLUX if flux else E2_INTENSITY]), meta=None)

    def drawn(self, flux: bool, mark: int = 0, *, aside: bool = False) -> DataPoints:
        """Turn the data set into points of a figure: E^2 times an intensity, or times the flux of its region.

        Parameters
        ----------
        flux
            Whether to give fluxes of the region instead of intensities.
        mark
            Place in the series of colours and marks.
        aside
            Whether it is drawn in grey, for orientation only; then its label names the region.

        Returns
        -------
        DataPoints
            Against energy [TeV], in GeV cm^-2 s^-1, and sr^-1 for intensities.
        """
        from ..plot import DataPoints

        factor: Any = 1.0
        if flux == self.per_steradian:
            factor = self.region.solid_angle if flux else 1.0 / self.region.solid_angle
        unit = E2_FLUX if flux else E2_INTENSITY
        y, low, high = (
            (self.energy**2 * value * factor).to_value(unit) for value in (self.value, self.error_low, self.error_high)
        )
        label = f"{self.label} [{self.region.name}]" if aside else self.label
        points = Points(self.name, label, self.energy.to_value(u.TeV), "E [TeV]", y, low, high, self.limit)
        bins = self.energy_min.to_value(u.TeV), self.energy_max.to_value(u.TeV)
        return DataPoints(points, bins, self.band, mark, aside)

    def __repr__(self) -> str:
        unit = "per sr" if self.per_steradian else "whole region"
        kind = "band" if self.band else f"{self.energy.size} points"
        return (
            f"{self.name}: {self.label}; {self.messenger}{' ' + self.flavour if self.flavour else ''}, {kind} "
            f"{self.energy_min.min():.4g}..{self.energy_max.max():.4g}, {unit}, {self.region.name}\n"
            f"  {self.meta.get('reference', 'no reference given')} {self.meta.get('doi', '')}".rstrip()
        )


def _bound(bound: object, name: str) -> float:
    return to_float(quantity(bound, u.GeV, name), u.GeV, name)


def _energies(table: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Reference energies and edges of bins [GeV]; the energy itself where there is no edge."""
    energy = read_column(table, "e_ref", u.GeV)
    check_rows(np.isfinite(energy) & (energy > 0), "'e_ref' must be positive and finite")
    edges = [read_column(table, key, u.GeV) if key in table.colnames else energy for key in ("e_min", "e_max")]
    low, high = (np.where(np.isnan(edge), energy, edge) for edge in edges)
    inside = (low >= 0) & (low <= energy * (1 + ROUNDING)) & (energy <= high * (1 + ROUNDING)) & np.isfinite(high)
    if not inside.all():
        row = int(np.argmin(inside))
        raise InputError(
            f"row {row + 1}: 'e_ref', {energy[row]:.6g} GeV, is not between 'e_min' and 'e_max', {low[row]:.6g} and "
            f"{high[row]:.6g} GeV"
        )
    return energy, low, high


def _differential(table: Any, energy: FloatArray) -> tuple[str, u.UnitBase, u.Quantity]:
    """Column that has the spectrum, the unit to read it in, and (n,) factors to an intensity or a flux."""
    names = table.colnames
    if column := next((key for key in ("dnde", "e2dnde", "dnde_ul", "e2dnde_ul") if key in names), ""):
        base = column.removesuffix("_ul")
        weight, factor = (u.GeV**2, energy**-2) if base == "e2dnde" else (u.one, np.ones_like(energy))
        unit = INTENSITY if column_unit(table, column).is_equivalent(INTENSITY * weight) else FLUX
        return base, unit * weight, u.Quantity(factor, unit)
    if "norm" in names and "ref_dnde" in names:
        unit = INTENSITY if column_unit(table, "ref_dnde").is_equivalent(INTENSITY) else FLUX
        return "norm", u.one, u.Quantity(read_column(table, "ref_dnde", unit), unit)
    if base := next((key for key in ("flux", "eflux") if key in names), ""):
        raise InputError(
            f"column {base!r} is integrated over bins; a differential one is needed, 'dnde' or 'e2dnde', which "
            "gammapy's FluxPoints.write gives with sed_type='dnde'"
        )
    raise InputError(f"no column 'dnde' or 'e2dnde'; there are: {', '.join(names)}")


def _values(table: Any, base: str, unit: u.UnitBase, meta: Mapping[str, str]) -> tuple[FloatArray, BoolArray]:
    """Values of the column ``base``, or 95 % upper limits, and which are limits.

    Limits are in ``*_ul`` if there is such a column. They are where ``is_ul`` says so, and where there is no value.
    """
    value = read_column(table, base, unit) if base in table.colnames else np.full(len(table), np.nan)
    limit, place = read_flags(table, "is_ul"), base
    if f"{base}_ul" in table.colnames:
        place = f"{base}_ul"
        ends = read_column(table, place, unit)
        limit = limit | (~np.isfinite(value) & np.isfinite(ends))
        value = np.where(limit, ends, value)
    check_rows(limit | np.isfinite(value), f"{base!r} must be finite, or be a limit in '{base}_ul'; leave the row out")
    check_rows(
        ~limit | (np.isfinite(value) & (value > 0)), f"an upper limit, in {place!r}, must be positive and finite"
    )
    confidence = next((meta[key] for key in meta if key.upper() == "UL_CONF"), None)
    if confidence is not None:
        value = np.where(limit, value * (SIGMA_95 / limit_sigmas(confidence)), value)
    return value, limit


def list_measurements() -> list[str]:
    """Return the names of the shipped spectra.

    Examples
    --------
    >>> list_measurements()[:2]
    ['argo-ybj-2015', 'fermi-lat-2012-inner']
    """
    return MEASUREMENTS.names()
