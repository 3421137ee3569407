"""Every figure. The only place that imports matplotlib."""

from .panels import Curve, Panel, plot_panels
from .parts import plot_absorption, plot_gas, plot_sea
from .ratio import plot_ratio, plot_ratios
from .sky import plot_map, plot_region
from .spectra import plot_measurement, plot_sed
from .statistics import plot_corner, plot_correlation, plot_profile, plot_pulls
from .style import save, style

__all__ = [
    "Curve",
    "Panel",
    "plot_absorption",
    "plot_corner",
    "plot_correlation",
    "plot_gas",
    "plot_map",
    "plot_measurement",
    "plot_panels",
    "plot_profile",
    "plot_pulls",
    "plot_ratio",
    "plot_ratios",
    "plot_region",
    "plot_sea",
    "plot_sed",
    "save",
    "style",
]
