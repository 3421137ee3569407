"""The model's spectra for each part of the sky that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u

from ...config import LoadedModel
from ...emission import GalaxyModel
from ...los import region_sed
from ...measured import Measurement, Target
from ...sky import Region, Sed

__all__ = ["RegionSpectra", "region_spectra"]


@dataclass(frozen=True)
class RegionSpectra:
    """Data sets of one part of the sky, and the models that are held against them.

    Attributes
    ----------
    data
        The data sets, of one messenger and region.
    target
        What the models are averaged over, and multiplied by when they are compared.
    sed, variants
        The model, outside masked sources if these are masked, and its variants by name.
    plain
        The model of the whole region, if sources are masked; else the same as ``sed``.
    """

    data: list[Measurement]
    target: Target
    sed: Sed
    variants: dict[str, Sed]
    plain: Sed


def region_spectra(
    loaded: LoadedModel, data: list[Measurement], target: Target, energy: u.Quantity, rtol: float, progress: bool
) -> RegionSpectra:
    """The model, its variants and, if sources are masked, the model of the whole region, for the data of one region.

    Parameters
    ----------
    loaded
        The model.
    data
        Data sets of one messenger and region.
    target
        What the model is averaged over there.
    energy
        (n,) energies of the spectra.
    rtol
        Relative accuracy of the means.
    progress
        Whether to show a progress bar.

    Returns
    -------
    RegionSpectra
        The spectra, without the target's factor.
    """
    flavour = data[0].flavour or "per-flavour"

    def sed(model: GalaxyModel, region: Region) -> Sed:
        return region_sed(model, data[0].messenger, energy, region, rtol=rtol, flavour=flavour, progress=progress)

    plain = sed(loaded.model, target.measured)
    return RegionSpectra(
        data,
        target,
        sed(loaded.model, target.averaged) if target.masked else plain,
        {name: sed(model, target.averaged) for name, model in loaded.variants.items()},
        plain,
    )
