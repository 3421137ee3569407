"""Sections ``[galaxy]``, ``[absorption]`` and ``[interactions]``."""

from __future__ import annotations

from typing import Annotated

import astropy.units as u
from pydantic import BeforeValidator, Field

from ...absorption import Absorption
from ...absorption.gamma_gamma import ABSORBERS
from ...galaxy import Sun
from ...interactions import ENHANCEMENTS, PUBLICATIONS
from ..quantities import Length, Section, SignedLength, listed, one_of


class GalaxySection(Section):
    """``[galaxy]``: where the Sun is."""

    sun_radius: Length = 8.5 * u.kpc
    sun_height: SignedLength = 0.0 * u.kpc

    def build(self) -> Sun:
        """The observer."""
        return Sun(self.sun_radius, self.sun_height)


class InteractionsSection(Section):
    """``[interactions]``: which publication each cross section comes from."""

    proton: Annotated[str, BeforeValidator(one_of("proton cross section", PUBLICATIONS))] = "kelner2006"
    helium: Annotated[str, BeforeValidator(one_of("helium cross section", ENHANCEMENTS))] = "joshi2014"


class AbsorptionSection(Section):
    """``[absorption]``: photon fields that absorb gamma rays on their way."""

    fields: Annotated[
        list[Annotated[str, BeforeValidator(one_of("absorbing field", ABSORBERS))]], BeforeValidator(listed)
    ] = Field(default_factory=list)
    # Published attenuations leave 1.0 to 1.8 open.
    dust_scale: float = Field(default=1.4, ge=0, le=3)

    def build(self) -> Absorption:
        """The absorber."""
        return Absorption(tuple(self.fields), self.dust_scale)
