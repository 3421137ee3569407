"""Catalogues of sources, the discs around them and the regions without them."""

import math

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable, Table

from skycocoon import InputError, Region
from skycocoon.errors import FileWarning
from skycocoon.sky import Catalogue, list_catalogues
from skycocoon.sky.catalogue import MASK_RADII, PSF
from skycocoon.sky.shapes import Complement, Disc, Discs, Intersection

DEG = u.deg


def write(tmp_path, meta=None, **columns):
    table = Table(columns or {"l": [30.0, 80.0] * DEG, "b": [0.0, 1.0] * DEG})
    table.meta = meta or {}
    table.write(tmp_path / "mine.ecsv", format="ascii.ecsv", overwrite=True)
    return tmp_path / "mine.ecsv"


def test_the_shipped_catalogue():
    """1LHAASO: 90 sources; the Crab is a point at its pulsar to 0.05 deg, MGRO J1908+06 is as wide as published."""
    assert list_catalogues() == ["1lhaaso"]
    lhaaso = Catalogue.named("1lhaaso")
    assert len(lhaaso) == 90
    assert np.count_nonzero(lhaaso.extension == 0) == 35
    assert lhaaso.psf == PSF["lhaaso-km2a"] == 0.5 * DEG
    assert lhaaso.meta["doi"] == "10.3847/1538-4365/acfd29"
    assert lhaaso.meta["provenance"]
    places = SkyCoord(lhaaso.l, lhaaso.b, frame="galactic")
    crab = lhaaso.sources.index("1LHAASO J0534+2200u")
    assert places[crab].separation(SkyCoord("05h34m31.97s +22d00m52.1s")) < 0.05 * DEG
    assert lhaaso.extension[crab] == 0
    mgro = lhaaso.sources.index("1LHAASO J1908+0615u")
    assert lhaaso.extension[mgro] == 0.36 * DEG
    assert "90 sources, 55 of them extended, psf 0.5 deg" in str(lhaaso)
    # every name says where its source is: 1LHAASO JHHMM+DDMM, to the positions' scatter between detectors
    for name, place in zip(lhaaso.sources, places.icrs, strict=True):
        at = name.split("J")[1]
        sign = -1 if at[4] == "-" else 1
        named = SkyCoord(15 * (int(at[:2]) + int(at[2:4]) / 60), sign * (int(at[5:7]) + int(at[7:9]) / 60), unit="deg")
        assert place.separation(named) < 1.3 * DEG


def test_equal_by_content(tmp_path):
    one, two = Catalogue.named("1lhaaso"), Catalogue.named("1lhaaso")
    assert one == two
    assert hash(one) == hash(two)
    mine = Catalogue.read(write(tmp_path))
    assert mine != one
    assert mine != Catalogue.read(write(tmp_path, meta={"psf": "0.3 deg"}))


def test_a_users_catalogue_in_either_frame_and_any_unit(tmp_path):
    galactic = Catalogue.read(write(tmp_path, meta={"psf": "18 arcmin", "reference": "me"}))
    assert galactic.psf.to_value(DEG) == pytest.approx(0.3)
    np.testing.assert_array_equal(galactic.extension.value, 0.0)
    place = SkyCoord([30.0, 80.0] * DEG, [0.0, 1.0] * DEG, frame="galactic").icrs
    celestial = Catalogue.read(
        write(
            tmp_path,
            ra=place.ra.to(u.hourangle),
            dec=place.dec.to(u.rad),
            extension=[12.0, np.nan] * u.arcmin,
            name=["one", "two"],
        )
    )
    np.testing.assert_allclose(celestial.l.value, [30.0, 80.0], rtol=1e-10)
    np.testing.assert_allclose(celestial.b.value, [0.0, 1.0], rtol=1e-9, atol=1e-9)
    # nothing in the extension's place is a point
    np.testing.assert_allclose(celestial.extension.value, [0.2, 0.0], rtol=1e-12)
    assert celestial.sources == ("one", "two")


