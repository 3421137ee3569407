"""The map and what is read from it: serves any HEALPix map and knows no physics of ours."""

from .catalogue import Catalogue, list_catalogues
from .published import list_regions
from .region import Region
from .sed import Sed
from .skymap import SkyMap

__all__ = ["Catalogue", "Region", "Sed", "SkyMap", "list_catalogues", "list_regions"]
