"""skycocoon: the gamma-ray and neutrino sky of the cocoons around Galactic cosmic-ray sources.

Implements Ambrosone, Evoli, Schroer & Blasi 2025 (arXiv:2503.14651). In a handful of lines:

>>> import astropy.units as u
>>> import numpy as np
>>> from skycocoon import Measurement, Region, intensity_map, load_model, region_sed
>>> model = load_model("paper")
>>> energy = np.geomspace(1, 1000, 4) * u.TeV
>>> sky = intensity_map(model, "gamma", energy, nside=8)
>>> list(sky.components)
['cocoons', 'diffuse']
>>> sed = region_sed(model, "gamma", energy, Region.named("lhaaso-inner"))
>>> inner = Measurement.named("lhaaso-km2a-2023-inner")
>>> axes = sed.plot(data=[inner], factor=0.65, factor_name="paper's mask factor")
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

# Public names are imported when first used: healpy and numba take seconds, `skycocoon --help` must not. The module of
# each is stated once, in the stub beside this file.
_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_MODULES = {name: module for module, name in re.findall(r"^from \.([\w.]+) import (\w+) as \2$", _STUB, re.MULTILINE)}

__all__ = ["__version__", *sorted(_MODULES)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("skycocoon")
    if name not in _MODULES:
        raise AttributeError(f"module 'skycocoon' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
