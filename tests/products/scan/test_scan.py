"""Scans against spectra of the same model, one by one."""

import hashlib
import resource

import astropy.units as u
import numpy as np
import pytest

from skycocoon import InputError, Region, load_file, load_model, region_sed, scan
from skycocoon.products.scan.axes import sobol
from skycocoon.products.scan.computing import ScanQuestion, scan_job

from ...conftest import EXAMPLE, error_of

xarray = pytest.importorskip("xarray")
CUTOFF = "components.cocoons.grammage.cutoff"
HEIGHT = "components.cocoons.disc.height"
SLOPE = "components.cocoons.injection.proton.slope"
ENERGY = [1, 30] * u.TeV
PLACES = [Region.parse("disc:30,0,2"), Region.parse("box:70,80,-1,1")]
COARSE = {"rtol": 1e-2}


def test_a_grid_is_what_single_spectra_give():
    """Intensities are products of the same columns and spectra, in another order of additions: 1e-12."""
    over = {HEIGHT: [0.2, 0.05] * u.kpc, CUTOFF: [1, 100, 1000] * u.TV}
    data = scan("paper", over, PLACES, energy=ENERGY, **COARSE)
    assert data.intensity.dims == ("disc_height", "grammage_cutoff", "region", "component", "energy")
    assert data.intensity.shape == (2, 3, 2, 2, 2)
    for height, cutoff in ((0.2, 100), (0.05, 1000)):
        model = load_model("paper", {HEIGHT: height * u.kpc, CUTOFF: cutoff * u.TV})
        for place in PLACES:
            sed = region_sed(model, "gamma", ENERGY, place, **COARSE)
            at = data.intensity.sel(disc_height=height, grammage_cutoff=cutoff, region=place.name)
            for name, part in sed.components.items():
                np.testing.assert_allclose(at.sel(component=name), part.value, rtol=1e-12)


def test_sobol_points_share_one_axis():
    points = sobol({SLOPE: (4.1, 4.5), CUTOFF: (10 * u.TV, 1 * u.PV, "log")}, 3)
    data = scan("schroer2021", points, PLACES[0], "neutrino", ENERGY, flavour="all-flavour", **COARSE)
    assert data.intensity.dims == ("point", "region", "component", "energy")
    model = load_model(
        "schroer2021", {SLOPE: float(data.proton_slope[2]), CUTOFF: float(data.grammage_cutoff[2]) * u.TV}
    )
    sed = region_sed(model, "neutrino", ENERGY, PLACES[0], flavour="all-flavour", **COARSE)
    np.testing.assert_allclose(data.intensity[2, 0, 0], sed.intensity.value, rtol=1e-12)
    assert data.flavour == "sum of the three flavours, nu + anti-nu"


def test_the_file_says_what_it_holds(tmp_path):
    out = tmp_path / "scan.nc"
    loaded = load_file("schroer2021", {"galaxy.sun_radius": "8.3 kpc"})
    returned = scan(loaded, {HEIGHT: [50, 100] * u.pc}, PLACES, energy=ENERGY, out=out, **COARSE)
    with xarray.open_dataset(out) as data:
        assert data.identical(returned)
        units = {name: data[name].attrs["units"] for name in ("intensity", "energy", "solid_angle", "disc_height")}
        assert u.Unit(units.pop("intensity")) == u.Unit("GeV-1 cm-2 s-1 sr-1")
        assert units == {"energy": "TeV", "solid_angle": "sr", "disc_height": "pc"}
        assert data.disc_height.attrs["key"] == HEIGHT
        assert data.attrs["toml"] == loaded.toml.strip()
        assert data.attrs["changes"] == "galaxy.sun_radius = 8.3 kpc"
        assert {"version", "model", "model_sha256", "messenger"} <= set(data.attrs)
        np.testing.assert_allclose(data.solid_angle, [place.solid_angle.value for place in PLACES], rtol=1e-12)
    assert "exists already; overwrite=True" in error_of(
        lambda: scan(loaded, {HEIGHT: [50, 100] * u.pc}, PLACES, energy=ENERGY, out=out)
    )


def test_blocks_and_processors_change_no_bit(tmp_path, monkeypatch):
    """Points one by one, in one piece, and, in a file, with matrix products in several threads."""
    from threadpoolctl import threadpool_limits

    points = sobol({SLOPE: (4.1, 4.5), HEIGHT: (50 * u.pc, 200 * u.pc)}, 4)
    files = []
    for threads in (1, 4):
        files.append(tmp_path / f"{threads}.nc")
        with threadpool_limits(threads, "blas"):
            scan("paper", points, PLACES, energy=np.geomspace(1, 1e3, 61) * u.TeV, out=files[-1], **COARSE)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in files}) == 1
    question = ScanQuestion("gamma", ENERGY, tuple(PLACES), "per-flavour", 1e-2)
    jobs = [scan_job(load_file("paper"), points, question, size) for size in (1, 4)]
    one, all_ = ([job.compute(job.prepare(job.specification), block) for block in job.blocks] for job in jobs)
    np.testing.assert_array_equal(np.concatenate([block["intensity"] for block in one]), all_[0]["intensity"])