def test_blank_extensions_are_points(tmp_path):
    table = Table({"l": [1.0, 2.0] * DEG, "b": [0.0, 0.0] * DEG}, masked=True)
    table["extension"] = np.ma.MaskedArray([0.5, 0.0], mask=[False, True])
    table["extension"].unit = DEG
    table.write(tmp_path / "m.ecsv", format="ascii.ecsv")
    np.testing.assert_array_equal(Catalogue.read(tmp_path / "m.ecsv").extension.value, [0.5, 0.0])


POSITION = {"l": [1.0, 2.0] * DEG, "b": [3.0, 4.0] * DEG}


@pytest.mark.parametrize(
    ("columns", "meta", "words"),
    [
        ({"glon": [1.0] * DEG}, {}, "no columns 'l' and 'b', or 'ra' and 'dec', or GLON"),
        ({**POSITION, "l": [1.0, 2.0] * u.m}, {}, "'l' has the unit 'm'"),
        ({**POSITION, "l": ["12", "b"]}, {}, "row 2: l = 'b' is no angle"),
        ({**POSITION, "l": [True, False]}, {}, "'l' is not of numbers"),
        ({**POSITION, "l": [1.0, 400.0] * DEG}, {}, "row 2: 'l' is beyond 360 deg"),
        ({"ra": ["05:34", "5x34"], "dec": [1, 2]}, {}, "row 2: ra = '5x34' is no angle"),
        ({"ra": ["05:34", "5.5"], "dec": [1, 2]}, {}, "row 2: ra = '5.5' is no angle"),
        ({"ra": [1.0, 2.0] * u.hour, "dec": [1, 2] * u.hour}, {}, "'dec' has the unit 'h'"),
        ({**POSITION, "ra": [10.0, 20.0], "dec": [1, 2]}, {}, "deg apart; leave the wrong ones out"),
        ({"ra": [1.0], "dec": [2.0]}, {"EQUINOX": 1950.0}, "EQUINOX = 1950.0; positions of J2000"),
        ({**POSITION, "b": [3.0, np.nan] * DEG}, {}, "row 2: the source has no finite position"),
        ({**POSITION, "b": [3.0, 94.0] * DEG}, {}, "row 2: 'b' is beyond a pole"),
        ({**POSITION, "extension": [-0.1, 0.2] * DEG}, {}, "row 1: an extension of -0.1 deg"),
        ({**POSITION, "extension": ["0.1", "wide"]}, {}, "row 2: extension = 'wide' is no angle"),
        ({**POSITION, "extension": [0.1, 0.2] * u.TeV}, {}, "'extension' has the unit 'TeV'"),
        ({"l": [] * DEG, "b": [] * DEG}, {}, "no sources"),
        (POSITION, {"psf": 0.5}, "psf"),
        (POSITION, {"psf": "1 TeV"}, "psf"),
        (POSITION, {"psf": "lhaso-km2a"}, "did you mean 'lhaaso-km2a'"),
    ],
)
def test_bad_files_are_one_line_with_the_name(tmp_path, columns, meta, words):
    with pytest.raises(InputError) as error:
        Catalogue.read(write(tmp_path, meta=meta, **columns))
    assert words in str(error.value)
    assert "mine.ecsv" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("column", ["radius", "r68", "Model_SemiMajor", "spatial_extent", "diameter_deg"])
def test_a_size_that_is_no_known_extension_is_told(tmp_path, column):
    """In what relation it is to a sigma, the table does not say."""
    path = tmp_path / "mine.csv"
    path.write_text(f"name,RA,DEC,flux,{column}\nA,290,12,3,1.0\n")
    with pytest.warns(FileWarning, match=f"all sources are points; {column}: not read"):
        assert Catalogue.read(path).extension[0] == 0


def test_no_catalogue(tmp_path):
    with pytest.raises(InputError, match="did you mean '1lhaaso'"):
        Catalogue.named("1lhaso")
    with pytest.raises(InputError, match="no such file; shipped catalogues: 1lhaaso"):
        Catalogue.read(tmp_path / "missing.ecsv")
    (tmp_path / "x.ecsv").write_text("l,b\n1,2\n")
    with pytest.raises(InputError, match=r"x\.ecsv: not a readable"):
        Catalogue.read(tmp_path / "x.ecsv")


