"""The one energy integral: a projectile spectrum times a cross section (eq. 7)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray

from ..errors import InputError
from ..interactions import CrossSection
from ..interactions.cross_section import LowEnergyBranch
from ..numerics.quadrature import panel_nodes
from ..units import BoolArray, FloatArray, Nodes, within

__all__ = ["PROJECTILES", "Production", "Projectiles", "production", "quadrature"]

# e-folds of E'/E that are integrated: beyond them a spectrum of slope 2.0 contributes less than 1e-9.
E_FOLDS = 21.0
NODES = 12

# Spectra of projectiles are asked for at these nodes alone and are polynomials of DEGREE in between, one for each panel
# of ln E', times a power law. A panel of an e-fold holds breaks of a width of 0.13 in ln R to 1e-8.
DEGREE = 15
TILT = 2.6
# Just below the least E' that a gamma ray of 1 GeV needs in the delta approximation, 6.8 GeV.
LOWEST = 5.0
# Above 1e10 GeV, 100 times the highest secondary energy, panels may be wide: only power laws have anything left there.
WIDE_ABOVE = 1e10
WIDEST = 3.0
# A cut-off is held to 1e-5 as far as a spectrum falls less than this in the e-fold above a secondary's energy, which is
# 15 times the cut-off. Beyond, a polynomial knows only what is left of the panel's first node, and nodes are needed
# close to the secondary's energy: in panels that halve down to 1e-3 of an e-fold, for spectra up to a double's end.
STEEP = 1e-12
CLOSEST = 10
# Elements of an array of interpolation weights while a matrix is made, 16 MB.
ELEMENTS = 2_000_000


def _panel_edges() -> FloatArray:
    """Edges of the panels in ln E'."""
    edges = list(np.arange(math.log(LOWEST), math.log(WIDE_ABOVE) + 1.0))
    end = math.log(1e8) + E_FOLDS + 0.01
    width = 1.0
    while edges[-1] < end:
        width = min(1.5 * width, WIDEST)
        edges.append(edges[-1] + width)
    return np.array(edges)


EDGES = _panel_edges()
# Chebyshev points with both ends, so that neighbours share a node, and what turns T_j at a place into weights of these.
_POINTS = -np.cos(np.pi * np.arange(DEGREE + 1) / DEGREE)
_WEIGHTS = np.linalg.inv(chebvander(_POINTS, DEGREE))


def _projectiles() -> FloatArray:
    inside = EDGES[:-1, None] + np.diff(EDGES)[:, None] / 2 * (_POINTS[:-1] + 1)
    energies = np.exp(np.append(inside.ravel(), EDGES[-1]))
    energies.flags.writeable = False
    return energies


PROJECTILES = _projectiles()
"""Total energies per nucleon [GeV] at which spectra of projectiles are needed, whatever is made of them; increasing."""


@dataclass(frozen=True, eq=False)
class Projectiles:
    """Spectrum of one species, with its values where all yields need them, worked out once.

    Parameters
    ----------
    spectrum
        Projectiles per energy at total energies per nucleon [GeV].
    """

    spectrum: Callable[[FloatArray], FloatArray]

    @cached_property
    def values(self) -> FloatArray:
        """Projectiles per energy at :data:`PROJECTILES`."""
        return self.spectrum(PROJECTILES)


