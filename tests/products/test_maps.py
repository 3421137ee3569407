"""Maps by way of blocks on disk are the maps that one process writes, to the last byte."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import InputError, Region, load_file
from skycocoon.execution import finished_blocks
from skycocoon.products.maps import MapRequest, map_values, maps_job, write_map

ENERGY = np.geomspace(1, 1e4, 9) * u.TeV
COARSE = 1e-2


@pytest.fixture(scope="module")
def loaded():
    return load_file("paper")


def request(**changes):
    return MapRequest(**{"messenger": "gamma", "energy": ENERGY, "nside": 32, "rtol": COARSE, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"region": Region.parse("box:300,60,-30,30")},
        {"messenger": "neutrino", "flavour": "all-flavour", "names": ("diffuse",)},
    ],
    ids=["sky", "region", "component"],
)
def test_a_map_of_blocks_has_the_bytes_of_one_that_is_written_at_once(changes, loaded, tmp_path):
    """The region's last pixels, at which precision is tried, lie in two blocks."""
    one, other = tmp_path / "one.fits", tmp_path / "other.fits"
    write_map(loaded, request(**changes), one)
    write_map(loaded, request(**changes), other, resume=True)
    assert one.read_bytes() == other.read_bytes()
    assert sorted(tmp_path.iterdir()) == [one, other]


def test_blocks_are_those_that_the_writer_asks_for(loaded, tmp_path):
    """Any places, across blocks, of any file; the total is the sum of its parts."""
    job = maps_job(loaded, [request(names=("", "cocoons", "diffuse"))])
    assert job.blocks == [(0, 0, 4096), (0, 4096, 8192), (0, 8192, 12288)]
    with map_values(loaded, [request(names=("", "cocoons", "diffuse"))], tmp_path / "x", resume=True) as (values,):
        total, cocoons, diffuse = values(slice(4000, 8300))
        np.testing.assert_array_equal(total[:, 96:196], values(slice(4096, 4196))[0])
        np.testing.assert_array_equal(diffuse[:, -8:], values(slice(8292, 8300))[2])
    assert total.shape == (9, 4300)
    np.testing.assert_allclose(total, cocoons + diffuse, rtol=1e-12)


def test_blocks_of_large_maps_stay_small(loaded):
    """121 energies of three files in double precision: 4096 pixels are 12 MB; of one energy, 64 blocks will do."""
    job = maps_job(loaded, [request(nside=1024, energy=np.geomspace(1, 1e4, 121) * u.TeV, names=("", "a", "b"))])
    assert {stop - start for _, start, stop in job.blocks} == {4096}
    job = maps_job(loaded, [request(nside=1024, energy=[1] * u.TeV)])
    assert len(job.blocks) == 64


def test_an_interrupted_map_goes_on(loaded, tmp_path):
    """The second block fails: the first is not computed again."""
    out, whole = tmp_path / "map.fits", tmp_path / "whole.fits"
    job = maps_job(loaded, [request()])
    blocks = list(job.blocks)

    def interrupted(maps, block):
        if block == blocks[1]:
            raise KeyboardInterrupt
        return compute(maps, block)

    compute = job.compute
    digest = job.digest
    object.__setattr__(job, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt), finished_blocks(job, out):
        pass
    assert job.digest == digest
    with pytest.raises(InputError, match="holds 1 finished block of this map"):
        write_map(loaded, request(), out, workers=1)
    with pytest.raises(InputError, match="of another job"):
        write_map(loaded, request(rtol=2e-2), out, resume=True)
    write_map(loaded, request(), out, resume=True)
    write_map(loaded, request(), whole)
    assert out.read_bytes() == whole.read_bytes()


def test_an_output_that_exists_is_refused_before_anything_is_computed(loaded, tmp_path):
    (tmp_path / "map.fits").touch()
    with pytest.raises(InputError, match="exists already"):
        write_map(loaded, request(nside=8192), tmp_path / "map.fits", resume=True)


def test_what_does_not_fit_is_refused_before_anything_is_computed(loaded, tmp_path, monkeypatch):
    """Blocks are in double precision: 9 TB with the file."""
    with pytest.raises(InputError, match=r"are needed for blocks of maps and the maps, .* are free"):
        write_map(
            loaded, request(nside=8192, energy=np.geomspace(1, 1e4, 900) * u.TeV), tmp_path / "map.fits", workers=1
        )
