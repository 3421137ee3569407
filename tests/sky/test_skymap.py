"""Maps: what they hold, the file they write, and the tools that read it."""

import math

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.io import fits

from skycocoon import InputError, Region, SkyMap, intensity_map, load_model
from skycocoon.errors import AccuracyWarning
from skycocoon.sky.convention import FLAVOURS
from skycocoon.sky.healpix import image_pixels
from skycocoon.sky.pixels import Pixels
from skycocoon.units import INTENSITY

from .formats.conftest import CUBE, NSIDE
from .formats.conftest import E as NODES

E = np.geomspace(100, 1e6, 13) * u.GeV


@pytest.fixture(scope="module")
def sky():
    return intensity_map(load_model("schroer2021"), "gamma", E, 16)


@pytest.fixture
def path(sky, tmp_path):
    sky.write(tmp_path / "gamma.fits")
    return tmp_path / "gamma.fits"


def test_layout_of_the_file(path):
    with fits.open(path, checksum=True) as file:
        assert [hdu.name for hdu in file] == ["PRIMARY", "SKYMAP", "ENERGIES", "PROVENANCE"]
        assert file[0].data is None
        table, header = file["SKYMAP"], file["SKYMAP"].header
        assert table.columns.names == [f"ENERGY{k}" for k in range(1, 14)]
        assert set(table.columns.formats) == {"E"}
        assert len(table.data) == 12 * 16**2
        expected = {
            "PIXTYPE": "HEALPIX", "ORDERING": "RING", "COORDSYS": "GAL", "NSIDE": 16, "ORDER": 4, "FIRSTPIX": 0,
            "LASTPIX": 3071, "INDXSCHM": "IMPLICIT", "OBJECT": "FULLSKY", "BUNIT": "cm-2 s-1 sr-1 MeV-1",
            "TUNIT1": "cm-2 s-1 sr-1 MeV-1", "MESSENGR": "gamma",
        }  # fmt: skip
        assert {key: header[key] for key in expected} == expected
        assert "HPX_CONV" not in header
        energies = file["ENERGIES"]
        assert energies.columns.names == ["Energy"]
        assert energies.columns[0].format == "D"
        assert energies.columns[0].unit == "MeV"
        np.testing.assert_allclose(energies.data["Energy"], E.to_value(u.MeV), rtol=1e-12)
        provenance = dict(zip(file["PROVENANCE"].data["key"], file["PROVENANCE"].data["value"], strict=True))
        assert provenance["creator"] == "skycocoon"
        assert "[components.cocoons.grammage]" in provenance["toml"]
        assert provenance["absorption"] == "none"
        assert "CHECKSUM" in header


def test_healpy_reads_the_same_numbers(sky, path):
    maps = healpy.read_map(path, field=None, dtype=np.float64)
    assert maps.shape == (13, 3072)
    np.testing.assert_allclose(maps, sky.intensity.to_value("cm-2 s-1 sr-1 MeV-1"), rtol=1e-6)


def test_gammapy_reads_the_same_numbers(sky, path):
    maps = pytest.importorskip("gammapy.maps")
    cube = maps.Map.read(path)
    assert cube.geom.frame == "galactic"
    assert cube.geom.nside[0] == 16
    assert cube.unit.is_equivalent(INTENSITY)
    axis = cube.geom.axes["energy_true"]
    np.testing.assert_allclose(axis.center.to_value(u.GeV), E.value, rtol=1e-6)
    np.testing.assert_allclose(cube.quantity.to_value(INTENSITY), sky.intensity.value, rtol=1e-6)
    # at a position and a node, as a user would ask
    value = cube.get_by_coord({"lon": 30 * u.deg, "lat": 0 * u.deg, "energy_true": E[4]})
    pixel = healpy.ang2pix(16, 30, 0, lonlat=True)
    assert (value * cube.unit).to_value(INTENSITY)[0] == pytest.approx(sky.intensity[4, pixel].value, rel=1e-6)


def test_gammapy_takes_it_as_a_spatial_model(path):
    models = pytest.importorskip("gammapy.modeling.models")
    template = models.TemplateSpatialModel.read(path, normalize=False)
    assert template.evaluate(30 * u.deg, 0 * u.deg, 1 * u.TeV).unit.is_equivalent(INTENSITY)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "longitude"), [("lhaaso-inner", 70), ("lhaaso-outer", 180)])