def _panels(breaks: tuple[float, ...], close: bool) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights in u = ln(E'/E), split where the cross section is not smooth."""
    # Fine where F falls steeply to x = 1, coarser towards small x.
    cuts = {0.0, 0.05, 0.2, 0.5, 1.0, *np.arange(1.75, E_FOLDS, 0.75), E_FOLDS, *(-math.log(x) for x in breaks)}
    if close:
        cuts |= {2.0**-k for k in range(CLOSEST + 1)}
    return panel_nodes(np.array(sorted(cuts)), NODES)


def quadrature(
    cross_section: CrossSection, energy: FloatArray, *, close: bool = False, least: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Quadrature of the energy integral: the yield at energy i is sum_k weights[i, k] spectrum(protons[i, k]).

    That is int sigma(E') n(E') F(E/E', E') dE'/E', with the full cross section and not its low-energy branch.

    Parameters
    ----------
    cross_section
        What one collision makes.
    energy
        (n,) secondary energies [GeV].
    close
        With more nodes close to the secondary's energy, for spectra that fall steeply above it.
    least
        Leave projectiles of less than this energy [GeV] out.

    Returns
    -------
    protons, weights
        (n, m) total energies per nucleon [GeV] and weights [cm^2].
    """
    u, du = _panels(cross_section.breaks, close)
    x, protons = np.exp(-u), energy[:, None] * np.exp(u)
    if least:
        protons = np.maximum(energy, least)[:, None] * np.exp(u)
        x = energy[:, None] / protons
    return protons, du * cross_section.inelastic(protons) * cross_section.multiplicity(x, protons)


def _interpolated(protons: FloatArray, weights: FloatArray) -> FloatArray:
    """Weights (n, PROJECTILES.size) of the spectrum at the nodes, from those (n, m) of a quadrature."""
    ln_e = np.log(protons).ravel()
    if not EDGES[0] <= ln_e.min() <= ln_e.max() <= EDGES[-1]:
        raise ValueError(f"projectiles of {protons.min():g}..{protons.max():g} GeV: outside the nodes of spectra")
    panel = np.clip(np.searchsorted(EDGES, ln_e, side="right") - 1, 0, EDGES.size - 2)
    place = 2 * (ln_e - EDGES[panel]) / (EDGES[panel + 1] - EDGES[panel]) - 1
    shares = chebvander(place, DEGREE) @ _WEIGHTS
    # Spectrum times E'^TILT is what is interpolated.
    shares *= (weights.ravel() * np.exp(-TILT * ln_e))[:, None]
    rows, nodes = len(protons), PROJECTILES.size
    first = np.repeat(np.arange(rows) * nodes, protons.shape[1]) + DEGREE * panel
    column = first[:, None] + np.arange(DEGREE + 1)
    total = np.bincount(column.ravel(), shares.ravel(), rows * nodes).reshape(rows, nodes)
    return np.asarray(total * PROJECTILES**TILT)


@dataclass(frozen=True, eq=False)
class Production:
    """The energy integral for given secondary energies: a matrix, ready for any projectile spectrum.

    ``yields(spectrum)`` is int sigma(E') n(E') F(E/E', E') dE'/E', a matrix times ``spectrum(PROJECTILES)``. All that
    depends on the cross section is worked out once; a spectrum is evaluated at some 400 energies, however many yields
    there are.

    Parameters
    ----------
    cross_section
        What one collision makes.
    energy
        (n,) secondary energies [GeV].

    Raises
    ------
    InputError
        For energies outside the cross section's range.
    """

    cross_section: CrossSection
    energy: FloatArray

    def __post_init__(self) -> None:
        low, high = self.cross_section.energy_range
        bad = ~within(self.energy, low, high)
        if bad.any():
            raise InputError(
                f"energy {self.energy[bad][0]:g} GeV is outside the range of {self.cross_section.name} for "
                f"{self.cross_section.messenger}s; allowed: {low:g} GeV to {high:g} GeV"
            )

    @cached_property
    def largest(self) -> float:
        """The highest secondary energy [GeV]; 0 if there is none."""
        return float(self.energy.max(initial=0.0))

    @cached_property
    def _low(self) -> BoolArray:
        """Which energies belong to the low-energy branch."""
        branch = self.cross_section.low_energy
        return np.zeros(self.energy.shape, dtype=bool) if branch is None else self.energy < branch.matching_energy

    @cached_property
    def _any_low(self) -> bool:
        return bool(self._low.any())

    @cached_property
    def _full(self) -> FloatArray:
        """Yields of the spectrum at each node, a row for each energy that is not low [cm^2]."""
        return _rows(partial(quadrature, self.cross_section), self.energy[~self._low])

    @property
    def _branch(self) -> LowEnergyBranch:
        branch = self.cross_section.low_energy
        if branch is None:
            raise ValueError(f"{self.cross_section.name} has no low-energy branch for {self.cross_section.messenger}s")
        return branch

    @cached_property
    def _approximate(self) -> FloatArray:
        """Yields of the spectrum at each node, a row for each low energy [cm^2]; n-tilde is not in it."""
        return _rows(self._branch.nodes, self.energy[self._low])

    @cached_property
    def _match(self) -> FloatArray:
        """Both branches at the matching energy, (2, PROJECTILES.size) [cm^2]."""
        match = np.array([self._branch.matching_energy])
        return np.concatenate(
            [_interpolated(*quadrature(self.cross_section, match)), _interpolated(*self._branch.nodes(match))]
        )

    @cached_property
    def _window(self) -> NDArray[np.int64]:
        """(2, n) indices of the first node from the least E' of each energy on, and from e times that on."""
        least = self.energy.copy()
        if self._any_low:
            least[self._low] = self._branch.nodes(self.energy[self._low])[0].min(axis=1)
        return _window(least)

    def _matching(self, projectiles: Projectiles) -> float:
        values = projectiles.values
        first, second = values.take(self._match_window)
        if (second <= STEEP * first).any():
            match = np.array([self._branch.matching_energy])
            full, approximate = (
                float(_integral(nodes, projectiles.spectrum)[0])
                for nodes in (quadrature(self.cross_section, match, close=True), self._branch.nodes(match))
            )
        else:
            full, approximate = (self._match @ values).tolist()
        return full / approximate if approximate > 0 else 0.0

    @cached_property
    def _match_window(self) -> NDArray[np.int64]:
        """The same (2, 2) of both branches at the matching energy."""
        match = np.array([self._branch.matching_energy])
        return _window(np.append(match, self._branch.nodes(match)[0].min()))

    def matching(self, spectrum: Callable[[FloatArray], FloatArray]) -> float:
        """n-tilde: the factor of the low-energy branch that makes the yield continuous where both meet (eq. 12).

        Parameters
        ----------
        spectrum
            Projectiles per energy at total energies per nucleon [GeV].

        Returns
        -------
        float
            The factor; 0 if the spectrum has nothing there.

        Raises
        ------
        ValueError
            If the cross section has no low-energy branch.
        """
        return self._matching(Projectiles(spectrum))

    def fold(self, *species: Projectiles) -> FloatArray:
        """Secondaries per energy of several species together.

        Parameters
        ----------
        *species
            Projectiles of each species. They are added here and not before, because each species has an n-tilde of its
            own.

        Returns
        -------
        array
            (n,) secondaries per energy [cm^2 times the spectra's unit].
        """
        values = [projectiles.values for projectiles in species]
        total = values[0] if len(values) == 1 else np.add.reduce(values)
        if not self._any_low:
            result = np.asarray(self._full @ total)
        else:
            result = np.empty(self.energy.size)
            result[~self._low] = self._full @ total
            factors = [self._matching(projectiles) for projectiles in species]
            result[self._low] = self._approximate @ np.add.reduce([f * v for f, v in zip(factors, values, strict=True)])
        first, second = total.take(self._window)
        if (steep := second <= STEEP * first).any():
            result[steep] = np.add.reduce([self._directly(projectiles, steep, total) for projectiles in species])
        return result

    def _directly(self, projectiles: Projectiles, chosen: BoolArray, total: FloatArray) -> FloatArray:
        """Secondaries per energy of one species at some of the energies, with its spectrum at nodes of their own."""
        energy, low = self.energy[chosen], self._low[chosen]
        result = np.zeros_like(energy)
        # Nothing is left of the spectrum: nothing is asked of it.
        left = self._window[0, chosen] <= np.flatnonzero(total).max(initial=-1)
        low, full = low & left, ~low & left
        if full.any():
            result[full] = _integral(_close(self.cross_section, Nodes(energy[full])), projectiles.spectrum)
        if low.any():
            result[low] = _integral(self._branch.nodes(energy[low]), projectiles.spectrum) * self._matching(projectiles)
        return result

    def yields(self, spectrum: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Secondaries per energy [cm^2 times the spectrum's unit] for a projectile spectrum.

        Parameters
        ----------
        spectrum
            Projectiles per energy at total energies per nucleon [GeV]. Yields are good to 1e-7 if it is smooth on the
            scale of 0.1 in ln E', to 1e-3 near a kink, and to 1e-5 far above a cut-off.

        Returns
        -------
        array
            (n,) secondaries per energy.
        """
        return self.fold(Projectiles(spectrum))


def _window(least: FloatArray) -> NDArray[np.int64]:
    """(2, n) indices of the first nodes from energies (n,) on, and from e times these on."""
    return np.minimum(np.searchsorted(PROJECTILES, [least, math.e * least]), PROJECTILES.size - 1)


@lru_cache(maxsize=8)
def _close(cross_section: CrossSection, energies: Nodes) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for steep spectra, which a fit wants in many steps."""
    return quadrature(cross_section, energies.gev, close=True)


def _integral(nodes: tuple[FloatArray, FloatArray], spectrum: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Sum of weights times a spectrum at the nodes of each energy (n,)."""
    protons, weights = nodes
    return np.asarray(np.sum(weights * spectrum(protons), axis=1))


def _rows(nodes: Callable[[FloatArray], tuple[FloatArray, FloatArray]], energy: FloatArray) -> FloatArray:
    """Rows of the matrix, some energies at a time so that memory does not grow with their number."""
    result = np.empty((energy.size, PROJECTILES.size))
    step = max(1, ELEMENTS // (500 * (DEGREE + 1)))
    for first in range(0, energy.size, step):
        part = slice(first, first + step)
        result[part] = _interpolated(*nodes(energy[part]))
    return result


@lru_cache(maxsize=32)
def _cached(cross_section: CrossSection, energies: Nodes) -> Production:
    return Production(cross_section, energies.gev)


def production(cross_section: CrossSection, energy: FloatArray | Nodes) -> Production:
    """Return the energy integral of a cross section, made once: spectra change in a fit, cross sections do not.

    Parameters
    ----------
    cross_section
        What one collision makes.
    energy
        (n,) secondary energies [GeV].

    Returns
    -------
    Production
        The matrix that is applied to spectra.

    Raises
    ------
    InputError
        For energies outside the cross section's range.
    """
    return _cached(cross_section, Nodes(energy))
