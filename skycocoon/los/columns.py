"""Columns of a density: along directions, over the whole sky, over a region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..errors import InputError
from ..execution import Executor, in_chunks, progress_bar, threads
from ..galaxy import Density, DensityTable, Sun
from ..sky import Region, healpix
from ..sky.shapes import Everywhere
from ..units import FloatArray
from .pixels import Rays, feature_nside, mirror_pixels, region_mean, subdivided_means
from .rays import ray_columns
from .view import NOTHING, RTOL, View, energy_nodes

__all__ = [
    "column",
    "column_map",
    "forget_columns",
    "region_column",
    "remembered_map",
    "remembered_mean",
    "remembered_means",
]

# A region is a mean over many pixels, and the error of each is tens of times smaller than its criterion allows. With
# this factor means of discs and gas in the shipped regions are good to a third of rtol.
REGION_SLACK = 5.0


def column(
    density: Density,
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
    view = _view(sun, rtol, s_min, absorption, energy)
    rays = ray_columns(density.table(rtol / 10), view)
    return _at_energies(rays(np.ascontiguousarray(directions, dtype=np.float64)), view, energy)


def _view(sun: Sun, rtol: float, s_min: float, absorption: Absorption, energy: u.Quantity | None) -> View:
    if energy is None and absorption.fields:
        raise InputError("columns: absorption needs energies")
    return View(sun, absorption, rtol, s_min)


def _at_energies(columns: FloatArray, view: View, energy: u.Quantity | None) -> FloatArray:
    """Columns (n, ...) at energies from those (..., m) of the transmission basis; (...) if no energies are given."""
    return columns[..., 0] if energy is None else view.basis.weights(energy_nodes(energy)[1]) @ columns.T


def column_map(
    density: Density,
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
    view = _view(sun, rtol, s_min, absorption, energy)
    return _at_energies(_columns_of_sky(density, view, nside, pixel, executor, progress), view, energy)


def _columns_of_sky(
    density: Density,
    view: View,
    nside: int,
    pixel: str = "mean",
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Columns (12 nside^2, m) at the energies of the view's transmission basis, in RING order."""
    table = density.table(view.rtol / 10)
    rays = ray_columns(table, view)
    pixels, back = _independent_pixels(table, view.sun, nside)
    with _in_threads(rays, executor, f"nside {nside}", progress) as (columns, done):
        if pixel == "centre":
            return columns(healpix.directions(nside, pixels, nest=False))[back]
        # Below nside 32 a pixel is wider than the disc: begin with its parts.
        start = max(nside, 32, feature_nside(table, view.sun))
        nested = healpix.reorder(pixels, nside, to_nest=True)
        return _pixel_means(columns, nested, (start // nside) ** 2, start, view.rtol, done)[back]


@contextmanager
def _in_threads(
    rays: Rays, executor: Executor | None, where: str, progress: bool
) -> Iterator[tuple[Rays, Callable[[float], None]]]:
    """Rays in chunks, on an executor or on threads of their own, and what moves the progress bar."""
    with threads() as pool, progress_bar(f"columns, {where}", progress) as done:
        runner = pool if executor is None else executor
        yield partial(in_chunks, rays, executor=runner), done


def _independent_pixels(table: DensityTable, sun: Sun, nside: int) -> tuple[healpix.Indices, Any]:
    """RING pixels whose columns give all others by symmetry, and the index of each pixel's column among theirs."""
    if not table.axisymmetric:
        return np.arange(12 * nside**2), slice(None)
    return mirror_pixels(nside, mirror_b=table.folded and sun.place[1] == 0.0)


def _pixel_means(
    columns: Rays, nested: healpix.Indices, parts: int, start: int, rtol: float, done: Callable[[float], None]
) -> FloatArray:
    """Mean columns (n, m) of n NESTED pixels, each divided into ``parts`` pixels of nside ``start`` to begin with."""
    owner = np.repeat(np.arange(nested.size), parts)
    means: list[FloatArray] = []
    # In slices, so that the memory does not grow with nside.
    step = max(1, 1_000_000 // parts)
    for first in range(0, nested.size, step):
        chosen = nested[first : first + step]
        starts = (chosen[:, None] * parts + np.arange(parts)).ravel()
        before = parts * first
        integral, area = subdivided_means(
            columns,
            start,
            starts,
            owner[: starts.size],
            rtol,
            progress=lambda size, before=before: done((before + size) / owner.size),  # type: ignore[misc]
        )
        means.append(integral / area[:, None])
    return np.concatenate(means)


def region_column(
    density: Density,
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
    view = _view(sun, rtol, s_min, absorption, energy)
    mean = _at_energies(_columns_in_region(density, view, region, executor, progress), view, energy)
    return float(mean) if energy is None else mean


def _columns_in_region(
    density: Density, view: View, region: Region, executor: Executor | None = None, progress: bool = False
) -> FloatArray:
    """Mean columns (m,) over a region at the energies of the view's transmission basis."""
    table = density.table(view.rtol / 10)
    rays = ray_columns(table, view)
    start = max(32, feature_nside(table, view.sun))
    everywhere = table.axisymmetric and region.shape == Everywhere()
    with _in_threads(rays, executor, region.name, progress) as (columns, done):
        if everywhere:
            return _symmetric_sky_mean(columns, table, view, start, done)
        total = region.solid_angle.value / healpix.pixel_width(start) ** 2
        mean = region_mean(
            columns,
            start,
            region.shape,
            REGION_SLACK * view.rtol,
            progress=lambda size: done(size / max(total, 1e-300)),
        )
    if mean is None:
        raise InputError(f"region {region.name!r} is empty")
    return mean


def _symmetric_sky_mean(
    columns: Rays, table: DensityTable, view: View, start: int, done: Callable[[float], None]
) -> FloatArray:
    """Mean columns (m,) of an axisymmetric sky: a pixel counts as often as it has mirror images."""
    pixels, back = _independent_pixels(table, view.sun, start)
    images, owner = np.unique(np.bincount(back), return_inverse=True)
    nested = healpix.reorder(pixels, start, to_nest=True)
    integral, area = subdivided_means(
        columns, start, nested, owner, REGION_SLACK * view.rtol, progress=lambda size: done(size / pixels.size)
    )
    return np.asarray(images @ integral / (images @ area))


# Columns do not depend on the spectrum: another one with the same density costs nothing.


@lru_cache(maxsize=8)
def remembered_map(density: Density, view: View, nside: int, progress: bool = False) -> FloatArray:
    """Mean columns over the pixels of the sky, integrated once for each density, view and resolution.

    Parameters
    ----------
    density, progress
        As in :func:`column_map`.
    view
        What all rays share.
    nside
        HEALPix resolution.

    Returns
    -------
    array
        (12 nside^2, m) at the energies of the view's transmission basis, RING, read-only.
    """
    columns = _columns_of_sky(density, view, nside, progress=progress)
    columns.flags.writeable = False
    return columns


@lru_cache(maxsize=256)
def remembered_mean(density: Density, view: View, region: Region, progress: bool = False) -> FloatArray:
    """Mean columns over a region, integrated once for each density, view and region.

    Parameters
    ----------
    density, progress
        As in :func:`region_column`.
    view
        What all rays share.
    region
        The part of the sky.

    Returns
    -------
    array
        (m,) at the energies of the view's transmission basis, read-only. ``remembered_mean.cache_info().misses``
        counts integrations.
    """
    columns = _columns_in_region(density, view, region, progress=progress)
    columns.flags.writeable = False
    return columns


@lru_cache(maxsize=64)
def remembered_means(density: Density, view: View, regions: tuple[Region, ...], progress: bool = False) -> FloatArray:
    """Mean columns over several regions, each as :func:`remembered_mean` gives it.

    Parameters
    ----------
    density, view, progress
        As in :func:`remembered_mean`.
    regions
        k parts of the sky.

    Returns
    -------
    array
        (m, k) at the energies of the view's transmission basis.
    """
    return np.stack([remembered_mean(density, view, region, progress) for region in regions], axis=1)


def forget_columns() -> None:
    """Forget all columns that are remembered, so that the next question integrates again."""
    for remembered in (remembered_map, remembered_mean, remembered_means):
        remembered.cache_clear()
