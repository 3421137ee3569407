"""Columns of a density: along directions, over the whole sky, over a region."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np

from ..absorption import Absorption, TransmissionBasis, transmission_basis
from ..errors import InputError
from ..execution import Executor, in_chunks, progress_bar, threads
from ..galaxy import DensityTable, Sun
from ..sky import Region, healpix
from ..sky.shapes import Everywhere
from ..units import FloatArray
from .pixels import feature_nside, mirror_pixels, region_mean, subdivided_means
from .rays import ray_columns, transmission_for
from .view import NOTHING, RTOL, energy_nodes

__all__ = [
    "column",
    "column_map",
    "region_column",
]

# A region is a mean over many pixels: what is missed in each is tens of times less than its criterion says. Means of
# discs and gas in the shipped regions are good to a third of rtol with this.
REGION_SLACK = 5.0


def column(
    density: Any,
    sun: Sun,
    directions: FloatArray,
    *,
    rtol: float = RTOL,
    s_min: float = 0.0,
    absorption: Absorption = NOTHING,
    energy: u.Quantity | None = None,
) -> FloatArray:
    """Column of a density along rays from the Sun: int n exp(-tau) ds (eq. 8, times 4 pi).

    In the density's unit times cm.

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
        Distance at which the density begins to count [kpc].
    absorption, energy
        What absorbs gamma rays on the way, and (m,) energies of these.

    Returns
    -------
    array
        (n,), or (m, n) if energies are given.
    """
    absorber = transmission_for(absorption, sun, energy)
    rays = ray_columns(density.table(rtol / 10), sun, rtol, s_min, absorber)
    found = rays(np.ascontiguousarray(directions, dtype=np.float64))
    if energy is None:
        return found[:, 0]
    return absorber.weights(energy_nodes(energy)[1]) @ found.T


def column_map(
    density: Any,
    sun: Sun,
    nside: int,
    *,
    rtol: float = RTOL,
    s_min: float = 0.0,
    pixel: str = "mean",
    absorption: Absorption = NOTHING,
    energy: u.Quantity | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Columns of a density over the whole sky in RING order, in the density's unit times cm.

    An axisymmetric density is integrated along the rays of half the sky, and of a quarter of it if it is symmetric
    about the plane too and the Sun lies in it.

    Parameters
    ----------
    density, sun, rtol, s_min, absorption, energy
        As in :func:`column`.
    nside
        HEALPix resolution, a power of two.
    pixel
        ``"mean"`` over the pixel, or the value at its ``"centre"``.
    executor
        What runs chunks of rays; a pool of threads if None.
    progress
        Whether to show a progress bar, if stderr is a terminal.

    Returns
    -------
    array
        (12 nside^2,), or (m, 12 nside^2) if energies are given.

    Raises
    ------
    InputError
        For a wrong nside or pixel.
    """
    nside = healpix.check_nside(nside)
    if pixel not in ("mean", "centre"):
        raise InputError(f"pixel {pixel!r}: allowed: mean, centre")
    absorber = transmission_for(absorption, sun, energy)
    found = _map_of_columns(density, sun, nside, rtol, s_min, absorber, pixel, executor, progress)
    return found[:, 0] if energy is None else absorber.weights(energy_nodes(energy)[1]) @ found.T