def test_radii(tmp_path):
    """n sqrt(psf^2 + extension^2), per source; 0.5 deg is KM2A's, 0.45 deg WCDA's."""
    path = write(tmp_path, **POSITION, extension=[0.0, 1.2] * DEG)
    mine = Catalogue.read(path)
    np.testing.assert_allclose(mine.discs(0.5 * DEG).shape.radius, [1.25, 2.5 * 1.3], rtol=1e-12)
    np.testing.assert_allclose(mine.discs(30 * u.arcmin, n=1).shape.radius, [0.5, 1.3], rtol=1e-12)
    assert mine.discs("lhaaso-km2a") == mine.discs(0.5 * DEG)
    np.testing.assert_allclose(mine.discs("lhaaso-wcda").shape.radius, 2.5 * np.hypot(0.45, [0, 1.2]), rtol=1e-12)
    assert mine.discs(0.5 * DEG).name == "sources:mine,0.5deg"
    assert mine.discs(0.5 * DEG, 3).name == "sources:mine,0.5deg,3"
    assert MASK_RADII == 2.5
    with pytest.raises(InputError, match="mine: which psf"):
        mine.discs()
    for bad in (-1 * DEG, math.nan * DEG, 1 * u.TeV, 0.5):
        with pytest.raises(InputError, match="psf"):
            mine.discs(bad)
    for n in (0, -1, math.nan):
        with pytest.raises(InputError, match="n of a source mask"):
            mine.discs(0.5 * DEG, n)
    with pytest.raises(InputError, match="up to 180"):
        mine.discs(0.5 * DEG, 1000)
    with pytest.raises(InputError, match="above 0"):
        mine.discs(0 * DEG)


def random_directions(number, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(number, 3))
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


@pytest.mark.parametrize("spread", [1e-3, 0.1, 10.0])
def test_many_discs_are_the_union_of_each(spread):
    """Depth by depth: the largest of the discs' own, for directions near together and all over the sky."""
    rng = np.random.default_rng(3)
    l, b, radius = rng.uniform(0, 360, 120), rng.uniform(-90, 90, 120), rng.uniform(0.1, 20, 120)
    together = Discs(tuple(l), tuple(b), tuple(radius))
    near = random_directions(10, 1)[3] + spread * random_directions(10_000, 2)
    near /= np.linalg.norm(near, axis=1)[:, None]
    expected = np.max([Disc(*each).depth(near) for each in zip(l, b, radius, strict=True)], axis=0)
    np.testing.assert_allclose(together.depth(near), expected, rtol=1e-12)
    assert together.depth(np.empty((0, 3))).size == 0


def test_disjoint_discs_add_up_and_overlapping_ones_do_not(tmp_path):
    disc = Region.disc(30 * DEG, 0 * DEG, 1.25 * DEG).solid_angle.value
    apart = Region.around(Catalogue.read(write(tmp_path, l=[30.0, 80.0] * DEG, b=[0.0, 1.0] * DEG)), 0.5 * DEG)
    assert apart.solid_angle.value / disc == pytest.approx(2, rel=1e-4)
    same = Region.around(Catalogue.read(write(tmp_path, l=[30.0, 30.0] * DEG, b=[0.0, 0.0] * DEG)), 0.5 * DEG)
    assert same.solid_angle.value / disc == pytest.approx(1, rel=1e-4)
    # two discs a radius apart overlap in a lens of r^2 (2 pi/3 - sqrt(3)/2) (flat sky, good to r^2)
    lens = Region.around(Catalogue.read(write(tmp_path, l=[30.0, 31.25] * DEG, b=[0.0, 0.0] * DEG)), 0.5 * DEG)
    shared = (2 * math.pi / 3 - math.sqrt(3) / 2) / math.pi
    assert lens.solid_angle.value / disc == pytest.approx(2 - shared, rel=5e-4)


