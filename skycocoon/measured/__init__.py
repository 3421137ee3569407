"""Published spectra and ratios, and how a model is held against them."""

from .comparison import Comparison
from .data import Data, load_data
from .ratio import RatioMeasurement, list_ratios
from .spectrum import Measurement, list_measurements

__all__ = [
    "Comparison",
    "Data",
    "Measurement",
    "RatioMeasurement",
    "list_measurements",
    "list_ratios",
    "load_data",
]
