"""The map and what is read from it: serves any HEALPix map and knows no physics of ours."""

from .catalogue import Catalogue, list_catalogues
from .measurement import Measurement, list_measurements
from .region import Region, list_regions
from .sed import Sed
from .skymap import SkyMap

__all__ = [
    "Catalogue",
    "Measurement",
    "Region",
    "Sed",
    "SkyMap",
    "list_catalogues",
    "list_measurements",
    "list_regions",
]
