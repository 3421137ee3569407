"""Intensities in single directions, and images in any projection: the same sky as in maps."""

import math

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skycocoon import Cocoons, GalaxyModel, InputError, Template, intensity_at, intensity_map, load_model, wcs_image
from skycocoon.los import column
from skycocoon.sky.healpix import unit_vectors
from skycocoon.units import INTENSITY

from .conftest import DISC, SUN

E = [1, 10] * u.TeV
MODEL = GalaxyModel((Cocoons(),))


def image_header(frame="GLON", pixel=0.1, centre=(30.0, 0.0)):
    kinds = {"GLON": "GLAT", "RA--": "DEC-"}
    return WCS({
        "CTYPE1": f"{frame}-CAR" if frame == "GLON" else f"{frame}-TAN",
        "CTYPE2": f"{kinds[frame]}-CAR" if frame == "GLON" else f"{kinds[frame]}-TAN",
        "CRVAL1": centre[0], "CRVAL2": centre[1], "CDELT1": -pixel, "CDELT2": pixel, "CRPIX1": 10.5, "CRPIX2": 8.5,
    })  # fmt: skip


def test_a_direction_is_its_ray(rng):
    l, b = rng.uniform(-math.pi, math.pi, 50), np.radians(rng.normal(0, 5, 50))
    found = intensity_at(MODEL, "gamma", E, SkyCoord(l * u.rad, b * u.rad, frame="galactic"))
    spectrum = MODEL.components[0].source_yield("gamma", E).value
    expected = np.outer(spectrum, column(DISC, SUN, unit_vectors(l, b), rtol=1e-6)) / (4 * math.pi)
    np.testing.assert_allclose(found.to_value(INTENSITY), expected, rtol=1e-4)


def test_directions_in_any_frame_and_shape():
    place = SkyCoord([[83.6, 266.4], [0.0, 10.0]] * u.deg, [[22.0, -29.0], [5.0, 6.0]] * u.deg)
    found = intensity_at(MODEL, "gamma", E, place)
    assert found.shape == (2, 2, 2)
    one = intensity_at(MODEL, "gamma", E, place[0, 1].galactic)
    np.testing.assert_allclose(found[:, 0, 1].value, one.value, rtol=1e-12)


@pytest.mark.parametrize("frame", ["GLON", "RA--"])
def test_an_image_is_the_mean_of_many_directions(frame):
    wcs = image_header(frame, centre=(30.0, 0.0) if frame == "GLON" else (284.0, -2.0))
    image = wcs_image(MODEL, "gamma", E, wcs, (16, 20))
    assert image.shape == (2, 16, 20)
    fine = (np.arange(16) + 0.5) / 16 - 0.5
    for row, column_ in ((7, 3), (8, 15), (0, 0)):
        x, y = np.meshgrid(column_ + fine, row + fine)
        mean = intensity_at(MODEL, "gamma", E, wcs.pixel_to_world(x, y)).mean(axis=(1, 2))
        np.testing.assert_allclose(image[:, row, column_].value, mean.value, rtol=3e-4)


def test_an_image_and_a_map_hold_the_same_sky():
    wcs = image_header(pixel=0.5, centre=(30.0, 0.0))
    image = wcs_image(load_model("schroer2021"), "gamma", E, wcs, (16, 20))
    sky = intensity_map(load_model("schroer2021"), "gamma", E, 256)
    import healpy

    rows, columns = np.meshgrid(np.arange(16), np.arange(20), indexing="ij")
    place = wcs.pixel_to_world(columns, rows)
    pixels = healpy.ang2pix(256, place.l.deg, place.b.deg, lonlat=True)
    high = np.abs(place.b.deg) > 1.5
    np.testing.assert_allclose(image[:, high].value, sky.intensity[:, pixels][:, high].value, rtol=0.1)


def test_outside_the_projection_there_is_no_sky():
    wcs = WCS(
        {"CTYPE1": "GLON-AIT", "CTYPE2": "GLAT-AIT", "CDELT1": -10.0, "CDELT2": 10.0, "CRPIX1": 20.5, "CRPIX2": 12.5}
    )
    image = wcs_image(MODEL, "gamma", E, wcs, (24, 40))
    assert np.isnan(image[0, 0, 0])
    assert np.isfinite(image[0, 12, 20])


def test_a_component_that_is_a_map_gives_its_pixels():
    sky = intensity_map(MODEL, "gamma", E, 16)
    model = GalaxyModel((Template("map", sky),))
    found = intensity_at(model, "gamma", E, SkyCoord([3.0, 100.0] * u.deg, [1.0, 40.0] * u.deg, frame="galactic"))
    import healpy

    pixels = healpy.ang2pix(16, [3, 100], [1, 40], lonlat=True)
    np.testing.assert_allclose(found.to_value(INTENSITY), sky.intensity[:, pixels].to_value(INTENSITY), rtol=1e-6)


def test_a_wcs_without_a_sky_is_refused():
    with pytest.raises(InputError, match="two celestial axes"):
        wcs_image(MODEL, "gamma", E, WCS({"CTYPE1": "FREQ", "CRPIX1": 1.0}), (2, 2))