def test_the_masked_region_of_the_inner_galaxy():
    """0.60 to 0.62 of it is left at a psf of 0.5 deg; of the outer, which has fewer sources, 0.90."""
    inner, outer = Region.named("lhaaso-inner-masked"), Region.named("lhaaso-outer-masked")
    part = (inner.solid_angle / inner.unmasked.solid_angle).value
    assert 0.60 < part < 0.62
    assert part == pytest.approx(0.6164, abs=5e-4)
    assert (outer.solid_angle / outer.unmasked.solid_angle).value == pytest.approx(0.9033, abs=5e-4)
    for region, name in ((inner, "lhaaso-inner"), (outer, "lhaaso-outer")):
        assert region.unmasked == Region.named(name)
        assert region == Region.named(name).without_sources()
        assert region == Region.parse(f"{name} - sources:1lhaaso,0.5deg,2.5")
        assert region == Region.parse(f"{name} - sources:1lhaaso")
        assert region.name == Region.named(name).without_sources().name == f"{name}-masked"
        for words in ("reconstructed", "1lhaaso", "10.3847/1538-4365/acfd29", "2.5 sqrt", "0.5 deg", "PhysRevLett"):
            assert words in region.reference
        assert f"of {name}; mask reconstructed" in str(region)
    assert "0.206291 sr, 0.6164 of lhaaso-inner" in str(inner)


@pytest.mark.slow
def test_the_masked_area_by_random_directions():
    """Random directions in the box, each against every source by SkyCoord's own separations."""
    rng = np.random.default_rng(5)
    n = 200_000
    l = rng.uniform(15, 125, n) * DEG
    b = np.degrees(np.arcsin(rng.uniform(-1, 1, n) * math.sin(math.radians(5)))) * DEG
    lhaaso = Catalogue.named("1lhaaso")
    places = SkyCoord(l, b, frame="galactic")
    left = np.ones(n, dtype=bool)
    for x, y, extension in zip(lhaaso.l, lhaaso.b, lhaaso.extension, strict=True):
        radius = 2.5 * np.hypot(0.5 * DEG, extension)
        left &= places.separation(SkyCoord(x, y, frame="galactic")) > radius
    region = Region.named("lhaaso-inner-masked")
    np.testing.assert_array_equal(region.contains(l, b), left)
    spread = math.sqrt(0.62 * 0.38 / n)
    assert (region.solid_angle / region.unmasked.solid_angle).value == pytest.approx(left.mean(), abs=4 * spread)


@pytest.mark.slow
@pytest.mark.parametrize("nside", [64, 128])
def test_mask_region_and_complement_add_up(nside):
    """Pixel by pixel: what sources take and what they leave are the region, the masked region and the rest the sky."""
    masked = Region.named("lhaaso-inner-masked")
    taken = masked.unmasked & Region.around(Catalogue.named("1lhaaso"))
    fractions = masked.fractions(nside)
    np.testing.assert_allclose(
        fractions + taken.fractions(nside), masked.unmasked.fractions(nside), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(fractions + (~masked).fractions(nside), 1.0, rtol=1e-12)
    assert 4 * math.pi * fractions.mean() == pytest.approx(masked.solid_angle.value, rel=1e-6)


@pytest.mark.slow
def test_solid_angles_add_up():
    masked = Region.named("lhaaso-inner-masked")
    taken = masked.unmasked & Region.around(Catalogue.named("1lhaaso"))
    whole = masked.unmasked.solid_angle.value
    assert masked.solid_angle.value + taken.solid_angle.value == pytest.approx(whole, rel=1e-5)
    assert masked.solid_angle.value + (~masked).solid_angle.value == pytest.approx(4 * math.pi, rel=1e-12)


@pytest.mark.slow
def test_masking_twice_is_masking_once():
    inner = Region.named("lhaaso-inner")
    twice = inner.without_sources().without_sources("1lhaaso", 0.3 * DEG)
    assert twice.unmasked == inner
    assert twice.solid_angle.value == pytest.approx(inner.without_sources().solid_angle.value, rel=1e-4)


@pytest.mark.slow
def test_a_larger_psf_leaves_less(tmp_path):
    inner = Region.named("lhaaso-inner")
    left = [inner.without_sources(psf=psf).solid_angle.value for psf in ("lhaaso-km2a", "lhaaso-wcda", 0.3 * DEG)]
    assert left == sorted(left)
    assert inner.without_sources(psf=0.3 * DEG).name == "lhaaso-inner - sources:1lhaaso,0.3deg"
    mine = write(tmp_path, meta={"psf": "0.4 deg"})
    region = inner.without_sources(str(mine))
    assert (
        region
        == Region.parse(f"lhaaso-inner - sources:{mine}")
        == Region.parse(f"lhaaso-inner - sources:{mine},0.4deg")
    )
    two = 2 * Region.disc(30 * DEG, 0 * DEG, 1 * DEG).solid_angle
    assert region.solid_angle.value == pytest.approx((inner.solid_angle - two).value, rel=1e-5)
    assert region.name == "lhaaso-inner - sources:mine,0.4deg"


def test_only_sources_leave_a_memory_of_the_unmasked_region():
    inner = Region.named("lhaaso-inner")
    assert inner.unmasked is None
    assert (inner - Region.disc(30 * DEG, 0 * DEG, 1 * DEG)).unmasked is None
    assert (~inner.without_sources()).unmasked is None
    shape = inner.without_sources().shape
    assert isinstance(shape, Intersection)
    assert isinstance(shape.parts[1], Complement)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources:1lhaso", "did you mean '1lhaaso'"),
        ("sources:nowhere.ecsv", "no such file"),
        ("sources:", "write it as sources:CATALOGUE,PSF,N"),
        ("sources:1lhaaso,0.5deg,2.5,1", "write it as sources:CATALOGUE,PSF,N"),
        ("sources:1lhaaso,0.5deg,x", "write it as sources:CATALOGUE,PSF,N"),
        ("sources:1lhaaso,0.5deg,-2", "write it as sources:CATALOGUE,PSF,N"),
        ("sources:1lhaaso,0.5", "psf.*no unit"),
        ("sources:1lhaaso,0.5TeV", "psf"),
        ("sources:1lhaaso,lhaaso-wcd", "did you mean 'lhaaso-wcda'"),
        ("lhaaso-inner-maskd", "did you mean 'lhaaso-inner-masked'"),
    ],
)
def test_parse_refuses(text, words):
    with pytest.raises(InputError, match=words) as error:
        Region.parse(text)
    assert "\n" not in str(error.value)


