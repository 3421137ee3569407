"""Spectra of a region: mean intensity, and its product with the solid angle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, check_name
from ..outputs import new_file
from ..units import INTENSITY, within
from .convention import FLAVOURS, check_flavour, flavour_factor
from .region import Region

__all__ = [
    "Sed",
]


@dataclass(frozen=True, eq=False, repr=False)
class Sed:
    """Spectral energy distribution of a region of the sky.

    Attributes
    ----------
    energy
        (n,) nodes [energy].
    components
        Mean intensity per component, (n,) each [GeV^-1 cm^-2 s^-1 sr^-1].
    region
        The part of the sky.
    messenger
        ``"gamma"`` or ``"neutrino"``.
    flavour
        Neutrino convention, a key of :data:`skycocoon.sky.convention.FLAVOURS`; ``""`` for gamma rays.
    meta
        How it was made.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from skycocoon import Region, Sed
    >>> energy = np.geomspace(1, 100, 5) * u.TeV
    >>> power_law = 1e-12 * energy.value**-2.7 * u.Unit("GeV-1 cm-2 s-1 sr-1")
    >>> sed = Sed(energy, {"power law": power_law}, Region.named("lhaaso-inner"))
    >>> sed
    Sed: gamma in lhaaso-inner, 0.33465 sr, 5 energies 1 TeV..100 TeV
      power law
    >>> print(f"{sed.at(20 * u.TeV):.4g}")
    3.071e-16 1 / (GeV s sr cm2)
    """

    energy: u.Quantity
    components: Mapping[str, u.Quantity]
    region: Region
    messenger: str = "gamma"
    flavour: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def intensity(self) -> u.Quantity:
        """Sum of the components: mean intensity over the region [GeV^-1 cm^-2 s^-1 sr^-1]."""
        parts = list(self.components.values())
        total = parts[0].to(INTENSITY)
        for part in parts[1:]:
            total = total + part
        return total

    @property
    def solid_angle(self) -> u.Quantity:
        """Solid angle of the region [sr]."""
        return self.region.solid_angle

    @property
    def flux(self) -> u.Quantity:
        """Intensity times solid angle [GeV^-1 cm^-2 s^-1]."""
        return self.intensity * self.solid_angle

    def at(self, energy: u.Quantity) -> u.Quantity:
        """Total intensity at other energies: cubic spline through ln I over ln E; 0 beyond the last positive node.

        Raises
        ------
        InputError
            For energies outside the nodes.
        """
        from scipy.interpolate import CubicSpline

        nodes = self.energy.to_value(u.GeV)
        wanted = np.atleast_1d(energy.to_value(u.GeV))
        if not within(wanted, nodes[0], nodes[-1]).all():
            raise InputError(
                f"SED: {wanted.min():g}..{wanted.max():g} GeV is outside its energies, {nodes[0]:g}..{nodes[-1]:g} GeV"
            )
        intensity = self.intensity.to_value(INTENSITY)
        positive = intensity > 0
        if positive.sum() < 2:
            return np.interp(wanted, nodes, intensity).reshape(np.shape(energy)) * INTENSITY
        spline = CubicSpline(np.log(nodes[positive]), np.log(intensity[positive]))
        last = nodes[positive][-1]
        values = np.where(within(wanted, 0.0, last), np.exp(spline(np.log(np.minimum(wanted, last)))), 0.0)
        return values.reshape(np.shape(energy)) * INTENSITY

    def in_flavour(self, flavour: str) -> Sed:
        """SED of the same neutrinos in another convention: all flavours are three times one."""
        if not self.flavour or flavour == self.flavour:
            return self
        factor = flavour_factor(self.flavour, check_flavour(flavour))
        parts = {name: part * factor for name, part in self.components.items()}
        return replace(self, components=parts, flavour=flavour)

    def without(self, *names: str) -> Sed:
        """SED without some of its components.

        Raises
        ------
        InputError
            For an unknown name, or if nothing is left.
        """
        for name in names:
            check_name("component", name, self.components)
        parts = {name: part for name, part in self.components.items() if name not in names}
        if not parts:
            raise InputError(f"SED: nothing is left without {', '.join(names)}")
        return replace(self, components=parts)

    def to_table(self) -> Any:
        """Table with one row per component and energy, and one per energy for the total.

        Returns
        -------
        Table
            Columns with units: ``component, energy, intensity, flux``; the solid angle is in the header.
        """
        from astropy.table import Table

        parts = {**self.components, "total": self.intensity}
        n = self.energy.size
        intensity = np.concatenate([part.to_value(INTENSITY) for part in parts.values()])
        table = Table(
            {
                "component": np.repeat(list(parts), n),
                "energy": np.tile(self.energy.value, len(parts)),
                "intensity": intensity,
                "flux": intensity * self.solid_angle.to_value(u.sr),
            },
            units={"energy": self.energy.unit, "intensity": INTENSITY, "flux": INTENSITY * u.sr},
            descriptions={"intensity": "mean over the region", "flux": "intensity times solid angle"},
        )
        table.meta = {
            "messenger": self.messenger,
            "flavour": FLAVOURS.get(self.flavour, ""),
            "region": self.region.name,
            "region_reference": self.region.reference,
            "solid_angle": f"{self.solid_angle.to_value(u.sr):.9g} sr",
            **{key: value for key, value in self.meta.items() if "\n" not in value},
        }
        if not self.flavour:
            del table.meta["flavour"]
        return table

    def write(self, path: str | Path, overwrite: bool = False) -> None:
        """Write :meth:`to_table` as ECSV, whole or not at all.

        Parameters
        ----------
        path
            Where to.
        overwrite
            Whether an existing file is replaced.

        Raises
        ------
        InputError
            If the file exists and ``overwrite`` is false, or cannot be written.
        """
        table = self.to_table()
        # Texts of several lines, such as the model's TOML, go into the file alone, line by line.
        table.meta |= {key: value.splitlines() for key, value in self.meta.items() if "\n" in value}
        with new_file(path, overwrite) as temporary:
            table.write(temporary, format="ascii.ecsv", overwrite=True)

    def plot(self, **options: Any) -> Any:
        """Draw E^2 times the intensity; see :func:`skycocoon.plot.plot_sed`."""
        from importlib import import_module

        return import_module("skycocoon.plot").plot_sed(self, **options)

    def __repr__(self) -> str:
        e = self.energy
        what = self.messenger + (f" ({FLAVOURS[self.flavour]})" if self.flavour else "")
        lines = [
            f"Sed: {what} in {self.region.name}, {self.solid_angle:.5g}, {e.size} energies {e[0]:.4g}..{e[-1]:.4g}"
        ]
        lines += [f"  {name}" for name in self.components]
        return "\n".join(lines)