def test_gammapy_counts_all_of_an_image_around_a_region(tmp_path, name, longitude):
    """In what it fits, a dataset; a HEALPix template of the whole sky it cuts, as docs/formats.md says."""
    maps = pytest.importorskip("gammapy.maps")
    from gammapy.datasets import MapDataset
    from gammapy.irf import EDispKernelMap
    from gammapy.modeling.models import PowerLawNormSpectralModel, SkyModel, TemplateSpatialModel

    nodes = np.geomspace(10, 100, 21) * u.TeV
    sky = intensity_map(load_model("base-max"), "gamma", nodes, 64, rtol=1e-3)
    sky.write(tmp_path / "x.fits")
    cube = maps.Map.read(tmp_path / "x.fits")
    around = maps.WcsGeom.create(
        skydir=(longitude, 0), width=(120, 20), binsz=0.25, frame="galactic", proj="CAR", axes=cube.geom.axes
    )
    image = TemplateSpatialModel(cube.interp_to_geom(around), filename=str(tmp_path / "y.fits"), normalize=False)
    bins = {"nbin": 2, "name": "energy"}, {"nbin": 40, "name": "energy_true"}
    energy, true = (maps.MapAxis.from_energy_bounds("10 TeV", "100 TeV", **axis) for axis in bins)
    geom = maps.WcsGeom.create(
        skydir=(longitude, 0), width=(110, 10), binsz=0.25, frame="galactic", proj="CAR", axes=[energy]
    )
    dataset = MapDataset.create(geom, energy_axis_true=true, binsz_irf=5.0)
    dataset.exposure = maps.Map.from_geom(dataset.exposure.geom, data=1e17, unit="cm2 s")
    dataset.mask_safe = maps.Map.from_geom(geom, data=True, dtype=bool)
    dataset.psf, dataset.edisp = None, EDispKernelMap.from_diagonal_response(energy, true)

    def counts(template):
        dataset.models = [SkyModel(PowerLawNormSpectralModel(), template)]
        return dataset.npred_signal().data.sum()

    region = Region.named(name)
    flux = sky.sed(region)
    x = np.geomspace(10, 100, 201) * u.TeV
    expected = np.trapezoid((flux.at(x) * region.solid_angle).to_value("TeV-1 cm-2 s-1"), x.value) * 1e17
    assert counts(image) == pytest.approx(expected, rel=5e-3)
    whole = TemplateSpatialModel(cube, filename=str(tmp_path / "x.fits"), normalize=False)
    assert counts(whole) < 0.9 * expected


@pytest.fixture
def part(sky, tmp_path):
    """A map of a disc, and its file."""
    pixels = Region.parse("disc:30,-2,40").pixels(16)
    values = {name: value[:, pixels.numbers] for name, value in sky.components.items()}
    part = SkyMap(sky.energy, values, "gamma", "", sky.meta, pixels)
    part.write(tmp_path / "part.fits")
    return part, tmp_path / "part.fits"


def test_layout_of_a_part_of_the_sky(part):
    sky, path = part
    with fits.open(path, checksum=True) as file:
        header, data = file["SKYMAP"].header, file["SKYMAP"].data
        assert (header["INDXSCHM"], header["OBJECT"], header["NSIDE"]) == ("EXPLICIT", "PARTIAL", 16)
        assert (header["FIRSTPIX"], header["LASTPIX"]) == (data["PIX"][0], data["PIX"][-1])
        assert data.names == ["PIX", *(f"ENERGY{k}" for k in range(1, 14))]
        assert data["PIX"].tolist() == sky.pixels.numbers.tolist()


def test_healpy_reads_a_part_of_the_sky(part):
    sky, path = part
    maps = healpy.read_map(path, field=None, dtype=np.float64, partial=True)
    assert maps.shape == (13, 3072)
    outside = np.delete(maps, sky.pixels.numbers, axis=1)
    assert np.all(outside == healpy.UNSEEN)
    np.testing.assert_allclose(maps[:, sky.pixels.numbers], sky.intensity.to_value("cm-2 s-1 sr-1 MeV-1"), rtol=1e-6)


