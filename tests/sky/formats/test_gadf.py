"""What gammapy writes, in all of its formats: the numbers are those of a function of position and energy."""

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import InputError, Region, SkyMap
from skycocoon.units import INTENSITY

from .conftest import CUBE, KEYS, MEV, NUMBERS, E, by_healpy, one_line, same, table, write

FORMATS = ["gadf", "fgst-template", "fgst-ccube"]
NSIDE = 8
EDGES = np.array([1, 10, 50, 1000.0]) * u.TeV


def intensity(longitude, latitude, energy):
    """In GeV^-1 cm^-2 s^-1 sr^-1, of angles [rad] and an energy [TeV]; zero in the south at high energies."""
    value = energy**-2.5 * 1e-12 * (2 + np.cos(longitude) + np.sin(3 * latitude))
    return np.where((latitude < -0.4) & (energy > 20), 0, value)


def truth(energy):
    """Of all pixels in RING order."""
    theta, phi = healpy.pix2ang(NSIDE, np.arange(12 * NSIDE**2))
    return intensity(phi, np.pi / 2 - theta, energy.to_value(u.TeV)[:, None])


def written(path, kind, name="energy_true", edges=False, nest=True, sparse=False, region=None, **options):
    """A map of gammapy's, its file and its energies."""
    maps = pytest.importorskip("gammapy.maps")
    axis = (
        maps.MapAxis.from_energy_edges(EDGES, name=name)
        if edges
        else maps.MapAxis.from_nodes(E, name=name, interp="log")
    )
    geom = maps.HpxGeom.create(nside=NSIDE, nest=nest, frame="galactic", axes=[axis], region=region)
    coord = geom.get_coord()
    sky = intensity(coord.skycoord.l.rad, coord.skycoord.b.rad, coord[name].to_value(u.TeV))
    cube = maps.HpxNDMap(geom, sky, unit="cm-2 s-1 sr-1 GeV-1", dtype=np.float64)
    cube.write(path, format=kind, sparse=sparse, **options)
    return cube


def close(sky, expected, energy=E):
    """To single precision, in which gammapy writes."""
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), energy.to_value(u.GeV), rtol=1e-12)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), expected, rtol=1.2e-7)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["energy", "energy_true"])
@pytest.mark.parametrize("edges", [False, True])
@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_whole_sky(path, kind, name, edges, nest, sparse):
    """Energies are those of the axis: nodes, or the geometric means of edges."""
    cube = written(path, kind, name, edges, nest, sparse)
    energy = np.sqrt(EDGES[1:] * EDGES[:-1]) if edges else E
    sky = SkyMap.read(path)
    assert sky.pixels.are_all
    close(sky, truth(energy), energy)
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), cube.geom.axes[0].center.to_value(u.GeV), rtol=1e-12)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("sparse", [False, True])
def test_a_part_of_the_sky(path, kind, sparse):
    """Of a sparse file, pixels that are listed at any energy; the rest is outside the map, not zero."""
    written(path, kind, sparse=sparse, region="DISK(110.,-20.,30.)")
    sky = SkyMap.read(path)
    inside = Region.parse("disc:110,-20,15").pixels(NSIDE).numbers
    np.testing.assert_allclose(sky.intensity.value[:, sky.pixels.places(inside)], truth(E)[:, inside], rtol=1.2e-7)
    assert sky.pixels.size < 100
    with pytest.raises(InputError, match="outside it"):
        sky.sed(Region.everywhere())


def test_another_name_of_the_tables(path):
    """`hdu` and `hdu_bands` are the user's choice, and BANDSHDU says them."""
    written(path, "gadf", hdu="FLUX", hdu_bands="AXES")
    close(SkyMap.read(path), truth(E))


def test_bands_without_a_key(path):
    planes = {f"CHANNEL{k}": (CUBE[k], MEV) for k in range(3)}
    bands = table({"CHANNEL": (np.arange(3), None), "ENERGY": (E.value, "GeV")}, "SKYMAP_BANDS")
    same(SkyMap.read(write(path, table(planes, "SKYMAP", COORDSYS="GAL", **KEYS), bands)))


def test_two_axes_are_refused(path):
    maps = pytest.importorskip("gammapy.maps")
    energy = maps.MapAxis.from_nodes(E, name="energy", interp="log")
    other = maps.MapAxis.from_nodes([1, 2] * u.deg, name="rad")
    geom = maps.HpxGeom.create(nside=2, frame="galactic", axes=[energy, other])
    maps.HpxNDMap(geom, unit=INTENSITY).write(path)
    one_line(path, "differ in more than energy")


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("PIX", 12 * NSIDE**2, "not those of NSIDE 8"),
        ("CHANNEL", 7, "channels are not 0 to 2"),
        ("PIX", 5, "not all different"),
        ("VALUE", -1e-9, "1 negative"),
    ],
)
def test_sparse_rows_that_cannot_be(path, column, value, words):
    written(path, "gadf", sparse=True)
    with fits.open(path, mode="update") as file:
        file[1].data[column][0] = value
    one_line(path, words)


def test_a_sparse_map_without_an_axis(path):
    rows = {"PIX": (np.array([3, 7]), None), "VALUE": (np.array([1e-9, 2e-9]), "cm-2 s-1 sr-1 GeV-1")}
    write(path, table(rows, "SKYMAP", COORDSYS="GAL", **(KEYS | {"INDXSCHM": "SPARSE"})))
    expected = np.zeros((1, 48))
    expected[0, [3, 7]] = 1e-9, 2e-9
    same(SkyMap.read(path, energies=E[:1]), expected, E[:1])


