"""Build the model objects that the sections of a model file describe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from ..emission import Cocoons, Component, GalaxyModel
from ..errors import InputError, check_title
from ..nuclei import Nuclei
from ..numerics.memo import Last
from .schema import ModelFile
from .sections.galaxy import AbsorptionSection, GalaxySection
from .sections.transport import TransportSection

__all__ = ["Builder"]


class Builder:
    """Build models of files that differ in a few sections, one after another.

    What was built of the same section objects the last time is taken again: discs and grids keep their columns, maps
    are not read twice.

    Parameters
    ----------
    folder
        Where paths in the files begin.
    source
        What the files are called: messages begin with it.
    """

    def __init__(self, folder: Path, source: str) -> None:
        self._folder, self._source = folder, source
        self._last = Last()
        self._last_of: defaultdict[str, Last] = defaultdict(Last)

    def __call__(
        self, file: ModelFile, provenance: Mapping[str, str] | None = None, made: Mapping[str, Component] | None = None
    ) -> GalaxyModel:
        """Build the model of a file.

        Parameters
        ----------
        file
            The file, checked.
        provenance
            What the model's maps and tables say of where it comes from.
        made
            Components that are taken as they are, by name.

        Returns
        -------
        GalaxyModel
            Components, Sun and absorber.

        Raises
        ------
        InputError
            For values that do not go together, or a file of a map or grid that cannot be read.
        """
        try:
            return self._model(file, provenance or {}, made or {})
        except InputError as error:
            raise InputError(f"{self._source}: {error}") from None

    def _model(self, file: ModelFile, provenance: Mapping[str, str], made: Mapping[str, Component]) -> GalaxyModel:
        sun = self._last(GalaxySection.build, file.galaxy)
        parts: list[Component] = []
        for name, section in file.components.items():
            check_title("components:", name)
            if name in made:
                parts.append(made[name])
                continue
            last = self._last_of[name]
            build: Callable[..., Component] = type(section).build
            parts.append(last(build, section, name, sun, file.interactions, self._folder, last))
        absorption = self._last(AbsorptionSection.build, file.absorption)
        return GalaxyModel(tuple(parts), sun, absorption, provenance)

    def nuclei(self, file: ModelFile, model: GalaxyModel) -> Nuclei:
        """Build the nuclei in the slab of a file, with the grammage of the cocoons that they cross.

        Parameters
        ----------
        file
            The file, checked.
        model
            What was built of it.

        Returns
        -------
        Nuclei
            The last ones again if neither ``[transport]`` nor the grammage is another.

        Raises
        ------
        InputError
            If it is not clear which cocoons nuclei cross, or the slab is wrong.
        """
        try:
            name = file.cocoons()
            cocoons = next((part for part in model.components if part.name == name), None)
            grammage = cocoons.grammage if isinstance(cocoons, Cocoons) else None
            return self._last(TransportSection.build, file.transport, grammage)
        except InputError as error:
            raise InputError(f"{self._source}: {error}") from None
