"""Section ``[comparison]``: what is done to the model before it is held against data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from ...errors import InputError
from ...measured import Target
from ...sky import Region
from ..quantities import Section


def _by_region(value: object) -> object:
    """Regions may be named as in the table or as their analysis."""
    if isinstance(value, Mapping):
        return {Region.parse(str(region)).name: item for region, item in value.items()}
    return value


def _mask(value: object) -> Region:
    region = Region.parse(str(value))
    if region.unmasked is None:
        raise InputError(
            f"{region.name} masks no sources; e.g. lhaaso-inner-masked, or 'REGION - sources:1lhaaso,0.5deg'"
        )
    return region


class ComparisonSection(Section):
    """``[comparison]``: what is done to the model, and to it alone, before it is held against data.

    For the sources that an analysis masked, either ``mask_factor`` multiplies the model, or ``mask`` takes the mean
    over a region without them. ``variants`` are the same model with some keys changed, drawn beside it; ``name`` is
    what it is called itself there.

    Attributes
    ----------
    mask_factor
        Factor on the model by region.
    mask
        Region without masked sources by region.
    name
        What the model itself is called beside its variants.
    variants
        Changed keys by the variant's name.
    """

    mask_factor: Annotated[dict[str, Annotated[float, Field(gt=0, le=1)]], BeforeValidator(_by_region)] = Field(
        default_factory=dict
    )
    mask: Annotated[dict[str, Annotated[Any, BeforeValidator(_mask)]], BeforeValidator(_by_region)] = Field(
        default_factory=dict
    )
    name: str = ""
    # A model is built for each, and each is a curve in figures.
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _consistent(self) -> ComparisonSection:
        for name, region in self.mask.items():
            if name in self.mask_factor:
                raise ValueError(f"{name} has a mask and a mask_factor: they mean the same sources, choose one")
            if region.unmasked != Region.parse(name):
                raise ValueError(f"mask.{name}: {region.name} is no part of it")
        return self

    def target(self, messenger: str, region: Region) -> Target:
        """Return what a model is held against where a region was measured.

        Sources are masked in gamma rays only: the sky of neutrinos is taken as it is.

        Parameters
        ----------
        messenger
            ``"gamma"`` or ``"neutrino"``.
        region
            The part of the sky that was measured.

        Returns
        -------
        Target
            The region, what the model is averaged over, and what it is multiplied by.
        """
        if messenger != "gamma":
            return Target(region, region)
        factor = self.mask_factor.get(region.name, 1.0)
        return Target(region, self.mask.get(region.name, region), factor, "none" if factor == 1.0 else "mask factor")
