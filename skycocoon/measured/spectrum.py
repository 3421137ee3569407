"""Published spectra: points and bands with asymmetric errors and limits, and how a model compares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..ecsv import read_column, read_ecsv, read_errors, read_flags
from ..errors import InputError, unknown_name
from ..points import BoolArray, same_numbers
from ..points import pulls as signed_pulls
from ..shipped import data_folder
from ..sky import Region, Sed
from ..sky.convention import FLAVOURS, check_messenger
from ..units import INTENSITY, within
from .comparison import Comparison

__all__ = [
    "Measurement",
    "list_measurements",
]

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
        (n,) whether a value is a 95 % upper limit.
    band
        Whether the rows are one fitted normalisation drawn over an energy range, fully correlated.
    flavour
        Neutrino convention; ``""`` for gamma rays.
    meta
        Reference, DOI, provenance and notes.
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

    @property
    def per_steradian(self) -> bool:
        """Whether values are intensities; else they are fluxes of the whole region."""
        return bool(self.value.unit == INTENSITY)

    @property
    def events(self) -> str:
        """Data-taking that the points come from; the data set's own name if the header does not say."""
        return self.meta.get("events") or self.name

    @classmethod
    def named(cls, name: str) -> Measurement:
        """A shipped data set by name; :func:`list_measurements` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        if name not in list_measurements():
            raise unknown_name("data set", name, list_measurements())
        return cls.read(data_folder() / "measurements" / f"{name}.ecsv")

    @classmethod
    def read(cls, path: str | Path) -> Measurement:
        """Read an ECSV file of points; shipped and users' files are read alike.

        Columns: ``e_ref`` [energy]; one of ``dnde`` (per energy) or ``e2dnde`` (times energy squared), with ``sr-1`` in
        the unit for an intensity and without for a flux; errors ``*_errn, *_errp`` (or ``*_err``), optional systematic
        ``*_sysn, *_sysp`` (or ``*_sys``); optional ``e_min, e_max``; optional ``is_ul`` for 95 % upper limits.
        Header: ``messenger``, ``region`` (a name or ``box:...``); optional ``label``, ``flavour``, ``kind = band``,
        ``events``, ``reference``, ``doi``, anything else.

        Raises
        ------
        InputError
            For a file that cannot be read, lacks one of these, has a wrong unit, or values that are not finite.
        """
        path = Path(path)
        table = read_ecsv(path, f"data sets: {', '.join(list_measurements())}")
        meta = {str(key): str(value) for key, value in table.meta.items()}
        for key in ("messenger", "region"):
            if key not in meta:
                raise InputError(f"{path}: the header has no {key!r}; needed: messenger, region")
        try:
            return cls._from_table(path.stem, table, meta)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _from_table(cls, name: str, table: Any, meta: dict[str, str]) -> Measurement:
        messenger = check_messenger(meta["messenger"])
        flavour = meta.get("flavour", "per-flavour" if messenger == "neutrino" else "")
        if messenger == "neutrino" and flavour not in FLAVOURS:
            raise unknown_name("flavour convention", flavour, FLAVOURS)

        energy = read_column(table, "e_ref", u.GeV)
        base = next((key for key in ("dnde", "e2dnde") if key in table.colnames), None)
        if base is None:
            raise InputError(f"no column 'dnde' or 'e2dnde'; there are: {', '.join(table.colnames)}")
        weight = u.GeV**2 if base == "e2dnde" else u.dimensionless_unscaled
        unit = INTENSITY if _unit(table[base]).is_equivalent(INTENSITY * weight) else FLUX
        scale = energy**-2 if base == "e2dnde" else np.ones_like(energy)
        value = read_column(table, base, unit * weight) * scale
        low, high = (side * scale for side in read_errors(table, base, unit * weight))
        limit = read_flags(table, "is_ul")
        if not energy.size:
            raise InputError("no rows; one point at least is needed")
        used = np.isfinite(energy) & np.isfinite(value)
        if not used.all() or np.any(energy <= 0):
            raise InputError("energies and values must be finite, energies positive")
        ok = limit | (np.isfinite(low) & np.isfinite(high) & (low > 0) & (high > 0))
        if not ok.all():
            raise InputError(f"row {int(np.flatnonzero(~ok)[0]) + 1}: errors must be positive and finite")
        if np.any(limit & (value <= 0)):
            raise InputError("an upper limit must be positive")
        e_min = read_column(table, "e_min", u.GeV) if "e_min" in table.colnames else energy
        e_max = read_column(table, "e_max", u.GeV) if "e_max" in table.colnames else energy
        return cls(
            name,
            meta.get("label", name),
            messenger,
            Region.parse(meta["region"]),
            energy * u.GeV,
            e_min * u.GeV,
            e_max * u.GeV,
            value * unit,
            np.where(limit, 0.0, low) * unit,
            np.where(limit, 0.0, high) * unit,
            limit,
            meta.get("kind", "points") == "band",
            flavour,
            meta,
        )

    def check_region(self, region: Region) -> None:
        """Check that a model of a region may be set beside these data.

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

    def compare(self, sed: Sed, factor: float = 1.0, factor_name: str = "none") -> Comparison:
        """Chi-square of a model SED.

        A point counts ((data - model)/error)^2 with the error of the side on which the model lies. A limit counts as a
        measurement of 0 with sigma = limit/1.645. A band is one measured number, the normalisation of its spectrum: the
        model's mean ratio to it over ln E against 1. Points outside the model's energies are skipped and counted.

        Parameters
        ----------
        sed
            Model, of the same messenger. A neutrino SED in another flavour convention is converted. Its region is the
            one that was measured, or, for intensities, that one without sources (:meth:`check_region`).
        factor, factor_name
            Multiplies the model, once, here; e.g. 0.65, the paper's factor for masking the inner region, which a SED of
            the masked region does not need.

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
        if self.flavour and sed.flavour != self.flavour:
            convert = 3.0 if self.flavour == "all-flavour" else 1.0 / 3.0
        else:
            convert = 1.0
        nodes = sed.energy.to_value(u.GeV)
        energy = self.energy.to_value(u.GeV)
        there = within(energy, nodes.min(), nodes.max())
        if not there.any():
            raise InputError(f"{self.name}: no point within the model's energies, {nodes[0]:g}..{nodes[-1]:g} GeV")
        unit = self.value.unit
        model = sed.at(self.energy[there]) * (factor * convert)
        if not self.per_steradian:
            model = model * sed.solid_angle
        model_value = model.to_value(unit)
        data = self.value.to_value(unit)[there]
        low, high = self.error_low.to_value(unit)[there], self.error_high.to_value(unit)[there]
        limit = self.limit[there]
        if self.band:
            ratio = float(np.mean(model_value / data))
            error = float(np.mean((high if ratio > 1 else low) / data))
            pulls = np.array([(1.0 - ratio) / error])
        else:
            pulls = signed_pulls(data, low, high, limit, model_value)
        return Comparison(
            self.name,
            self.region.name if sed.region == self.region else sed.region.name,
            factor,
            factor_name,
            float(pulls @ pulls),
            pulls.size,
            0 if self.band else int((~there).sum()),
            pulls,
        )

    def overlaps(self, other: Measurement) -> bool:
        """Whether it is the same messenger, in regions that overlap; see :func:`skycocoon.points.same_points`.

        Energies are not asked: a reference energy does not say what events a fit to a power law was made to.
        """
        return self.messenger == other.messenger and self.region.overlaps(other.region)

    def repeats(self, other: Measurement) -> bool:
        """Whether another data set holds the same values at the same energies."""
        same = same_numbers(self.energy, other.energy) and same_numbers(self.value, other.value)
        return self.messenger == other.messenger and same

    def plot(self, **options: Any) -> Any:
        """Draw the points; see :func:`skycocoon.plot.plot_measurement`."""
        from importlib import import_module

        return import_module("skycocoon.plot").plot_measurement(self, **options)

    def __repr__(self) -> str:
        unit = "per sr" if self.per_steradian else "whole region"
        kind = "band" if self.band else f"{self.energy.size} points"
        return (
            f"{self.name}: {self.label}; {self.messenger}{' ' + self.flavour if self.flavour else ''}, {kind} "
            f"{self.energy_min.min():.4g}..{self.energy_max.max():.4g}, {unit}, {self.region.name}\n"
            f"  {self.meta.get('reference', 'no reference given')} {self.meta.get('doi', '')}".rstrip()
        )


def _unit(column: Any) -> u.UnitBase:
    unit = getattr(column, "unit", None)
    return u.dimensionless_unscaled if unit is None else unit


def list_measurements() -> list[str]:
    """Names of the shipped data sets."""
    return sorted(path.stem for path in (data_folder() / "measurements").glob("*.ecsv"))
