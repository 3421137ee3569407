"""Published spectra and ratios, and how a model is held against them."""

from .comparison import Comparison, Target
from .data import Data, load_data
from .ratio import RatioMeasurement, list_ratios, plot_ratios, ratio_panels
from .spectrum import Measurement, list_measurements

__all__ = [
    "Comparison",
    "Data",
    "Measurement",
    "RatioMeasurement",
    "Target",
    "list_measurements",
    "list_ratios",
    "load_data",
    "plot_ratios",
    "ratio_panels",
]
