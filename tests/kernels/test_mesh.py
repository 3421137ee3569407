"""Polynomials on panels against their numpy twin, and the geometry of pixels against healpy."""

import math

import healpy
import numpy as np
import pytest

from skycocoon.kernels.mesh import GAUSS, ORDER, RHOMBUS, Panels, at_directions, on_parallels, over_pixels

EVERYWHERE = False, False
QUARTER = True, True


# Of each leaf: its column and row in the table, and where in its panel it begins and ends, in l and in b.
LEAVES = [
    (0, 1, 0, 1, 0, 1), (1, 0, 0, 1, 0, 1), (0, 0, 0, 0.5, 0, 1), (0, 0, 0.5, 1, 0, 0.5), (0, 0, 0.5, 1, 0.5, 1),
    (1, 1, 0, 1, 0, 0.5), (1, 1, 0, 1, 0.5, 1),
]  # fmt: skip


def smooth(l, b, members):
    """Functions (..., m) without an edge anywhere on the sphere: the logarithm of the first, and ratios to it."""
    parts = [
        0.04 * np.cos(l) * np.cos(b) + 0.1 * np.sin(b) ** 2,
        0.5 + 0.02 * np.cos(l) * np.cos(b),
        0.1 * np.sin(b) ** 2,
    ]
    return np.stack(np.broadcast_arrays(*parts)[:members], axis=-1)


def panels(folded=EVERYWHERE, members=1, linear=False):
    """A table of 2 x 2 panels: the first column has a root at its right edge, two panels are halved."""
    longitudes = np.array([0.0 if folded[0] else -math.pi, 0.7, math.pi])
    latitudes = np.array([0.0 if folded[1] else -math.pi / 2, 0.3, math.pi / 2])
    # Panel 0 is halved in l, its second half in b; panel 3 in b.
    axis = np.array([0, -1, -1, 1, -1, 1, -1, -1, -1, -1])
    child = np.array([4, 1, 0, 8, 2, 6, 3, 4, 5, 6])
    x = np.cos(math.pi * (np.arange(ORDER) + 0.5) / ORDER)
    to_powers = np.linalg.inv(np.polynomial.polynomial.polyvander(x, ORDER - 1))
    polynomials = []
    for column, row, t0, t1, v0, v1 in LEAVES:
        t, v = (low + (high - low) * (x + 1) / 2 for low, high in ((t0, t1), (v0, v1)))
        t = 1 - (1 - t) ** 2 if column == 0 else t
        l = longitudes[column] + (longitudes[column + 1] - longitudes[column]) * t
        b = latitudes[row] + (latitudes[row + 1] - latitudes[row]) * v
        values = smooth(l[:, None], b, members)
        polynomials.append(np.einsum("ax,xym,by->mab", to_powers, values, to_powers))
    heights = np.diff(latitudes) / 2
    flags = np.full(len(LEAVES), linear)
    return Panels(
        latitudes,
        np.array([0, 2, 4]),
        np.tile(longitudes[:-1], 2),
        np.tile(longitudes[1:], 2),
        np.array([1, 0, 1, 0]),
        heights,
        axis,
        child,
        np.array(polynomials),
        flags,
        np.ones((len(LEAVES), 2)),
        folded,
    )


def twin(l, b, sky):
    """Columns (m,) in one direction, by plain recursion."""
    l, b = (abs(x) if fold else x for x, fold in zip((l, b), sky.folded, strict=True))
    row = min(np.searchsorted(sky.latitudes, b, side="right") - 1, sky.latitudes.size - 2)
    node = next(k for k in range(sky.rows[row], sky.rows[row + 1]) if sky.west[k] <= l <= sky.east[k])
    t = (l - sky.west[node]) / (sky.east[node] - sky.west[node])
    if sky.bends[node]:
        t = 1 - math.sqrt(1 - t) if sky.bends[node] > 0 else math.sqrt(t)
    v = (b - sky.latitudes[row]) / (sky.latitudes[row + 1] - sky.latitudes[row])
    while sky.axis[node] >= 0:
        part = [t, v][sky.axis[node]]
        second = part >= 0.5
        part = 2 * part - second
        t, v = (part, v) if sky.axis[node] == 0 else (t, part)
        node = sky.child[node] + second
    leaf = sky.child[node]
    values = np.polynomial.polynomial.polyval2d(2 * t - 1, 2 * v - 1, np.moveaxis(sky.polynomials[leaf], 0, -1))
    first = max(values[0], 0.0) if sky.linear[leaf] else math.exp(values[0])
    return np.concatenate([[first], first * values[1:]])


