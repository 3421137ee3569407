"""Images and cubes in projections of the FITS standard become means over HEALPix pixels."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, Galactic, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from skycocoon import Region, SkyMap
from skycocoon.sky import healpix

from .conftest import E, one_line, table

UNIT = "photon/cm2/s/MeV/sr"
MEV = u.Unit("cm-2 s-1 sr-1 MeV-1")
AXES = {"G": ("GLON-", "GLAT-"), "C": ("RA---", "DEC--"), "E": ("ELON-", "ELAT-")}
# astropy takes ELON for a right ascension.
FRAMES = {"G": "galactic", "C": "icrs", "E": BarycentricMeanEcliptic()}
SCALES = np.array([1e-6, 2e-9, 3e-12])


def header(projection="CAR", frame="G", step=(-2.0, 2.0), middle=(90.5, 45.5), value=(0.0, 0.0), **keys):
    """Header of an image."""
    made = fits.Header()
    for k in (0, 1):
        made[f"CTYPE{k + 1}"] = AXES[frame][k] + projection
        made[f"CUNIT{k + 1}"] = "deg"
        made[f"CDELT{k + 1}"], made[f"CRPIX{k + 1}"], made[f"CRVAL{k + 1}"] = step[k], middle[k], value[k]
    for key, text in keys.items():
        made[key] = text
    return made


def function(coordinates):
    """A sky in closed form."""
    where = coordinates.transform_to(Galactic())
    return 0.3 + np.exp(-0.5 * (where.b.deg / 20) ** 2) * (1 + 0.5 * np.cos(where.l.rad - 1))


def sampled(head, shape):
    """The function at the middles of pixels, NaN outside the sky, and their solid angles.

    Plain CAR is its own closed form. Of others, a solid angle is a vector product of steps of a tenth of a pixel.
    """
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    frame = FRAMES[next(letter for letter, names in AXES.items() if head["CTYPE1"].startswith(names[0]))]
    if head["CTYPE1"].endswith("CAR") and head["CRVAL2"] == 0:
        longitude = head["CRVAL1"] + head["CDELT1"] * (x + 1 - head["CRPIX1"])
        latitude = head["CDELT2"] * (y + 1 - head["CRPIX2"])
        edges = np.radians(np.clip([latitude - head["CDELT2"] / 2, latitude + head["CDELT2"] / 2], -90, 90))
        areas = np.radians(abs(head["CDELT1"])) * np.abs(np.diff(np.sin(edges), axis=0)[0])
        return function(SkyCoord(longitude, latitude, unit="deg", frame=frame)), areas
    wcs = WCS(head)

    def vectors(dx, dy):
        longitude, latitude = np.radians(wcs.wcs_pix2world(x.ravel() + dx, y.ravel() + dy, 0))
        return healpix.unit_vectors(longitude, latitude).reshape((*shape, 3))

    longitude, latitude = wcs.wcs_pix2world(x.ravel(), y.ravel(), 0)
    inside = np.isfinite(longitude).reshape(shape)
    coordinates = SkyCoord(np.nan_to_num(longitude), np.nan_to_num(latitude), unit="deg", frame=frame)
    sides = np.cross(vectors(0.05, 0) - vectors(-0.05, 0), vectors(0, 0.05) - vectors(0, -0.05))
    values = np.where(inside, function(coordinates).reshape(shape), np.nan)
    return values, np.linalg.norm(sides, axis=-1) * 100


def write_cube(path, head, planes, energies="Energy", unit="MeV", bunit=UNIT, **keys):
    """As Fermi's models of the sky: an image in the primary HDU, and ENERGIES."""
    head = head.copy()
    if bunit:
        head["BUNIT"] = bunit
    for key, text in keys.items():
        head[key] = text
    hdus = [fits.PrimaryHDU(np.asarray(planes), head)]
    if energies:
        numbers = (E[: len(planes)].to_value("MeV"), unit)
        columns = (
            {energies: numbers} if energies == "Energy" else {"CHANNEL": (np.arange(1, 4), None), energies: numbers}
        )
        hdus.append(table(columns, "ENERGIES"))
    fits.HDUList(hdus).writeto(path)
    return path


