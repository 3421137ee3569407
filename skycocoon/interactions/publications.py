"""Published cross sections of proton-proton collisions, by the names that they have in a model file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import check_name
from .cross_section import CrossSection
from .kelner import KelnerGamma, KelnerNeutrino

__all__ = ["PUBLICATIONS", "Publication", "cross_section"]


@dataclass(frozen=True)
class Publication:
    """Cross sections of one publication.

    Attributes
    ----------
    gamma
        Gamma rays.
    per_flavour, all_flavours
        Neutrinos, nu + anti-nu: one flavour at Earth after full mixing, and the sum of the three.
    highest
        Highest total energy of a proton that the formulae were made for [GeV]. They are used beyond, with a warning
        where that is most of a yield (:mod:`skycocoon.emission.reach`).
    """

    gamma: CrossSection
    per_flavour: CrossSection
    all_flavours: CrossSection
    highest: float = math.inf

    def of(self, messenger: str, flavour: str = "per-flavour") -> CrossSection:
        """Return the cross section of a messenger, for neutrinos in a flavour convention.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        flavour
            ``"per-flavour"`` or ``"all-flavour"``.

        Returns
        -------
        CrossSection
            What one collision makes of it.
        """
        if messenger == "gamma":
            return self.gamma
        return self.all_flavours if flavour == "all-flavour" else self.per_flavour


PUBLICATIONS: Mapping[str, Publication] = MappingProxyType(
    {"kelner2006": Publication(KelnerGamma(), KelnerNeutrino(), KelnerNeutrino(all_flavours=True), highest=1e8)}
)
"""Publications by name: ``[interactions] proton`` in a model file is one of these. A new one is a file and a line."""


def cross_section(messenger: str, flavour: str = "per-flavour", proton: str = "kelner2006") -> CrossSection:
    """Return what one proton-proton collision makes according to a publication.

    Parameters
    ----------
    messenger
        ``"gamma"`` or ``"neutrino"``.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth or ``"all-flavour"``.
    proton
        The publication, a key of :data:`PUBLICATIONS`.

    Returns
    -------
    CrossSection
        The publication's cross section.

    Raises
    ------
    InputError
        For an unknown publication.
    """
    return PUBLICATIONS[check_name("proton cross section", proton, PUBLICATIONS)].of(messenger, flavour)
