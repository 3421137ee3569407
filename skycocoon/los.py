"""The only place where space meets spectra: columns along lines of sight, maps and region spectra.

``intensity = sum_k S_k(E) N_k / 4 pi``: every component is a sum of a yield S_k times a density whose column is N_k
(eq. 8). Columns are computed once and serve all energies and both messengers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np

from .emission import GalaxyModel, Term
from .errors import InputError
from .execution import Executor, in_chunks, progress_bar, threads
from .galaxy import DensityTable, Sun
from .sky import healpix
from .sky.region import EDGE_NSIDE, Region, edge_parts, touching
from .sky.sed import Sed, check_flavour, check_messenger
from .sky.skymap import SkyMap
from .units import CM_PER_KPC, INTENSITY, FloatArray, to_array

__all__ = ["RTOL", "column", "column_map", "intensity_map", "region_column", "region_sed"]

RTOL = 1e-4
"""Default relative accuracy of a column, of a pixel mean and of a region mean."""

# A pixel smaller than this is not divided further (0.2 arcmin).
FINEST_NSIDE = 16384
# A rough table is looked at on this scale first, so that no feature falls between the samples.
FEATURE_NSIDE = 1024


def column(density: Any, sun: Sun, directions: FloatArray, *, rtol: float = RTOL, s_min: float = 0.0) -> FloatArray:
    """Column of a density along rays from the Sun: int n ds [cm^-2 s^-1] (eq. 8, times 4 pi).

    Parameters
    ----------
    density
        A :class:`~skycocoon.galaxy.SourceDisc`, a :class:`~skycocoon.galaxy.CylindricalGrid` or anything with their
        ``table(rtol)``.
    sun
        Where the rays start.
    directions
        (n, 3) unit vectors (cos b cos l, cos b sin l, sin b).
    rtol
        Relative accuracy; the interpolation table is made ten times better, the quadrature five times.
    s_min
        Distance at which rays begin [kpc].
    """
    return _rays(density.table(rtol / 10), sun, rtol, s_min)(np.ascontiguousarray(directions, dtype=np.float64))


def _rays(table: DensityTable, sun: Sun, rtol: float, s_min: float) -> Callable[[FloatArray], FloatArray]:
    from .kernels.columns import KRONROD, columns

    place = sun.place

    def rays(directions: FloatArray) -> FloatArray:
        out = np.empty(len(directions))
        columns(directions, place, s_min, *table.arguments, KRONROD, rtol / 5, out)
        out *= CM_PER_KPC
        return out

    return rays


@lru_cache(maxsize=8)
def _representatives(nside: int, mirror_b: bool) -> tuple[healpix.Indices, np.ndarray[Any, np.dtype[np.int32]]]:
    """RING pixels that stand for all others under l -> -l (and b -> -b), and which of them stands for each pixel."""
    npix = 12 * nside**2
    ring = np.arange(1, 4 * nside)
    polar = np.minimum(ring, 4 * nside - ring)
    count = np.where(polar < nside, 4 * polar, 4 * nside)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    # Rings of 4 i pixels and every second ring of the belt begin half a pixel off l = 0.
    shifted = (polar < nside) | ((ring - nside) % 2 == 0)
    index = np.repeat(np.arange(ring.size), count)
    place = np.arange(npix) - start[index]
    mirrored = np.where(shifted[index], count[index] - 1 - place, (count[index] - place) % count[index])
    place = np.minimum(place, mirrored)
    north = np.minimum(index, 4 * nside - 2 - index) if mirror_b else index
    stands_for = start[north] + place
    chosen = np.flatnonzero(stands_for == np.arange(npix))
    lookup = np.empty(npix, dtype=np.int32)
    lookup[chosen] = np.arange(chosen.size, dtype=np.int32)
    return chosen, lookup[stands_for]


def _refined(
    rays: Callable[[FloatArray], FloatArray],
    nside: int,
    pixels: healpix.Indices,
    owner: healpix.Indices,
    owners: int,
    rtol: float,
    region: Region | None = None,
    whole: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
    progress: Callable[[float], None] = lambda area: None,
) -> tuple[FloatArray, FloatArray]:
    """Integrate columns over pixels, dividing each NESTED pixel until it is good to rtol of itself or of its owner.

    A pixel's centre A and the mean B of its four children give (4 B - A)/3, whose error is taken as a third of their
    difference (that of B, on the safe side). Pixels on a region's edge are divided until their pieces are 1.7 arcmin.

    Returns
    -------
    integral, area
        Of each owner, in units of column times pixels of ``nside``, and pixels of ``nside``.
    """
    integral, area = np.zeros(owners), np.zeros(owners)
    found = whole is not None and bool(whole.any())
    centre = rays(healpix.directions(nside, pixels, nest=True))
    level = nside
    while pixels.size:
        children = (4 * pixels[:, None] + np.arange(4)).ravel()
        vectors = healpix.directions(2 * level, children, nest=True)
        values = rays(vectors).reshape(-1, 4)
        share = (nside / level) ** 2
        coarse = values.mean(axis=1)
        mean = integral + np.bincount(owner, coarse * share, owners)
        size = area + np.bincount(owner, minlength=owners) * share
        scale = mean / np.maximum(size, 1e-300)
        good = np.abs(coarse - centre) / 3 <= rtol * np.maximum(scale[owner], coarse)
        best = np.maximum((4 * coarse - centre) / 3, 0.0)
        if 2 * level >= FINEST_NSIDE:
            good[:] = True
        if region is not None and whole is not None:
            good &= whole
        integral += np.bincount(owner[good], best[good] * share, owners)
        area += np.bincount(owner[good], minlength=owners) * share
        left = ~good
        pixels = (4 * pixels[left][:, None] + np.arange(4)).ravel()
        owner = np.repeat(owner[left], 4)
        centre = values[left].ravel()
        level *= 2
        share /= 4
        if region is not None and whole is not None and pixels.size:
            depth = region.shape.depth(healpix.directions(level, pixels, nest=True), level)
            reach = healpix.pixel_radius(level)
            if level >= EDGE_NSIDE:
                edge = ~np.repeat(whole[left], 4)
                part, anything = edge_parts(region, level, pixels[edge])
                # Along an edge that two disjoint regions share nothing is inside.
                part *= share if anything or found else 0.0
                integral += np.bincount(owner[edge], centre[edge] * part, owners)
                area += np.bincount(owner[edge], part, owners)
                keep = ~edge
            else:
                keep = depth > -reach
            found = found or bool(np.any(depth[keep] >= reach))
            pixels, owner, centre, whole = pixels[keep], owner[keep], centre[keep], (depth >= reach)[keep]
            if level >= EDGE_NSIDE:
                whole = np.ones(pixels.size, dtype=bool)
        progress(float(area.sum()))
    return integral, area


def _feature_nside(table: DensityTable, sun: Sun) -> int:
    """Resolution at which no feature of a rough table can fall between pixel centres; 1 for a smooth one."""
    angle = table.feature_angle(float(sun.place[0]))
    if not math.isfinite(angle):
        return 1
    return min(2 ** math.ceil(math.log2(max(healpix.pixel_width(1) / angle, 1.0))), FEATURE_NSIDE)


def column_map(
    density: Any,
    sun: Sun,
    nside: int,
    *,
    rtol: float = RTOL,
    s_min: float = 0.0,
    pixel: str = "mean",
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Columns of a density over the whole sky, (12 nside^2,) in RING order [cm^-2 s^-1].

    An axisymmetric density is integrated along the rays of half the sky, and of a quarter of it if it is symmetric
    about the plane too and the Sun lies in it.

    Parameters
    ----------
    density, sun, rtol, s_min
        As in :func:`column`.
    nside
        HEALPix resolution, a power of two.
    pixel
        ``"mean"`` over the pixel, or the value at its ``"centre"``.
    executor
        What runs chunks of rays; a pool of threads if None.
    progress
        Whether to show a progress bar, if stderr is a terminal.

    Raises
    ------
    InputError
        For a wrong nside or pixel.
    """
    nside = healpix.check_nside(nside)
    if pixel not in ("mean", "centre"):
        raise InputError(f"pixel {pixel!r}: allowed: mean, centre")
    table = density.table(rtol / 10)
    rays = _rays(table, sun, rtol, s_min)
    with threads() as pool, progress_bar(f"columns, nside {nside}", progress) as done:
        runner = pool if executor is None else executor
        return _column_map(table, sun, nside, rtol, pixel, lambda v: in_chunks(rays, v, runner), done)


