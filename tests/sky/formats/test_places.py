"""HEALPix maps in equatorial and ecliptic frames, turned on reading; parts of the sky that are 0 outside."""

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, Galactic, SkyCoord

from skycocoon import Region, SkyMap
from skycocoon.units import INTENSITY

from .conftest import MEV, E, by_healpy, galprop, one_line, table, write

NSIDE = 16
NPIX = 12 * NSIDE**2
FRAMES = {"C": "icrs", "E": BarycentricMeanEcliptic(), "G": "galactic"}
SCALES = np.array([1e-6, 2e-9, 3e-12])


def centres(frame, nside=NSIDE):
    """Middles of the pixels of a frame, as astropy has them."""
    lon, lat = healpy.pix2ang(nside, np.arange(12 * nside**2), lonlat=True)
    return SkyCoord(lon, lat, unit="deg", frame=FRAMES[frame])


def plane(coordinates):
    """A sky in closed form: a layer at the Galactic plane and a bulge."""
    where = coordinates.transform_to(Galactic())
    layer = np.exp(-0.5 * (where.b.deg / 15) ** 2)
    return 0.2 + layer * (1 + 0.5 * np.cos(where.l.rad))


def cube(frame, nside=NSIDE):
    return np.outer(SCALES, plane(centres(frame, nside)))


def total(sky):
    """Integral over the sky at each energy, as the file has it [MeV^-1 ...]."""
    return sky.intensity.to_value(u.Unit(MEV)).mean(axis=1) * 4 * np.pi


@pytest.mark.parametrize("frame", ["C", "E"])
@pytest.mark.parametrize("nest", [False, True])
def test_turned_to_galactic(path, frame, nest):
    """The function at Galactic middles, with astropy's own rotation; gradients are 10 % per pixel."""
    values = cube(frame)
    written = values[:, healpy.nest2ring(NSIDE, np.arange(NPIX))] if nest else values
    sky = SkyMap.read(by_healpy(path, written, coord=frame, nest=nest), energies=E)
    np.testing.assert_allclose(total(sky), values.mean(axis=1) * 4 * np.pi, rtol=1e-4)
    right = cube("G")
    ratio = sky.intensity.to_value(u.Unit(MEV)) / right - 1
    assert np.abs(ratio).max() < 0.08
    assert np.sqrt(np.mean(ratio**2)) < 0.02
    assert "galactic" in sky.meta["turned"]
    assert sky.meta["file_frame"] in ("celestial", "ecliptic")


@pytest.mark.parametrize("name", ["C", "CEL", "EQ", "EQU", "ICRS", "FK5", "J2000", "icrs", "E", "ECL", "Ecliptic"])
def test_names_of_frames(path, name):
    """A constant stays what it is in any of them."""
    sky = SkyMap.read(galprop(path, np.full((3, 48), 2e-7, dtype=np.float64), COORDSYS=name))
    np.testing.assert_allclose(sky.intensity.to_value(u.Unit(MEV)), 2e-7, rtol=1e-12)


def test_frame_that_the_caller_states(path):
    """A file that says none; one that says another is refused."""
    values = cube("C")
    sky = SkyMap.read(galprop(path, values, COORDSYS=None, NSIDE=NSIDE), frame="celestial")
    np.testing.assert_allclose(total(sky), values.mean(axis=1) * 4 * np.pi, rtol=1e-4)
    path.unlink()
    one_line(galprop(path, values, COORDSYS="GAL", NSIDE=NSIDE), "frame = 'celestial' contradicts", frame="celestial")


def test_spectrum_of_a_region_is_that_of_the_turned_map(path):
    region = Region.disc(184.6 * u.deg, -5.8 * u.deg, 40 * u.deg)
    by_healpy(path, cube("C"), coord="C")
    whole = SkyMap.read(path, energies=E)
    part = SkyMap.read(path, energies=E, region=region)
    assert part.pixels.size < whole.pixels.size
    np.testing.assert_allclose(part.sed(region).intensity.value, whole.sed(region).intensity.value, rtol=1e-12)


def part_of(path, frame="G", listed=None, values=None):
    """A file of some pixels, values 1, 2, ... times the scale."""
    listed = np.arange(100, 900) if listed is None else listed
    values = 1.0 + np.arange(listed.size) if values is None else values
    columns = {"PIXEL": (listed, None)} | {f"ENERGY{k + 1}": (values * s, MEV) for k, s in enumerate(SCALES)}
    keys = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": NSIDE, "COORDSYS": frame, "INDXSCHM": "EXPLICIT"}
    energies = table({"Energy": (E.to_value("MeV"), "MeV")}, "ENERGIES")
    return write(path, table(columns, "SKYMAP", **keys), energies)