def test_gammapy_reads_a_disc(part):
    """Discs are the parts of the sky that gammapy 2.1 has a name for; it reads no list of pixels."""
    maps = pytest.importorskip("gammapy.maps")
    sky, path = part
    cube = maps.Map.read(path)
    assert cube.geom.to_image().npix == sky.pixels.size
    np.testing.assert_allclose(cube.quantity.to_value(INTENSITY), sky.intensity.value, rtol=1e-6)
    value = cube.get_by_coord({"lon": 30 * u.deg, "lat": -2 * u.deg, "energy_true": E[4]})
    pixel = sky.pixels.places(np.array([healpy.ang2pix(16, 30, -2, lonlat=True)]))
    np.testing.assert_allclose((value * cube.unit).to_value(INTENSITY), sky.intensity[4, pixel].value, rtol=1e-6)


def test_gammapy_takes_other_parts_with_their_pixels(sky, tmp_path):
    """As docs/formats.md says it."""
    maps = pytest.importorskip("gammapy.maps")
    pixels = Region.named("fermi-lat-2012-inner").pixels(16)
    part = SkyMap(E, {"x": sky.intensity[:, pixels.numbers]}, pixels=pixels)
    axis = maps.MapAxis.from_nodes(part.energy, name="energy_true", interp="log")
    geom = maps.HpxGeom(part.nside, nest=False, frame="galactic", region=(part.pixels.numbers,), axes=[axis])
    cube = maps.HpxNDMap(geom, part.intensity.value.astype(np.float32), unit=part.intensity.unit)
    value = cube.get_by_coord({"lon": 30 * u.deg, "lat": 0 * u.deg, "energy_true": E[4]})
    pixel = healpy.ang2pix(16, 30, 0, lonlat=True)
    assert value[0] == pytest.approx(sky.intensity[4, pixel].value, rel=1e-6)


def test_round_trip_of_a_part(sky, part):
    one, path = part
    again = SkyMap.read(path)
    assert again.pixels.same_as(one.pixels)
    np.testing.assert_allclose(again.intensity.value, one.intensity.value, rtol=1e-6)
    region = Region.parse("disc:30,-2,35")
    assert np.array_equal(one.sed(region).intensity.value, sky.sed(region).intensity.value)
    assert np.array_equal(one.at(3 * u.TeV).value, sky.at(3 * u.TeV).value[one.pixels.numbers])
    low, high = 2 * u.TeV, 50 * u.TeV
    assert np.array_equal(one.integrate(low, high).value, sky.integrate(low, high).value[one.pixels.numbers])
    with pytest.raises(InputError, match="is asked for, and is outside it"):
        one.sed(~region)
    with pytest.raises(InputError, match="their pixels differ"):
        one + SkyMap(E, {"x": one.intensity}, pixels=Region.parse("disc:30,-2,45").pixels(16)[: one.pixels.size])
    both = one + SkyMap(E, {"other": one.intensity}, pixels=again.pixels)
    assert list(both.components) == ["cocoons", "other"]


def test_resampling_a_part(sky, part):
    """Larger pixels are made where all parts of them are known, with the values that the whole sky gives."""
    one, _ = part
    for nside in (8, 32):
        again, whole = one.resampled(nside, E), sky.resampled(nside, E)
        assert np.array_equal(again.intensity.value, whole.intensity.value[:, again.pixels.numbers])
    assert 0 < one.resampled(8, E).pixels.size < one.pixels.size / 4


def test_a_figure_reads_no_more_than_it_shows(sky, path, part):
    """At nside 16 that is everything; at nside 1024, 3 % of the pixels."""
    assert np.array_equal(SkyMap.read_drawn(path).intensity.value, SkyMap.read(path).intensity.value)
    one, part_path = part
    assert SkyMap.read_drawn(part_path).pixels.same_as(one.pixels)
    assert SkyMap.read_drawn(path).plot(1 * u.TeV).get_title() == sky.plot(1 * u.TeV).get_title()
    fine = Pixels.whole(1024)
    shown = fine[fine.drawn()]
    assert shown.size < 0.04 * fine.size
    values = np.arange(fine.size, dtype=np.float64)
    places = image_pixels(1024)
    assert np.array_equal(shown.sample(values[shown.numbers], places), values[places])


def test_figure_of_a_part(part):
    sky, _ = part
    assert "16" in sky.plot().get_title()


def test_round_trip(sky, path):
    again = SkyMap.read(path)
    assert (again.messenger, again.flavour, again.nside) == ("gamma", "", 16)
    np.testing.assert_allclose(again.energy.to_value(u.GeV), E.value, rtol=1e-12)
    np.testing.assert_allclose(again.intensity.value, sky.intensity.to_value(INTENSITY), rtol=1e-6)
    assert again.meta["toml"] == sky.meta["toml"]
    region = Region.named("fermi-lat-2012-inner")
    np.testing.assert_allclose(again.sed(region).intensity.value, sky.sed(region).intensity.value, rtol=1e-6)


