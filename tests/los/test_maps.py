"""Skies in blocks: the same values and bytes as in one piece, parts of the sky, and memory that does not grow."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

from skycocoon import GalaxyModel, InputError, ModelSky, Region, SkyMap, Template, intensity_map, load_model
from skycocoon.sky.formats import FILE_UNIT
from skycocoon.units import INTENSITY

E = np.geomspace(1e3, 1e5, 5) * u.GeV
NSIDE = 16
INNER = Region.named("lhaaso-inner")


@pytest.fixture(scope="module")
def model():
    """Cocoons, a diffuse sea and a coarse map of someone else, absorbed."""
    values = np.random.default_rng(2).uniform(1e-12, 2e-12, (2, 48)) * INTENSITY
    theirs = Template("theirs", SkyMap([0.1, 1e3] * u.TeV, {"x": values}))
    loaded = load_model("paper", {"absorption.fields": ["cmb"]})
    return GalaxyModel((*loaded.components, theirs), loaded.sun, loaded.absorption, loaded.provenance)


@pytest.fixture(scope="module")
def sky(model):
    return ModelSky.of(model, "gamma", E, NSIDE, rtol=1e-3)


@pytest.fixture(scope="module")
def whole(sky):
    return sky.map()


@pytest.mark.parametrize("block", [1000, 1024, 999_999])
@pytest.mark.parametrize("count", [1, 3])
def test_values_do_not_depend_on_blocks_and_threads(sky, whole, block, count):
    """Bit for bit."""
    with ThreadPoolExecutor(count) as pool:
        again = sky.map(executor=pool, block=block)
    for name, part in whole.components.items():
        assert np.array_equal(again.components[name].value, part.value), name


def test_a_file_written_in_blocks_is_that_of_the_map(sky, whole, tmp_path):
    """Byte for byte, the total and each component."""
    sky.write({tmp_path / "total.fits": "", tmp_path / "diffuse.fits": "diffuse", tmp_path / "theirs.fits": "theirs"})
    whole.write(tmp_path / "one.fits")
    assert (tmp_path / "total.fits").read_bytes() == (tmp_path / "one.fits").read_bytes()
    for name in ("diffuse", "theirs"):
        whole.only(name).write(tmp_path / "part.fits", overwrite=True)
        assert (tmp_path / f"{name}.fits").read_bytes() == (tmp_path / "part.fits").read_bytes()
    assert {path.suffix for path in tmp_path.iterdir()} == {".fits"}


def test_the_same_map_is_the_same_bytes(sky, tmp_path):
    for k in range(2):
        sky.write(tmp_path / f"{k}.fits.gz")
    assert (tmp_path / "0.fits.gz").read_bytes() == (tmp_path / "1.fits.gz").read_bytes()


def test_part_of_the_sky(model, whole, tmp_path):
    part = intensity_map(model, "gamma", E, NSIDE, region=INNER, rtol=1e-3)
    assert np.array_equal(part.pixels.numbers, np.flatnonzero(INNER.fractions(NSIDE)))
    assert np.array_equal(part.intensity.value, whole.intensity.value[:, part.pixels.numbers])
    ModelSky.of(model, "gamma", E, NSIDE, region=INNER, rtol=1e-3).write(tmp_path / "blocks.fits")
    part.write(tmp_path / "one.fits")
    assert (tmp_path / "blocks.fits").read_bytes() == (tmp_path / "one.fits").read_bytes()


def test_means_of_what_is_written(sky, whole, tmp_path):
    means = sky.write({tmp_path / "a.fits": "", tmp_path / "b.fits": "diffuse"})
    np.testing.assert_allclose(means[""].to_value(INTENSITY), whole.intensity.value.mean(axis=1), rtol=1e-12)
    diffuse = whole.components["diffuse"].value
    np.testing.assert_allclose(means["diffuse"].to_value(INTENSITY), diffuse.mean(axis=1), rtol=1e-12)


def test_pixels_of_a_figure(sky, whole):
    drawn = sky.drawn().map()
    # The sky of a figure has 405 000 places: at nside 16 all pixels are among them.
    assert drawn.pixels.size == whole.pixels.size
    assert np.array_equal(drawn.intensity.value, whole.intensity.value)


def test_components_and_a_line_about_it(sky):
    assert sky.components == ["cocoons", "diffuse", "theirs"]
    assert str(sky).startswith("ModelSky: gamma, nside 16 RING Galactic, 5 energies 1000 GeV..1e+05 GeV\n  cocoons\n")


@pytest.mark.parametrize(
    ("keys", "words"), [({"dtype": "float16"}, "did you mean 'float64'"), ({"overwrite": False}, "exists already")]
)
def test_bad_requests_are_one_line_and_leave_nothing(sky, tmp_path, keys, words):
    path = tmp_path / "map.fits"
    path.write_text("mine")
    with pytest.raises(InputError, match=words):
        sky.write(path, **{"overwrite": True, **keys})
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_double_precision_where_single_does_not_do(tmp_path):
    """A cut-off in the dim part of a layer: the file is that of the whole map, in double precision."""
    tail = ModelSky.of(load_model("schroer2021"), "gamma", np.geomspace(1e6, 5e7, 18) * u.GeV, 8, rtol=1e-2)
    tail.write(tmp_path / "tail.fits")
    tail.map().write(tmp_path / "one.fits")
    assert (tmp_path / "tail.fits").read_bytes() == (tmp_path / "one.fits").read_bytes()
    values = SkyMap.read(tmp_path / "tail.fits").intensity
    np.testing.assert_allclose(values.value, tail.map().intensity.value, rtol=1e-12, atol=1e-300)
    dim = values.to_value(FILE_UNIT)
    assert np.any((dim > 0) & (dim < 1e-38))


MEMORY = """
import resource, sys
import astropy.units as u
import numpy as np
from skycocoon import ModelSky, load_model

energy = np.geomspace(1e3, 1e6, 200) * u.GeV
model = load_model("schroer2021")
ModelSky.of(model, "gamma", energy, 16, rtol=1e-2).write(sys.argv[1])
peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
sky = ModelSky.of(model, "gamma", energy, 128, rtol=1e-2)
sky.write(sys.argv[1], overwrite=True)
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
held = sky.map()
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
held.write(sys.argv[1], overwrite=True)
peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*(1024 * peak for peak in peaks))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_memory_does_not_grow_with_the_sky(tmp_path):
    """A cube of 200 energies at nside 128 is 315 MB.

    What a file of it takes beyond nside 16 is less than a third. The map itself takes 1.3 cubes at most, on top of what
    the process had, and writing it next to nothing.
    """
    path, cube = tmp_path / "map.fits", 200 * 12 * 128**2 * 8
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    result = subprocess.run(
        [sys.executable, "-c", MEMORY, path], capture_output=True, text=True, check=True, env=environment
    )
    assert path.stat().st_size > cube / 2
    small, written, held, written_again = map(int, result.stdout.split())
    assert written - small < cube / 3
    assert held - small < 1.3 * cube
    assert written_again - held < cube / 3
