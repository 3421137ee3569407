"""Columns of a density: along directions, over the whole sky, over a region."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..errors import AccuracyWarning, InputError
from ..execution import Executor, in_chunks, progress_bar, threads
from ..galaxy import Density, Sun
from ..sky import Region, healpix
from ..sky.pixels import Pixels
from ..sky.shapes import Box, Everywhere
from ..units import FloatArray
from .mesh import ColumnMesh, Rays, column_mesh
from .pixels import EDGE_PIXELS, mirror_pixels, region_parts
from .rays import ray_columns
from .view import NOTHING, RTOL, View, energy_nodes

__all__ = [
    "REGION_WIDTH",
    "column",
    "column_map",
    "forget_columns",
    "mesh_for",
    "pixel_columns",
    "region_column",
    "remembered_mean",
    "remembered_means",
    "warn_of",
]

# Rays at a time, and pixels: small meshes are shared among threads, too.
RAYS = 1024
CHUNK = 16384
# Where a density is rough its mesh need not be finer than this part of what it is averaged over.
PIXEL_PART = 0.25
# Width of the smallest pixels of which means over regions are made [rad].
REGION_WIDTH = healpix.pixel_width(EDGE_PIXELS)


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

    Warns
    -----
    AccuracyWarning
        If the density's table, the absorption's, or a ray is not as good as asked for.
    """
    view = _view(sun, rtol, s_min, absorption, energy)
    table = density.table(rtol / 10)
    warn_of(max(table.reached, view.basis.reached), rtol)
    rays = ray_columns(table, view)
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
    with threads() as pool:
        runner = pool if executor is None else executor
        width = healpix.pixel_width(nside)
        of_pixels: Callable[[healpix.Indices], FloatArray]
        if pixel == "mean":
            mesh = mesh_for(density, view, width, runner, progress)
            of_pixels = partial(mesh.over_pixels, nside)
        else:
            mesh = _remembered_mesh(density, view, 0.0, width, _Aside((runner, progress)))
            of_pixels = partial(_at_centres, mesh, ray_columns(density.table(view.rtol / 10), view), nside)
        warn_of(mesh.reached, view.rtol)
        back: Any
        if mesh.panels.folded[0]:
            pixels, back = mirror_pixels(nside, mesh.panels.folded[1])
        else:
            pixels, back = np.arange(12 * nside**2), slice(None)
        return in_chunks(of_pixels, pixels, runner, CHUNK)[back]


def _at_centres(mesh: ColumnMesh, rays: Rays, nside: int, pixels: healpix.Indices) -> FloatArray:
    """Columns (n, m) at the centres of RING pixels: from the mesh, and from rays where it has left that to them."""
    columns = mesh.at(*np.radians(healpix.coordinates(nside, pixels)))
    left = np.isnan(columns[:, 0])
    columns[left] = rays(healpix.directions(nside, pixels[left], nest=False))
    return columns


@lru_cache(maxsize=256)
def _feature_angle(density: Density, rtol: float, sun_radius: float) -> float:
    """Angle [rad] under which the smallest feature of a density is seen: all of its table is looked at."""
    return density.table(rtol / 10).feature_angle(sun_radius)


def mesh_for(
    density: Density, view: View, width: float, executor: Executor | None = None, progress: bool = False
) -> ColumnMesh:
    """The mesh of a density, fine enough for means over pixels of some width, integrated once.

    Parameters
    ----------
    density, executor, progress
        As in :func:`column_map`.
    view
        What all rays share.
    width
        Of the pixels [rad].

    Returns
    -------
    ColumnMesh
        The mesh.
    """
    feature = _feature_angle(density, view.rtol, float(view.sun.place[0]))
    finest = min(PIXEL_PART * width, feature) if math.isfinite(feature) else 0.0
    return _remembered_mesh(density, view, finest, 0.0, _Aside((executor, progress)))


def warn_of(reached: float, rtol: float) -> None:
    """Warn if columns are less accurate than was asked for.

    Parameters
    ----------
    reached
        Relative accuracy of the columns.
    rtol
        What was asked for.

    Warns
    -----
    AccuracyWarning
        If the first is larger.
    """
    if reached > rtol:
        words = f"sky: columns are good to {reached:.1e} only, not to the {rtol:.1e} asked for"
        warnings.warn(words, AccuracyWarning, stacklevel=3)


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
    warn_of(mesh_for(density, view, REGION_WIDTH).reached, rtol)
    return float(mean) if energy is None else mean


def _columns_in_region(
    density: Density, view: View, region: Region, executor: Executor | None = None, progress: bool = False
) -> FloatArray:
    """Mean columns (m,) over a region at the energies of the view's transmission basis."""
    mesh = mesh_for(density, view, REGION_WIDTH, executor, progress)
    shape = region.shape
    if isinstance(shape, Everywhere):
        return mesh.over_box((-math.pi, math.pi), (-math.pi / 2, math.pi / 2))
    if isinstance(shape, Box):
        west = math.radians((shape.l_min + 180.0) % 360.0 - 180.0)
        return mesh.over_box(
            (west, west + math.radians(shape.width)), (np.radians(shape.b_min), np.radians(shape.b_max))
        )
    mean = _mean_over_parts(mesh, region)
    if mean is None:
        raise InputError(f"region {region.name!r} is empty")
    return mean


def _mean_over_parts(mesh: ColumnMesh, region: Region) -> FloatArray | None:
    """Mean columns (m,) over a region's pixels and the parts of pixels at its edge; None if it is empty."""
    parts = region_parts(region)
    total, area = parts.areas @ mesh.at(parts.longitudes, parts.latitudes), float(parts.areas.sum())
    for nside, pixels in parts.pixels:
        total = total + mesh.over_pixels(nside, pixels).sum(axis=0) / nside**2
        area += pixels.size / nside**2
    return total / area if area > 0 else None


# Columns do not depend on the spectrum: another one with the same density costs nothing.


class _Aside:
    """Something that an answer does not depend on: equal to all others of its kind."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Aside)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=16)
def _remembered_mesh(density: Density, view: View, finest: float, spacing: float, aside: _Aside) -> ColumnMesh:
    executor, progress = aside.value
    table = density.table(view.rtol / 10)
    rays = ray_columns(table, view)
    with threads() as pool, progress_bar("columns", progress) as done:
        runner = pool if executor is None else executor
        chunks = partial(in_chunks, rays, executor=runner, chunk=RAYS)
        return column_mesh(table, view, chunks, finest=finest, spacing=spacing, progress=done)


def pixel_columns(density: Density, view: View, pixels: Pixels, progress: bool = False) -> FloatArray:
    """Mean columns over pixels, from the density's mesh, in the thread that asks.

    Parameters
    ----------
    density, progress
        As in :func:`column_map`.
    view
        What all rays share.
    pixels
        n pixels. A pixel's columns are the same whichever others are asked for with it.

    Returns
    -------
    array
        (n, m) at the energies of the view's transmission basis.
    """
    mesh = mesh_for(density, view, healpix.pixel_width(pixels.nside), progress=progress)
    return mesh.over_pixels(pixels.nside, pixels.numbers)


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
    for remembered in (_feature_angle, _remembered_mesh, remembered_mean, remembered_means):
        remembered.cache_clear()
