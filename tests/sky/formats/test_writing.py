"""Maps to files, which are read again as they were."""

import errno
import os

import numpy as np
import pytest

from skycocoon import InputError, SkyMap
from skycocoon.sky.formats import FILE_UNIT, MapFile, MapHead, write_maps
from skycocoon.sky.pixels import Pixels
from skycocoon.units import INTENSITY

from .conftest import CUBE, NSIDE, E, one_line, same


def test_our_own_file_keeps_its_provenance(path):
    sky = SkyMap(E, {"x": CUBE * INTENSITY}, "neutrino", "per-flavour", {"creator": "skycocoon", "model": "b"})
    sky.write(path)
    again = SkyMap.read(path)
    assert (again.messenger, again.flavour) == ("neutrino", "per-flavour")
    assert (again.meta["creator"], again.meta["model"], again.meta["layout"]) == ("skycocoon", "b", "Fermi template")
    one_line(path, "contradicts", flavour="all-flavour")
    again.write(path.with_name("again.fits"))
    same(SkyMap.read(path.with_name("again.fits")), again.intensity.value)


def test_texts_come_back_as_they_were(path):
    """Names beyond ASCII, and backslashes, which TOML and LaTeX have."""
    text = "# $\\xi_p$, $\\nu$, C:\\new\nname = 'π0'\n"
    SkyMap(E, {"π0": CUBE * INTENSITY}, meta={"toml": text}).write(path)
    again = SkyMap.read(path)
    assert again.meta["toml"] == text
    assert list(again.components) == ["π0"]


def dim_in_the_middle(place, rows=12 * 8**2):
    """Values that single precision holds at both ends of the sky, where it is tried, but not in between."""
    values = np.ones((1, rows))
    values[0, rows // 2] = 1e-40
    return [values[:, place]]


def head(nside, energy=E[:1]):
    return MapHead(energy, Pixels.whole(nside), "gamma", "", "x")


@pytest.mark.parametrize("ending", ["fits", "fits.gz"])
def test_double_precision_is_found_out_on_the_way(tmp_path, ending):
    """And the file is that which double precision gives from the start."""
    path = tmp_path / f"map.{ending}"
    write_maps([MapFile(path, head(8))], dim_in_the_middle, block=50)
    write_maps([MapFile(tmp_path / f"double.{ending}", head(8), "float64")], dim_in_the_middle, block=50)
    assert path.read_bytes() == (tmp_path / f"double.{ending}").read_bytes()
    assert SkyMap.read(path).intensity.to_value(FILE_UNIT).min() == pytest.approx(1e-40, rel=1e-12)


def test_single_precision_that_is_asked_for_drops_what_it_cannot_hold(tmp_path):
    path = tmp_path / "map.fits"
    write_maps([MapFile(path, head(8), "float32")], dim_in_the_middle)
    assert SkyMap.read(path).intensity.value.min() == 0
    huge = SkyMap(E, {"x": np.full((3, 12), 1e45) * INTENSITY})
    with pytest.raises(InputError, match="too large for single precision"):
        huge.write(tmp_path / "huge.fits", dtype="float32")
    huge.write(tmp_path / "huge.fits")
    np.testing.assert_allclose(SkyMap.read(tmp_path / "huge.fits").intensity.value, 1e45, rtol=1e-12)


@pytest.mark.parametrize("block", [7, 48, 1000])
def test_bytes_do_not_depend_on_blocks(path, block):
    def values(place):
        return [CUBE[:, place].astype(np.float64)]

    write_maps([MapFile(path, head(NSIDE, E))], values, block=block)
    SkyMap(E, {"x": CUBE.astype(np.float64) * FILE_UNIT}).write(path.with_name("one.fits"))
    assert path.read_bytes() == path.with_name("one.fits").read_bytes()


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["", "float32", "float64"])
def test_bad_values_are_named_by_their_energy(path, value, dtype):
    cube = CUBE.astype(np.float64)
    cube[1, 20] = value
    with pytest.raises(InputError, match=r"map: values at 100.0 GeV are negative or not finite"):
        write_maps([MapFile(path, head(NSIDE, E), dtype)], lambda place: [cube[:, place]])
    assert list(path.parent.iterdir()) == []


def test_more_energies_than_a_table_has_columns(path):
    energy = np.geomspace(1, 10, 999) * E.unit
    with pytest.raises(InputError, match="999 energies; a FITS table has columns for 998"):
        SkyMap(energy, {"x": np.ones((999, 12)) * INTENSITY}).write(path)


@pytest.mark.parametrize("name", ["map.fits", "map.fits.gz"])
def test_a_full_disk_is_one_line_and_keeps_the_old_file(tmp_path, monkeypatch, name):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / name
    path.write_text("old")
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(InputError, match="No space left on device"):
        SkyMap(E, {"x": CUBE * INTENSITY}).write(path, overwrite=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_is_too_small_is_seen_before(tmp_path, monkeypatch):
    import shutil

    used = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: used._replace(free=1000))
    with pytest.raises(InputError, match=r"0 MiB are needed for a map, 0 MiB are free"):
        SkyMap(E, {"x": CUBE * INTENSITY}).write(tmp_path / "map.fits")
