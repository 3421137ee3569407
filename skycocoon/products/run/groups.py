"""The model's spectra for each part of the sky that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u

from ...config import LoadedModel
from ...emission import GalaxyModel
from ...errors import InputError
from ...los import region_sed
from ...measured import Measurement, load_data
from ...sky import Region, Sed

__all__ = [
    "load_measurement",
]


def load_measurement(name: str) -> Measurement:
    """A shipped spectrum by name, or a user's by path.

    Raises
    ------
    InputError
        If it is unknown, cannot be read, or is a ratio of nuclei.
    """
    found = load_data(name)
    if not isinstance(found, Measurement):
        raise InputError(f"{name}: is {found.quantity}, no spectrum of the sky; see `skycocoon bc` and `skycocoon fit`")
    return found


@dataclass(frozen=True)
class RegionSpectra:
    """Data sets of one part of the sky, and the models that are held against them.

    Attributes
    ----------
    data
        The data sets.
    sed, variants
        The model, outside masked sources if these are masked, and its variants.
    plain
        The model of the whole region, if sources are masked; else the same.
    factor
        What the model is multiplied by instead of masking sources.
    """

    data: list[Measurement]
    sed: Sed
    variants: dict[str, Sed]
    plain: Sed
    factor: float


def region_spectra(
    loaded: LoadedModel, data: list[Measurement], energy: u.Quantity, where: Region, rtol: float, progress: bool
) -> RegionSpectra:
    """The model, its variants and, if sources are masked, the model of the whole region, for the data of one region.

    Parameters
    ----------
    loaded
        The model.
    data
        Data sets of one messenger and region.
    energy
        (n,) energies.
    where
        What the model is averaged over: the region, or that one without masked sources.
    rtol
        Relative accuracy of the means.
    progress
        Whether to show a progress bar.

    Returns
    -------
    RegionSpectra
        The spectra and the mask factor.
    """
    messenger, region = data[0].messenger, data[0].region
    flavour = data[0].flavour or "per-flavour"

    def sed(model: GalaxyModel, where: Region) -> Sed:
        return region_sed(model, messenger, energy, where, rtol=rtol, flavour=flavour, progress=progress)

    plain = sed(loaded.model, region)
    return RegionSpectra(
        data,
        plain if where is region else sed(loaded.model, where),
        {name: sed(model, where) for name, model in loaded.variants.items()},
        plain,
        loaded.comparison.factor_for(messenger, region),
    )