def test_a_file_without_a_psf_needs_one(tmp_path):
    path = write(tmp_path)
    with pytest.raises(InputError, match="which psf"):
        Region.parse(f"lhaaso-inner - sources:{path}")
    assert Region.parse(f"sources:{path},0.5deg").contains([30, 33] * DEG, [0, 0] * DEG).tolist() == [True, False]


CRAB = SkyCoord("05h34m31.97s +22d00m52.1s")
PLACES = SkyCoord([CRAB.ra.deg, 287.05], [CRAB.dec.deg, 6.39], unit="deg")
RA, DEC = PLACES.ra.deg, PLACES.dec.deg
L, B = PLACES.galactic.l.deg, PLACES.galactic.b.deg
HOURS, DEGREES = ["05:34:31.97", "19:08:12.0"], ["+22:00:52.1", "+06:23:24"]


def same_places(catalogue):
    """To a tenth of a second of time, to which texts and single precision are written."""
    return np.all(SkyCoord(catalogue.l, catalogue.b, frame="galactic").separation(PLACES) < 1.5 * u.arcsec)


@pytest.mark.parametrize(
    "columns",
    [
        {"l": L, "b": B},
        {"L": L, "B": B},
        {"GLON": L * DEG, "GLAT": B * DEG},
        {"_Glon": L, "_Glat": B},
        {"l_deg": L, "b_deg": B},
        {"Gal. lon": L, "Gal. lat": B},
        {"ra": RA, "dec": DEC},
        {"RA": RA * DEG, "DEC": (DEC * DEG).to(u.arcmin)},
        {"RAJ2000": RA, "DEJ2000": DEC},
        {"_RAJ2000": RA, "_DEJ2000": DEC},
        {"RA_ICRS": RA, "DE_ICRS": DEC},
        {"RA_deg": RA, "Dec_deg": DEC},
        {"ra (deg)": RA, "dec [deg]": DEC},
        {"ra_rad": np.radians(RA), "dec_rad": np.radians(DEC)},
        {"ra_hours": RA / 15, "dec": DEC},
        {"ra": (RA / 15) * u.hour, "dec": DEC * DEG},
        {"ra": HOURS, "dec": DEGREES},
        {"RAJ2000": ["05 34 31.97", "19 08 12"], "DEJ2000": ["+22 00 52.1", "+06 23 24"]},
        {"ra": ["05h34m31.97s", "19h08m12s"], "dec": ["22d00m52.1s", "6d23m24s"]},
        {"ra": [f"{x:.5f}" for x in RA], "dec": [f"{x:.5f}" for x in DEC]},
        {"RAJ2000": HOURS, "DEJ2000": DEGREES, "_RAJ2000": RA, "_DEJ2000": DEC},
        {"ra": RA, "dec": DEC, "glon": L, "glat": B, "flux": ["<2.9e-13", "1e-12"]},
        {"ra": RA.astype("f4") * DEG, "dec": DEC.astype(">f4") * DEG},
        {"position": PLACES},
    ],
)
def test_positions_in_all_spellings(columns):
    """As gamma-cat, VizieR, Fermi's and other catalogues name and write them; without a unit in degrees."""
    assert same_places(Catalogue.of(Table(columns), psf=0.3 * DEG))
    assert same_places(Catalogue.of(QTable(columns)))


