"""The only place where space meets spectra: columns along lines of sight, maps and region spectra.

``intensity = sum_k S_k(E) N_k(E) / 4 pi``: every component is a sum of a yield S_k times a density whose column is N_k
(eq. 8). Columns are computed once and serve all energies: absorbed ones at a few energies, which give those at all
others (:class:`~skycocoon.emission.attenuation.Attenuation`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np

from .emission import TRANSPARENT, Absorption, Attenuation, Component, GalaxyModel, Term, attenuate
from .errors import InputError
from .execution import Executor, in_chunks, progress_bar, threads
from .galaxy import DensityTable, Sun
from .sky import healpix
from .sky.region import Everywhere, Region, edge_parts, touching
from .sky.sed import Sed, check_flavour, check_messenger
from .sky.skymap import SkyMap
from .units import CM_PER_KPC, INTENSITY, FloatArray, to_array

__all__ = [
    "RTOL",
    "check_memory",
    "column",
    "column_map",
    "intensity_map",
    "region_column",
    "region_means",
    "region_sed",
]

RTOL = 1e-4
"""Default relative accuracy of a column, of a pixel mean and of a region mean."""

NOTHING = Absorption(())

# Pixels on a region's edge are not divided beyond this (7 arcmin); what is inside is counted in so many pieces across.
EDGE_RAYS = 512
EDGE_PIECES = 8
# A region is a mean over many pixels: what is missed in each is tens of times less than its criterion says. Means of
# discs and gas in the shipped regions are good to a third of rtol with this.
REGION_SLACK = 5.0
# A pixel smaller than this is not divided further (0.2 arcmin).
FINEST_NSIDE = 16384
# A rough table is looked at on this scale first, so that no feature falls between the samples.
FEATURE_NSIDE = 1024


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
    absorber = _absorber(absorption, sun, energy)
    rays = _rays(density.table(rtol / 10), sun, rtol, s_min, absorber)
    found = rays(np.ascontiguousarray(directions, dtype=np.float64))
    if energy is None:
        return found[:, 0]
    return absorber.weights(_energies(energy)[1]) @ found.T


def _rays(
    table: DensityTable, sun: Sun, rtol: float, s_min: float, absorber: Attenuation = TRANSPARENT
) -> Callable[[FloatArray], FloatArray]:
    """Function of (n, 3) directions that gives (n, m) columns, one for each of the attenuation's energies."""
    from .kernels.columns import KRONROD, columns

    place = sun.place

    def rays(directions: FloatArray) -> FloatArray:
        out = np.empty((len(directions), absorber.size))
        columns(directions, place, s_min, *table.arguments, *absorber.arguments, KRONROD, rtol / 5, out)
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
    """Integrate (n, m) columns over pixels, dividing each NESTED pixel until it is good to rtol of itself or its owner.

    A pixel's centre A and the mean B of its four children give (4 B - A)/3, whose error is taken as a third of their
    difference (that of B, on the safe side). Pixels on a region's edge are divided down to 7 arcmin; then the ray
    through the middle of the part inside stands for that part.

    Returns
    -------
    integral, area
        (owners, m) in units of column times pixels of ``nside``, and (owners,) pixels of ``nside``.
    """
    area = np.zeros(owners)
    found = whole is not None and bool(whole.any())
    centre = rays(healpix.directions(nside, pixels, nest=True))
    integral = np.zeros((owners, centre.shape[1]))
    # The least and the most absorbed column: what is good for these is good for those between.
    total = centre.sum(axis=0)
    watched = np.unique([np.argmax(total), np.argmin(total)])
    level = nside
    while pixels.size:
        children = (4 * pixels[:, None] + np.arange(4)).ravel()
        vectors = healpix.directions(2 * level, children, nest=True)
        values = rays(vectors)
        share = (nside / level) ** 2
        coarse = values.reshape(pixels.size, 4, -1).mean(axis=1)
        size = np.maximum(area + np.bincount(owner, minlength=owners) * share, 1e-300)
        good = np.ones(pixels.size, dtype=bool)
        for k in watched:
            here, before = coarse[:, k], centre[:, k]
            scale = (integral[:, k] + np.bincount(owner, here, owners) * share) / size
            good &= np.abs(here - before) / 3 <= rtol * np.maximum(scale[owner], here)
        if 2 * level >= FINEST_NSIDE:
            good[:] = True
        if region is not None and whole is not None:
            good &= whole
        best = np.maximum((4 * coarse[good] - centre[good]) / 3, 0.0)
        integral += _by_owner(owner[good], best, owners) * share
        area += np.bincount(owner[good], minlength=owners) * share
        left = ~good
        pixels = (4 * pixels[left][:, None] + np.arange(4)).ravel()
        owner = np.repeat(owner[left], 4)
        centre = values.reshape(left.size, 4, -1)[left].reshape(pixels.size, values.shape[1])
        level *= 2
        share /= 4
        if region is not None and whole is not None and pixels.size:
            depth = region.shape.depth(healpix.directions(level, pixels, nest=True), level)
            reach = healpix.pixel_radius(level)
            if level >= EDGE_RAYS:
                edge = ~np.repeat(whole[left], 4)
                part, middle, anything = edge_parts(region, level, pixels[edge], EDGE_PIECES)
                # Along an edge that two disjoint regions share nothing is inside.
                part *= share if anything or found else 0.0
                integral += _by_owner(owner[edge], rays(middle) * part[:, None], owners)
                area += np.bincount(owner[edge], part, owners)
                keep = ~edge
            else:
                keep = depth > -reach
            found = found or bool(np.any(depth[keep] >= reach))
            pixels, owner, centre, whole = pixels[keep], owner[keep], centre[keep], (depth >= reach)[keep]
            if level >= EDGE_RAYS:
                whole = np.ones(pixels.size, dtype=bool)
        progress(float(area.sum()))
    return integral, area


