"""Components: cocoons, diffuse emission and maps, and what absorbs them."""

import math

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import CylindricalGrid, Region, SkyMap, SourceDisc, intensity_map, load_model, region_sed
from skycocoon.absorption import Absorption
from skycocoon.config import load_file
from skycocoon.units import INTENSITY

from ...conftest import EXAMPLE, error_of


def test_every_law(model_file):
    text = EXAMPLE.replace('law = "exponential"', 'law = "constant"').replace('cutoff = "100 TV"\n', "")
    x = load_model(model_file(text)).components[0].grammage([1, 1e6] * u.GV)
    np.testing.assert_array_equal(x.value, 0.4)
    for delta, value in (
        ("0.5", 0.5),
        ('"1/3"', 1 / 3),
        ('"kolmogorov"', 1 / 3),
        ('"kraichnan"', 0.5),
        ('"bohm"', 1.0),
        ('"0.6"', 0.6),
        ('" 2 / 3 "', 2 / 3),
    ):
        text = EXAMPLE.replace('law = "exponential"', f'law = "diffusive"\ndelta = {delta}\nsharp = true')
        law = load_model(model_file(text)).components[0].grammage
        assert (law.delta, law.sharp) == (value, True)


def test_every_disc(model_file):
    for profile in ("case-bhattacharya1998", "yusifov-kucuk2004"):
        density = load_model(model_file(EXAMPLE.replace("green2015", profile))).components[0].density
        assert density == SourceDisc.preset(profile)
    custom = EXAMPLE.replace('"green2015"', '"custom"\na = 2.0\nb = 3.0\noffset = "0.5 kpc"\nvertical = "gaussian"')
    density = load_model(model_file(custom)).components[0].density
    assert (density.a, density.b, density.vertical) == (2.0, 3.0, "gaussian")
    assert density.offset == 0.5 * u.kpc


def test_a_grid_from_a_file(model_file, tmp_path):
    SourceDisc().grid(1e-3).write(tmp_path / "density.npz")
    text = EXAMPLE.replace(
        'profile = "green2015"\nheight = "0.1 kpc"\nradius = "20 kpc"\nhalf_height = "0.5 kpc"',
        'profile = "grid"\nfile = "density.npz"',
    )
    loaded = load_file(model_file(text))
    density = loaded.model.components[0].density
    assert isinstance(density, CylindricalGrid)
    assert density.total().to_value("yr-1") == pytest.approx(1 / 30, rel=1e-6)
    # the copy that a run writes works from any folder
    assert str(tmp_path / "density.npz") in loaded.toml
    assert "density.npz" in error_of(load_model, model_file(text.replace("density.npz", "none/density.npz")))


def test_no_cutoff():
    model = load_model("paper", {"components.cocoons.injection.proton.cutoff": "inf PV"})
    assert math.isinf(model.components[0].injection[0].cutoff.value)


SKY = """
[components.diffuse]
kind = "diffuse"
spectra = "lhaaso"
gas = "nakanishi-sofue"
[components.diffuse.sea]
sources = "yusifov-kucuk2004"
halo_height = "7 kpc"
radius = "18 kpc"
[absorption]
fields = ["cmb", "dust"]
dust_scale = 1.1
"""


def test_diffuse_and_absorption_sections(model_file):
    model = load_model(model_file(SKY))
    (diffuse,) = model.components
    assert (diffuse.spectra, diffuse.gas.model, diffuse.sea.sources) == (
        "lhaaso",
        "nakanishi-sofue",
        "yusifov-kucuk2004",
    )
    assert (diffuse.sea.halo_height, diffuse.sea.radius, diffuse.sea.sun_radius) == (7 * u.kpc, 18 * u.kpc, 8.5 * u.kpc)
    assert model.absorption == Absorption(("cmb", "dust"), 1.1)
    assert "cmb" in model.provenance["absorption"].lower()
    none = load_model(model_file(SKY), {"absorption.fields": []})
    assert none.absorption.fields == ()


def write_sky(path, messenger="gamma"):
    sky = SkyMap(np.geomspace(1, 1e3, 13) * u.TeV, {"theirs": np.full((13, 12), 1e-12) * INTENSITY}, messenger)
    sky.write(path, overwrite=True)


