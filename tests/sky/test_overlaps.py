"""Means over HEALPix pixels of a sky in other pixels."""

import healpy
import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.sky import healpix
from skycocoon.sky.overlaps import placed, turned
from skycocoon.sky.pixels import Pixels


def means(overlaps, values):
    return overlaps.means(lambda places: values[None, places], slice(0, overlaps.pixels.size))[0]


@pytest.mark.parametrize("nside", [1, 2, 8, 32, 64])
@pytest.mark.parametrize("frame", ["C", "E"])
def test_turned_sky_keeps_a_constant_and_the_integral(nside, frame):
    """Of any numbers, of which a random map is the worst; none negative. Each pixel's part is kept to 2e-4."""
    values = np.random.default_rng(nside).random(12 * nside**2) ** 8
    overlaps = turned(Pixels.whole(nside), frame, False)
    assert overlaps.pixels.are_all
    assert overlaps.error < 2e-4
    np.testing.assert_allclose(means(overlaps, np.full(values.size, 3.0)), 3.0, rtol=1e-12)
    found = means(overlaps, values)
    assert found.min() >= 0
    np.testing.assert_allclose(found.mean(), values.mean(), rtol=1e-4)
    np.testing.assert_allclose(overlaps.matrix.sum(axis=0), 1.0, rtol=2.1e-4)


@pytest.mark.parametrize("frame", ["C", "E"])
def test_turned_pixel_is_where_healpy_turns_it(frame):
    """One bright pixel: its neighbours share it, its integral is kept, and its middle is moved as healpy moves it."""
    nside = 32
    overlaps = turned(Pixels.whole(nside), frame, False)
    for number in (0, 5000, 8191, 12 * nside**2 - 1):
        values = np.zeros(12 * nside**2)
        values[number] = 1.0
        found = means(overlaps, values)
        np.testing.assert_allclose(found.sum(), 1.0, rtol=3e-4)
        middle = found @ healpix.directions(nside, np.arange(values.size), nest=False)
        turner = healpy.Rotator(coord=[frame, "G"])
        right = turner(healpy.pix2vec(nside, number))
        angle = np.arccos(np.clip(middle @ right / np.linalg.norm(middle), -1, 1))
        assert angle < 0.15 * healpix.pixel_width(nside)


def test_turned_smooth_sky_is_the_function():
    """exp of a dipole, 4.6 % per pixel: a fraction of that is lost where pixels lie askew, a tenth on the whole."""
    nside = 64
    overlaps = turned(Pixels.whole(nside), "C", False)
    direction = np.array([0.3, 0.5, 0.6])
    turn = healpix.rotation("G", "C")
    celestial = np.exp(3 * healpix.directions(nside, np.arange(12 * nside**2), False) @ direction)
    right = np.exp(3 * healpix.directions(nside, np.arange(12 * nside**2), False) @ turn @ direction)
    ratio = means(overlaps, celestial) / right - 1
    assert np.abs(ratio).max() < 0.015
    assert np.sqrt(np.mean(ratio**2)) < 0.005


def test_part_of_the_sky_turned():
    """Pixels that lie in the part are those of the whole sky turned; outside is missing, or 0 and the integral kept."""
    nside = 32
    values = 2.0 + np.random.default_rng(0).random(12 * nside**2)
    disc = np.sort(healpy.query_disc(nside, healpy.ang2vec(83.6, 22.0, lonlat=True), np.radians(20)))
    whole = means(turned(Pixels.whole(nside), "C", False), values)
    part = turned(Pixels(nside, disc), "C", False)
    assert 0.8 * disc.size < part.pixels.size < disc.size
    # The places that stand for parts of pixels are others.
    np.testing.assert_allclose(means(part, values[disc]), whole[part.pixels.numbers], rtol=0.015)
    filled = turned(Pixels(nside, disc), "C", True)
    assert filled.pixels.are_all
    found = means(filled, values[disc])
    np.testing.assert_allclose(found.sum(), values[disc].sum(), rtol=2e-4)
    middle = healpy.ang2vec(83.6, 22.0, lonlat=True) @ healpix.rotation("G", "C").T
    far = healpix.directions(nside, np.arange(found.size), False) @ middle < np.cos(np.radians(24))
    assert not found[far].any()


def test_part_that_holds_no_pixel():
    with pytest.raises(InputError, match="no pixel of nside 4 lies in the part"):
        turned(Pixels(4, np.array([77])), "C", False)


def test_placed_is_zero_outside():
    overlaps = placed(Pixels(2, np.array([3, 40, 47])))
    right = np.zeros(48)
    right[[3, 40, 47]] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(means(overlaps, np.array([1.0, 2.0, 3.0])), right)


def test_some_pixels_alone_are_those_of_all():
    """A region reads what it needs."""
    overlaps = turned(Pixels.whole(16), "E", False)
    values = np.random.default_rng(3).random(12 * 16**2)
    asked = []

    def given(places):
        asked.append(places)
        return values[None, places]

    some = np.array([5, 900, 901, 3071])
    np.testing.assert_allclose(overlaps.means(given, some)[0], means(overlaps, values)[some], rtol=1e-14)
    assert asked[0].size < 60