def _by_owner(owner: healpix.Indices, values: FloatArray, owners: int) -> FloatArray:
    """Sum (n, m) rows of each owner."""
    return np.stack([np.bincount(owner, column, owners) for column in values.T], axis=1)


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
    absorber = _absorber(absorption, sun, energy)
    found = _map_of_columns(density, sun, nside, rtol, s_min, absorber, pixel, executor, progress)
    return found[:, 0] if energy is None else absorber.weights(_energies(energy)[1]) @ found.T


def _absorber(absorption: Absorption, sun: Sun, energy: u.Quantity | None) -> Attenuation:
    if energy is None and absorption.fields:
        raise InputError("columns: absorption needs energies")
    return attenuate(absorption, sun)


def _map_of_columns(
    density: Any,
    sun: Sun,
    nside: int,
    rtol: float,
    s_min: float,
    absorber: Attenuation,
    pixel: str = "mean",
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Columns at the absorber's m energies, (12 nside^2, m)."""
    table = density.table(rtol / 10)
    rays = _rays(table, sun, rtol, s_min, absorber)
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
    means: list[FloatArray] = []
    # In slices, so that the memory does not grow with nside.
    step = max(1, 1_000_000 // parts)
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
    absorber = _absorber(absorption, sun, energy)
    found = _mean_of_columns(density, sun, region, rtol, s_min, absorber, executor, progress)
    return float(found[0]) if energy is None else absorber.weights(_energies(energy)[1]) @ found


def _mean_of_columns(
    density: Any,
    sun: Sun,
    region: Region,
    rtol: float,
    s_min: float,
    absorber: Attenuation,
    executor: Executor | None = None,
    progress: bool = False,
) -> FloatArray:
    """Mean columns at the absorber's m energies, (m,)."""
    table = density.table(rtol / 10)
    start = max(32, _feature_nside(table, sun))
    rays = _rays(table, sun, rtol, s_min, absorber)
    if table.axisymmetric and region.shape == Everywhere():
        return _mean_of_sky(table, sun, start, rtol, rays, executor, progress)
    pixels, whole = touching(region, start)
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
            REGION_SLACK * rtol,
            region,
            whole,
            progress=lambda size: done(size / max(total, 1e-300)),
        )
    if not area[0] > 0:
        raise InputError(f"region {region.name!r} is empty")
    return integral[0] / area[0]


def _mean_of_sky(
    table: DensityTable,
    sun: Sun,
    start: int,
    rtol: float,
    rays: Callable[[FloatArray], FloatArray],
    executor: Executor | None,
    progress: bool,
) -> FloatArray:
    """Mean of an axisymmetric sky: pixels that stand for others count as often as these."""
    pixels, back = _representatives(start, mirror_b=table.folded and sun.place[1] == 0.0)
    often, owner = np.unique(np.bincount(back), return_inverse=True)
    nested = healpix.reorder(pixels, start, to_nest=True)
    with threads() as pool, progress_bar("columns, all sky", progress) as done:
        runner = pool if executor is None else executor
        integral, area = _refined(
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
def _cached_map(
    density: Any, sun: Sun, nside: int, rtol: float, s_min: float, absorption: Absorption, progress: bool
) -> FloatArray:
    absorber = attenuate(absorption, sun)
    result = _map_of_columns(density, sun, nside, rtol, s_min, absorber, progress=progress)
    result.flags.writeable = False
    return result


@lru_cache(maxsize=256)
def _cached_mean(
    density: Any, sun: Sun, region: Region, rtol: float, s_min: float, absorption: Absorption, progress: bool
) -> FloatArray:
    return _mean_of_columns(density, sun, region, rtol, s_min, attenuate(absorption, sun), progress=progress)


def _energies(energy: u.Quantity) -> tuple[u.Quantity, FloatArray]:
    energy = np.atleast_1d(energy)
    gev = to_array(energy, u.GeV, "energy")
    if gev.ndim != 1 or gev.size == 0 or np.any(gev <= 0):
        raise InputError("energy: a list of positive energies is needed")
    if np.any(np.diff(gev) <= 0):
        raise InputError("energy: the nodes must increase")
    return energy, gev


def check_memory(nside: int, energies: int, components: int) -> None:
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


def _intensity(
    component: Component,
    messenger: str,
    energy: u.Quantity,
    gev: FloatArray,
    flavour: str,
    absorption: Absorption,
    weights: FloatArray,
    columns: Callable[[Term, Absorption], FloatArray],
    read: Callable[[SkyMap], u.Quantity],
) -> FloatArray:
    """Intensity of one component [INTENSITY]: the sum of its terms' spectra times their columns."""
    if (picture := component.picture(messenger, energy, flavour)) is not None:
        return np.asarray(read(picture).to_value(INTENSITY))
    total: Any = 0.0
    for term in component.terms(messenger, flavour):
        spectra = term.spectrum(gev)[:, None] * weights / (4 * math.pi)
        total = total + spectra @ columns(term, absorption)
    return np.asarray(total)


def _intensities(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    flavour: str,
    columns: Callable[[Term, Absorption], FloatArray],
    read: Callable[[SkyMap], u.Quantity],
) -> tuple[u.Quantity, dict[str, u.Quantity], dict[str, str]]:
    """Energies, intensity of every component, and how it was made: what maps and spectra have in common.

    ``columns`` gives (m, ...) columns of a term, ``read`` what is wanted of a component that is a map already.
    """
    if not isinstance(model, GalaxyModel):
        raise InputError(f"model: a GalaxyModel is needed, got {model!r}; see load_model")
    check_messenger(messenger), check_flavour(flavour)
    energy, gev = _energies(energy)
    # Neutrinos are not absorbed.
    absorption = model.absorption if messenger == "gamma" else NOTHING
    weights = attenuate(absorption, model.sun).weights(gev)
    parts = {
        component.name: u.Quantity(
            _intensity(component, messenger, energy, gev, flavour, absorption, weights, columns, read),
            INTENSITY,
            copy=False,
        )
        for component in model.components
        if messenger in component.messengers
    }
    if not parts:
        names = ", ".join(component.name for component in model.components)
        raise InputError(f"model: none of its components ({names}) shines in {messenger}s")
    return energy, parts, dict(model.provenance)


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
        What shines, what absorbs, and where the Sun is.
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
        For unknown names, a wrong nside, or energies outside the range of a cross section or of a component's map.
    """
    healpix.check_nside(nside)

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return _cached_map(term.density, model.sun, nside, rtol, term.s_min, absorption, progress).T

    def read(picture: SkyMap) -> u.Quantity:
        return picture.resampled(nside, picture.energy).intensity

    check_memory(nside, np.size(energy), len(getattr(model, "components", ())))
    energy, parts, meta = _intensities(model, messenger, energy, flavour, columns, read)
    return SkyMap(energy, parts, messenger, flavour if messenger == "neutrino" else "", {"rtol": f"{rtol:g}", **meta})


def region_means(
    messenger: str,
    energy: u.Quantity,
    regions: Sequence[Region],
    sun: Sun,
    absorption: Absorption,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> Callable[[Component], FloatArray]:
    """What a fit asks for again and again: the mean intensities of one component in several regions.

    Its spectrum is evaluated once for all of them, and what does not depend on it is looked up. Parameters as in
    :func:`region_sed`.

    Returns
    -------
    callable
        Takes a component, gives (n, number of regions) [GeV^-1 cm^-2 s^-1 sr^-1].
    """
    energy, gev = _energies(energy)
    absorption = absorption if messenger == "gamma" else NOTHING
    weights = attenuate(absorption, sun).weights(gev)

    @lru_cache(maxsize=8)
    def found(density: Any, s_min: float) -> FloatArray:
        means = [_cached_mean(density, sun, region, rtol, s_min, absorption, progress) for region in regions]
        return np.stack(means, axis=1)

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return found(term.density, term.s_min)

    def read(picture: SkyMap) -> u.Quantity:
        return np.stack([picture.sed(region).intensity for region in regions], axis=1)

    def means(component: Component) -> FloatArray:
        return _intensity(component, messenger, energy, gev, flavour, absorption, weights, columns, read)

    return means


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
    if not isinstance(region, Region):
        raise InputError(f"region: a Region is needed, got {region!r}; see Region.named and Region.parse")

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return _cached_mean(term.density, model.sun, region, rtol, term.s_min, absorption, progress)

    def read(picture: SkyMap) -> u.Quantity:
        return picture.sed(region).intensity

    energy, parts, meta = _intensities(model, messenger, energy, flavour, columns, read)
    return Sed(
        energy, parts, region, messenger, flavour if messenger == "neutrino" else "", {"rtol": f"{rtol:g}", **meta}
    )
