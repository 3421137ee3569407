"""Where space meets spectra: columns along lines of sight, maps and region spectra (eq. 8)."""

from .columns import column, column_map, region_column
from .skies import intensity_map, region_means, region_sed
from .view import RTOL

__all__ = ["RTOL", "column", "column_map", "intensity_map", "region_column", "region_means", "region_sed"]