def test_neutrino_map_states_its_convention(tmp_path):
    model = load_model("schroer2021")
    for flavour in FLAVOURS:
        sky = intensity_map(model, "neutrino", [1, 10] * u.TeV, 8, flavour=flavour)
        sky.write(tmp_path / f"{flavour}.fits")
        assert fits.getheader(tmp_path / f"{flavour}.fits", 1)["FLAVOUR"] == flavour
        assert SkyMap.read(tmp_path / f"{flavour}.fits").flavour == flavour
        assert FLAVOURS[flavour] in str(sky)
    one, every = (SkyMap.read(tmp_path / f"{f}.fits").intensity for f in FLAVOURS)
    np.testing.assert_allclose((every / one).value, 3.0, rtol=1e-6)


def test_no_bad_numbers_reach_a_file(tmp_path):
    model = load_model("schroer2021")
    sky = intensity_map(model, "gamma", [1e6, 1e7, 9e7] * u.GeV, 4)
    sky.write(tmp_path / "tail.fits")
    values = healpy.read_map(tmp_path / "tail.fits", field=None)
    assert np.all(np.isfinite(values))
    # single precision ends at 1e-38; a dim layer is written whole, or it is 0 everywhere
    np.testing.assert_allclose(values, sky.intensity.to_value("cm-2 s-1 sr-1 MeV-1"), rtol=1e-6, atol=1e-300)
    assert values[0].min() > 0
    broken = SkyMap(E[:1], {"x": np.ones((1, 12)) * INTENSITY})
    broken.components["x"][0, 3] = -1 * INTENSITY
    with pytest.raises(InputError, match="negative"):
        broken.write(tmp_path / "broken.fits")
    assert not (tmp_path / "broken.fits").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["tail.fits"]


def test_existing_files_are_kept(sky, path):
    before = path.read_bytes()
    with pytest.raises(InputError, match="overwrite=True"):
        sky.write(path)
    assert path.read_bytes() == before
    sky.write(path, overwrite=True)
    with pytest.raises(InputError, match="cannot write"):
        sky.write(path.parent / "missing" / "gamma.fits")


def test_truncated_and_corrupt_files(sky, path):
    whole = path.read_bytes()
    for cut in (0, 1, 79, 2880, 5760, 20_000, len(whole) // 2, len(whole) - 2880, len(whole) - 5000):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError) as error:
            SkyMap.read(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(30):
        broken = bytearray(whole)
        at = int(rng.integers(0, 40_000))
        broken[at] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(broken)
        # A flipped bit is found by the checksums; or it was in a checksum's own card, and the numbers are right.
        try:
            again = SkyMap.read(path)
        except InputError:
            refused += 1
        else:
            np.testing.assert_allclose(again.intensity.value, sky.intensity.to_value(INTENSITY), rtol=1e-6)
    assert refused >= 20
    with pytest.raises(InputError, match="no such file"):
        SkyMap.read(path.parent / "missing.fits")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BUNIT": ""}, "unit"),
        ({"BUNIT": "K"}, "no intensity"),
        ({"COORDSYS": ""}, "frame"),
        ({"COORDSYS": "MOON"}, "unknown frame"),
        ({"ORDERING": "SPIRAL"}, "RING or NESTED"),
    ],
)
def test_a_file_that_does_not_say(path, change, words):
    with fits.open(path) as file:
        file[1].header.update(change)
        if change.get("BUNIT") == "":
            for k in range(1, 14):
                del file[1].header[f"TUNIT{k}"]
        file.writeto(path.parent / "changed.fits", checksum=True)
    with pytest.raises(InputError, match=words):
        SkyMap.read(path.parent / "changed.fits")


def test_nested_files_are_reordered(sky, path):
    with fits.open(path) as file:
        order = healpy.nest2ring(16, np.arange(3072))
        columns = [fits.Column(c.name, "E", unit=c.unit, array=file[1].data[c.name][order]) for c in file[1].columns]
        table = fits.BinTableHDU.from_columns(columns, name="SKYMAP")
        for key in ("PIXTYPE", "COORDSYS", "NSIDE", "BUNIT"):
            table.header[key] = file[1].header[key]
        table.header["ORDERING"] = "NESTED"
        fits.HDUList([fits.PrimaryHDU(), table, file[2]]).writeto(path.parent / "nest.fits")
    again = SkyMap.read(path.parent / "nest.fits")
    np.testing.assert_allclose(again.intensity.value, sky.intensity.to_value(INTENSITY), rtol=1e-6)


