"""Section ``[maps]``: resolution and energies."""

from __future__ import annotations

import math
from typing import Annotated

import astropy.units as u
import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from ...sky.healpix import check_nside
from ..quantities import Energy, Section


class EnergiesSection(Section):
    """``energies`` in ``[maps]``: logarithmic nodes.

    Attributes
    ----------
    first, last
        Ends, ``from`` and ``to`` in a file.
    per_decade
        Nodes in a decade.
    """

    model_config = ConfigDict(populate_by_name=True)

    first: Energy = Field(default=10.0 * u.GeV, alias="from")
    last: Energy = Field(default=10.0 * u.PeV, alias="to")
    per_decade: int = Field(default=20, ge=1, le=1000)

    @model_validator(mode="after")
    def _order(self) -> EnergiesSection:
        if self.last <= self.first:
            raise ValueError(f"'to' ({self.last}) must be above 'from' ({self.first})")
        return self

    def nodes(self) -> u.Quantity:
        """The nodes [GeV]: ``per_decade`` in each decade and both ends."""
        low, high = self.first.to_value(u.GeV), self.last.to_value(u.GeV)
        count = max(2, round((math.log10(high) - math.log10(low)) * self.per_decade) + 1)
        return np.geomspace(low, high, count) * u.GeV


class MapsSection(Section):
    """``[maps]``: resolution and energies.

    Attributes
    ----------
    nside
        HEALPix resolution.
    energies
        Energies of maps and spectra.
    """

    nside: Annotated[int, AfterValidator(check_nside)] = 128
    energies: EnergiesSection = EnergiesSection()
