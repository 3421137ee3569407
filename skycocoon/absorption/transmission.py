"""Transmission basis: a few energies at which absorbed columns are integrated; they give columns at all others."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..galaxy import Sun
from ..kernels import columns
from ..numerics.interpolative import chosen_members, weights_of_others
from ..units import FloatArray
from .dust import dust_weights
from .gamma_gamma import Absorption

__all__ = [
    "TRANSPARENT",
    "TransmissionBasis",
    "transmission_basis",
]

# Transmissions that the chosen energies do not span [of the largest]: far below any rtol that is asked for.
MISSED = 1e-7
# Coefficients, equally spaced from 0, that do for a uniform field: transmissions between them are good to MISSED.
LADDER = 7
# Distances to which transmissions are spanned: beyond the Galactic centre to the far edge of a large disc [kpc].
FAR_SIDE = 30.0
# The dust field between nodes is linear in the kernels' table: its error is 2e-5 of the field with these.
RADII, HEIGHTS = (257, 30.0), (193, 10.0)
# Dust fields that add less than this to the largest coefficient are left out.
NEGLIGIBLE_FIELD = 1e-5


@dataclass(frozen=True, eq=False)
class TransmissionBasis:
    """Transmissions along any ray, for m chosen energies, as arguments of :func:`skycocoon.kernels.columns.columns`.

    Attributes
    ----------
    uniform, factors, fields, axes
        Kernel arguments: tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds'.
    absorption
        What absorbs.
    paths
        (n, 1 + n_a) distances [kpc] and integrals of the dust's weights up to there, on rays all over the sky, and
    members
        (n, m) transmissions of the chosen energies there.
    """

    uniform: FloatArray
    factors: FloatArray
    fields: FloatArray
    axes: FloatArray
    absorption: Absorption = field(default_factory=lambda: Absorption(()))
    paths: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))
    members: FloatArray = field(default_factory=lambda: np.ones((1, 1)))

    @property
    def size(self) -> int:
        """Number of chosen energies."""
        return self.uniform.size

    @property
    def for_kernels(self) -> columns.Absorbers:
        """The chosen energies' absorption as the kernels take it."""
        return columns.Absorbers(self.uniform, self.factors, self.fields, self.axes)

    def weights(self, energy: FloatArray) -> FloatArray:
        """Weights (n, m) with which columns at the chosen energies add up to those at others [GeV]."""
        if not self.absorption.fields:
            return np.ones((energy.size, 1))
        return weights_of_others(_transmissions(self.absorption, energy, self.paths), self.members)


TRANSPARENT = TransmissionBasis(*columns.TRANSPARENT)
"""No absorption."""


def _transmissions(absorption: Absorption, energy: FloatArray, paths: FloatArray) -> FloatArray:
    """exp(-tau) at the ends of paths, (n_path, n_energy)."""
    tau = np.outer(paths[:, 0], absorption.uniform(energy))
    if paths.shape[1] > 1:
        tau += paths[:, 1:] @ absorption.factors(energy).T
    return np.asarray(np.exp(-tau))


def _paths(sun: Sun, dust: bool) -> FloatArray:
    """Distances and integrals of the dust's weights, on rays all over the sky."""
    radius, height = sun.place
    longitudes, latitudes = np.radians([0, 5, 15, 30, 50, 75, 105, 140, 180]), np.radians([0, 0.5, 2, 6, 20, 60])
    lon, lat = (angle.ravel() for angle in np.meshgrid(longitudes, latitudes))
    distance = (radius + FAR_SIDE) * np.linspace(0.0, 1.0, 401) ** 2
    s = distance[:, None]
    x, y = radius - s * np.cos(lat) * np.cos(lon), s * np.cos(lat) * np.sin(lon)
    z = height + s * np.sin(lat)
    every = np.broadcast_to(s, z.shape)[None]
    if dust:
        w = dust_weights(np.hypot(x, y), z)
        steps = np.diff(distance)[:, None] * (w[:, 1:] + w[:, :-1]) / 2
        path = np.concatenate([np.zeros_like(w[:, :1]), np.cumsum(steps, axis=1)], axis=1)
        every = np.concatenate([every, path])
    return np.ascontiguousarray(every[:, ::8].reshape(len(every), -1).T)


@lru_cache(maxsize=16)
def transmission_basis(absorption: Absorption, sun: Sun) -> TransmissionBasis:
    """Attenuation of gamma rays on their way to the Sun, made once.

    Parameters
    ----------
    absorption
        Photon fields.
    sun
        Where the rays end.
    """
    dust = "dust" in absorption.fields and absorption.dust_scale > 0
    if not dust and "cmb" not in absorption.fields:
        return TRANSPARENT
    paths = _paths(sun, dust)
    # At the lowest of these nothing is absorbed.
    energy = np.geomspace(1e2, 1e8, 241)
    if not dust:
        # One coefficient everywhere: a ladder of them is as good as chosen energies, and cheaper for the kernel.
        uniform = np.linspace(0.0, absorption.uniform(energy).max(), LADDER)
        _, _, fields, axes = columns.TRANSPARENT
        members = np.exp(-np.outer(paths[:, 0], uniform))
        return TransmissionBasis(uniform, np.zeros((LADDER, 0)), fields, axes, absorption, paths, members)
    every = _transmissions(absorption, energy, paths)
    chosen = chosen_members(every, MISSED)
    r, z = (last * np.linspace(0.0, 1.0, count) ** 2 for count, last in (RADII, HEIGHTS))
    table = dust_weights(r[:, None], z)
    every_factor = absorption.factors(energy[chosen])
    u, size, v = np.linalg.svd(every_factor @ table.reshape(len(table), -1), full_matrices=False)
    kept = size > NEGLIGIBLE_FIELD * size[0]
    axes = np.array(
        [
            [0.0, (r.size - 1) / np.sqrt(r[-1]), r[-1]],
            [0.0, 1.0, 1.0],
            [0.0, (z.size - 1) / np.sqrt(z[-1]), z[-1]],
        ]
    )
    return TransmissionBasis(
        np.ascontiguousarray(absorption.uniform(energy[chosen])),
        np.ascontiguousarray((u * size)[:, kept]),
        np.ascontiguousarray(v[kept].reshape(-1, r.size, 1, z.size)),
        axes,
        absorption,
        paths,
        every[:, chosen],
    )