def test_sed_of_the_sky_is_the_mean(sky):
    sed = sky.sed(Region.everywhere())
    np.testing.assert_allclose(sed.intensity.value, sky.intensity.mean(axis=1).value, rtol=1e-10)
    np.testing.assert_allclose(sed.flux.value, sky.intensity.mean(axis=1).value * 4 * math.pi, rtol=1e-10)


def test_region_and_complement(sky):
    region = Region.disc(20 * u.deg, 5 * u.deg, 40 * u.deg)
    parts = sky.sed(region).flux + sky.sed(~region).flux
    np.testing.assert_allclose(parts.value, sky.sed(Region.everywhere()).flux.value, rtol=1e-3)


def test_a_region_of_few_pixels_is_warned_of(sky):
    with pytest.warns(AccuracyWarning, match="pixels of nside 16"):
        sed = sky.sed(Region.named("hawc-2024-b2"))
    assert "rtol" not in sed.meta
    assert sed.meta["from"] == "map, nside 16"


def test_sum_of_maps(sky):
    other = SkyMap(E, {"other": sky.intensity * 0.5})
    both = sky + other
    assert list(both.components) == ["cocoons", "other"]
    np.testing.assert_allclose(both.intensity.value, 1.5 * sky.intensity.value, rtol=1e-12)
    with pytest.raises(InputError, match="energies differ"):
        sky + SkyMap(2 * E, {"other": sky.intensity})
    with pytest.raises(InputError, match="nside"):
        sky + SkyMap(E, {"other": np.ones((13, 12)) * INTENSITY})


def test_integral_of_a_power_law():
    energy = np.geomspace(1, 100, 5) * u.TeV
    sky = SkyMap(energy, {"x": np.outer((energy.to_value(u.GeV) / 1e3) ** -2.3, np.ones(12)) * INTENSITY})
    a, b = 2e3, 5e4
    exact = 1e3**2.3 * (a**-1.3 - b**-1.3) / 1.3
    np.testing.assert_allclose(sky.integrate(2 * u.TeV, 50 * u.TeV).value, exact, rtol=1e-9)
    np.testing.assert_allclose(sky.at(7 * u.TeV).value, 7**-2.3, rtol=1e-9)
    with pytest.raises(InputError, match="within"):
        sky.integrate(2 * u.TeV, 500 * u.TeV)
    with pytest.raises(InputError, match="within"):
        sky.at(0.5 * u.TeV)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "no component"),
        ({"x": np.ones((2, 12)) * INTENSITY}, "does not fit"),
        ({"x": np.ones((13, 13)) * INTENSITY}, "HEALPix"),
        ({"x": np.ones((13, 12)) * u.K}, "does not fit"),
        ({"x": np.ones((13, 12)) * INTENSITY, "y": np.ones((13, 48)) * INTENSITY}, "different numbers"),
    ],
)
def test_maps_that_cannot_be(parts, words):
    with pytest.raises(InputError, match=words):
        SkyMap(E, parts)


def power_laws(nside, seed=0):
    rng = np.random.default_rng(seed)
    index, norm = rng.uniform(2, 3, 12 * nside**2), rng.uniform(0.1, 2, 12 * nside**2)
    return lambda energy: norm * np.asarray(energy.to_value(u.TeV))[..., None] ** -index


@pytest.mark.parametrize("old", [1, 2, 8])
@pytest.mark.parametrize("new", [1, 2, 8, 16])
def test_resampling_keeps_the_mean_of_the_sky(old, new):
    law = power_laws(old)
    sky = SkyMap(
        NODES, {"a": law(NODES) * INTENSITY, "b": 2 * law(NODES)[:, ::-1] * INTENSITY}, "gamma", "", {"creator": "me"}
    )
    wanted = [10, 17, 333, 1000] * u.GeV
    again = sky.resampled(new, wanted)
    assert (again.nside, list(again.components), again.meta["creator"]) == (new, ["a", "b"], "me")
    for name, factor in (("a", 1), ("b", 2)):
        mean = again.components[name].to_value(INTENSITY).mean(axis=1)
        np.testing.assert_allclose(mean, factor * law(wanted).mean(axis=1), rtol=1e-12)
    if new >= old:  # nothing was lost
        np.testing.assert_allclose(again.resampled(old, wanted).intensity.value, law_sum(law, wanted), rtol=1e-12)


