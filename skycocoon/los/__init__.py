"""Where space meets spectra: columns along lines of sight, maps and region spectra (eq. 8)."""

from .columns import column, column_map, region_column
from .directions import intensity_at, wcs_image
from .maps import ModelSky, intensity_map
from .skies import region_means, region_sed
from .view import RTOL

__all__ = [
    "RTOL",
    "ModelSky",
    "column",
    "column_map",
    "intensity_at",
    "intensity_map",
    "region_column",
    "region_means",
    "region_sed",
    "wcs_image",
]
