"""Local interstellar spectra of protons and helium: power laws in rigidity with smooth breaks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import astropy.units as u
import numpy as np

from ..errors import check_name
from ..kinematics import SPECIES, Species
from ..shipped import data_folder
from ..units import FloatArray, to_array

__all__ = ["LOCAL_SPECTRA", "LocalSpectrum", "local_spectra"]

LOCAL_SPECTRA = ("min", "max", "lhaaso")
"""Sets that are shipped: two that disagree at the knee, and LHAASO's."""

M2_PER_CM2 = 1e-4


@dataclass(frozen=True)
class LocalSpectrum:
    r"""Intensity of one species at the Sun, outside the heliosphere.

    .. math:: \Phi(R) = K \beta^\kappa (R/100\,\mathrm{GV})^{-g} \prod_i [1 + (R/R_i)^{1/w_i}]^{-\Delta_i w_i}

    Reconstructed: our own fits, valid above 5 GV; see the header of ``data/local_spectra.ecsv``.

    Parameters
    ----------
    species
        Nucleus.
    norm
        K [m^-2 s^-1 sr^-1 GV^-1].
    slope, beta_power
        g and kappa.
    breaks
        (R_i [GV], Delta_i, w_i); Delta < 0 hardens.
    """

    species: Species
    norm: float
    slope: float
    beta_power: float
    breaks: tuple[tuple[float, float, float], ...]

    def spectrum(self, rigidity: FloatArray) -> FloatArray:
        """Phi [m^-2 s^-1 sr^-1 GV^-1] at rigidities [GV]."""
        charged = self.species.Z * rigidity
        beta = charged / np.hypot(charged, self.species.mass)
        result = self.norm * beta**self.beta_power * (rigidity / 100.0) ** -self.slope
        for place, softening, width in self.breaks:
            result = result * (1 + (rigidity / place) ** (1 / width)) ** (-softening * width)
        return np.asarray(result)

    def rigidity(self, total: FloatArray) -> FloatArray:
        """Rigidity A p_N / Z [GV] at total energies per nucleon [GeV]."""
        return self.species.rigidity(total)

    def per_nucleon(self, total: FloatArray) -> FloatArray:
        """dJ/dE_N [cm^-2 s^-1 sr^-1 GeV^-1] at total energies per nucleon [GeV]: Phi (A/Z) E_N/p_N."""
        rigidity = self.rigidity(total)
        ratio = self.species.A / self.species.Z
        return self.spectrum(rigidity) * ratio**2 * total / rigidity * M2_PER_CM2

    def __call__(self, rigidity: u.Quantity) -> u.Quantity:
        """Phi [m^-2 s^-1 sr^-1 GV^-1] at rigidities."""
        return self.spectrum(to_array(rigidity, u.GV, "rigidity")) * u.Unit("m-2 s-1 sr-1 GV-1")


@lru_cache(maxsize=8)
def local_spectra(name: str) -> tuple[LocalSpectrum, ...]:
    """Protons and helium of a set: ``"min"``, ``"max"`` or ``"lhaaso"``.

    Raises
    ------
    InputError
        For an unknown name.
    """
    from astropy.table import Table

    check_name("local spectra", name, LOCAL_SPECTRA)
    table = Table.read(data_folder() / "local_spectra.ecsv", format="ascii.ecsv")
    return tuple(
        LocalSpectrum(
            SPECIES[row["species"]],
            float(row["norm"]),
            float(row["slope"]),
            float(row["beta_power"]),
            tuple((float(row[f"r{i}"]), float(row[f"dg{i}"]), float(row[f"w{i}"])) for i in range(1, 5)),
        )
        for row in table[table["spectra"] == name]
    )
