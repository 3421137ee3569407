"""A model file: TOML to objects, checked before anything is computed."""

from .document import list_presets, parse_setting, preset_text, to_toml
from .loading import LoadedModel, ModelText, load_file, load_model, load_text
from .schema import ModelFile
from .sections.fit import FitSection, SamplingSection
from .variation import Variation

__all__ = [
    "FitSection",
    "LoadedModel",
    "ModelFile",
    "ModelText",
    "SamplingSection",
    "Variation",
    "list_presets",
    "load_file",
    "load_model",
    "load_text",
    "parse_setting",
    "preset_text",
    "to_toml",
]
