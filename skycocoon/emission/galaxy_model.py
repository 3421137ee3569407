"""A Galaxy: components, what absorbs, and where the Sun is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..absorption import Absorption
from ..errors import InputError, check_title
from ..galaxy import Sun
from .component import Component

__all__ = ["GalaxyModel"]


@dataclass(frozen=True, repr=False)
class GalaxyModel:
    """What a model file describes: components, what absorbs, and where the Sun is.

    Attributes
    ----------
    components
        At least one, with different names.
    sun
        Where the observer is.
    absorption
        Photon fields that absorb gamma rays on their way from every component that is integrated along rays.
    provenance
        How the model came about, written into every output.

    Examples
    --------
    >>> from skycocoon import Cocoons, Diffuse, GalaxyModel
    >>> model = GalaxyModel((Cocoons(), Diffuse()))
    >>> [component.name for component in model.components]
    ['cocoons', 'diffuse']
    >>> model.messengers
    ('gamma', 'neutrino')
    """

    components: tuple[Component, ...]
    sun: Sun = field(default_factory=Sun)
    absorption: Absorption = field(default_factory=lambda: Absorption(()))
    provenance: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        names = [component.name for component in self.components]
        if not names:
            raise InputError("model: there is no component")
        for name in names:
            check_title("model: component", name)
        twice = [name for name in names if names.count(name) > 1]
        if twice or "total" in names:
            raise InputError(f"model: the component name {(twice or ['total'])[0]!r} is taken")

    @property
    def messengers(self) -> tuple[str, ...]:
        """What any of the components shines in."""
        messengers = [messenger for component in self.components for messenger in component.messengers]
        return tuple(dict.fromkeys(messengers))

    def __repr__(self) -> str:
        return "\n".join(
            [
                f"GalaxyModel: Sun at R = {self.sun.radius:g}, z = {self.sun.height:g}",
                *(f"  {component}" for component in self.components),
                f"  {self.absorption}",
            ]
        )
