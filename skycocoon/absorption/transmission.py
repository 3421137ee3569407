"""Transmission basis: a few energies at which absorbed columns are integrated; they give columns at all others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..galaxy import Sun
from ..kernels import tables
from ..numerics.interpolative import chosen_members, weights_of_others
from ..units import FloatArray
from .dust import dust_weights
from .gamma_gamma import Absorption

__all__ = ["TRANSPARENT", "TransmissionBasis", "transmission_basis"]

# Part of a transmission that the chosen energies may miss [of the largest], in units of the accuracy of columns.
MISSED = 1e-3
# Energies [GeV] from which some are chosen; at the lowest nothing is absorbed.
CANDIDATES = (1e2, 1e8, 121)
# Coefficients, equally spaced from 0, that do for a uniform field, at rtol 1e-4 and for each power of ten below.
LADDER, MORE = 7, 1
# Directions of the rays whose transmissions are represented [deg]: a quarter of the sky, denser at the Galactic centre.
LONGITUDES, LATITUDES = (0, 5, 15, 30, 50, 75, 105, 140, 180), (0, 0.5, 2, 6, 20, 60)
# Distance beyond the Galactic centre to which they are: the far edge of a large disc [kpc].
FAR_SIDE = 30.0
# Steps of the integral along these rays, and of how many of them the end is a sample.
STEPS, STRIDE = 400, 16
# Elements of the dust's field, equal in sqrt(R) and sqrt(z) [number, last edge in kpc]: those of its own table, so that
# the field is smooth in each. With this many coefficients it is good to 3e-6 next to the Galactic centre, and to 1e-9
# elsewhere.
RADII, HEIGHTS = (36, 30.0), (22, 10.0)
FIELD_ORDER = 5
# Accuracy of absorbed columns that this allows: 1.2e-7 is the worst in benchmarks/contract.py.
FIELD_REACHED = 3e-7


@dataclass(frozen=True, eq=False)
class TransmissionBasis:
    """Transmissions along any ray, for m chosen energies.

    Attributes
    ----------
    absorbers
        The chosen energies' absorption as kernels take it: tau_j(s) = k_j s + sum_a f_ja int_0^s B_a ds'.
    absorption
        What absorbs.
    paths
        (n, 1 + n_a) distances [kpc], and integrals of the dust's weights up to these, on rays all over the sky.
    members
        (n, m) transmissions of the chosen energies at the ends of these paths.
    reached
        Accuracy that columns can have, as fields that absorb are tables, too.
    """

    absorbers: tables.Absorbers
    absorption: Absorption = field(default_factory=lambda: Absorption(()))
    paths: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))
    members: FloatArray = field(default_factory=lambda: np.ones((1, 1)))
    reached: float = 0.0

    @property
    def size(self) -> int:
        """Number of chosen energies."""
        return self.absorbers.uniform.size

    def weights(self, energy: FloatArray) -> FloatArray:
        """Weights with which columns at the chosen energies add up to those at others.

        Parameters
        ----------
        energy
            (n,) gamma-ray energies [GeV].

        Returns
        -------
        array
            (n, m).
        """
        if not self.absorption.fields:
            return np.ones((energy.size, 1))
        return weights_of_others(_transmissions(self.absorption, energy, self.paths), self.members)


TRANSPARENT = TransmissionBasis(tables.TRANSPARENT)
"""No absorption."""


def _transmissions(absorption: Absorption, energy: FloatArray, paths: FloatArray) -> FloatArray:
    """exp(-tau) at the ends of paths, (n_path, n_energy)."""
    tau = np.outer(paths[:, 0], absorption.uniform(energy))
    if paths.shape[1] > 1:
        tau += paths[:, 1:] @ absorption.factors(energy).T
    return np.asarray(np.exp(-tau))


def _points(sun: Sun) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances (n, 1), R and z (n, n_ray) [kpc] of points on rays all over the sky."""
    radius, height = sun.place
    lon, lat = (angle.ravel() for angle in np.meshgrid(np.radians(LONGITUDES), np.radians(LATITUDES)))
    s = (radius + FAR_SIDE) * np.linspace(0.0, 1.0, STEPS + 1)[:, None] ** 2
    x, y = radius - s * np.cos(lat) * np.cos(lon), s * np.cos(lat) * np.sin(lon)
    return s, np.hypot(x, y), height + s * np.sin(lat)


