"""Section ``[transport]``: nuclei in the Galaxy."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from ...cosmicrays import Grammage, Slab
from ...interactions.fragmentation import FRAGMENTATIONS
from ...nuclei import Nuclei
from ..quantities import DiffusionCoefficient, Length, Rigidity, RigidityOrZero, Section, Speed, SurfaceDensity, one_of


class TransportSection(Section):
    """``[transport]``: the slab in which nuclei travel, for B/C.

    ``slope_plus_delta``, the slope of nuclei at the Earth, takes the place of ``slope``: while delta is fitted, what is
    observed stays.

    Attributes
    ----------
    halo_height, surface_density, advection, diffusion, delta
        As in :class:`~skycocoon.cosmicrays.Slab`.
    break_rigidity, break_delta, break_smoothness, slope, modulation
        As there.
    slope_plus_delta
        Slope of nuclei at the Earth, instead of ``slope``.
    fragmentation, cross_section_scale
        Table of fragments, and a factor on the production of boron.
    cocoons
        Component whose grammage nuclei cross; None if there is only one.
    """

    # The slab's own defaults: what a file does not say is what Python users get.
    halo_height: Length = Slab.halo_height
    surface_density: SurfaceDensity = Slab.surface_density
    advection: Speed = Slab.advection
    diffusion: DiffusionCoefficient = Slab.diffusion
    delta: float = Field(default=Slab.delta, gt=0, lt=2)
    break_rigidity: Rigidity = Slab.break_rigidity
    break_delta: float = Field(default=Slab.break_delta, gt=-1, lt=2)
    break_smoothness: float = Field(default=Slab.break_smoothness, gt=0, lt=10)
    slope: float = Field(default=Slab.slope, gt=3, lt=6)
    slope_plus_delta: float | None = Field(default=None, gt=3, lt=8)
    modulation: RigidityOrZero = Slab.modulation
    fragmentation: Annotated[str, BeforeValidator(one_of("fragmentation table", FRAGMENTATIONS))] = "evoli2019"
    cross_section_scale: float = Field(default=1.0, gt=0, lt=10)
    cocoons: str | None = None

    def build(self, grammage: Grammage | None) -> Nuclei:
        """Nuclei with the cocoons' grammage."""
        slope = self.slope if self.slope_plus_delta is None else self.slope_plus_delta - self.delta
        slab = Slab(
            self.halo_height, self.surface_density, self.advection, self.diffusion, self.delta, self.break_rigidity,
            self.break_delta, self.break_smoothness, slope, self.modulation,
        )  # fmt: skip
        return Nuclei(slab, grammage, self.fragmentation, self.cross_section_scale)
