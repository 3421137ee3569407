"""Curves, points and images on axes; knows nothing of what they mean. The only place that imports matplotlib."""

from .curves import Axis, Curve, DataPoints, Look
from .panels import Panel, plot_panel, plot_panels, plot_side_by_side
from .sky import plot_fractions, plot_sky
from .statistics import plot_corner, plot_correlation, plot_profile, plot_pulls
from .style import save, style

__all__ = [
    "Axis",
    "Curve",
    "DataPoints",
    "Look",
    "Panel",
    "plot_corner",
    "plot_correlation",
    "plot_fractions",
    "plot_panel",
    "plot_panels",
    "plot_profile",
    "plot_pulls",
    "plot_side_by_side",
    "plot_sky",
    "save",
    "style",
]
