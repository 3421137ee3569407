"""How much of an emission is made by projectiles beyond those that a publication's formulae were made for."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..errors import RangeWarning
from ..interactions import PUBLICATIONS, CrossSection
from ..units import FloatArray
from .production import PROJECTILES, Production, Projectiles, quadrature

__all__ = ["NOTABLE", "describe_reach", "reach", "share_beyond", "warn_beyond"]

NOTABLE = 2 / 3
"""Part of a yield, from beyond the formulae's range, of which one is warned: twice what comes from within.

Generators differ from Kelner's fits by up to 30 % where these were made; what they differ by beyond nobody knows. With
half of that from half of the yield a result is as good as within, and with two thirds it rests on an extrapolation.
"""
# Of secondaries below this part of the highest projectile no spectrum of sources makes so much, and in the decade below
# that none that falls as steeply as this. A fit has such energies, and no time for more.
NEAR, CLOSER = 0.01, 0.1
SLOPE = 3.0
NODES = 61


def share_beyond(
    cross_section: CrossSection, highest: float, energy: FloatArray, species: Sequence[Projectiles]
) -> FloatArray:
    """Part of the yield that projectiles of more than some energy make.

    Parameters
    ----------
    cross_section
        What one collision makes.
    highest
        That total energy per nucleon [GeV].
    energy
        (n,) secondary energies [GeV].
    species
        Projectiles of each species.

    Returns
    -------
    array
        (n,) parts from 0 to 1; 0 where there is no yield.
    """
    protons, weights = quadrature(cross_section, energy, least=highest)
    beyond = sum(np.sum(weights * projectiles.spectrum(protons), axis=1) for projectiles in species)
    whole = Production(cross_section, energy).fold(*species)
    return np.clip(np.divide(beyond, whole, out=np.zeros_like(energy), where=whole > 0), 0.0, 1.0)


@lru_cache(maxsize=64)
def reach(cross_section: CrossSection, highest: float, species: tuple[Projectiles, ...]) -> float:
    """Secondary energy from which on more than :data:`NOTABLE` of the yield is made by projectiles from beyond.

    Parameters
    ----------
    cross_section, highest, species
        As in :func:`share_beyond`.

    Returns
    -------
    float
        [GeV]; infinite if there is none.
    """
    if math.isinf(highest):
        return math.inf
    low, high = cross_section.energy_range
    energy = np.geomspace(max(NEAR * highest, low), min(highest, high), NODES)
    share = share_beyond(cross_section, highest, energy, species)
    if share[-1] <= NOTABLE:
        return math.inf
    # It grows with energy.
    return float(np.exp(np.interp(NOTABLE, share, np.log(energy))))


def warn_beyond(name: str, proton: str, table: Production, species: tuple[Projectiles, ...]) -> None:
    """Warn if an emission is asked for where it rests on projectiles beyond a publication's range.

    Parameters
    ----------
    name
        Name of the component.
    proton
        The publication, a key of :data:`~skycocoon.interactions.PUBLICATIONS`.
    table
        The energy integral of its cross section for the secondary energies.
    species
        Projectiles of each species.

    Warns
    -----
    RangeWarning
        If there is an energy above :func:`reach`.
    """
    highest = PUBLICATIONS[proton].highest
    largest = table.largest
    if largest <= NEAR * highest or (largest <= CLOSER * highest and _steep(largest, highest, species)):
        return
    limit = reach(table.cross_section, highest, species)
    if largest > limit:
        warnings.warn(
            f"{name}: {proton} was made for protons up to {highest:g} GeV; above {limit:.2g} GeV more than two thirds "
            f"of the {_plural(table.cross_section)} are made by protons beyond",
            RangeWarning,
            stacklevel=2,
        )


def _steep(low: float, high: float, species: tuple[Projectiles, ...]) -> bool:
    """Whether projectiles of all species fall as E^-SLOPE from one energy to another, or more steeply."""
    first, last = np.searchsorted(PROJECTILES, [low, high])
    start, end = (sum(projectiles.values[node] for projectiles in species) for node in (first, last))
    return bool(end <= start * (PROJECTILES[last] / PROJECTILES[first]) ** -SLOPE)


def describe_reach(proton: str, species: tuple[Projectiles, ...]) -> list[str]:
    """Say for a summary how far a publication reaches, and how much comes from beyond.

    Parameters
    ----------
    proton
        The publication, a key of :data:`~skycocoon.interactions.PUBLICATIONS`.
    species
        Projectiles of each species.

    Returns
    -------
    list of str
        A line; none for a publication without an end.
    """
    publication = PUBLICATIONS[proton]
    if math.isinf(publication.highest):
        return []
    energy = np.array([0.1 * publication.highest])
    sections = publication.gamma, publication.per_flavour
    parts = (
        f"{share_beyond(section, publication.highest, energy, species)[0]:.0%} of the {_plural(section)}"
        for section in sections
    )
    return [
        f"  pp collisions: {proton}, made for protons up to {publication.highest:g} GeV; those beyond make "
        f"{' and '.join(parts)} of {energy[0]:g} GeV"
    ]


def _plural(cross_section: CrossSection) -> str:
    return "gamma rays" if cross_section.messenger == "gamma" else "neutrinos"
