"""What gamma rays meet on the way: photon fields, and pair production on them."""

from .gamma_gamma import Absorption
from .photons import energy_density, photon_density
from .transmission import TRANSPARENT, TransmissionBasis, transmission_basis

__all__ = ["TRANSPARENT", "Absorption", "TransmissionBasis", "energy_density", "photon_density", "transmission_basis"]