def _column_map(
    table: DensityTable,
    sun: Sun,
    nside: int,
    rtol: float,
    pixel: str,
    rays: Callable[[FloatArray], FloatArray],
    done: Callable[[float], None],
) -> FloatArray:
    pixels: healpix.Indices = np.arange(12 * nside**2)
    back: Any = slice(None)
    if table.axisymmetric:
        pixels, back = _representatives(nside, mirror_b=table.folded and sun.place[1] == 0.0)
    if pixel == "centre":
        return rays(healpix.directions(nside, pixels, nest=False))[back]
    nested = healpix.reorder(pixels, nside, to_nest=True)
    # Below nside 32 a pixel is wider than the disc: begin with its parts.
    start = max(nside, 32, _feature_nside(table, sun))
    parts = (start // nside) ** 2
    owner = np.repeat(np.arange(pixels.size), parts)
    means = np.empty(pixels.size)
    # In slices, so that the memory does not grow with nside.
    step = max(1, 2_000_000 // parts)
    every = parts * pixels.size
    for first in range(0, pixels.size, step):
        chosen = slice(first, first + step)
        count = nested[chosen].size
        starts = (nested[chosen, None] * parts + np.arange(parts)).ravel()
        before = parts * first
        integral, area = _refined(
            rays,
            start,
            starts,
            owner[: count * parts],
            count,
            rtol,
            progress=lambda size, before=before: done((before + size) / every),  # type: ignore[misc]
        )
        means[chosen] = integral / area
    return means[back]


def region_column(
    density: Any,
    sun: Sun,
    region: Region,
    *,
    rtol: float = RTOL,
    s_min: float = 0.0,
    executor: Executor | None = None,
    progress: bool = False,
) -> float:
    """Mean column over a region [cm^-2 s^-1], straight from rays.

    Parameters
    ----------
    density, sun, rtol, s_min, executor, progress
        As in :func:`column_map`.
    region
        The part of the sky.

    Raises
    ------
    InputError
        If the region is empty.
    """
    table = density.table(rtol / 10)
    start = max(32, _feature_nside(table, sun))
    pixels, whole = touching(region, start)
    rays = _rays(table, sun, rtol, s_min)
    owner = np.zeros(pixels.size, dtype=np.int64)

    total = region.solid_angle.value / healpix.pixel_width(start) ** 2
    with threads() as pool, progress_bar(f"columns, {region.name}", progress) as done:
        runner = pool if executor is None else executor
        integral, area = _refined(
            lambda v: in_chunks(rays, v, runner),
            start,
            pixels,
            owner,
            1,
            rtol,
            region,
            whole,
            progress=lambda size: done(size / max(total, 1e-300)),
        )
    if not area[0] > 0:
        raise InputError(f"region {region.name!r} is empty")
    return float(integral[0] / area[0])


# Columns do not depend on energy: a second messenger, or another spectrum in the same disc, costs nothing.
@lru_cache(maxsize=8)
def _cached_map(density: Any, sun: Sun, nside: int, rtol: float, s_min: float, progress: bool) -> FloatArray:
    result = column_map(density, sun, nside, rtol=rtol, s_min=s_min, progress=progress)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=64)
def _cached_mean(density: Any, sun: Sun, region: Region, rtol: float, s_min: float, progress: bool) -> float:
    return region_column(density, sun, region, rtol=rtol, s_min=s_min, progress=progress)


def _check_model(model: object) -> None:
    if not isinstance(model, GalaxyModel):
        raise InputError(f"model: a GalaxyModel is needed, got {model!r}; see load_model")


def _energies(energy: u.Quantity) -> tuple[u.Quantity, FloatArray]:
    energy = np.atleast_1d(energy)
    gev = to_array(energy, u.GeV, "energy")
    if gev.ndim != 1 or gev.size == 0 or np.any(gev <= 0):
        raise InputError("energy: a list of positive energies is needed")
    if np.any(np.diff(gev) <= 0):
        raise InputError("energy: the nodes must increase")
    return energy, gev


def _check_memory(nside: int, energies: int, components: int) -> None:
    """Refuse a map that this machine cannot hold, before hours are spent on it."""
    needed = 12 * nside**2 * energies * 8 * (components + 1)
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return
    if needed > 0.8 * there:
        raise InputError(
            f"a map of nside {nside} at {energies} energies needs {needed / 2**30:.0f} GiB of memory, there are "
            f"{there / 2**30:.0f}; use a smaller nside or fewer energies"
        )


def _sum(terms: tuple[Term, ...], gev: FloatArray, columns: Callable[[Term], Any]) -> Any:
    total: Any = 0.0
    for term in terms:
        total = total + np.multiply.outer(term.spectrum(gev), columns(term)) / (4 * math.pi)
    return total


def intensity_map(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    nside: int,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> SkyMap:
    """Full-sky map of a model's differential intensity, averaged over pixels (eq. 8).

    Parameters
    ----------
    model
        What shines, and where the Sun is.
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing nodes.
    nside
        HEALPix resolution.
    rtol
        Relative accuracy of pixel values.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.
    progress
        Whether to show a progress bar, if stderr is a terminal.

    Returns
    -------
    SkyMap
        (n, 12 nside^2) per component, RING, Galactic [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        For unknown names, a wrong nside, or energies outside the cross section's range.
    """
    _check_model(model)
    check_messenger(messenger), check_flavour(flavour)
    energy, gev = _energies(energy)
    healpix.check_nside(nside)
    _check_memory(nside, gev.size, len(model.components))
    parts = {}
    for component in model.components:
        terms = component.terms(messenger, flavour)
        parts[component.name] = (
            _sum(terms, gev, lambda term: _cached_map(term.density, model.sun, nside, rtol, term.s_min, progress))
            * INTENSITY
        )
    meta = {"rtol": f"{rtol:g}", **model.provenance}
    return SkyMap(energy, parts, messenger, flavour if messenger == "neutrino" else "", meta)


def region_sed(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    region: Region,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> Sed:
    """Mean intensity of a region straight from rays, with no map in between (eq. 8).

    Parameters
    ----------
    model, messenger, energy, rtol, flavour, progress
        As in :func:`intensity_map`.
    region
        The part of the sky.

    Raises
    ------
    InputError
        As :func:`intensity_map`, and for an empty region.
    """
    _check_model(model)
    check_messenger(messenger), check_flavour(flavour)
    if not isinstance(region, Region):
        raise InputError(f"region: a Region is needed, got {region!r}; see Region.named and Region.parse")
    energy, gev = _energies(energy)
    parts = {}
    for component in model.components:
        terms = component.terms(messenger, flavour)
        parts[component.name] = (
            _sum(terms, gev, lambda term: _cached_mean(term.density, model.sun, region, rtol, term.s_min, progress))
            * INTENSITY
        )
    meta = {"rtol": f"{rtol:g}", **model.provenance}
    return Sed(energy, parts, region, messenger, flavour if messenger == "neutrino" else "", meta)