@pytest.mark.parametrize("frame", ["G", "C", "E"])
def test_part_of_the_sky_is_zero_outside_if_said(path, frame):
    """The integral is that of the part's own pixels."""
    part_of(path, frame)
    own = (1.0 + np.arange(800)).sum() * SCALES * 4 * np.pi / NPIX
    sky = SkyMap.read(path, outside_sky="zero")
    assert sky.pixels.are_all
    np.testing.assert_allclose(total(sky), own, rtol=3e-4)
    assert (sky.intensity.value == 0).mean() > 0.5
    assert "zero" in sky.meta["outside_sky"]
    left = SkyMap.read(path)
    assert not left.pixels.are_all
    assert left.pixels.size <= 800
    assert "outside_sky" not in left.meta


def test_masked_pixels_are_zero_if_said(path):
    """healpy writes a part of the sky as UNSEEN in all of it; NaN is no value either."""
    values = cube("G")
    values[:, :500] = healpy.UNSEEN
    values[:, 500:600] = np.nan
    by_healpy(path, values)
    one_line(path, "500 UNSEEN .*100 NaN.*outside_sky = 'zero'.*--outside-sky", energies=E)
    sky = SkyMap.read(path, energies=E, outside_sky="zero")
    assert not sky.intensity[:, :600].value.any()
    np.testing.assert_allclose(sky.intensity[:, 600:].to_value(u.Unit(MEV)), values[:, 600:], rtol=1e-6)
    assert "1800 masked values" in sky.meta["outside_sky"]


def test_infinite_values_are_never_zero(path):
    values = cube("G")
    values[1, 3] = np.inf
    one_line(by_healpy(path, values), "1 NaN or infinite", energies=E, outside_sky="zero", negative="zero")


def test_negative_values_are_zero_if_said(path):
    """With their part of the sum: -3 of 2000 units."""
    values = np.ones((1, NPIX))
    values[0, [5, 70, 900]] = -1.0
    by_healpy(path, values * 1e-9)
    line = one_line(path, "3 negative", energies=E[:1])
    assert "negative = 'zero'" in line
    assert "--negative zero" in line
    assert "lowest is -1e-09" in line
    sky = SkyMap.read(path, energies=E[:1], negative="zero")
    assert sky.intensity.min() == 0
    np.testing.assert_allclose(sky.intensity.sum().to_value(u.Unit(MEV)), (NPIX - 3) * 1e-9, rtol=1e-6)
    assert "3 negative values are 0" in sky.meta["negative"]
    assert f"{3 / (NPIX - 3):.2g} of the rest at 10 GeV" in sky.meta["negative"]


def test_negative_values_of_a_turned_map(path):
    """They are 0 before means are made."""
    values = np.ones((1, NPIX))
    values[0, [5, 70, 900]] = -1.0
    sky = SkyMap.read(by_healpy(path, values, coord="C"), energies=E[:1], negative="zero")
    np.testing.assert_allclose(total(sky), (NPIX - 3) / NPIX * 4 * np.pi, rtol=1e-5)


@pytest.mark.parametrize("key", ["outside_sky", "negative"])
def test_other_words_are_refused(path, key):
    one_line(by_healpy(path, cube("G")), "'nought'; allowed: error, zero", energies=E, **{key: "nought"})


def test_float_and_unit_are_kept(path):
    """E^2 times an intensity, in another frame, is divided by E^2 after nothing else."""
    sky = SkyMap.read(by_healpy(path, np.ones((1, NPIX)), coord="C", unit="GeV cm-2 s-1 sr-1"), energies=[2] * u.GeV)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), 0.25, rtol=1e-12)


def test_gammapy_writes_a_part(path):
    """A disc in equatorial pixels, in its own layout: the integral is that of its pixels."""
    maps = pytest.importorskip("gammapy.maps")
    axis = maps.MapAxis.from_nodes([1, 10, 100], unit="TeV", name="energy_true", interp="log")
    geom = maps.HpxGeom(32, nest=True, frame="icrs", region="DISK(83.6,22,20)", axes=[axis])
    part = maps.HpxNDMap(geom, unit="GeV-1 cm-2 s-1 sr-1")
    part.data[:] = SCALES[:, None] * (1 + np.arange(part.data.shape[1]) % 7)
    part.write(path)
    sky = SkyMap.read(path, outside_sky="zero")
    own = part.data.sum(axis=1) * 4 * np.pi / (12 * 32**2)
    np.testing.assert_allclose(total(sky) * 1e3, own, rtol=3e-4)
    assert 0 < SkyMap.read(path).pixels.size < part.data.shape[1]
