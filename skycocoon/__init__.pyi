# The public names and where they live: for type checkers, for editors, and for __init__.py, which reads this file.
# One import a line; a name that stands here is public.

from .absorption import Absorption as Absorption
from .config import list_presets as list_presets
from .config import load_file as load_file
from .config import load_model as load_model
from .cosmicrays import ConstantGrammage as ConstantGrammage
from .cosmicrays import DiffusiveGrammage as DiffusiveGrammage
from .cosmicrays import ExponentialGrammage as ExponentialGrammage
from .cosmicrays import Injection as Injection
from .cosmicrays import Slab as Slab
from .emission import Cocoons as Cocoons
from .emission import Diffuse as Diffuse
from .emission import GalaxyModel as GalaxyModel
from .emission import Template as Template
from .errors import InputError as InputError
from .galaxy import CylindricalGrid as CylindricalGrid
from .galaxy import Gas as Gas
from .galaxy import Sea as Sea
from .galaxy import SourceDisc as SourceDisc
from .galaxy import Sun as Sun
from .inference import fit as fit
from .inference import profile as profile
from .inference import sample as sample
from .los import ModelSky as ModelSky
from .los import intensity_at as intensity_at
from .los import intensity_map as intensity_map
from .los import region_sed as region_sed
from .los import wcs_image as wcs_image
from .measured import Measurement as Measurement
from .measured import RatioMeasurement as RatioMeasurement
from .measured import list_measurements as list_measurements
from .measured import list_ratios as list_ratios
from .modelfit import prepare as prepare
from .nuclei import Nuclei as Nuclei
from .products.scan import scan as scan
from .sky import Catalogue as Catalogue
from .sky import Region as Region
from .sky import Sed as Sed
from .sky import SkyMap as SkyMap
from .sky import list_catalogues as list_catalogues
from .sky import list_regions as list_regions

__version__: str