def _map_of_columns(
    density: Any,
    sun: Sun,
    nside: int,
    rtol: float,
    s_min: float,
    absorber: TransmissionBasis,
    pixel: str = "mean",
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Columns at the absorber's m energies, (12 nside^2, m)."""
    table = density.table(rtol / 10)
    rays = ray_columns(table, sun, rtol, s_min, absorber)
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
        pixels, back = mirror_pixels(nside, mirror_b=table.folded and sun.place[1] == 0.0)
    if pixel == "centre":
        return rays(healpix.directions(nside, pixels, nest=False))[back]
    nested = healpix.reorder(pixels, nside, to_nest=True)
    # Below nside 32 a pixel is wider than the disc: begin with its parts.
    start = max(nside, 32, feature_nside(table, sun))
    parts = (start // nside) ** 2
    owner = np.repeat(np.arange(pixels.size), parts)
    means: list[FloatArray] = []
    # In slices, so that the memory does not grow with nside.
    step = max(1, 1_000_000 // parts)
    every = parts * pixels.size
    for first in range(0, pixels.size, step):
        chosen = slice(first, first + step)
        count = nested[chosen].size
        starts = (nested[chosen, None] * parts + np.arange(parts)).ravel()
        before = parts * first
        integral, area = subdivided_means(
            rays,
            start,
            starts,
            owner[: count * parts],
            count,
            rtol,
            progress=lambda size, before=before: done((before + size) / every),  # type: ignore[misc]
        )
        means.append(integral / area[:, None])
    return np.concatenate(means)[back]


def region_column(
    density: Any,
    sun: Sun,
    region: Region,
    *,
    rtol: float = RTOL,
    s_min: float = 0.0,
    absorption: Absorption = NOTHING,
    energy: u.Quantity | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> Any:
    """Mean column over a region, straight from rays, in the density's unit times cm.

    Parameters
    ----------
    density, sun, rtol, s_min, absorption, energy, executor, progress
        As in :func:`column_map`.
    region
        The part of the sky.

    Returns
    -------
    float or array
        A number, or (m,) if energies are given.

    Raises
    ------
    InputError
        If the region is empty.
    """
    absorber = transmission_for(absorption, sun, energy)
    found = _mean_of_columns(density, sun, region, rtol, s_min, absorber, executor, progress)
    return float(found[0]) if energy is None else absorber.weights(energy_nodes(energy)[1]) @ found


def _mean_of_columns(
    density: Any,
    sun: Sun,
    region: Region,
    rtol: float,
    s_min: float,
    absorber: TransmissionBasis,
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Mean columns at the absorber's m energies, (m,)."""
    table = density.table(rtol / 10)
    start = max(32, feature_nside(table, sun))
    rays = ray_columns(table, sun, rtol, s_min, absorber)
    if table.axisymmetric and region.shape == Everywhere():
        return symmetric_sky_mean(table, sun, start, rtol, rays, executor, progress)
    total = region.solid_angle.value / healpix.pixel_width(start) ** 2
    with threads() as pool, progress_bar(f"columns, {region.name}", progress) as done:
        runner = pool if executor is None else executor
        mean = region_mean(
            lambda v: in_chunks(rays, v, runner),
            start,
            region.shape,
            REGION_SLACK * rtol,
            progress=lambda size: done(size / max(total, 1e-300)),
        )
    if mean is None:
        raise InputError(f"region {region.name!r} is empty")
    return mean


def symmetric_sky_mean(
    table: DensityTable,
    sun: Sun,
    start: int,
    rtol: float,
    rays: Callable[[FloatArray], FloatArray],
    executor: Executor | None,
    progress: bool,
) -> FloatArray:
    """Mean of an axisymmetric sky: pixels that stand for others count as often as these."""
    pixels, back = mirror_pixels(start, mirror_b=table.folded and sun.place[1] == 0.0)
    often, owner = np.unique(np.bincount(back), return_inverse=True)
    nested = healpix.reorder(pixels, start, to_nest=True)
    with threads() as pool, progress_bar("columns, all sky", progress) as done:
        runner = pool if executor is None else executor
        integral, area = subdivided_means(
            lambda v: in_chunks(rays, v, runner),
            start,
            nested,
            owner,
            often.size,
            REGION_SLACK * rtol,
            progress=lambda size: done(size / pixels.size),
        )
    return np.asarray(often @ integral / (often @ area))


# Columns do not depend on the spectrum: another one with the same density costs nothing.
@lru_cache(maxsize=8)
def remembered_map(
    density: Any, sun: Sun, nside: int, rtol: float, s_min: float, absorption: Absorption, progress: bool
) -> FloatArray:
    absorber = transmission_basis(absorption, sun)
    result = _map_of_columns(density, sun, nside, rtol, s_min, absorber, progress=progress)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=256)
def remembered_mean(
    density: Any, sun: Sun, region: Region, rtol: float, s_min: float, absorption: Absorption, progress: bool
) -> FloatArray:
    return _mean_of_columns(density, sun, region, rtol, s_min, transmission_basis(absorption, sun), progress=progress)
