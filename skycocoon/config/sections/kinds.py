"""Kinds of components: a new one is a file with its section beside these, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from ..quantities import Section
from .components import CocoonsSection, DiffuseSection, MapSection

__all__ = ["KINDS", "ComponentSection"]

KINDS: Mapping[str, type[Section]] = {"cocoons": CocoonsSection, "diffuse": DiffuseSection, "map": MapSection}
"""Sections of ``[components.NAME]`` by their ``kind``."""

if TYPE_CHECKING:
    ComponentSection = CocoonsSection | DiffuseSection | MapSection
else:
    ComponentSection = Annotated[Union[tuple(KINDS.values())], Field(discriminator="kind")]  # noqa: UP007