@pytest.mark.parametrize("name", ["mine.fits", "mine.fits.gz", "mine.ecsv", "mine.csv", "mine.txt", "mine.dat"])
@pytest.mark.parametrize("columns", [{"RAJ2000": RA, "DEJ2000": DEC}, {"ra": HOURS, "dec": DEGREES}])
def test_files_of_all_kinds(tmp_path, name, columns):
    """Told by what is in them; an extension that is a limit is a point."""
    table = Table({"Source_Name": ["Crab", "MGRO J1908"], **columns, "r39": ["<0.1", "0.36"]})
    kinds = {".fits": "fits", ".gz": "fits", ".ecsv": "ascii.ecsv", ".csv": "ascii.csv", ".txt": "ascii.tab"}
    path = tmp_path / name
    table.write(path, format=kinds.get(path.suffix, "ascii.basic"))
    mine = Catalogue.read(path)
    assert mine.name == "mine"
    assert same_places(mine)
    assert mine.sources == ("Crab", "MGRO J1908")
    np.testing.assert_allclose(mine.extension.value, [0, 0.36], rtol=1e-12)
    assert mine.meta["extension_column"] == "r39"
    region = Region.parse(f"sources:{path},0.5deg,2")
    np.testing.assert_allclose(region.shape.radius, 2 * np.hypot(0.5, [0, 0.36]), rtol=1e-12)
    assert region == Region.around(mine, "0.5 deg", 2) == Region.around(path, 0.5 * DEG, 2)
    assert Region.parse(region.name) == region


def test_texts_with_units(tmp_path):
    """As VizieR's tables are, written by astropy."""
    table = Table({"RAJ2000": ["05 34 31.97", "19 08 12"], "DEJ2000": ["+22 00 52.1", "+06 23 24"]})
    table["RAJ2000"].unit, table["DEJ2000"].unit = '"h:m:s"', '"d:m:s"'
    table.write(tmp_path / "v.ecsv")
    assert same_places(Catalogue.read(tmp_path / "v.ecsv"))
    assert same_places(Catalogue.of(table))
    assert "all of them points" in Region.around(table, "0.5 deg").reference