def total(sky):
    return sky.intensity.to_value(MEV).mean(axis=1) * 4 * np.pi * sky.pixels.size / (12 * sky.nside**2)


def middles(sky):
    return SkyCoord(*healpix.coordinates(sky.nside, sky.pixels.numbers), unit="deg", frame="galactic")


WHOLE_SKIES = {
    "l falling": (header(), (90, 180)),
    "l rising": (header(step=(2.0, 2.0)), (90, 180)),
    "from l = 0": (header(step=(2.0, 2.0), middle=(1.0, 45.5), value=(1.0, 0.0)), (90, 180)),
    "about l = 180": (header(value=(180.0, 0.0)), (90, 180)),
    "middles on the poles": (header(middle=(90.5, 46.0)), (91, 180)),
    "poles and 180 twice": (header(middle=(91.0, 46.0)), (91, 181)),
    "south on top": (header(step=(-2.0, -2.0)), (90, 180)),
    "RA and Dec": (header(frame="C", value=(180.0, 0.0), RADESYS="ICRS"), (90, 180)),
    "FK5": (header(frame="C", RADESYS="FK5", EQUINOX=2000.0), (90, 180)),
    "ecliptic": (header(frame="E"), (90, 180)),
    "flat pixels": (header(step=(-2.0, 0.5), middle=(90.5, 180.5)), (360, 180)),
    "equal areas": (header("CEA", step=(-2.0, 360 / np.pi / 116), middle=(90.5, 58.5)), (116, 180)),
    "Aitoff": (header("AIT", step=(-1.0, 1.0), middle=(163.5, 82.5)), (164, 326)),
    "Mollweide, RA": (header("MOL", "C", step=(-1.0, 1.0), middle=(163.5, 82.5)), (164, 326)),
    "sinusoidal": (header("SFL", step=(-1.0, 1.0), middle=(180.5, 90.5)), (180, 360)),
    "oblique": (header(value=(40.0, 30.0)), (90, 180)),
}


@pytest.mark.parametrize("name", WHOLE_SKIES)
def test_whole_sky(path, name):
    """The integral is the sum over the image's pixels to 1e-3, and values are the function's to a pixel's gradient."""
    head, shape = WHOLE_SKIES[name]
    values, areas = sampled(head, shape)
    if "twice" in name:
        areas[:, [0, -1]] /= 2
    write_cube(path, head, SCALES[:, None, None] * np.nan_to_num(values))
    sky = SkyMap.read(path)
    assert sky.pixels.are_all
    assert healpix.pixel_width(sky.nside) >= np.radians(np.sqrt(abs(head["CDELT1"] * head["CDELT2"])))
    assert healpix.pixel_width(2 * sky.nside) < np.radians(np.sqrt(abs(head["CDELT1"] * head["CDELT2"])))
    own = np.nansum(values * areas) * SCALES
    np.testing.assert_allclose(total(sky), own, rtol=1e-3)
    where = middles(sky)
    ratio = sky.intensity[1].to_value(MEV) / SCALES[1] / function(where) - 1
    assert np.abs(ratio).max() < 0.12
    assert np.sqrt(np.mean(ratio**2)) < 0.02
    assert sky.intensity.min() > 0


