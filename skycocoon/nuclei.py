"""Ratios of nuclei such as boron over carbon: the slab, what is injected, what fragments, and the grammage of cocoons.

What :mod:`skycocoon.los` is for the sky, this is for nuclei: the place where transport, cross sections and grammage
meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from .cosmicrays import Grammage, Slab
from .cosmicrays.slab import ISM_MASS, ISM_SIGMA, force_field, ionisation
from .ecsv import read_ecsv
from .errors import InputError, check_name
from .interactions.fragmentation import FRAGMENTATIONS, Channel, fragmentation
from .interactions.letaw import letaw_inelastic
from .kinematics import momentum
from .measured import RatioMeasurement, plot_ratios, ratio_panels
from .shipped import data_folder
from .units import M_PROTON, MBARN, BoolArray, FloatArray, to_array, within

__all__ = ["ELEMENTS", "ENERGIES", "RANGE", "Network", "Nuclei", "build_network", "elements", "network", "plot_grid"]

ELEMENTS: Mapping[str, int] = MappingProxyType({"B": 5, "C": 6, "N": 7, "O": 8})
"""Elements all of whose isotopes the shipped fragmentation table makes."""

BERYLLIUM, BORON = (4, 10), (5, 10)
# Kinetic energies per nucleon [GeV] of the solution, 40 a decade: against ten times as many, B/C is good to 2e-4 from
# 1 GeV and to 2.5e-4 from 0.3 GeV, between the nodes too.
ENERGIES = np.geomspace(0.1, 1e6, 281)
# Flattens intensities times losses: T^-0.9 times T.
SLOPE = 2.0
# Turns a cross section in mbarn per hydrogen atom into one per gram of the interstellar medium [cm^2/g].
PER_GRAM = MBARN * ISM_SIGMA / ISM_MASS
RANGE = (0.1, 3e5)
"""Kinetic energies per nucleon at the Earth [GeV] for which there are ratios."""


@dataclass(frozen=True, eq=False)
class Network:
    """Which nuclei fragment into which others: all that does not depend on the transport.

    With k nuclei, from heavy to light, p channels and n energies.

    Attributes
    ----------
    energies
        (n,) kinetic energies per nucleon [GeV], equally spaced in their logarithm.
    nuclei
        (Z, A) of each nucleus; parents come before children, and 10Be before the 10B into which it decays.
    abundance
        (k, 1) injected, relative to one another.
    parent, child
        (p,) indices of the nucleus that fragments and of the one that is made.
    spallation
        (p, n) cross sections over the mean mass of the interstellar medium [cm^2/g].
    """

    energies: FloatArray
    nuclei: tuple[tuple[int, int], ...]
    abundance: FloatArray
    parent: NDArray[np.int64]
    child: NDArray[np.int64]
    spallation: FloatArray

    @cached_property
    def charge(self) -> FloatArray:
        """(k, 1) charges Z."""
        return np.array([[float(z)] for z, _ in self.nuclei])

    @cached_property
    def mass_number(self) -> FloatArray:
        """(k, 1) mass numbers A."""
        return np.array([[float(a)] for _, a in self.nuclei])

    @cached_property
    def rigidity(self) -> FloatArray:
        """(k, n) rigidities [GV]."""
        return self.mass_number / self.charge * momentum(self.energies)

    @cached_property
    def inelastic(self) -> FloatArray:
        """(k, n) inelastic cross sections over the mean mass of the interstellar medium [cm^2/g]."""
        return letaw_inelastic(self.mass_number, self.energies) * PER_GRAM

    @cached_property
    def ionisation(self) -> FloatArray:
        """(k, n) losses of energy per grammage by ionisation."""
        return ionisation(self.charge, self.mass_number, self.energies)

    @cached_property
    def boron(self) -> BoolArray:
        """(p, 1) channels that make boron, or the 10Be that becomes boron."""
        return self.charge[self.child] <= ELEMENTS["B"]


def build_network(channels: Sequence[Channel], energies: FloatArray = ENERGIES) -> Network:
    """Make a network of channels of fragmentation.

    Parameters
    ----------
    channels
        Projectile, fragment and cross section of each channel.
    energies
        (n,) kinetic energies per nucleon [GeV], equally spaced in their logarithm.

    Returns
    -------
    Network
        The nuclei that take part, with the source abundances that come with the package.
    """
    table = read_ecsv(data_folder() / "nuclei" / "source-abundances.ecsv", "source-abundances.ecsv")
    abundance = {
        (int(z), int(a)): float(e * f)
        for z, a, e, f in zip(*(table[k] for k in ("z", "a", "efficiency", "isotopic_fraction")), strict=True)
    }
    members = {c.projectile for c in channels} | {c.fragment for c in channels}
    nuclei = tuple(sorted(members, key=lambda nucleus: (-nucleus[1], nucleus[0])))
    return Network(
        energies=energies,
        nuclei=nuclei,
        abundance=np.array([[abundance.get(nucleus, 0.0)] for nucleus in nuclei]),
        parent=np.array([nuclei.index(c.projectile) for c in channels]),
        child=np.array([nuclei.index(c.fragment) for c in channels]),
        spallation=np.stack([c.at(energies) for c in channels]) * PER_GRAM,
    )


@lru_cache(maxsize=4)
def network(name: str) -> Network:
    """The network of a fragmentation table, by its name; made once."""
    return build_network(fragmentation(name))


def elements(quantity: str) -> tuple[str, str]:
    """Split a ratio of elements into what is divided and by what.

    Parameters
    ----------
    quantity
        Two of :data:`ELEMENTS`, like ``"B/C"``.

    Returns
    -------
    numerator, denominator
        Their symbols.

    Raises
    ------
    InputError
        For anything else.
    """
    numerator, _, denominator = (part.strip() for part in quantity.partition("/"))
    if not (numerator and denominator):
        raise InputError(f"{quantity!r} is no ratio of elements; write one like B/C, of {', '.join(ELEMENTS)}")
    for symbol in (numerator, denominator):
        check_name("element", symbol, ELEMENTS)
    if numerator == denominator:
        raise InputError(f"{quantity!r} is 1; two elements are needed, of {', '.join(ELEMENTS)}")
    return numerator, denominator


def plot_grid(in_rigidity: bool) -> u.Quantity:
    """Where ratios are drawn: 0.3 to 1e5 GeV per nucleon, or 1 (where :class:`Nuclei` begin) to 1e5 GV."""
    return np.geomspace(1.0, 1e5, 251) * u.GV if in_rigidity else np.geomspace(0.3, 1e5, 277) * u.GeV


@dataclass(frozen=True)
class Nuclei:
    """Ratios of nuclei at the Earth.

    Parameters
    ----------
    slab
        Transport in the Galaxy.
    grammage
        X_c(R) of the cocoons; None for the plain slab.
    fragmentation
        Table of cross sections, one of :data:`~skycocoon.interactions.fragmentation.FRAGMENTATIONS`.
    cross_section_scale
        Multiplies the production of boron (and of the 10Be that becomes boron): published tables differ by up to 16 %.

    Raises
    ------
    InputError
        For an unknown table, or a scale that is not positive.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Nuclei
    >>> Nuclei().ratio([10, 1000] * u.GeV).round(2)
    array([0.2 , 0.04])
    """

    slab: Slab = field(default_factory=Slab)
    grammage: Grammage | None = None
    fragmentation: str = "evoli2019"
    cross_section_scale: float = 1.0

    def __post_init__(self) -> None:
        check_name("fragmentation table", self.fragmentation, FRAGMENTATIONS)
        if not 0 < self.cross_section_scale < 100:
            raise InputError(f"transport: cross_section_scale {self.cross_section_scale:g}; allowed: above 0 to 100")

    @cached_property
    def log_intensities(self) -> dict[tuple[int, int], FloatArray]:
        """Natural logarithm of each nucleus' intensity, by (Z, A), at the network's energies; up to a constant."""
        from .kernels.slab import cascade

        members, slab = network(self.fragmentation), self.slab
        kinetic, rigidity = members.energies, members.rigidity
        gamma = 1 + kinetic / M_PROTON
        beta = momentum(kinetic) / (kinetic + M_PROTON)
        x = slab.grammage(rigidity, beta)
        decaying = members.nuclei.index(BERYLLIUM)
        lifetime = slab.beryllium_lifetime.to_value(u.s)
        x[decaying], decay = slab.unstable(rigidity[decaying], beta, gamma, lifetime)
        scale = np.where(members.boron, self.cross_section_scale, 1.0)
        out = np.empty_like(x)
        cascade(
            step=float(np.log(kinetic[1] / kinetic[0])),
            slope=SLOPE,
            energy=kinetic,
            damping=1 / x + members.inelastic,
            loss=slab.adiabatic(kinetic) + members.ionisation,
            injected=members.abundance * slab.injected(members.mass_number, kinetic),
            cocoon=np.zeros_like(x) if self.grammage is None else self.grammage.at(rigidity),
            parent=members.parent,
            child=members.child,
            spallation=scale * members.spallation,
            mother=np.array([decaying]),
            daughter=np.array([members.nuclei.index(BORON)]),
            decay=decay[None, :],
            out=out,
        )
        return dict(zip(members.nuclei, np.log(out), strict=True))

    def _element(self, symbol: str, values: FloatArray, in_rigidity: bool, potential: float) -> FloatArray:
        """Intensity of an element per kinetic energy per nucleon, or per rigidity, up to the common factor."""
        total = np.zeros_like(values)
        nodes = np.log(network(self.fragmentation).energies)
        for (charge, mass_number), logarithm in self.log_intensities.items():
            if charge != ELEMENTS[symbol]:
                continue
            kinetic, measure = values, np.ones_like(values)
            if in_rigidity:
                p = values * charge / mass_number
                kinetic = p**2 / (np.hypot(p, M_PROTON) + M_PROTON)
                measure = p / (kinetic + M_PROTON) * charge / mass_number
            outside, factor = force_field(kinetic, charge, mass_number, potential)
            total += measure * factor * np.exp(np.interp(np.log(outside), nodes, logarithm))
        return total

    def ratio(
        self, x: u.Quantity, numerator: str = "B", denominator: str = "C", *, modulated: bool = True
    ) -> FloatArray:
        """Ratio of two elements at the Earth.

        Parameters
        ----------
        x
            (...) kinetic energies per nucleon, or rigidities: their unit decides. At equal rigidity the ratio is one of
            intensities per rigidity.
        numerator, denominator
            ``"B"``, ``"C"``, ``"N"`` or ``"O"``.
        modulated
            Within the heliosphere (force field), or in interstellar space.

        Returns
        -------
        array
            Dimensionless, of the shape of ``x``.

        Raises
        ------
        InputError
            For other elements, another unit, or energies outside 0.1 GeV to 300 TeV per nucleon.
        """
        for symbol in (numerator, denominator):
            check_name("element", symbol, ELEMENTS)
        in_rigidity = isinstance(x, u.Quantity) and x.unit.is_equivalent(u.GV)
        values = to_array(x, u.GV if in_rigidity else u.GeV, "rigidity" if in_rigidity else "energy per nucleon")
        unit = "GV" if in_rigidity else "GeV"
        low, high = (1.0, 2 * RANGE[1]) if in_rigidity else RANGE
        bad = ~within(values, low, high)
        if bad.any():
            raise InputError(
                f"{numerator}/{denominator}: {values[bad].flat[0]:g} {unit} is out of range; allowed: {low:g} {unit} "
                f"to {high:g} {unit}{'' if in_rigidity else ' per nucleon'}"
            )
        potential = self.slab.modulation.to_value(u.GV) if modulated else 0.0
        over, under = (self._element(s, values, in_rigidity, potential) for s in (numerator, denominator))
        return np.asarray(over / under)

    def curves(self, in_rigidity: bool = False, quantity: str = "B/C") -> dict[str, tuple[u.Quantity, FloatArray]]:
        """A ratio at the Earth for a figure, and that of the same transport without cocoons.

        Parameters
        ----------
        in_rigidity
            Whether against rigidity; else against kinetic energy per nucleon.
        quantity
            What over what.

        Returns
        -------
        dict
            (n,) energies per nucleon or rigidities, as in :func:`plot_grid`, and (n,) ratios, by name.
        """
        x, names = plot_grid(in_rigidity), elements(quantity)
        curves = {"model": (x, self.ratio(x, *names))}
        if self.grammage is not None:
            curves["same transport, no cocoons"] = (x, replace(self, grammage=None).ratio(x, *names))
        return curves

    def plot(
        self, data: Iterable[RatioMeasurement] = (), meta: Mapping[str, str] = MappingProxyType({}), quantity: str = ""
    ) -> Any:
        """Draw a ratio at the Earth against energy per nucleon, with data; those in rigidity in a panel of theirs.

        Parameters
        ----------
        data
            Published ratios.
        meta
            How the model was made, for the small print.
        quantity
            What over what; that of the data, or B/C, if it is not said.

        Returns
        -------
        matplotlib.axes.Axes
            Of the first panel.

        Raises
        ------
        InputError
            If data are of different ratios, or of another one.
        """
        data = list(data)
        quantity = quantity or (data[0].quantity if data else "B/C")
        if others := [item for item in data if item.quantity != quantity]:
            raise InputError(f"ratio: {others[0].name} is {others[0].quantity}, {quantity} is drawn")
        curves = partial(self.curves, quantity=quantity)
        panels = ratio_panels(curves, data) or {"": (curves(), [])}
        return plot_ratios(panels, meta, quantity)

    def __str__(self) -> str:
        cocoons = "no cocoons" if self.grammage is None else f"cocoons {self.grammage}"
        return f"{self.slab}; {cocoons}; cross sections {self.fragmentation}"
