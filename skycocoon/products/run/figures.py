"""The figures of a run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import astropy.units as u

from ...measured import Measurement, list_measurements
from ...sky import Region, SkyMap
from .groups import RegionSpectra


@lru_cache(maxsize=1)
def _shipped() -> tuple[Measurement, ...]:
    """All shipped spectra, read once."""
    return tuple(Measurement.named(name) for name in list_measurements())


def _nearby(region: Region, messenger: str) -> list[Measurement]:
    """Shipped intensities that were measured in a part of a region."""
    measurements = []
    for item in _shipped():
        if item.messenger != messenger or not item.per_steradian or item.region == region:
            continue
        if region.covers(item.region):
            measurements.append(item)
    return measurements


def draw_sed(group: RegionSpectra, name: str, path: Path) -> None:
    """Draw the model's spectra in one region with the data.

    Parameters
    ----------
    group
        The spectra and the data.
    name
        Name of the model's own variant, for the legend.
    path
        File of the figure.
    """
    from ...plot import save

    region = group.data[0].region
    # Grey points for orientation: other experiments inside the same region.
    nearby = _nearby(region, group.sed.messenger) if region.solid_angle < 1 * u.sr else []
    axes = group.sed.plot(
        data=group.data,
        factor=group.target.factor,
        factor_name="mask factor",
        name=name,
        variants=group.variants,
        nearby=[item for item in nearby if item.name not in [other.name for other in group.data]],
    )
    save(axes, path)


def draw_map(sky: SkyMap, path: Path) -> None:
    """Draw a map of the sky into a file.

    Parameters
    ----------
    sky
        The map.
    path
        File of the figure.
    """
    from ...plot import save

    save(sky.plot(), path)