@pytest.mark.parametrize("name", ["l falling", "middles on the poles", "Aitoff", "RA and Dec"])
def test_constant_and_bright_pixel(path, name):
    """A constant stays what it is; one bright pixel keeps its integral, wherever it is."""
    head, shape = WHOLE_SKIES[name]
    _, areas = sampled(head, shape)
    planes = np.full((3, *shape), 2e-9)
    row, column = shape[0] // 2 + 7, shape[1] // 2 + 11
    planes[1:] = 0.0
    planes[1, row, column] = 1e-6
    planes[2, shape[0] // 2 + 25, column] = 1e-6
    sky = SkyMap.read(write_cube(path, head, planes))
    np.testing.assert_allclose(sky.intensity[0].to_value(MEV), 2e-9, rtol=1e-12)
    right = 1e-6 * np.array([areas[row, column], areas[shape[0] // 2 + 25, column]])
    np.testing.assert_allclose(total(sky)[1:], right, rtol=2e-3)
    assert sky.intensity.min() == 0


def test_energies_after_a_column_of_channels(path):
    """Fermi's table: CHANNEL, then ENERGY; MeV, though it says none."""
    head, shape = WHOLE_SKIES["l falling"]
    sky = SkyMap.read(write_cube(path, head, SCALES[:, None, None] * np.ones(shape), energies="ENERGY", unit=None))
    np.testing.assert_allclose(sky.energy.to_value("MeV"), E.to_value("MeV"), rtol=1e-12)


def test_unit_that_the_file_does_not_say(path):
    head, shape = WHOLE_SKIES["l falling"]
    write_cube(path, head, SCALES[:, None, None] * np.ones(shape), bunit="")
    one_line(path, "does not say its unit")
    sky = SkyMap.read(path, unit=UNIT)
    np.testing.assert_allclose(sky.intensity[0].to_value(MEV), 1e-6, rtol=1e-12)


def test_single_image_with_its_energy_stated(path):
    """Stated by the caller, or by the header's key ENERGY."""
    head, shape = WHOLE_SKIES["l falling"]
    write_cube(path, head, np.full(shape, 1e-9), energies="")
    one_line(path, "does not say its energies")
    sky = SkyMap.read(path, energies=[10] * u.TeV)
    assert sky.energy.to_value(u.TeV) == pytest.approx([10])
    np.testing.assert_allclose(sky.intensity.to_value(MEV), 1e-9, rtol=1e-12)
    path.unlink()
    sky = SkyMap.read(write_cube(path, head, np.full(shape, 1e-9), energies="", ENERGY="3 GeV"))
    assert sky.energy.to_value(u.GeV) == pytest.approx([3])


PARTS = {
    "strip": (header(step=(-0.5, 0.5), middle=(360.5, 21.0)), (41, 720)),
    "strip across 180": (header(step=(-0.5, 0.5), middle=(60.5, 21.0), value=(180.0, 0.0)), (41, 120)),
    "box far from its middle": (header(step=(-0.5, 0.5), middle=(-100.0, -30.0)), (80, 90)),
    "tangent": (header("TAN", "C", step=(-0.25, 0.25), middle=(50.5, 50.5), value=(83.6, 22.0)), (100, 100)),
    "pole": (header("ZEA", step=(-0.5, 0.5), middle=(40.5, 40.5), value=(0.0, 90.0)), (80, 80)),
    "arc": (header("ARC", "E", step=(-0.5, 0.5), middle=(40.5, 40.5), value=(100.0, -40.0)), (80, 80)),
}


@pytest.mark.parametrize("name", PARTS)
def test_part_of_the_sky(path, name):
    """Pixels that lie in it have the function's values; with zeros outside, the integral is the image's."""
    head, shape = PARTS[name]
    values, areas = sampled(head, shape)
    write_cube(path, head, SCALES[:, None, None] * values)
    part = SkyMap.read(path)
    assert not part.pixels.are_all
    where = middles(part)
    ratio = part.intensity[2].to_value(MEV) / SCALES[2] / function(where) - 1
    assert np.abs(ratio).max() < 0.03
    assert 0.7 * areas.sum() < part.pixels.size * np.pi / (3 * part.nside**2) < areas.sum()
    whole = SkyMap.read(path, outside_sky="zero")
    assert whole.pixels.are_all
    np.testing.assert_allclose(total(whole), np.sum(values * areas) * SCALES, rtol=1e-3)


def test_pixels_without_a_value_are_outside(path):
    """NaN, as gammapy writes it."""
    head, shape = WHOLE_SKIES["l falling"]
    values = np.ones((1, *shape))
    values[0, :, :40] = np.nan
    sky = SkyMap.read(write_cube(path, head, values))
    assert 0.7 < sky.pixels.size / (12 * sky.nside**2) < 7 / 9
    filled = SkyMap.read(path, outside_sky="zero")
    np.testing.assert_allclose(total(filled), 4 * np.pi * 7 / 9, rtol=1e-3)


@pytest.mark.parametrize("name", ["Aitoff", "Mollweide, RA", "sinusoidal"])
@pytest.mark.parametrize("beside", [0.0, np.nan, 1e9])
def test_what_is_beside_the_oval_does_not_matter(path, name, beside):
    """Those pixels are not on the sky."""
    head, shape = WHOLE_SKIES[name]
    values, _ = sampled(head, shape)
    sky = SkyMap.read(write_cube(path, head, np.where(np.isfinite(values), 2e-9, beside)[None]))
    assert sky.pixels.are_all
    np.testing.assert_allclose(sky.intensity.to_value(MEV), 2e-9, rtol=1e-12)


def test_region_of_an_image(path):
    head, shape = WHOLE_SKIES["RA and Dec"]
    values, _ = sampled(head, shape)
    write_cube(path, head, SCALES[:, None, None] * values)
    region = Region.disc(120 * u.deg, 10 * u.deg, 40 * u.deg)
    seds = [SkyMap.read(path, region=where).sed(region).intensity.value for where in (None, region)]
    np.testing.assert_allclose(*seds, rtol=1e-12)


def test_scaled_integers(path):
    """BSCALE and BLANK, which astropy does not map."""
    head, shape = WHOLE_SKIES["l falling"]
    hdu = fits.PrimaryHDU(np.full(shape, 7, dtype=np.int16), head)
    hdu.header["BUNIT"], hdu.header["ENERGY"] = UNIT, "1 TeV"
    hdu.writeto(path)
    fits.setval(path, "BSCALE", value=2e-9)
    sky = SkyMap.read(path)
    np.testing.assert_allclose(sky.intensity.to_value(MEV), 1.4e-8, rtol=1e-6)


def test_what_is_refused(path):
    """Each in one line that says what is needed."""
    head, shape = WHOLE_SKIES["l falling"]
    cases = {
        "4 axes, 180 x 90 x 2 x 1": (head, np.ones((1, 2, *shape)), {}),
        "'GLON-CAR' and 'GLAT-CAR' or the like": (fits.Header(), np.ones(shape), {}),
        "negative": (head, -np.ones((3, *shape)), {}),
        "FK4.* of equinox 1950": (header(frame="C", RADESYS="FK4", EQUINOX=1950.0), np.ones((3, *shape)), {}),
        "2 planes for 3 energies|3 energies": (head, np.ones((2, *shape)), {"ENERGIES": 3}),
        "frame = 'celestial' contradicts": (head, np.ones((3, *shape)), {"frame": "celestial"}),
        "column = 'a': it is an image": (head, np.ones((3, *shape)), {"column": "a"}),
    }
    for words, (some, planes, keys) in cases.items():
        path.unlink(missing_ok=True)
        if "ENERGIES" in keys:
            primary = fits.PrimaryHDU(planes, some)
            fits.HDUList([primary, table({"Energy": (E.to_value("MeV"), "MeV")}, "ENERGIES")]).writeto(path)
            keys = {"unit": UNIT}
        else:
            write_cube(path, some, planes, energies="" if planes.ndim != 3 else "Energy")
        one_line(path, words, **keys)


def test_gammapy_writes_it(path):
    """Its own layout: energies in PRIMARY_BANDS; its own integral over the sky."""
    maps = pytest.importorskip("gammapy.maps")
    axis = maps.MapAxis.from_nodes([1, 10, 100], unit="TeV", name="energy_true", interp="log")
    cube = maps.WcsNDMap.create(binsz=3, proj="CAR", frame="galactic", axes=[axis], unit="GeV-1 cm-2 s-1 sr-1")
    where = cube.geom.to_image().get_coord().skycoord
    cube.data = SCALES[:, None, None] * function(where)
    cube.write(path)
    sky = SkyMap.read(path)
    np.testing.assert_allclose(sky.energy.to_value(u.TeV), [1, 10, 100], rtol=1e-9)
    own = (cube.quantity * cube.geom.solid_angle()).sum(axis=(1, 2)).to_value("GeV-1 cm-2 s-1")
    np.testing.assert_allclose(total(sky) * 1e3, own, rtol=1e-3)
