"""Chi-square, best fit, profiles and samples; knows no model."""

from .likelihood import NORMALISATION, Likelihood, Parameter
from .minimum import FitResult, fit
from .posterior import Samples, sample
from .profiles import Profile, profile

__all__ = ["NORMALISATION", "FitResult", "Likelihood", "Parameter", "Profile", "Samples", "fit", "profile", "sample"]
