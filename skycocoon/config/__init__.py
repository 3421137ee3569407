"""TOML to objects: model files and presets, checked before anything is computed.

Every mistake ends in one line that names the file, the key, the value and what is allowed.
"""

from .document import list_presets, preset_text, to_toml
from .file import ModelFile
from .fits import FitSection, SamplingSection
from .load import LoadedModel, load_file, load_model, load_text
from .variation import Variation

__all__ = [
    "FitSection", "LoadedModel", "ModelFile", "SamplingSection", "Variation", "list_presets", "load_file", "load_model",
    "load_text", "preset_text", "to_toml",
]  # fmt: skip