def test_map_section(model_file, tmp_path):
    write_sky(tmp_path / "theirs.fits")
    text = '[components.other]\nkind = "map"\nfile = "theirs.fits"\nscale = 2.0\n'
    loaded = load_file(model_file(text))
    assert loaded.model.messengers == ("gamma",)
    sed = region_sed(loaded.model, "gamma", [2, 20] * u.TeV, Region.everywhere())
    np.testing.assert_allclose(sed.components["other"].to_value(INTENSITY), 2e-12, rtol=1e-6)
    # the file is found again from anywhere
    assert str(tmp_path / "theirs.fits") in loaded.toml
    assert "none of its components" in error_of(region_sed, loaded.model, "neutrino", [2] * u.TeV, Region.everywhere())
    assert "outside = 'zero'" in error_of(region_sed, loaded.model, "gamma", [1e4] * u.TeV, Region.everywhere())
    dark = load_model(model_file(text + 'outside = "zero"\n'))
    both = region_sed(dark, "gamma", [20, 1e4] * u.TeV, Region.everywhere()).intensity.to_value(INTENSITY)
    np.testing.assert_allclose(both, [2e-12, 0], rtol=1e-6)
    sky = intensity_map(dark, "gamma", [20] * u.TeV, 4)
    assert sky.intensity.shape == (1, 192)
    assert "celestial" in error_of(load_model, model_file(text + 'frame = "celestial"\n'))


def test_map_section_of_a_part_and_a_column(model_file, tmp_path):
    """An equatorial disc of 1 among columns of other things: its integral is that of its pixels, and 0 is outside."""
    disc = np.sort(healpy.query_disc(32, healpy.ang2vec(83.6, 22.0, lonlat=True), np.radians(20)))
    columns = [
        fits.Column("PIXEL", "J", array=disc),
        fits.Column("HITS", "J", array=disc),
        fits.Column("I", "D", unit="GeV-1 cm-2 s-1 sr-1", array=np.where(np.arange(disc.size) == 7, -1e-3, 1.0)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns)
    for key, value in {
        "PIXTYPE": "HEALPIX",
        "NSIDE": 32,
        "ORDERING": "RING",
        "COORDSYS": "C",
        "ENERGY": "1 TeV",
    }.items():
        hdu.header[key] = value
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / "theirs.fits")
    text = '[components.other]\nkind = "map"\nfile = "theirs.fits"\n'
    assert "column = 'HITS'" in error_of(load_model, model_file(text))
    for wrong in ("true", "1.5", "[]", "[true]", "{ a = 1 }"):
        assert "a name or a number is needed" in error_of(load_model, model_file(text + f"column = {wrong}\n"))
    text += 'column = "I"\n'
    assert "negative = 'zero'" in error_of(load_model, model_file(text))
    text += 'negative = "zero"\n'
    part = load_model(model_file(text))
    assert "outside_sky = 'zero'" in error_of(region_sed, part, "gamma", [1] * u.TeV, Region.everywhere())
    whole = load_model(model_file(text + 'outside_sky = "zero"\n'))
    mean = region_sed(whole, "gamma", [1] * u.TeV, Region.everywhere()).intensity.to_value(INTENSITY)
    np.testing.assert_allclose(mean, (disc.size - 1) / (12 * 32**2), rtol=1e-3)
    assert "unknown choice" in error_of(load_model, model_file(text + 'outside_sky = "nought"\n'))


@pytest.mark.parametrize(
    ("delta", "reason"),
    [
        ("1e99999999", "= inf: should be a finite number"),
        ("1e-99999999", "should be greater than 0"),
        ("nan", "= nan: should be a finite number"),
        ("1/0", "unknown turbulence '1/0'; allowed: kolmogorov"),
        ("1/", "unknown turbulence '1/'"),
        ("/3", "unknown turbulence '/3'"),
        ("1/3/3", "unknown turbulence '1/3/3'"),
        ("1/3 kpc", "unknown turbulence '1/3 kpc'"),
        ("kolmogorow", "did you mean 'kolmogorov'?"),
        ("-0.5", "should be greater than 0"),
        ("3", "should be less than or equal to 2"),
    ],
)
def test_an_index_that_is_none(delta, reason):
    """At once: of 1e99999999 nobody writes the digits out."""
    law = {"components.cocoons.grammage.law": "diffusive", "components.cocoons.grammage.delta": delta}
    text = error_of(load_model, "paper", law)
    assert text.startswith("paper: components.cocoons.grammage.delta")
    assert reason in text