def law_sum(law, wanted):
    return law(wanted) + 2 * law(wanted)[:, ::-1]


@pytest.mark.parametrize(("old", "new"), [(8, 4), (8, 1), (2, 8), (4, 4)])
def test_resampling_is_where_healpy_has_it(old, new):
    values = np.random.default_rng(3).uniform(1, 2, 12 * old**2)
    sky = SkyMap(NODES[:1], {"x": values[None] * INTENSITY})
    np.testing.assert_allclose(
        sky.resampled(new, NODES[:1]).intensity.value[0], healpy.ud_grade(values, new), rtol=1e-12
    )


def test_resampling_at_the_same_nodes_changes_nothing():
    sky = SkyMap(NODES, {"x": CUBE * INTENSITY})
    again = sky.resampled(NSIDE, NODES)
    assert np.array_equal(again.intensity.value, CUBE.astype(float))
    np.testing.assert_allclose(
        sky.resampled(1, 55 * u.GeV).intensity.value.mean(), sky.at(55 * u.GeV).value.mean(), rtol=1e-12
    )


def test_resampling_beside_a_zero_is_zero():
    """Nobody knows where between two nodes a spectrum ends; a straight line would be 2 here, halfway to 4."""
    sky = SkyMap([1, 100] * u.GeV, {"x": np.array([np.full(12, 4.0), np.r_[np.zeros(6), np.ones(6)]]) * INTENSITY})
    row = sky.resampled(1, [10] * u.GeV).intensity.value[0]
    np.testing.assert_allclose(row, np.r_[np.zeros(6), np.full(6, 2.0)], rtol=1e-12)
    row = sky.resampled(1, 10**0.5 * u.GeV).intensity.value[0]
    np.testing.assert_allclose(row, np.r_[np.zeros(6), np.full(6, 4**0.75)], rtol=1e-12)
    # the same in an integral: from 1 to 100 GeV of 4 E^-0.301..
    slope = np.log(4) / np.log(100)
    whole = 4 * (100 ** (1 - slope) - 1) / (1 - slope)
    np.testing.assert_allclose(
        sky.integrate(1 * u.GeV, 100 * u.GeV).value, np.r_[np.zeros(6), np.full(6, whole)], rtol=1e-12
    )


def cut_off(energy):
    return energy**-2.7 * np.exp(-energy / 5e4)


@pytest.mark.parametrize("per_decade", [1, 2, 10])
def test_a_map_and_its_spectrum_are_one_number(per_decade):
    """All pixels have one spectrum: whether the mean comes before the energy cannot matter."""
    nodes = np.geomspace(1e3, 1e6, 3 * per_decade + 1)
    spectrum = cut_off(nodes) * (nodes > 2e3)
    sky = SkyMap(nodes * u.GeV, {"x": spectrum[:, None] * np.linspace(1, 2, 12) * INTENSITY})
    sed, energies = sky.sed(Region.everywhere()), np.geomspace(1e3, 1e6, 41) * u.GeV
    values = sed.at(energies).value
    np.testing.assert_allclose(values, [sky.at(e).value.mean() for e in energies], rtol=1e-12)
    np.testing.assert_allclose(values, sky.resampled(1, energies).intensity.value.mean(axis=1), rtol=1e-12)
    assert np.array_equal(values > 0, energies.value >= nodes[spectrum > 0][0] * (1 - 1e-12))


def test_resampling_does_not_extrapolate():
    sky = SkyMap(NODES, {"x": CUBE * INTENSITY})
    for wanted in ([9, 100] * u.GeV, [10, 1100] * u.GeV):
        with pytest.raises(InputError, match=r"outside its energies, 10..1000 GeV") as error:
            sky.resampled(4, wanted)
        assert f"{wanted[0].value:g}..{wanted[1].value:g} GeV" in str(error.value)
    with pytest.raises(InputError, match="one or more"):
        sky.resampled(4, [] * u.GeV)
    with pytest.raises(InputError, match="power of two"):
        sky.resampled(3, NODES)
    with pytest.raises(InputError, match="power of two"):
        SkyMap(NODES, {"x": np.ones((3, 108)) * INTENSITY}).resampled(4, NODES)
