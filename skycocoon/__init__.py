"""skycocoon: the gamma-ray and neutrino sky of the cocoons around Galactic cosmic-ray sources.

Implements Ambrosone, Evoli, Schroer & Blasi 2025 (arXiv:2503.14651). In a handful of lines::

    import astropy.units as u
    import numpy as np
    from skycocoon import Measurement, Region, intensity_map, load_model, region_sed

    model = load_model("paper")
    energy = np.geomspace(1, 1000, 31) * u.TeV
    sky = intensity_map(model, "gamma", energy, nside=64)
    sed = region_sed(model, "gamma", energy, Region.named("lhaaso-inner"))
    sed.plot(data=[Measurement.named("lhaaso-km2a-2023-inner")], factor=0.65, factor_name="paper's mask factor")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from .los import intensity_map as intensity_map
    from .los import region_sed as region_sed
    from .measured import Measurement as Measurement
    from .measured import RatioMeasurement as RatioMeasurement
    from .measured import list_measurements as list_measurements
    from .measured import list_ratios as list_ratios
    from .modelfit import prepare as prepare
    from .nuclei import Nuclei as Nuclei
    from .sky import Catalogue as Catalogue
    from .sky import Region as Region
    from .sky import Sed as Sed
    from .sky import SkyMap as SkyMap
    from .sky import list_catalogues as list_catalogues
    from .sky import list_regions as list_regions

# Imported when first used: healpy and numba take seconds, `skycocoon --help` must not.
_HOMES = {
    "Absorption": "absorption",
    "Catalogue": "sky",
    "Cocoons": "emission",
    "ConstantGrammage": "cosmicrays",
    "CylindricalGrid": "galaxy",
    "Diffuse": "emission",
    "DiffusiveGrammage": "cosmicrays",
    "ExponentialGrammage": "cosmicrays",
    "GalaxyModel": "emission",
    "Gas": "galaxy",
    "Injection": "cosmicrays",
    "InputError": "errors",
    "Measurement": "measured",
    "Nuclei": "nuclei",
    "RatioMeasurement": "measured",
    "Region": "sky",
    "Sea": "galaxy",
    "Sed": "sky",
    "SkyMap": "sky",
    "Slab": "cosmicrays",
    "SourceDisc": "galaxy",
    "Sun": "galaxy",
    "Template": "emission",
    "fit": "inference",
    "intensity_map": "los",
    "list_catalogues": "sky",
    "list_measurements": "measured",
    "list_presets": "config",
    "list_ratios": "measured",
    "list_regions": "sky",
    "load_file": "config",
    "load_model": "config",
    "prepare": "modelfit",
    "profile": "inference",
    "region_sed": "los",
    "sample": "inference",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("skycocoon")
    if name not in _HOMES:
        raise AttributeError(f"module 'skycocoon' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