def test_the_first_table_of_a_fits_file_with_positions(tmp_path):
    """Fermi's catalogues have other tables behind that of sources; units may be odd."""
    other = fits.BinTableHDU(Table({"energy": [1.0]}), name="BINS")
    sources = fits.BinTableHDU(Table({"RAJ2000": RA, "DEJ2000": DEC}), name="SOURCES")
    sources.header["TUNIT1"], sources.header["TUNIT2"] = "degrees", "Degrees"
    first = fits.PrimaryHDU()
    first.header["PSF"] = "0.4 deg"
    fits.HDUList([first, other, sources, fits.BinTableHDU(Table({"l": [1.0], "b": [1.0]}))]).writeto(
        tmp_path / "x.fits"
    )
    catalogue = Catalogue.read(tmp_path / "x.fits")
    assert same_places(catalogue)
    assert catalogue.psf == 0.4 * DEG
    fits.HDUList([fits.PrimaryHDU(), other]).writeto(tmp_path / "y.fits")
    with pytest.raises(InputError, match=r"y\.fits: no columns .* there are: energy"):
        Catalogue.read(tmp_path / "y.fits")
    fits.PrimaryHDU(np.ones((3, 3))).writeto(tmp_path / "z.fits")
    with pytest.raises(InputError, match=r"z\.fits: no table in this FITS file"):
        Catalogue.read(tmp_path / "z.fits")
    raw = (tmp_path / "x.fits").read_bytes()
    (tmp_path / "cut.fits").write_bytes(raw[: len(raw) - 100])
    with pytest.raises(InputError, match=r"cut\.fits: not a whole FITS file"):
        Catalogue.read(tmp_path / "cut.fits")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a readable table"),
        ("ra,dec\n", "no sources"),
        ("ra,dec\n1,2,3\n", "not a readable table"),
        ("ra,dec\n1,\n", "row 1: the source has no finite position"),
        ("ra,dec\n1,2\n,3\n", "row 2: the source has no finite position"),
        ("<VOTABLE/>", "no table of sources; FITS, ECSV or a text with columns is needed"),
        ("\0\1\2", "no table of sources"),
        ("ra,ra,dec\n1,2,3\n", "two columns are called 'ra'"),
        ("name;flux\na;1\n", "there are: name, flux"),
    ],
)
def test_texts_that_are_no_sources(tmp_path, text, words):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        Catalogue.read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_hidden_positions_are_one_line():
    table = Table({"ra": np.ma.masked_array(RA, [False, True]), "dec": DEC})
    for source in (table, QTable(table), SkyCoord([1, np.nan], [2, 3], unit="deg")):
        with pytest.raises(InputError, match="row 2: the source has no finite position"):
            Catalogue.of(source)


def test_catalogues_of_coordinates_and_scalars():
    assert same_places(Catalogue.of(PLACES.fk5))
    assert same_places(Catalogue.of(PLACES.barycentrictrueecliptic))
    scalar = Catalogue("one", CRAB.galactic.l, CRAB.galactic.b, 0 * DEG, "0.5 deg")
    assert len(scalar) == 1
    assert Region.around(scalar) == Region.around(CRAB, "lhaaso-km2a")
    two = Catalogue("two", [1 * DEG, 60 * u.arcmin], 0 * DEG, 0 * DEG)
    assert two == Catalogue("x", [1, 1] * DEG, [0, 0] * DEG, [0, 0] * DEG)
    inner = Region.named("lhaaso-inner")
    assert inner.without_sources(Table({"l": [50.0], "b": [0.0]}), "0.5 deg").unmasked == inner


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Catalogue("x", 1, 2, 0), "catalogue x: l: a Quantity with a unit like 'deg' is needed"),
        (lambda: Catalogue("x", [1, 2] * DEG, [1, 2, 3] * DEG, 0 * DEG), "have 2, 3, 1 values"),
        (lambda: Catalogue("x", [1, 2] * DEG, [1, 95] * DEG, 0 * DEG), "95 deg is beyond a pole"),
        (lambda: Catalogue("x", 1 * DEG, 2 * DEG, -1 * DEG), "extensions are from 0 to 90 deg"),
        (lambda: Catalogue("x", 1 * DEG, np.nan * DEG, 0 * DEG), "not finite"),
        (lambda: Catalogue("x", [] * DEG, [] * DEG, [] * DEG), "one source at least"),
        (lambda: Catalogue("x", 1 * DEG, 2 * DEG, 0 * DEG, sources=("a", "b")), "2 names for 1 sources"),
        (lambda: Catalogue("x", 1 * DEG, 2 * DEG, 0 * DEG, psf=3), "psf"),
        (lambda: Catalogue.of([1, 2]), "a table or a SkyCoord is needed, got list"),
        (lambda: Region.around(3), "a table or a SkyCoord is needed, got int"),
        (lambda: Region.around("1lhaso"), "did you mean '1lhaaso'"),
    ],
)
def test_catalogues_made_in_python_are_looked_at(make, words):
    with pytest.raises(InputError) as error:
        make()
    assert words in str(error.value)
    assert "\n" not in str(error.value)
