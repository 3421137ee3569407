"""Sections ``[galaxy]``, ``[absorption]`` and ``[interactions]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from ...absorption import Absorption
from ...absorption.gamma_gamma import ABSORBERS
from ...emission import Cocoons
from ...galaxy import Sun
from ...interactions import ENHANCEMENTS, PUBLICATIONS
from ..quantities import Length, Section, SignedLength, listed, one_of


class GalaxySection(Section):
    """``[galaxy]``: where the Sun is.

    Attributes
    ----------
    sun_radius, sun_height
        Distance from the axis and height above the plane [length].
    """

    sun_radius: Length = Sun.radius
    sun_height: SignedLength = Sun.height

    def build(self) -> Sun:
        """The observer."""
        return Sun(self.sun_radius, self.sun_height)


class InteractionsSection(Section):
    """``[interactions]``: which publication each cross section comes from.

    Attributes
    ----------
    proton
        Publication of pp cross sections.
    helium
        Publication of the He-p enhancement.
    """

    proton: Annotated[str, BeforeValidator(one_of("proton cross section", PUBLICATIONS))] = Cocoons.proton
    helium: Annotated[str, BeforeValidator(one_of("helium cross section", ENHANCEMENTS))] = Cocoons.helium


class AbsorptionSection(Section):
    """``[absorption]``: photon fields that absorb gamma rays on their way.

    Attributes
    ----------
    fields
        Photon fields that absorb.
    dust_scale
        Factor on the photons of the dust.
    """

    # None here, where Absorption() has all: the paper mentions no absorption, a file asks for it.
    fields: Annotated[
        list[Annotated[str, BeforeValidator(one_of("absorbing field", ABSORBERS))]], BeforeValidator(listed)
    ] = Field(default_factory=list)
    # Published attenuations leave 1.0 to 1.8 open.
    dust_scale: float = Field(default=Absorption.dust_scale, ge=0, le=3)

    def build(self) -> Absorption:
        """The absorber."""
        return Absorption(tuple(self.fields), self.dust_scale)
