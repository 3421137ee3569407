"""Rebuild data/dust_field.ecsv, the weights of the Galaxy's infrared photon field, from the formulas of the dust.

    python scripts/dust_field.py [--out FILE]

Takes about ten seconds. See skycocoon/galaxy/radiation.py for what the weights are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import Table

from skycocoon.absorption.dust import COLD_TEMPERATURES, T_WARM, TABLE_NAME, TEMPERATURES, integrate_dust_weights
from skycocoon.outputs import new_file
from skycocoon.units import FloatArray

# Uniform in the square root: dense where the discs are, 0.02 kpc from the axis and from the plane.
RADII: FloatArray = 30.0 * np.linspace(0, 1, 37) ** 2
HEIGHTS: FloatArray = 10.0 * np.linspace(0, 1, 23) ** 2

META = {
    "title": "Weights W_a(R, z) of the photon field of Galactic dust",
    "reference": "Misiriotis et al. 2006, A&A 459, 113: dust discs and temperatures, from memory; computed here",
    "definition": "n(eps, R, z) = sum_a W_a kappa(eps) B_eps(T_a)/(c eps); W_a = int dOmega int dr rho l_a(T)",
    "polynomials": "cold nodes: l_a = (T/T_a)^6 times the Lagrange polynomial of the nodes; warm dust: l = 1",
    "accuracy": "weights to 1e-5; photon field to 0.4 % from 30 to 300 um for R < 20 kpc",
    "made_by": "scripts/dust_field.py",
    "temperatures_K": list(TEMPERATURES),
}


def build() -> Table:
    """The table: one row per place, height fastest."""
    radius, height = (x.ravel() for x in np.meshgrid(RADII, HEIGHTS, indexing="ij"))
    weights = np.array([integrate_dust_weights(r, z) for r, z in zip(radius, height, strict=True)])
    names = [*(f"cold_{t:g}K" for t in COLD_TEMPERATURES), f"warm_{T_WARM:g}K"]
    table = Table(meta=META)
    table["radius"], table["height"] = _rounded(radius) * u.kpc, _rounded(height) * u.kpc
    for name, values in zip(names, weights.T, strict=True):
        table[name] = _rounded(values) * u.Unit("g cm-2 sr")
    return table


def _rounded(values: FloatArray) -> FloatArray:
    """Eight digits: the file keeps no noise."""
    return np.array([float(f"{value:.7e}") for value in values])


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = Path(__file__).resolve().parent.parent / "data" / TABLE_NAME
    parser.add_argument("--out", type=Path, default=default, help="where to write (default: %(default)s)")
    out = parser.parse_args().out
    with new_file(out, overwrite=True) as temporary:
        build().write(temporary, format="ascii.ecsv", overwrite=True)
    print(out)


if __name__ == "__main__":
    main()
