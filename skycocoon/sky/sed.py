"""Spectra of a region: mean intensity, and its product with the solid angle."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np

from ..ecsv import write_ecsv
from ..errors import InputError, check_name, check_title
from ..numerics.interpolation import interpolated
from ..outputs import new_file
from ..units import E2_FLUX, E2_INTENSITY, INTENSITY, FloatArray, summed, to_array, to_quantity, within
from .convention import FLAVOURS, check_flavour, check_messenger, flavour_factor, messenger_title
from .region import Region

__all__ = ["Sed", "spectrum_title"]


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

    Raises
    ------
    InputError
        For energies that are not positive, and for components that have another length or are no numbers.

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

    def __post_init__(self) -> None:
        check_messenger(self.messenger)
        if self.flavour and check_flavour(self.flavour) and self.messenger == "gamma":
            raise InputError(f"SED: flavour {self.flavour!r} is for neutrinos, and this is of gamma rays")
        if not isinstance(self.components, Mapping) or not isinstance(self.region, Region):
            raise InputError("SED: energies, a dictionary of names and intensities, and a Region are needed")
        energy = to_quantity(self.energy, u.GeV, "SED: energy")
        to_array(energy, u.GeV, "SED: energy")
        if energy.ndim != 1 or not energy.size or not (energy.value > 0).all():
            raise InputError("SED: one energy above zero or more, in a row, are needed")
        if not self.components:
            raise InputError("SED: there is no component")
        names = self.components
        parts = {name: to_quantity(part, INTENSITY, f"SED: component {name!r}") for name, part in names.items()}
        for name, part in parts.items():
            to_array(part, INTENSITY, f"SED: component {name!r}")
            if part.shape != energy.shape:
                raise InputError(f"SED: component {name!r} of shape {part.shape} does not fit {energy.size} energies")
        object.__setattr__(self, "energy", energy)
        object.__setattr__(self, "components", parts)

    @property
    def intensity(self) -> u.Quantity:
        """Sum of the components: mean intensity over the region [GeV^-1 cm^-2 s^-1 sr^-1]."""
        return summed(list(self.components.values()), INTENSITY)

    @property
    def solid_angle(self) -> u.Quantity:
        """Solid angle of the region [sr]."""
        return self.region.solid_angle

    @property
    def flux(self) -> u.Quantity:
        """Intensity times solid angle [GeV^-1 cm^-2 s^-1]."""
        return self.intensity * self.solid_angle

    def at(self, energy: u.Quantity) -> u.Quantity:
        """Total intensity at other energies, by the rule of maps; see `docs/formats.md`.

        Power laws between the nodes, curved where these are half a decade apart or less; 0 beside a node that is 0.

        Raises
        ------
        InputError
            For energies outside the nodes, nodes that do not increase, or a spectrum below zero.
        """
        nodes, wanted = self.energy.to_value(u.GeV), to_array(energy, u.GeV, "energy")
        if np.any(np.diff(nodes) <= 0):
            raise InputError("SED: between energies that do not increase nothing is interpolated")
        if not within(wanted, nodes[0], nodes[-1]).all():
            raise InputError(
                f"SED: {wanted.min():g}..{wanted.max():g} GeV is outside its energies, {nodes[0]:g}..{nodes[-1]:g} GeV"
            )
        intensity = self.intensity.to_value(INTENSITY)
        if (intensity < 0).any():
            raise InputError(f"SED: an intensity below zero, {intensity.min():g} {INTENSITY}, has no power law")
        values = [interpolated(nodes, e, intensity.__getitem__) for e in wanted.ravel().tolist()]
        return np.reshape(values, wanted.shape) * INTENSITY

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
        for name in parts:
            check_title("SED: component", name)
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
        own = {
            "messenger": self.messenger,
            "flavour": FLAVOURS.get(self.flavour, ""),
            "region": self.region.name,
            "region_reference": self.region.reference,
            "solid_angle": f"{self.solid_angle.to_value(u.sr):.9g} sr",
        }
        table.meta = own | {key: value for key, value in self.meta.items() if "\n" not in value and key not in own}
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
        table.meta |= {key: value.split("\n") for key, value in self.meta.items() if "\n" in value}
        with new_file(path, overwrite) as temporary:
            write_ecsv(table, temporary)

    def plot(
        self,
        *,
        axes: Any = None,
        data: Any = (),
        factor: float = 1.0,
        factor_name: str = "",
        flux: bool | None = None,
        name: str = "",
        variants: Mapping[str, Sed] = MappingProxyType({}),
        nearby: Iterable[Any] = (),
    ) -> Any:
        """Draw E^2 times the region's intensity against energy, component by component, with data.

        Parameters
        ----------
        axes
            Where to draw; new ones if None.
        data
            One :class:`~skycocoon.measured.Measurement` or several, of the same messenger and region; of the region
            before masking, if sources are masked in this one.
        factor, factor_name
            Multiplies the model, once; the legend's title says so, and the model without it stays in the figure as a
            thin line.
        flux
            Whether to draw the flux of the whole region instead of the mean intensity; if None, as the first data set
            was published.
        name, variants
            SEDs of the same model with other parameters, by name: their totals, and the components that differ; and
            what the model itself is called beside them.
        nearby
            Intensities that were measured in other parts of this sky, in grey: for orientation only.

        Returns
        -------
        matplotlib.axes.Axes
            Those that were drawn on.

        Raises
        ------
        InputError
            If a data set is of another messenger or another region, or a factor for masked sources comes on top of a
            mask.
        """
        from ..plot import Panel, plot_panel
        from ..plot.curves import E2_AXES
        from ..plot.panels import limit_spectrum

        data = list(data) if isinstance(data, Iterable) else [data]
        self._check_beside(data, factor)
        if flux is None:
            flux = not data[0].per_steradian if data else False
        beside = [] if flux else [item for item in nearby if item.per_steradian]
        points = [item.drawn(flux, mark) for mark, item in enumerate(data)]
        points += [item.drawn(flux, mark, aside=True) for mark, item in enumerate(beside, start=len(data))]
        curves, shaded = self._curves(flux, factor, name, variants)
        title = spectrum_title(self.messenger, self.flavour, self.region)
        y_axis = E2_AXES[E2_FLUX if flux else E2_INTENSITY]
        panel = Panel(title, tuple(curves), tuple(points), tuple(shaded), y=y_axis)
        long = len(panel.labels) > 7
        axes = plot_panel(
            panel,
            axes,
            self.meta,
            size=(6.8, 5.4) if variants else (6.4, 4.8),
            title=f"model × {factor:g} ({factor_name or 'factor'})" if factor != 1.0 else None,
            title_fontsize=8,
            fontsize=7 if long else 9,
            loc="lower left" if long else "best",
        )
        limit_spectrum(axes, self._total(flux), points, roomy=bool(variants))
        return axes

    def _check_beside(self, data: Iterable[Any], factor: float) -> None:
        """Check that data and a factor may stand beside this SED in a figure; else `InputError`."""
        if not (math.isfinite(factor) and factor > 0):
            raise InputError(f"factor {factor:g}: a positive number is needed")
        if factor != 1.0 and self.region.unmasked is not None:
            raise InputError(f"factor {factor:g}: sources are masked in {self.region.name} already")
        for item in data:
            if item.messenger != self.messenger:
                raise InputError(f"{item.name} is of {item.messenger}s, the SED of {self.messenger}s")
            item.check_region(self.region)
            if item.flavour != self.flavour:
                raise InputError(
                    f"{item.name} is {item.flavour}, the SED {self.flavour}; make the SED with the same flavour"
                )

    def _e2(self, intensity: u.Quantity, flux: bool, factor: float = 1.0) -> FloatArray:
        """E^2 times an intensity, or its product with the solid angle, as in a figure."""
        scale = self.solid_angle if flux else 1.0
        value = self.energy**2 * intensity * scale * factor
        return np.asarray(value.to_value(E2_FLUX if flux else E2_INTENSITY))

    def _total(self, flux: bool) -> Any:
        """Curve of the sum of the components."""
        from ..plot import Curve

        return Curve("total", self.energy.to_value(u.TeV), self._e2(self.intensity, flux))

    def _curves(
        self, flux: bool, factor: float, name: str, variants: Mapping[str, Sed]
    ) -> tuple[list[Any], list[tuple[str, str]]]:
        """Curves of components, of their sum and of variants; and the pairs of sums with a band between them."""
        from ..plot import Curve
        from ..plot.curves import TOTAL, WITHOUT_FACTOR, component_look, variant_look

        energy = self.energy.to_value(u.TeV)
        several = len(self.components) > 1
        itself = f", {name}" if name else ""
        curves, shaded = [], []

        def add(label: str, intensity: u.Quantity, look: Any, times: float = factor) -> None:
            curves.append(Curve(label, energy, self._e2(intensity, flux, times), look))

        for index, (component, part) in enumerate(self.components.items()):
            look = component_look(index, alone=not several)
            others = {
                variant: other.components[component]
                for variant, other in variants.items()
                if component in other.components and not np.array_equal(other.components[component].value, part.value)
            }
            add(f"{component}{itself if others else ''}", part, look)
            for number, (variant, other_part) in enumerate(others.items()):
                add(f"{component}, {variant}", other_part, variant_look(look, number))
        if several:
            total = f"total{itself if variants else ''}"
            add(total, self.intensity, TOTAL)
            for number, (variant, other) in enumerate(variants.items()):
                add(f"total, {variant}", other.intensity, variant_look(TOTAL, number))
                shaded.append((total, f"total, {variant}"))
        if factor != 1.0:
            words = "without the factor"
            look = WITHOUT_FACTOR if several else replace(WITHOUT_FACTOR, colour=component_look(0).colour)
            add(f"total, {words}" if several else words, self.intensity, look, 1.0)
        return curves, shaded

    def __repr__(self) -> str:
        e = self.energy
        what = self.messenger + (f" ({FLAVOURS[self.flavour]})" if self.flavour else "")
        lines = [
            f"Sed: {what} in {self.region.name}, {self.solid_angle:.5g}, {e.size} energies {e[0]:.4g}..{e[-1]:.4g}"
        ]
        lines += [f"  {name}" for name in self.components]
        return "\n".join(lines)


def spectrum_title(messenger: str, flavour: str, region: Region) -> str:
    """Title of a figure of a region's spectrum: messenger, region, solid angle, and what is left of it by a mask.

    Parameters
    ----------
    messenger, flavour
        What arrives, and the neutrino convention, ``""`` for gamma rays.
    region
        The part of the sky.

    Returns
    -------
    str
        Two lines or more, with symbols in TeX.

    Examples
    --------
    >>> print(spectrum_title("gamma", "", Region.everywhere()))
    gamma rays
    all-sky, 12.57 sr
    """
    masked = ""
    if region.unmasked is not None:
        left = float(region.solid_angle / region.unmasked.solid_angle)
        masked = f"\nmean outside masked sources, {left:.0%} of {region.unmasked.name}"
    where = "\n".join(textwrap.wrap(f"{region.name}, {region.solid_angle.to_value(u.sr):.4g} sr", 70))
    return f"{messenger_title(messenger, flavour)}\n{where}{masked}"