@pytest.mark.parametrize("folded", [EVERYWHERE, QUARTER])
@pytest.mark.parametrize("linear", [False, True])
def test_directions_agree_with_their_twin(folded, linear, rng):
    sky = panels(folded, members=3, linear=linear)
    l, b = rng.uniform(-math.pi, math.pi, 200), np.arcsin(rng.uniform(-1, 1, 200))
    out = np.empty((200, 3))
    at_directions(l, b, sky, out)
    np.testing.assert_allclose(out, [twin(*place, sky) for place in zip(l, b, strict=True)], rtol=1e-12)


@pytest.mark.parametrize("folded", [EVERYWHERE, QUARTER])
def test_parallels_agree_with_the_twin_along_them(folded):
    sky = panels(folded, members=2)
    b = np.array([-1.2, -0.2, 0.1, 0.29, 1.0])
    low, high = -0.5, 5.9
    out = np.empty((b.size, 2))
    on_parallels(b, low, high, sky, GAUSS, 10, out)
    x, w = np.polynomial.legendre.leggauss(100)
    l = 0.5 * (low + high) + 0.5 * (high - low) * x
    wrapped = (l + math.pi) % (2 * math.pi) - math.pi
    expected = [0.5 * (high - low) * w @ np.array([twin(place, latitude, sky) for place in wrapped]) for latitude in b]
    np.testing.assert_allclose(out, expected, rtol=1e-5)


@pytest.mark.parametrize("nside", [1, 2, 8, 64])
@pytest.mark.parametrize("folded", [EVERYWHERE, QUARTER])
def test_pixel_means_agree_with_the_mean_of_many_directions(nside, folded, rng):
    sky = panels(folded, members=2)
    picked = np.unique(rng.integers(0, 12 * nside**2, 12))
    out = np.empty((picked.size, 2))
    over_pixels(nside, picked, sky, np.array([0.7]), GAUSS, RHOMBUS, 10, out)
    means = []
    for across in (32, 64):
        parts = healpy.ring2nest(nside, picked)[:, None] * across**2 + np.arange(across**2)
        theta, phi = healpy.pix2ang(nside * across, parts, nest=True)
        columns = np.empty((theta.size, 2))
        at_directions(phi.ravel(), math.pi / 2 - theta.ravel(), sky, columns)
        means.append(columns.reshape(picked.size, -1, 2).mean(axis=1))
    # The rule of equal parts is of second order: twice as many make its error known. Panels as wide as these do not quite
    # join, which no rule likes.
    np.testing.assert_allclose(out, (4 * means[1] - means[0]) / 3, rtol=2e-4)


@pytest.mark.parametrize("nside", [1, 4, 32])
def test_a_mean_does_not_depend_on_the_pixels_asked_for_with_it(nside, rng):
    sky = panels(QUARTER, members=2)
    pixels = np.arange(12 * nside**2)
    whole = np.empty((pixels.size, 2))
    over_pixels(nside, pixels, sky, np.array([0.7]), GAUSS, RHOMBUS, 10, whole)
    for picked in (pixels[1::3], pixels[5:], np.unique(rng.integers(0, pixels.size, 9))):
        part = np.empty((picked.size, 2))
        over_pixels(nside, picked, sky, np.array([0.7]), GAUSS, RHOMBUS, 10, part)
        np.testing.assert_array_equal(part, whole[picked])
    # Mirror images are equal to the last digit.
    x, y, z = healpy.pix2vec(nside, pixels)
    np.testing.assert_array_equal(whole, whole[healpy.vec2pix(nside, x, -y, z)])
    np.testing.assert_array_equal(whole, whole[healpy.vec2pix(nside, x, y, -z)])
