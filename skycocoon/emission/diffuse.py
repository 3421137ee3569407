"""The standard diffuse emission: the sea of cosmic rays on interstellar gas."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import astropy.units as u
import numpy as np

from ..cosmicrays.local import BESIDE_DATA, LOCAL_SPECTRA, LocalSpectrum, local_spectra
from ..errors import InputError, check_name
from ..galaxy import Gas, Sea
from ..interactions import PUBLICATIONS, CrossSection
from ..interactions.helium import NUCLEAR_FACTORS, nuclear_factors
from ..interactions.publications import cross_section
from ..numerics.interpolative import chosen_members
from ..units import FloatArray, Nodes, to_array
from .component import Term
from .gas_in_sea import PIVOT, GasInSea
from .production import Projectiles, production
from .reach import describe_reach, warn_beyond

__all__ = ["Diffuse", "GasInSea"]

# Rigidities [GV] that are met: gamma rays of 1 GeV to 1e8 GeV.
RIGIDITIES = np.geomspace(1.0, 1e11, 111)
MISSED = 1e-6
MIDDLE = 1e4
# Hardenings at which emissivities are worked out: between them they are smooth, products of power laws and n-tilde.
HARDENINGS = 41


Recipe = tuple[str, str, float]
"""Local spectra, nuclear factors and helium in the gas."""


@dataclass(frozen=True)
class Diffuse:
    r"""Gamma rays and neutrinos of the cosmic-ray sea on gas.

    .. math:: q(E, x) = n_H(x)\,\frac{G(x)}{G_\odot} \sum_i f_i(E) \int \sigma_{pp} \frac{dJ_i}{dE'} F(E/E', E')
              \frac{dE'}{E'}\quad\mathrm{per\ sr}

    with f_p = 1 + x_He r_pHe and f_He = r_Hep + x_He r_HeHe for protons and helium per nucleon.

    Reconstructed: the paper takes this emission from De la Torre Luque et al. 2023 (DRAGON2, HERMES), whose spectra and
    maps could not be read. Ours are local spectra fitted to data, an analytic sea, and published gas models.

    Parameters
    ----------
    name
        What the component is called.
    spectra
        Local spectra: ``"min"``, ``"max"`` or ``"lhaaso"``.
    gas
        Gas model. Its scale multiplies spectra, so that columns need not be worked out again when it changes.
    sea
        Where the cosmic rays are.
    nuclear
        How helium's yields follow from pp: ``"constant"`` or ``"aafrag"``; see
        :func:`~skycocoon.interactions.helium.nuclear_factors`.
    helium_abundance
        x_He, helium nuclei per hydrogen nucleus in the gas; 0.1 in HERMES.
    proton
        Publication of the pp cross section, a key of :data:`~skycocoon.interactions.PUBLICATIONS`.

    Raises
    ------
    InputError
        For unknown names and values out of range.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Diffuse
    >>> print(f"{Diffuse().emissivity('gamma', 10 * u.TeV):.4g}")
    4.901e-38 1 / (GeV s sr)
    """

    name: str = "diffuse"
    spectra: str = "min"
    gas: Gas = field(default_factory=Gas)
    sea: Sea = field(default_factory=Sea)
    nuclear: str = "constant"
    helium_abundance: float = 0.0963
    proton: str = "kelner2006"

    def __post_init__(self) -> None:
        check_name("local spectra", self.spectra, LOCAL_SPECTRA)
        check_name("nuclear factors", self.nuclear, NUCLEAR_FACTORS)
        check_name("proton cross section", self.proton, PUBLICATIONS)
        if not 0 <= self.helium_abundance <= 0.5:
            raise InputError(f"{self.name}: helium_abundance {self.helium_abundance:g}; allowed: 0 to 0.5")

    @property
    def _recipe(self) -> Recipe:
        """What the emissivity at a place depends on, besides the cross section and how hard the sea is."""
        return self.spectra, self.nuclear, self.helium_abundance

    def _source(self, cross_section: CrossSection, energy: FloatArray) -> FloatArray:
        """The emissivity at the Sun times the scale of the gas, S(E) of the only term [GeV^-1 s^-1]."""
        return self.gas.scale * _emissivity(cross_section, self._nodes(cross_section, energy), self._recipe)

    def _part(self, cross_section: CrossSection, index: int, energy: FloatArray) -> FloatArray:
        """The same of one term of a sea that hardens inwards; of either sign."""
        nodes = self._nodes(cross_section, energy) if index == 0 else Nodes(energy)
        return self.gas.scale * _parts(cross_section, nodes, self._recipe, self.sea)[index]

    def _nodes(self, cross_section: CrossSection, energy: FloatArray) -> Nodes:
        """Energies as a key; with a warning, if most of the emission is made beyond the cross section's range."""
        nodes = Nodes(energy)
        warn_beyond(self.name, self.proton, production(cross_section, nodes), _species(self._recipe))
        return nodes

    @property
    def messengers(self) -> tuple[str, ...]:
        """Gamma rays and neutrinos."""
        return ("gamma", "neutrino")

    def terms(self, messenger: str, flavour: str = "per-flavour") -> tuple[Term, ...]:
        """One term, the emissivity at the Sun times gas in the sea; several if the sea hardens inwards.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        flavour
            Convention of neutrinos.

        Returns
        -------
        tuple of Term
            The terms.
        """
        section = cross_section(messenger, flavour, self.proton)
        # One density for all scales, which are factors of the spectrum: columns through it are worked out once.
        gas = self.gas if self.gas.scale == 1.0 else replace(self.gas, scale=1.0)
        if not self.sea.delta_gradient.value:
            return (Term(partial(self._source, section), GasInSea(gas, self.sea)),)
        return tuple(
            Term(partial(self._part, section, k), GasInSea(gas, self.sea, float(rigidity)))
            for k, rigidity in enumerate(_rigidities(self.sea))
        )

    def template(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> None:
        """None: the emission is integrated along rays.

        Parameters
        ----------
        messenger, energy, flavour
            As in :class:`~skycocoon.emission.Component`.
        """

    def emissivity(self, messenger: str, energy: u.Quantity, flavour: str = "per-flavour") -> u.Quantity:
        """Local emissivity per H atom [GeV^-1 s^-1 sr^-1] at secondary energies.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        energy
            Secondary energies.
        flavour
            Convention of neutrinos.

        Returns
        -------
        Quantity
            [GeV^-1 s^-1 sr^-1], of the shape of ``energy``.
        """
        section = cross_section(messenger, flavour, self.proton)
        gev = np.atleast_1d(to_array(energy, u.GeV, "energy"))
        per_sr = _emissivity(section, self._nodes(section, gev), self._recipe).reshape(np.shape(energy)) / (4 * np.pi)
        return per_sr * u.Unit("GeV-1 s-1 sr-1")

    def describe(self) -> list[str]:
        """Gas, sea, local spectra and the emissivity at the Sun, line by line, for a summary."""
        q = self.emissivity("gamma", 10 * u.TeV).value
        return [
            str(self),
            f"  {self.gas}",
            f"  {self.sea}; local spectra {self.spectra} (our fits to data)",
            f"  protons of {self.spectra}: {BESIDE_DATA[self.spectra]}",
            f"  helium: {self.helium_abundance:g} per H in the gas, nuclear factors {self.nuclear}",
            *describe_reach(self.proton, _species(self._recipe)),
            f"  emissivity at the Sun, 10 TeV gamma rays: E^2.7 q = {1e4**2.7 * q:.4g} GeV^1.7 s-1 sr-1 per H",
        ]

    def __str__(self) -> str:
        return f"{self.name} (diffuse): local spectra {self.spectra}, {self.gas.model} gas, {self.sea}"


# None of this changes in a fit of what is free here: scales are applied afterwards.
@lru_cache(maxsize=256)
def _emissivity(cross_section: CrossSection, energies: Nodes, recipe: Recipe) -> FloatArray:
    """Emissivity at the Sun, as in :func:`_hardened`; not to be written to."""
    emissivity = _hardened(cross_section, energies, recipe, 0.0)
    emissivity.flags.writeable = False
    return emissivity


def _hardened(cross_section: CrossSection, energies: Nodes, recipe: Recipe, exponent: float) -> FloatArray:
    """Secondaries per H atom, time and energy, in all directions [GeV^-1 s^-1].

    They are made by the cosmic rays at the Sun times (rigidity/4 GV)^exponent.
    """
    spectra, nuclear, helium_abundance = recipe
    table = production(cross_section, energies)
    on_helium, helium_on, both = nuclear_factors(nuclear, energies.gev)
    factors = (1 + helium_abundance * on_helium, helium_on + helium_abundance * both)
    total = np.zeros_like(energies.gev)
    for projectile, factor in zip(local_spectra(spectra), factors, strict=True):
        total += factor * table.yields(partial(_projectiles, projectile, exponent))
    return total * (4 * np.pi)


@lru_cache(maxsize=16)
def _species(recipe: Recipe) -> tuple[Projectiles, ...]:
    """Protons and helium at the Sun; helium times what its collisions make more than protons' at 10 PeV."""
    spectra, nuclear, helium_abundance = recipe
    on_helium, helium_on, both = (float(x[0]) for x in nuclear_factors(nuclear, np.array([1e7])))
    more = 1.0, (helium_on + helium_abundance * both) / (1 + helium_abundance * on_helium)
    return tuple(Projectiles(partial(_times, local, x)) for local, x in zip(local_spectra(spectra), more, strict=True))


def _times(projectile: LocalSpectrum, factor: float, total: FloatArray) -> FloatArray:
    return factor * projectile.per_nucleon(total)


def _projectiles(projectile: LocalSpectrum, exponent: float, total: FloatArray) -> FloatArray:
    """dJ/dE_N at the Sun times (rigidity/4 GV)^exponent."""
    flux = projectile.per_nucleon(total)
    return flux * (projectile.rigidity(total) / PIVOT) ** exponent if exponent else flux


@lru_cache(maxsize=256)
def _parts(cross_section: CrossSection, energies: Nodes, recipe: Recipe, sea: Sea) -> FloatArray:
    """Emissivities (k, n) [GeV^-1 s^-1] that, times the densities of the terms, add up to that of each place.

    n-tilde is not linear in the spectrum: it belongs to the cosmic rays of a place, and is worked out for these. What
    they make is a smooth function of how hard they are, and so a sum of those that the densities have in them.
    """
    lowest, highest = _exponents(sea)[[0, -1]]
    exponents = lowest + (highest - lowest) * (1 - np.cos(np.pi * np.arange(HARDENINGS) / (HARDENINGS - 1))) / 2
    emissivities = np.array([_hardened(cross_section, energies, recipe, float(h)) for h in exponents])
    # Relative to the emissivity of each place, so that none counts less for being faint.
    members = (_rigidities(sea) / PIVOT) ** exponents[:, None] / emissivities.T[:, :, None]
    scale = np.linalg.norm(members, axis=1, keepdims=True)
    parts = (np.linalg.pinv(members / scale) / np.swapaxes(scale, 1, 2)).sum(axis=2)
    return np.asarray(parts.T)


def _exponents(sea: Sea) -> FloatArray:
    """Exponents delta_sun - delta(R) that there are in a sea, ascending."""
    return np.sort(sea.hardening(np.linspace(0.0, sea.radius.to_value(u.kpc), 201)))


@lru_cache(maxsize=16)
def _rigidities(sea: Sea) -> FloatArray:
    """A few rigidities [GV] whose hardenings add up to those of all others."""
    # Relative to each one's largest value, so that none is missed for being small; and to the hardening of what most
    # energies are made by, so that soft places count as well as hard ones.
    members = (RIGIDITIES / MIDDLE) ** _exponents(sea)[:, None]
    return np.asarray(RIGIDITIES[chosen_members(members / members.max(axis=0), MISSED)])
