"""Local interstellar spectra of protons and helium: power laws in rigidity with smooth breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import astropy.units as u
import numpy as np

from ..errors import check_name
from ..kinematics import SPECIES, Species
from ..shipped import data_folder
from ..units import FloatArray, to_array

__all__ = ["BESIDE_DATA", "LOCAL_SPECTRA", "LocalSpectrum", "local_spectra"]

LOCAL_SPECTRA = ("min", "max", "lhaaso")
"""Sets that are shipped: two that disagree at the knee, and LHAASO's."""

BESIDE_DATA: Mapping[str, str] = MappingProxyType(
    {
        "min": "0.38 to 0.44 of LHAASO's protons of 2025 and 0.25 to 0.27 of KASCADE's of 2024 at 1 to 10 PeV",
        "max": "0.87 to 1.06 of LHAASO's protons of 2025 and 0.61 to 0.66 of KASCADE's of 2024 at 1 to 10 PeV",
        "lhaaso": "0.91 to 1.03 of LHAASO's protons of 2025 and 0.59 to 0.71 of KASCADE's of 2024 at 1 to 10 PeV",
    }
)
"""How a set lies beside recent protons at the knee: LHAASO 2025 (arXiv:2511.05013, three hadronic models) and KASCADE
as analysed again in 2024 (arXiv:2312.08279), means over 1 to 3 and 3 to 10 PeV."""

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
    table = Table.read(data_folder() / "local_spectra.ecsv", format="ascii.ecsv", encoding="utf-8")
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
