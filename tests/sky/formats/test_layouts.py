"""Maps of other codes are recognised by what their files hold."""

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skycocoon import SkyMap
from skycocoon.sky.formats.layouts import LAYOUTS
from skycocoon.units import INTENSITY

from .conftest import (
    CUBE,
    KEYS,
    MEV,
    NSIDE,
    NUMBERS,
    E,
    by_healpy,
    energies,
    fermi,
    galprop,
    hermes,
    older_galprop,
    oldest_galprop,
    one_line,
    same,
    table,
    write,
)


def test_hermes(path):
    """The numbers of the file, per m^2, times 1e-4."""
    sky = SkyMap.read(hermes(path))
    same(sky, NUMBERS * 1e-4)
    assert (sky.nside, sky.messenger, sky.flavour) == (NSIDE, "gamma", "")
    assert sky.intensity.dtype == np.float64
    told = {"file": "map.fits", "layout": "HERMES", "file_unit": "GeV^-1 m^-2 s^-1 sr^-1", "file_frame": "galactic"}
    assert {key: sky.meta[key] for key in told} == told


def test_gammapy_reads_the_same_hermes_file(path):
    utils = pytest.importorskip("gammapy.modeling.models.utils")
    cube = utils.read_hermes_cube(hermes(path))
    sky = SkyMap.read(path)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), cube.quantity.to_value(INTENSITY), rtol=1e-6)
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), cube.geom.axes[0].center.to_value(u.GeV), rtol=1e-9)


@pytest.mark.parametrize(
    ("maker", "layout", "options", "keys"),
    [
        (galprop, "GALPROP", {}, {}),
        (galprop, "GALPROP", {"bounds": True}, {}),
        (galprop, "GALPROP", {"unit": None}, {"unit": MEV}),
        (older_galprop, "GALPROP", {"unit": MEV}, {}),
        (older_galprop, "GALPROP", {}, {"unit": u.Unit(MEV)}),
        (oldest_galprop, "GALPROP 54", {"unit": MEV, "COORDTYPE": "GAL"}, {}),
        (oldest_galprop, "GALPROP 54", {}, {"unit": MEV, "frame": "galactic"}),
        (fermi, "Fermi template", {}, {}),
        (fermi, "Fermi template", {"energy_unit": None}, {}),
        (by_healpy, "healpy", {}, {"energies": E}),
        (by_healpy, "healpy", {"coord": None}, {"energies": ["10 GeV", "100 GeV", "1 TeV"], "frame": "G"}),
    ],
)
def test_every_layout(path, maker, layout, options, keys):
    sky = SkyMap.read(maker(path, **options), **keys)
    same(sky)
    assert sky.meta["layout"] == layout
    assert layout in [name for name, _, _ in LAYOUTS]


def test_one_column_per_bin_from_one(path):
    """GALPROP in between numbered its columns "Bin 1", "Bin 2", ...; the order is that of the numbers."""
    columns = {f"Bin {k + 1}": (CUBE[k], MEV) for k in (2, 0, 1)}
    same(SkyMap.read(write(path, table(columns, "SKYMAP", COORDTYPE="GAL", **KEYS), energies())))


@pytest.mark.parametrize("record", [("ENERGY", "100 GeV"), ("ENERGY", 0.1, "[TeV] of the map")])
def test_one_column_with_its_energy(path, record):
    by_healpy(path, CUBE[1:2], extra_header=[record])
    same(SkyMap.read(path), 1e3 * NUMBERS[1:2], E[1:2])


def test_rows_of_1024_pixels(path):
    cube = np.random.default_rng(1).uniform(1, 2, (2, 12 * 16**2)).astype(np.float32)
    by_healpy(path, cube)
    with fits.open(path) as file:
        assert file[1].columns[0].format == "1024E"
    same(SkyMap.read(path, energies=E[:2]), 1e3 * cube.astype(np.float64), E[:2])


def test_files_without_maps(path):
    text = one_line(write(path, table({"FLUX": (CUBE[0], MEV)}, "SOURCES")), "no layout of maps is recognised")
    assert "SOURCES (FLUX)" in text
    assert all(name in text for name, _, _ in LAYOUTS)
    path.unlink()
    one_line(write(path), "its tables: none")
    one_line(path.with_name("missing.fits"), "no such file")


def test_several_maps_in_a_file(path):
    one = table({"T": (CUBE[0], MEV)}, "ONE", COORDSYS="G", **KEYS)
    two = table({"T": (CUBE[1], MEV)}, "TWO", COORDSYS="G", **KEYS)
    one_line(write(path, one, two), "2 tables hold maps, ONE, TWO", energies=E[:1])


MAKERS = {
    "HERMES": hermes,
    "GALPROP": galprop,
    "older GALPROP": older_galprop,
    "GALPROP 54": oldest_galprop,
    "Fermi": fermi,
    "healpy": by_healpy,
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=st.sampled_from(sorted(MAKERS)),
    nside=st.sampled_from([1, 2, 4]),
    nested=st.booleans(),
    length=st.sampled_from(["cm", "m", "km"]),
    unit=st.sampled_from(["eV", "MeV", "GeV", "TeV", "erg"]),
    power=st.sampled_from([-1, 1]),
    said=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_round_trip(tmp_path, layout, nside, nested, length, unit, power, said, seed):
    """Any unit, order and layout: what was written, in the file's own precision, comes back."""
    path = tmp_path / "map.fits"
    path.unlink(missing_ok=True)
    npix = 12 * nside**2
    truth = np.exp(np.random.default_rng(seed).normal(size=(3, npix))) * np.array([[1e-6], [1e-9], [1e-12]])
    text = f"{unit}{power} {length}-2 s-1 sr-1"
    numbers = truth * E.value[:, None] ** 2 if power == 1 else truth
    numbers = numbers * (u.GeV**power / u.cm**2).to(u.Unit(f"{unit}{power} {length}-2"))
    order = healpy.nest2ring(nside, np.arange(npix)) if nested else np.arange(npix)
    cube = numbers[:, order].astype(np.float32)
    keys = {"NSIDE": nside, "LASTPIX": npix - 1, "ORDERING": "NESTED" if nested else "RING"}
    if layout == "healpy":
        by_healpy(path, cube, text if said else None, nested)
    else:
        MAKERS[layout](path, cube, unit=text if said else None, **keys)
    needed = {} if said else {"unit": text}
    needed |= {"energies": E} if layout == "healpy" else {}
    needed |= {"frame": "galactic"} if layout == "GALPROP 54" else {}
    sky = SkyMap.read(path, **needed)
    assert sky.nside == nside
    np.testing.assert_allclose(sky.energy.to_value(u.GeV), E.value, rtol=1e-12)
    np.testing.assert_allclose(sky.intensity.to_value(INTENSITY), truth, rtol=2e-7)
    for key in needed:
        one_line(path, f"{key} = ", **{k: v for k, v in needed.items() if k != key})