def test_another_model_is_another_job(tmp_path):
    """Also when only the content of a file changes that the model names."""
    grid = tmp_path / "density.npz"
    text = EXAMPLE.replace('profile = "green2015"', 'profile = "grid"\nfile = "density.npz"').replace(
        'height = "0.1 kpc"\nradius = "20 kpc"\nhalf_height = "0.5 kpc"\n', ""
    )
    (tmp_path / "model.toml").write_text(text)
    question = ScanQuestion("gamma", ENERGY, tuple(PLACES), "per-flavour", 1e-2)
    digests = set()
    for factor, setting in ((1, 4.3), (1, 4.3), (2, 4.3), (2, 4.2)):
        values = factor * np.ones((3, 3)) + np.eye(3)
        np.savez(grid, radius=[0.0, 5.0, 10.0], height=[0.0, 0.1, 0.2], values=values)
        loaded = load_file(tmp_path / "model.toml", {SLOPE: setting})
        points = sobol({CUTOFF: (10 * u.TV, 20 * u.TV)}, 2)
        digests.add(scan_job(loaded, points, question).digest)
    assert len(digests) == 3


def test_a_key_without_a_value_in_the_model_can_be_scanned():
    """An offset goes with a profile of one's own, and is 0 unless the file says it."""
    disc = "components.cocoons.disc"
    own = {f"{disc}.profile": "custom", f"{disc}.a": 1.1, f"{disc}.b": 3.9}
    over = {f"{disc}.offset": [0.1, 0.5] * u.kpc}
    data = scan(load_file("schroer2021", own), over, PLACES[0], energy=ENERGY, **COARSE)
    model = load_model("schroer2021", {**own, f"{disc}.offset": "0.5 kpc"})
    sed = region_sed(model, "gamma", ENERGY, PLACES[0], **COARSE)
    np.testing.assert_allclose(data.intensity[1, 0, 0], sed.intensity.value, rtol=1e-12)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"components.cocoons.grammage.cutof": [1, 2] * u.TV}, "unknown key 'cutof'; did you mean 'cutoff'?"),
        ({"components.cocoon.grammage.cutoff": [1, 2] * u.TV}, "or did you mean 'components.cocoons'?"),
        ({"component.cocoons.grammage.cutoff": [1, 2] * u.TV}, "unknown key 'component'; did you mean 'components'?"),
        ({CUTOFF: [1, 2] * u.pc}, f"{CUTOFF}: '1.0 pc' has the unit 'pc'"),
        ({CUTOFF: [1, 2]}, f"{CUTOFF}: 1.0 has no unit"),
        ({SLOPE: [4, 9]}, f"slope = 9.0: should be less than 5 (in over {SLOPE}: bounds)"),
        ({"components.cocoons.grammage": [4, 9]}, "components.cocoons.grammage"),
    ],
)
def test_keys_and_values_that_are_wrong(over, said):
    assert said in error_of(lambda: scan("paper", over, PLACES, energy=ENERGY))


def test_a_point_at_which_the_model_is_wrong_is_named():
    """The Sun must be in the sea: each end is right while the other key is at its first value, one corner is not."""
    over = {"galaxy.sun_radius": [8, 12] * u.kpc, "components.diffuse.sea.radius": [20, 10] * u.kpc}
    said = error_of(lambda: scan("base-min", over, PLACES[0], energy=ENERGY, **COARSE))
    assert "is outside the sea's radius" in said
    assert said.endswith("(at galaxy.sun_radius = 12.0 kpc, components.diffuse.sea.radius = 10.0 kpc)")


def test_questions_that_cannot_be_asked():
    over = {HEIGHT: [50, 100] * u.pc}
    assert "is there twice" in error_of(lambda: scan("paper", over, [PLACES[0], PLACES[0]], energy=ENERGY))
    assert "one Region or several" in error_of(lambda: scan("paper", over, ["lhaaso-inner"], energy=ENERGY))
    assert "messenger" in error_of(lambda: scan("paper", over, PLACES, "photon", ENERGY))
    assert "flavour" in error_of(lambda: scan("paper", over, PLACES, "neutrino", ENERGY, flavour="one"))


def test_a_disk_that_is_full_at_the_end_loses_nothing(tmp_path):
    """A file may be as long as a block, and no longer: what was computed is kept, and written when it can be."""
    out = tmp_path / "scan.nc"
    over = {CUTOFF: np.geomspace(10, 1000, 6) * u.TV}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(InputError, match=r"scan\.nc: cannot write there") as error:
            scan("schroer2021", over, PLACES, energy=ENERGY, out=out, **COARSE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.__notes__ == [
        f"6 of 6 blocks are kept in {out}.skycocoon-blocks; resume=True goes on from there"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nc.skycocoon-blocks"]
    data = scan("schroer2021", over, PLACES, energy=ENERGY, out=out, resume=True, **COARSE)
    assert data.sizes["grammage_cutoff"] == 6
    assert [path.name for path in tmp_path.iterdir()] == ["scan.nc"]
