"""Gas weighted with the sea of cosmic rays: the density of the diffuse emission, and its table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import astropy.units as u
import numpy as np

from ..galaxy import DensityTable, Gas, Sea
from ..galaxy.elements import FLOOR, Panels, divided, fitted, halving_edges
from ..numerics.quadrature import panel_edges
from ..units import FloatArray, to_array

__all__ = ["PIVOT", "GasInSea"]

PIVOT = 4.0
"""Rigidity [GV] at which a sea that hardens inwards is what it is."""
# Coefficients in R and z of an element: lower orders need more elements, higher ones more time in each.
ORDERS, FINE_ORDERS = (5, 7), (8, 10)
FINE = 1e-6
# Largest error of the density in units of that of a column: where a polynomial is worst is a small part of a ray, and
# its errors have both signs. Columns of all gas models are ten times better than with this asked for.
WORST = 5.0
# Thinnest element to begin with, above the plane [kpc]; places in an element in R where layers are looked at, and the
# widest element that these stand for [kpc].
THINNEST, PLACES, WIDEST = 0.06, (0.02, 0.5, 0.98), 1.0
# Elements in z and R depend on one another: they are chosen in turn, this often at most.
TURNS = 4
# Part of the gas at the Sun that is little.
LITTLE = 0.01
# Halo for which elements are chosen: others need the same, so that a fit of its height does not choose again.
HALO = 4.0 * u.kpc


@dataclass(frozen=True)
class GasInSea:
    """Hydrogen nuclei per volume, each weighted with the cosmic rays around it relative to those at the Sun.

    Parameters
    ----------
    gas, sea
        Where the targets are, and the projectiles.
    rigidity
        For a sea that hardens inwards: at which rigidity [GV].
    """

    gas: Gas
    sea: Sea
    rigidity: float = PIVOT

    def weighted(self, radius: FloatArray, height: FloatArray) -> FloatArray:
        """Gas times sea [cm^-3] at broadcasting R and z [kpc].

        Parameters
        ----------
        radius, height
            R and z [kpc], which broadcast.

        Returns
        -------
        array
            [cm^-3].
        """
        return self._in_sea(self.gas.hydrogen(radius, height), radius, height)

    def _in_sea(self, hydrogen: FloatArray, radius: FloatArray, height: FloatArray) -> FloatArray:
        at_pivot = self.sea.relative(radius, height) * hydrogen
        return np.asarray(at_pivot * (self.rigidity / PIVOT) ** self.sea.hardening(np.asarray(radius)))

    def density(self, radius: u.Quantity, azimuth: u.Quantity, height: u.Quantity) -> u.Quantity:
        """Gas times sea [cm^-3] at (R, phi, z), which broadcast.

        Parameters
        ----------
        radius, azimuth, height
            Galactocentric R, phi and z, which broadcast.

        Returns
        -------
        Quantity
            [cm^-3].
        """
        weighted = self.weighted(to_array(radius, u.kpc, "radius"), to_array(height, u.kpc, "height"))
        return weighted * u.Unit("cm-3")

    @property
    def radius(self) -> float:
        """Where the gas or the sea ends in R [kpc]."""
        return float(min(self.gas.radius, self.sea.radius).to_value(u.kpc))

    @property
    def half_height(self) -> float:
        """Where the gas or the sea ends in \\|z\\| [kpc]."""
        return float(min(self.gas.half_height, self.sea.halo_height).to_value(u.kpc))

    @property
    def rings(self) -> FloatArray:
        """Radii [kpc] at which gas or sea have a kink or a jump, increasing, the outer wall last."""
        kinks = np.concatenate([self.gas.radial_kinks, self.sea.radial_kinks])
        return np.append(np.unique(kinks[kinks < self.radius]), self.radius)

    def table(self, rtol: float = 1e-5) -> DensityTable:
        """The table that kernels read, good to a relative accuracy.

        Parameters
        ----------
        rtol
            Relative accuracy.

        Returns
        -------
        DensityTable
            Elements between the kinks of the gas.
        """
        return _table(self, rtol)


@lru_cache(maxsize=16)
def _table(density: GasInSea, rtol: float) -> DensityTable:
    top = density.half_height
    halo = max(HALO, density.gas.half_height)
    radial, vertical = _panels(replace(density, sea=replace(density.sea, halo_height=halo)), WORST * rtol)
    # The halo may end below the gas.
    edges = vertical.edges[vertical.edges < top * (1 - 1e-9)]
    vertical = replace(vertical, edges=np.append(edges, top))

    def weighted(r: FloatArray, z: FloatArray) -> FloatArray:
        # The gas in the elements that the halo does not cut is the same for each halo.
        rows = z.reshape(edges.size, -1)
        hydrogen = [_hydrogen(density.gas, r.tobytes(), row.tobytes()) for row in rows]
        return density._in_sea(np.concatenate(hydrogen, axis=1), r, z)

    table = fitted(weighted, _floor(density, radial.at(np.zeros(1))), radial, vertical)
    return replace(table, rings=density.rings, reached=table.reached / WORST)


@lru_cache(maxsize=512)
def _hydrogen(gas: Gas, radius: bytes, height: bytes) -> FloatArray:
    """Gas (n_R, n_z) at radii and heights [kpc], which are keys as bytes."""
    return gas.hydrogen(np.frombuffer(radius)[:, None], np.frombuffer(height))


def _floor(density: GasInSea, radius: FloatArray) -> FloatArray:
    """Densities [cm^-3] relative to which errors count, besides the density itself, at radii [kpc]."""
    heights = density.half_height * np.linspace(0.0, 1.0, 25)[:-1] ** 2
    # What is next to nothing beside the gas at the Sun does not count where there is no other, either.
    sun = density.sea.sun_radius.to_value(u.kpc)
    densest = density.weighted(np.append(radius, sun)[:, None], heights).max(axis=1)
    return np.asarray(FLOOR * (densest[:-1] + LITTLE * densest[-1]))


@lru_cache(maxsize=16)
def _panels(density: GasInSea, rtol: float) -> tuple[Panels, Panels]:
    """Panels in R and \\|z\\| on which a density is a polynomial."""
    across, along = ORDERS if rtol > FINE else FINE_ORDERS
    top = density.half_height

    kinks = np.concatenate([[0.0], density.rings])
    radial = Panels(panel_edges(kinks, kinks[-1], WIDEST), across, 0.0)
    vertical = Panels(halving_edges(np.array([0.0, top]), THINNEST), along, 0.0)
    start = kinks
    for _ in range(TURNS):
        vertical = _along_z(density, radial.at(np.array(PLACES) * 2 - 1), vertical, rtol)
        wider = _along_r(density, vertical.nodes, start, across, rtol)
        settled = np.array_equal(wider.edges, radial.edges)
        radial, start = wider, wider.edges
        if settled:
            break
    return radial, vertical


def _along_z(density: GasInSea, places: FloatArray, panels: Panels, rtol: float) -> Panels:
    """Panels in \\|z\\| that do at radii [kpc]."""
    floor = _floor(density, places)
    return divided(
        lambda z: density.weighted(places, z[:, None]), panels.edges, panels.order, rtol, floor=lambda z: floor
    )


def _along_r(density: GasInSea, heights: FloatArray, edges: FloatArray, order: int, rtol: float) -> Panels:
    """Panels in R that do at heights [kpc]."""
    return divided(
        lambda r: density.weighted(r[:, None], heights), edges, order, rtol, floor=lambda r: _floor(density, r)[:, None]
    )
