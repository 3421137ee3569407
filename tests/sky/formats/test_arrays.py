"""Maps in numpy's files, of which the caller states all but the numbers."""

import io
import pickle
import zipfile

import astropy.units as u
import numpy as np
import pytest

from skycocoon import SkyMap
from skycocoon.units import INTENSITY

from .conftest import CUBE, MEV, NPIX, NUMBERS, E, one_line, same

STATED = {"unit": MEV, "frame": "galactic", "ordering": "RING"}


@pytest.fixture
def npy(tmp_path):
    return tmp_path / "map.npy"


@pytest.fixture
def npz(tmp_path):
    return tmp_path / "map.npz"


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_planes(npy, kind, order):
    np.save(npy, np.asarray(CUBE, dtype=kind, order=order))
    sky = SkyMap.read(npy, energies=E, **STATED)
    same(sky)
    assert (sky.meta["layout"], sky.meta["file"]) == ("array", "map.npy")


def test_one_plane_of_integers(npy):
    np.save(npy, np.arange(NPIX))
    sky = SkyMap.read(npy, energies=[1] * u.TeV, unit="GeV cm-2 s-1 sr-1", frame="galactic", ordering="RING")
    np.testing.assert_allclose(sky.intensity[0].to_value(INTENSITY), np.arange(NPIX) * 1e-6, rtol=1e-12)


def test_nested_celestial_and_descending(npy):
    """The same statements as for other files: a constant stays what it is, and energies are sorted."""
    np.save(npy, np.outer([3e-12, 2e-9, 1e-6], np.ones(NPIX)))
    sky = SkyMap.read(npy, unit=MEV, frame="icrs", ordering="NESTED", energies=E[::-1])
    same(sky, np.outer([1e-3, 2e-6, 3e-9], np.ones(NPIX)))


def test_all_is_asked_for_at_once(npy):
    np.save(npy, CUBE)
    one_line(npy, "does not say its unit and frame and ordering and energies.*3 in all.*--unit, --frame, --ordering")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archive(npz, save):
    """One array needs no name; several do."""
    save(npz, NUMBERS)
    same(SkyMap.read(npz, energies=E, **STATED))
    save(npz, counts=np.ones(NPIX), intensity=NUMBERS)
    one_line(npz, "2 arrays, counts, intensity; say which", energies=E, **STATED)
    one_line(npz, "column = 'flux': its arrays are counts, intensity", energies=E, column="flux", **STATED)
    same(SkyMap.read(npz, energies=E, column="intensity", **STATED))


def test_the_content_says_what_it_is(tmp_path):
    path = tmp_path / "map.dat"
    with open(path, "wb") as file:
        np.save(file, NUMBERS)
    same(SkyMap.read(path, energies=E, **STATED))


def test_masked_pixels(npy):
    values = NUMBERS.copy()
    values[:, 3] = np.nan
    np.save(npy, values)
    one_line(npy, "1 NaN", energies=E, **STATED)
    sky = SkyMap.read(npy, energies=E, outside_sky="zero", **STATED)
    assert not sky.intensity[:, 3].value.any()


SHAPES = {
    "transposed": (NUMBERS.T, "transpose it"),
    "no HEALPix": (np.ones((3, 50)), "npix = 12 nside"),
    "nside 3": (np.ones(108), "npix = 12 nside"),
    "cube": (np.ones((1, 3, NPIX)), "npix = 12 nside"),
    "number": (np.float64(1), "npix = 12 nside"),
    "empty": (np.ones((0, NPIX)), "npix = 12 nside"),
    "objects": (np.array([1, None] * 24, dtype=object), "Python objects .a pickle., which are never loaded"),
    "texts": (np.full(NPIX, "1"), "of <U1"),
    "complex": (np.ones(NPIX, dtype=complex), "complex128"),
    "booleans": (np.ones(NPIX, dtype=bool), "of bool"),
    "records": (np.ones(NPIX, dtype=[("a", "f8"), ("b", "f8")]), "fields a, b"),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_what_is_no_map(tmp_path, name, ending):
    values, words = SHAPES[name]
    path = tmp_path / f"map.{ending}"
    (np.save if ending == "npy" else np.savez)(path, values)
    one_line(path, words, energies=E, **STATED)


def test_pickle(npy):
    """It is not loaded, whatever it is called."""
    npy.write_bytes(pickle.dumps(NUMBERS))
    one_line(npy, "not a whole file of a numpy array", energies=E, **STATED)


def test_cut_and_long_files(npy):
    """At any length, none is read."""
    np.save(npy, NUMBERS)
    whole = npy.read_bytes()
    for size in (0, 3, 8, 60, 127, 128, 500, len(whole) - 1):
        npy.write_bytes(whole[:size])
        one_line(npy, "numpy|FITS|header", energies=E, **STATED)
    npy.write_bytes(whole + b"\0")
    one_line(npy, "its header promises 1152 bytes of numbers, and it has 1153", energies=E, **STATED)


def test_header_that_promises_the_moon(npy, npz):
    """No memory is asked for before the size is known to be right."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, NPIX)})
    npy.write_bytes(file.getvalue() + bytes(80))
    one_line(npy, "its header promises", energies=E, **STATED)
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("a.npy", npy.read_bytes())
    one_line(npz, "its header promises", energies=E, **STATED)


def test_flipped_archive(npz):
    """A ZIP archive has checksums."""
    np.savez(npz, NUMBERS)
    content = bytearray(npz.read_bytes())
    content[len(content) // 2] ^= 4
    npz.write_bytes(content)
    one_line(npz, "Bad CRC|not a whole", energies=E, **STATED)
