"""The schema of a whole model file."""

from __future__ import annotations

from pydantic import Field, model_validator

from ..errors import InputError, unknown_name
from .quantities import Section
from .sections.comparison import ComparisonSection
from .sections.components import CocoonsSection
from .sections.fit import FitSection, SamplingSection
from .sections.galaxy import AbsorptionSection, GalaxySection, InteractionsSection
from .sections.kinds import ComponentSection
from .sections.maps import MapsSection
from .sections.transport import TransportSection

__all__ = ["ModelFile"]


class ModelFile(Section):
    """A whole model file, after its ``base`` was put below it.

    Attributes
    ----------
    galaxy, components, absorption, interactions
        Where the Sun is, what shines, what absorbs, and which cross sections.
    maps, comparison
        Resolution and energies of maps; what is done to the model before it is held against data.
    transport
        Nuclei in the Galaxy.
    fit, sampling
        What is fitted to which data, and how the posterior is sampled; None if the file does not say.
    """

    galaxy: GalaxySection = GalaxySection()
    components: dict[str, ComponentSection] = Field(min_length=1)
    absorption: AbsorptionSection = AbsorptionSection()
    interactions: InteractionsSection = InteractionsSection()
    maps: MapsSection = MapsSection()
    comparison: ComparisonSection = ComparisonSection()
    transport: TransportSection = TransportSection()
    fit: FitSection | None = None
    sampling: SamplingSection | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ModelFile:
        if self.transport.cocoons is not None:
            self.cocoons()
        if (
            self.fit is not None
            and self.transport.slope_plus_delta is not None
            and "transport.slope" in self.fit.parameters
        ):
            raise ValueError("fit.parameters.transport.slope: slope_plus_delta is set and takes its place")
        return self

    def cocoons(self) -> str | None:
        """Name of the component whose grammage nuclei cross; None if there is none.

        Raises
        ------
        InputError
            If there are several and ``transport.cocoons`` does not say which, or names none of them.
        """
        names = [name for name, section in self.components.items() if isinstance(section, CocoonsSection)]
        if self.transport.cocoons is not None:
            if self.transport.cocoons not in names:
                error = unknown_name("component of kind 'cocoons'", self.transport.cocoons, names)
                raise InputError(f"transport.cocoons: {error}")
            return self.transport.cocoons
        if len(names) > 1:
            raise InputError(f"transport.cocoons: is missing; which of {', '.join(names)} do nuclei cross?")
        return names[0] if names else None
