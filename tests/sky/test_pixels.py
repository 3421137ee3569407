"""Pixels of a part of the sky: their places, other resolutions, and what is asked for outside."""

import healpy
import numpy as np
import pytest

from skycocoon import InputError, Region
from skycocoon.sky.pixels import Pixels

INNER = Region.named("lhaaso-inner")


def test_all_pixels_take_no_memory():
    """nside 8192: an array of their numbers would take 6 GB."""
    pixels = Pixels.whole(8192)
    assert (pixels.size, pixels.are_all) == (12 * 8192**2, True)
    part = pixels[10**8 : 10**8 + 3]
    assert part.numbers.tolist() == [10**8, 10**8 + 1, 10**8 + 2]
    assert not part.are_all


def test_blocks_cover_all_pixels_once():
    pixels = Pixels(4, np.arange(3, 190, 2))
    places = list(pixels.blocks(10))
    assert np.array_equal(np.concatenate([pixels[place].numbers for place in places]), pixels.numbers)
    assert {place.stop - place.start for place in places[:-1]} == {10}


def test_places_of_pixels_that_are_missing():
    pixels = Pixels(4, np.array([5, 9, 100]))
    assert pixels.places(np.array([[100, 5], [9, 9]])).tolist() == [[2, 0], [1, 1]]
    with pytest.raises(
        InputError, match=r"map: the pixel at l = .*, b = .* deg is asked for, and is outside it; it has 3 of 192"
    ):
        pixels.places(np.array([5, 6, 7]))


@pytest.mark.parametrize("nside", [1, 8, 64])
def test_pixels_of_a_region_are_those_with_a_part_inside(nside):
    """Those of :meth:`Region.fractions`, which counts all of the sky."""
    pixels, fractions = INNER.touched(nside)
    everywhere = INNER.fractions(nside)
    assert np.array_equal(pixels.numbers, np.flatnonzero(everywhere))
    assert np.array_equal(fractions, everywhere[pixels.numbers])


def test_pixels_of_the_whole_sky():
    pixels, fractions = Region.everywhere().touched(4)
    assert pixels.are_all
    assert np.all(fractions == 1)


def test_smaller_pixels_are_all_children_and_larger_ones_are_whole():
    part, _ = INNER.touched(16)
    children = part.at(64)
    assert np.array_equal(np.unique(healpy.nest2ring(16, healpy.ring2nest(64, children.numbers) // 16)), part.numbers)
    assert children.size == 16 * part.size
    assert children.at(16).same_as(part)
    coarse = part.at(8)
    assert 0 < 4 * coarse.size < part.size
    part.places(healpy.nest2ring(16, 4 * healpy.ring2nest(8, coarse.numbers)))
    with pytest.raises(InputError, match="no whole pixel of nside 1"):
        part.at(1)


def test_samples_outside_are_nan():
    pixels = Pixels(1, np.array([2, 7]))
    np.testing.assert_array_equal(pixels.sample(np.array([1.0, 2.0]), np.array([[7, 2, 11]])), [[2.0, 1.0, np.nan]])