@pytest.mark.parametrize("nest", [False, True])
def test_a_whole_sky_that_healpy_writes_as_a_part(path, nest):
    ring = healpy.nest2ring(NSIDE, np.arange(12 * NSIDE**2)) if nest else slice(None)
    by_healpy(path, truth(E)[:, ring].astype(np.float32), "cm-2 s-1 sr-1 GeV-1", nest, partial=True)
    close(SkyMap.read(path, energies=E), truth(E))


@pytest.mark.parametrize("key", [{"INDXSCHM": "EXPLICIT"}, {"INDXSCHM": "EXPLICIT", "OBJECT": "PARTIAL"}])
def test_a_whole_sky_that_is_called_explicit(path, key):
    """All rows that NSIDE asks for, and no column of pixel numbers: as if it were implicit."""
    write(path, table({"T": (CUBE[1], MEV)}, "x", COORDSYS="G", ENERGY="100 GeV", **(KEYS | key)))
    same(SkyMap.read(path), 1e3 * NUMBERS[1:2], E[1:2])


def test_pixel_numbers_of_another_name_are_not_passed_over(path):
    """Fermi's columns are found by name; a column beside them may be the order of the rows."""
    columns = {"HEALPIX_ID": (np.arange(48)[::-1], None), "ENERGY1": (CUBE[0], MEV)}
    write(path, table(columns, "x", COORDSYS="G", **(KEYS | {"INDXSCHM": "EXPLICIT"})))
    one_line(path, "no column of pixel numbers; is it HEALPIX_ID?", energies=E[:1])


@pytest.mark.parametrize("column", ["PIX", "IPIX", "pixel"])
def test_pixel_numbers_in_the_last_column(path, column):
    columns = {"ENERGY1": (CUBE[0, ::-1], MEV), column: (np.arange(48)[::-1], None)}
    write(path, table(columns, "x", COORDSYS="G", **(KEYS | {"INDXSCHM": "EXPLICIT"})))
    same(SkyMap.read(path, energies=E[:1]), 1e3 * NUMBERS[:1], E[:1])
    path.unlink()
    columns[column] = (np.arange(48) + 0.5, None)
    write(path, table(columns, "x", COORDSYS="G", **(KEYS | {"INDXSCHM": "EXPLICIT"})))
    one_line(path, "no whole numbers", energies=E[:1])


def test_without_nside(path):
    """The length says it; ORDER does for a part."""
    keys = {key: value for key, value in KEYS.items() if key != "NSIDE"}
    write(path, table({"T": (CUBE[0], MEV)}, "x", COORDSYS="G", **keys))
    same(SkyMap.read(path, energies=E[:1]), 1e3 * NUMBERS[:1], E[:1])
    path.unlink()
    columns = {"PIXEL": (np.array([3, 4]), None), "T": (CUBE[0, [3, 4]], MEV)}
    write(path, table(columns, "x", COORDSYS="G", INDXSCHM="EXPLICIT", **keys))
    one_line(path, "no key NSIDE", energies=E[:1])
    path.unlink()
    write(path, table(columns, "x", COORDSYS="G", INDXSCHM="EXPLICIT", ORDER=1, **keys))
    assert SkyMap.read(path, energies=E[:1]).nside == 2


@pytest.mark.parametrize("frame", [{"COORDSYS": "G"}, {"SKYCOORD": "Galactic"}])
def test_keys_of_the_pixels_in_the_primary_header(path, frame):
    """As in files of LAMBDA; a table's own keys come first."""
    first = fits.PrimaryHDU()
    first.header.update({"PIXTYPE": "HEALPIX", "ORDERING": "NESTED", "NSIDE": 2, **frame})
    order = healpy.nest2ring(2, np.arange(48))
    fits.HDUList([first, table({"T": (CUBE[0, order], MEV)}, "x")]).writeto(path)
    same(SkyMap.read(path, energies=E[:1]), 1e3 * NUMBERS[:1], E[:1])
    fits.HDUList([first, table({"T": (CUBE[0], MEV)}, "x", ORDERING="RING")]).writeto(path, overwrite=True)
    same(SkyMap.read(path, energies=E[:1]), 1e3 * NUMBERS[:1], E[:1])


def test_maps_of_several_resolutions_are_told(path):
    columns = {"UNIQ": (np.arange(4, 16), None), "PROBDENSITY": (np.ones(12), "sr-1")}
    keys = {"PIXTYPE": "HEALPIX", "ORDERING": "NUNIQ", "COORDSYS": "G", "MOCORDER": 0, "INDXSCHM": "EXPLICIT"}
    one_line(write(path, table(columns, "x", **keys)), "ORDERING = NUNIQ: a map of several resolutions")


def test_local_pixel_numbers_are_refused(path):
    """gammapy counts so within a region of several resolutions: they are not those of the sky."""
    columns = {"PIX": (np.arange(48), None), "CHANNEL1": (CUBE[0], MEV)}
    write(path, table(columns, "SKYMAP", COORDSYS="GAL", **(KEYS | {"INDXSCHM": "LOCAL"})))
    one_line(path, "INDXSCHM = LOCAL: pixel numbers of another kind", energies=E[:1])
