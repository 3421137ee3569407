"""Sets of NESTED pixels as ranges, held against arrays of all pixels."""

import math
import tracemalloc

import healpy
import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.sky import ranges
from skycocoon.sky.ranges import MaskRule

KINDS = {
    "noise": lambda z, rng: rng.random(z.size) < 0.5,
    "cap": lambda z, rng: z > 0.3,
    "band": lambda z, rng: np.abs(z) < 0.1,
    "all": lambda z, rng: np.ones(z.size, dtype=bool),
    "few": lambda z, rng: np.arange(z.size) % 97 == 5,
}


def inside(kind, nside):
    """(12 nside^2,) booleans in NESTED order."""
    z = healpy.pix2vec(nside, np.arange(12 * nside**2), nest=True)[2]
    return KINDS[kind](z, np.random.default_rng(1))


def expanded(edges, nside):
    """Booleans of ranges, pixel by pixel."""
    full = np.zeros(12 * nside**2, dtype=bool)
    for first, behind in edges.reshape(-1, 2):
        full[first:behind] = True
    return full


def depth_of_each_pixel(full):
    """The same depth from arrays of all pixels, level by level: slow, and plain to see."""
    depth, nside = np.full(full.size, 1e-12), math.isqrt(full.size // 12)
    lowest = highest = full
    while nside >= 1:
        around = healpy.get_all_neighbours(nside, np.arange(12 * nside**2), nest=True)
        around = np.where(around < 0, np.arange(12 * nside**2), around)
        same = (lowest == highest) & (lowest[around] == lowest).all(axis=0) & (highest[around] == lowest).all(axis=0)
        half = 0.5 * math.sqrt(math.pi / 3) / nside
        depth = np.where(np.repeat(same, full.size // same.size), half, depth)
        if nside > 1:
            lowest, highest = lowest.reshape(-1, 4).all(axis=1), highest.reshape(-1, 4).any(axis=1)
        nside //= 2
    return np.where(full, depth, -depth)


@pytest.mark.parametrize("nside", [1, 2, 8, 32])
@pytest.mark.parametrize("kind", KINDS)
def test_ranges_are_the_pixels(kind, nside):
    full = inside(kind, nside)
    edges, its_nside = ranges.of_values(full, True, MaskRule())
    ring, _ = ranges.of_values(full[healpy.ring2nest(nside, np.arange(full.size))], False, MaskRule())
    assert its_nside == nside
    np.testing.assert_array_equal(expanded(edges, nside), full)
    np.testing.assert_array_equal(ring, edges)
    np.testing.assert_array_equal(ranges.of_numbers(np.flatnonzero(full)), edges)
    np.testing.assert_array_equal(expanded(ranges.turned(edges, nside), nside), ~full)
    assert ranges.area(edges, nside) == pytest.approx(full.mean(), rel=1e-12)


@pytest.mark.parametrize("nside", [1, 2, 8, 32])
@pytest.mark.parametrize("kind", KINDS)
def test_depths_are_those_of_each_pixel(kind, nside):
    full = inside(kind, nside)
    starts, depths = ranges.depth_steps(ranges.of_numbers(np.flatnonzero(full)), nside)
    place = np.searchsorted(starts, np.arange(full.size), side="right") - 1
    np.testing.assert_array_equal(depths[place], depth_of_each_pixel(full))


def test_cells_of_several_resolutions():
    """NUNIQ numbers are 4^(order + 1) + pixel; cells that touch or overlap are joined, at their own resolution."""
    starts, ends = ranges.of_uniq([4, 4 + 3, 4**3 + 16, 4**3 + 17])
    np.testing.assert_array_equal(ends - starts, [4**29, 4**29, 4**27, 4**27])
    edges, nside = ranges.of_cells(starts, ends)
    assert nside == 4
    np.testing.assert_array_equal(edges, [0, 18, 48, 64])
    full, _ = ranges.of_cells(*ranges.of_uniq([4, 4**2 + 1]))
    np.testing.assert_array_equal(full, [0, 1])
    finest = 4**30 + 12 * 4**29 - 1
    edges, nside = ranges.of_cells(*ranges.of_uniq([finest]))
    assert nside == 2**29
    np.testing.assert_array_equal(edges, [12 * 4**29 - 1, 12 * 4**29])


@pytest.mark.parametrize("number", [-1, 0, 3, 4**31])
def test_numbers_that_are_no_cell(number):
    with pytest.raises(InputError, match=f"{number} is no NUNIQ number"):
        ranges.of_uniq([4, number])


def test_a_few_pixels_of_the_finest_map_take_little_memory():
    """Ten of 805 306 368 pixels: 6 GiB as an array of numbers, less than a MiB as ranges."""
    pixels = np.arange(10) * 12_345_678
    tracemalloc.start()
    edges = ranges.of_numbers(pixels)
    starts, depths = ranges.depth_steps(edges, 8192)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20
    place = np.searchsorted(starts, [*pixels, *(pixels + 1)], side="right") - 1
    np.testing.assert_array_equal(np.sign(depths[place]), [1] * 10 + [-1] * 10)


@pytest.mark.parametrize("nside", [1, 2, 8])
def test_distances_from_borders_are_lower_bounds(nside):
    """Against the nearest of many points of the pixel's border; not by more than a factor of three where rows are many."""
    rng = np.random.default_rng(4)
    fine = 64 * nside
    for pixel in np.unique(np.linspace(0, 12 * nside**2 - 1, 40).astype(int)):
        inside = pixel * 64**2 + rng.integers(0, 64**2, 200)
        vectors = np.stack(healpy.pix2vec(fine, inside, nest=True), axis=-1)
        border = healpy.boundaries(nside, pixel, step=300, nest=True).T
        distance = 2 * np.arcsin(np.linalg.norm(vectors[:, None] - border, axis=2).min(axis=1) / 2)
        bound = ranges.border_distance(nside, vectors, fine)
        assert np.all(bound <= distance)
        assert np.all(bound > distance / 3 - 2 * math.sqrt(math.pi / 3) / fine)


def test_rules():
    values = np.array([0.0, 1.0, 1 - 1e-12, np.nan, healpy.UNSEEN, -1.6e30, 1e-9])
    kept = [False, True, True, False, False, False, False]
    np.testing.assert_array_equal(MaskRule()(values), kept)
    np.testing.assert_array_equal(MaskRule()(values.astype(np.float32)), kept)
    # Left out is what is 0 or 1 the other way round; what has no value is outside as before.
    np.testing.assert_array_equal(MaskRule(inverted=True)(values), [True, False, False, False, False, False, True])
    np.testing.assert_array_equal(MaskRule(above=0.5)(np.array([0.5, 0.6, np.nan, 255])), [False, True, False, True])
    np.testing.assert_array_equal(MaskRule(missing=(1,))(np.array([0, 1])), [False, False])
    np.testing.assert_array_equal(MaskRule()(np.array([1, 1]), np.array([False, True])), [True, False])
    for wrong in (0.5, 2, -1, 1.001):
        with pytest.raises(InputError, match="above"):
            MaskRule()(np.array([0, wrong]))
