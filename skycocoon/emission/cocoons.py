"""Cocoons around sources: the paper's component (eqs. 5 to 10)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, partial

import astropy.units as u
import numpy as np

from ..cosmicrays import ExponentialGrammage, Grammage, Injection
from ..errors import InputError, check_name
from ..galaxy import CylindricalGrid, SourceDisc
from ..galaxy.table import RATE_DENSITY
from ..interactions import ENHANCEMENTS, PUBLICATIONS, CrossSection
from ..interactions.publications import cross_section
from ..kinematics import SPECIES
from ..units import C_LIGHT, M_PROTON_GRAM, FloatArray, to_array, to_float
from .component import Term
from .production import Projectiles, production
from .reach import describe_reach, warn_beyond

__all__ = ["Cocoons"]

PER_CM3 = u.cm**-3


def _default_injection() -> tuple[Injection, ...]:
    # The preset "paper": efficiencies as in the public code crams v1.1; slopes from memory of Evoli et al. 2019.
    return Injection(SPECIES["proton"], 0.07, 4.31), Injection(SPECIES["helium"], 0.025, 4.21)


@dataclass(frozen=True)
class Cocoons:
    r"""Regions of slow escape around sources, smooth and steady: rate of sources times the yield of one.

    .. math:: q(E, x) = R(x)\,S(E),\quad S(E) = \sum_i \int \frac{X_c(R_i)}{m_p}\,s_i\,\sigma_{pp}(E')\,
              Q_i^{(N)}(E' - m_p)\,F(E/E', E')\,\frac{dE'}{E'}

    The gas density cancels: only the grammage counts (eqs. 5 and 7).

    Parameters
    ----------
    name
        What the component is called.
    density
        Sources per volume and time: a :class:`~skycocoon.galaxy.SourceDisc` or
        :class:`~skycocoon.galaxy.CylindricalGrid`.
    injection
        What one source releases, one entry per species.
    grammage
        X_c(R).
    helium
        Publication of the He-p enhancement, a key of :data:`~skycocoon.interactions.ENHANCEMENTS`.
    gas_density
        Gas in a cocoon, for the confinement time (eq. 9) only.
    lifetime
        Age of a cocoon, for its size (eq. 10) only.
    nearest
        Sources nearer than this to the Sun do not count. The smooth density is a modelling choice there: cocoons are
        0.24 kpc apart near the Sun.
    proton
        Publication of the pp cross section, a key of :data:`~skycocoon.interactions.PUBLICATIONS`.

    Raises
    ------
    InputError
        For values out of range, unknown names, no species at all, and a density that is a number per volume.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Cocoons
    >>> cocoons = Cocoons()
    >>> cocoons.confinement_time.round(4)
    <Quantity 0.2528 Myr>
    >>> print(f"{cocoons.source_yield('gamma', 10 * u.TeV):.4g}")
    2.898e+39 1 / GeV
    """

    name: str = "cocoons"
    density: SourceDisc | CylindricalGrid = field(default_factory=SourceDisc)
    injection: tuple[Injection, ...] = field(default_factory=_default_injection)
    grammage: Grammage = field(default_factory=ExponentialGrammage)
    helium: str = "joshi2014"
    gas_density: u.Quantity = field(default=1.0 / u.cm**3)
    lifetime: u.Quantity = field(default=0.3 * u.Myr)
    nearest: u.Quantity = field(default=0.0 * u.kpc)
    proton: str = "kelner2006"

    def __post_init__(self) -> None:
        if not self.injection:
            raise InputError(f"{self.name}: no species is injected")
        check_name("helium cross section", self.helium, ENHANCEMENTS)
        check_name("proton cross section", self.proton, PUBLICATIONS)
        if getattr(self.density, "kind", RATE_DENSITY) != RATE_DENSITY:
            raise InputError(f"{self.name}: sources per volume and time are needed, the grid is a number per volume")
        to_float(self.gas_density, PER_CM3, f"{self.name}: gas density", minimum=0.0, exclusive=True)
        to_float(self.lifetime, u.yr, f"{self.name}: lifetime", minimum=0.0, exclusive=True)
        to_float(self.nearest, u.kpc, f"{self.name}: nearest", minimum=0.0)

    def enhancement(self, injection: Injection) -> float:
        """s_i, the cross section on protons in units of pp."""
        return 1.0 if injection.species.A == 1 else ENHANCEMENTS[self.helium]

    def _projectiles(self, injection: Injection, total: FloatArray) -> FloatArray:
        """X_c/m_p s Q^(N) [cm^-2 GeV^-1] at total energies per nucleon [GeV]."""
        x = self.grammage.at(injection.rigidity(total))
        return x * (self.enhancement(injection) / M_PROTON_GRAM) * injection.per_nucleon(total)

    # One evaluation serves every messenger and every set of energies.
    @cached_property
    def _species(self) -> tuple[Projectiles, ...]:
        """Projectiles of each species, with what yields need of them."""
        return tuple(Projectiles(partial(self._projectiles, injection)) for injection in self.injection)

    def _yield(self, cross_section: CrossSection, species: str, energy: FloatArray) -> FloatArray:
        """S(E) [GeV^-1] of one species, or of all."""
        pairs = zip(self.injection, self._species, strict=True)
        chosen = [projectiles for injection, projectiles in pairs if species in ("all", injection.species.name)]
        table = production(cross_section, energy)
        warn_beyond(self.name, self.proton, table, self._species)
        return table.fold(*chosen)

    @property
    def messengers(self) -> tuple[str, ...]:
        """Gamma rays and neutrinos."""
        return ("gamma", "neutrino")

    def terms(self, messenger: str, flavour: str = "per-flavour") -> tuple[Term, ...]:
        """One term: S(E) times the source rate per volume.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        flavour
            Convention of neutrinos.

        Returns
        -------
        tuple of Term
            One term.
        """
        section = cross_section(messenger, flavour, self.proton)
        spectrum = partial(self._yield, section, "all")
        return (Term(spectrum, self.density, self.nearest.to_value(u.kpc)),)

    def template(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> None:
        """None: cocoons are integrated along rays.

        Parameters
        ----------
        messenger, energy, flavour
            As in :class:`~skycocoon.emission.Component`.
        """

    def source_yield(
        self, messenger: str, energy: u.Quantity, *, species: str = "all", flavour: str = "per-flavour"
    ) -> u.Quantity:
        """S(E), secondaries that one source makes in its life [GeV^-1] (eq. 7).

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        energy
            Secondary energies.
        species
            ``"all"`` or the name of one.
        flavour
            Neutrinos: ``"per-flavour"`` at Earth or ``"all-flavour"``.

        Returns
        -------
        Quantity
            S [GeV^-1], of the shape of ``energy``.
        """
        check_name("species", species, ["all", *(i.species.name for i in self.injection)])
        section = cross_section(messenger, flavour, self.proton)
        gev = np.atleast_1d(to_array(energy, u.GeV, "energy"))
        return self._yield(section, species, gev).reshape(np.shape(energy)) / u.GeV

    def matching_factors(self) -> dict[str, float]:
        """n-tilde of the low-energy branch of gamma rays for each species (eq. 12); empty without such a branch."""
        section = cross_section("gamma", proton=self.proton)
        if section.low_energy is None:
            return {}
        table = production(section, np.array([section.low_energy.matching_energy]))
        return {i.species.name: table.matching(partial(self._projectiles, i)) for i in self.injection}

    @property
    def confinement_time(self) -> u.Quantity:
        """tau_c = X_c0/(m_p n c), the least age of a cocoon [Myr] (eqs. 5 and 9)."""
        x = self.grammage.normalisation.to_value(u.g / u.cm**2)
        n = self.gas_density.to_value(u.cm**-3)
        return (x / (M_PROTON_GRAM * n * C_LIGHT) * u.s).to(u.Myr)

    @property
    def number(self) -> float:
        """Cocoons that exist at a time, N_c = R_SN T_c (eq. 10)."""
        return float((self.density.total() * self.lifetime).to_value(u.dimensionless_unscaled))

    @property
    def largest_radius(self) -> u.Quantity | None:
        """Radius at which cocoons would fill the disc, r_c = [3 V/(4 pi N_c)]^(1/3) [pc] (eq. 10).

        V = pi R_d^2 2 h, with the scale height h of a disc; None for a density that is no disc.
        """
        if not isinstance(self.density, SourceDisc):
            return None
        volume = math.pi * self.density.radius**2 * 2 * self.density.height
        return ((3 * volume / (4 * math.pi * self.number)) ** (1 / 3)).to(u.pc)

    def describe(self) -> list[str]:
        """Parameters, and the numbers that follow from them: eqs. 2, 9, 10 and 12."""
        lines = [
            str(self),
            f"  sources: {self.density}",
            f"  helium on protons: {self.helium}, {ENHANCEMENTS[self.helium]:.4g} times pp",
            f"  confinement time tau_c = {self.confinement_time.to_value(u.Myr):.4f} Myr, their least age (eq. 9)",
            f"  cocoons alive N_c = {self.number:.4g} for a lifetime of {self.lifetime:g}",
        ]
        radius = self.largest_radius
        if radius is not None and isinstance(self.density, SourceDisc):
            lines += [
                f"  cocoons of radius r_c = {radius.to_value(u.pc):.1f} pc would fill the disc within its scale "
                f"height, |z| < {self.density.height:g}: upper limit (eq. 10)",
                f"  R_0 = {self.density.normalisation:.8g} at the Sun (eq. 2)",
            ]
        lines += describe_reach(self.proton, self._species)
        branch = cross_section("gamma", proton=self.proton).low_energy
        if branch is not None:
            factors = ", ".join(f"{name} {value:.5f}" for name, value in self.matching_factors().items())
            lines.append(f"  n-tilde of the {branch.name} below {branch.matching_energy:g} GeV: {factors} (eq. 12)")
        return lines

    def __str__(self) -> str:
        species = ", ".join(f"{i.species.name} xi={i.efficiency:g} g={i.slope:g}" for i in self.injection)
        return f"{self.name} (cocoons): {species}; {self.grammage}"