def _sampled(lengths: FloatArray) -> FloatArray:
    """(n_path, k) of k lengths (k, n, n_ray) along rays, at every STRIDE-th point."""
    return np.ascontiguousarray(lengths[:, ::STRIDE].reshape(len(lengths), -1).T)


@lru_cache(maxsize=16)
def transmission_basis(absorption: Absorption, sun: Sun, rtol: float = 1e-4) -> TransmissionBasis:
    """Choose the energies whose columns give those at all others, for gamma rays on their way to the Sun; made once.

    Parameters
    ----------
    absorption
        Photon fields.
    sun
        Where the rays end.
    rtol
        Accuracy of absorbed columns, relative to unabsorbed ones: the smaller, the more energies.

    Returns
    -------
    TransmissionBasis
        The chosen energies.
    """
    if "dust" in absorption.fields and absorption.dust_scale > 0:
        return _dusty_basis(absorption, sun, rtol)
    return _uniform_basis(absorption, sun, rtol) if "cmb" in absorption.fields else TRANSPARENT


def _uniform_basis(absorption: Absorption, sun: Sun, rtol: float) -> TransmissionBasis:
    """A ladder of uniform coefficients: as good as chosen energies, and cheaper for the kernel."""
    distance, _, z = _points(sun)
    paths = _sampled(np.broadcast_to(distance, z.shape)[None])
    ladder = np.linspace(0.0, absorption.uniform(np.geomspace(*CANDIDATES)).max(), _ladder(rtol))
    return TransmissionBasis(
        absorbers=tables.TRANSPARENT._replace(uniform=ladder, factors=np.zeros((ladder.size, 0))),
        absorption=absorption,
        paths=paths,
        members=np.exp(-np.outer(paths[:, 0], ladder)),
    )


def _ladder(rtol: float) -> int:
    """Number of uniform coefficients for an accuracy."""
    return LADDER + MORE * max(0, math.ceil(-4 - math.log10(rtol)))


def _dusty_basis(absorption: Absorption, sun: Sun, rtol: float) -> TransmissionBasis:
    """Chosen energies; how much dust there is changes these alone, and the factors of its field."""
    paths = _dusty_paths(sun)
    energy = np.geomspace(*CANDIDATES)
    transmissions = _transmissions(absorption, energy, paths)
    chosen = chosen_members(transmissions, MISSED * rtol)
    mixing, fields = _dust_fields()
    absorbers = tables.Absorbers(
        uniform=np.ascontiguousarray(absorption.uniform(energy)[chosen]),
        factors=np.ascontiguousarray(absorption.factors(energy)[chosen] @ mixing),
        fields=fields,
        edges=np.array([RADII[1], HEIGHTS[1]]),
    )
    return TransmissionBasis(absorbers, absorption, paths, transmissions[:, chosen], FIELD_REACHED)


@lru_cache(maxsize=16)
def _dusty_paths(sun: Sun) -> FloatArray:
    """Distances [kpc] and integrals of the dust's weights up to these (n, 1 + n_a), on rays all over the sky."""
    distance, radius, z = _points(sun)
    weights = dust_weights(radius, z)
    steps = np.diff(distance, axis=0) * (weights[:, 1:] + weights[:, :-1]) / 2
    integrals = np.concatenate([np.zeros_like(weights[:, :1]), np.cumsum(steps, axis=1)], axis=1)
    return _sampled(np.concatenate([np.broadcast_to(distance, z.shape)[None], integrals]))


@lru_cache(maxsize=1)
def _dust_fields() -> tuple[FloatArray, FloatArray]:
    """The dust's weights as orthogonal fields, which kernels read, and the weights' factors of these (n_a, n_a)."""
    nodes = (1 - np.cos(np.pi * (np.arange(FIELD_ORDER) + 0.5) / FIELD_ORDER)) / 2
    r, h = (last * ((np.arange(count)[:, None] + nodes).ravel() / count) ** 2 for count, last in (RADII, HEIGHTS))
    weights = dust_weights(r[:, None], h)
    # Weights of single nodes in temperature nearly cancel, so that their factors would be large.
    fields, mixing = np.linalg.qr(weights.reshape(len(weights), -1).T)
    values = fields.T.reshape(-1, RADII[0], FIELD_ORDER, HEIGHTS[0], FIELD_ORDER).transpose(0, 1, 3, 2, 4)
    to_powers = np.linalg.inv(np.vander(nodes, increasing=True))
    powers = np.matmul(np.matmul(to_powers, values), to_powers.T)
    return mixing.T, np.ascontiguousarray(powers.transpose(1, 2, 3, 4, 0))
