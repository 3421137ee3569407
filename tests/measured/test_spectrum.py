"""Published points: shipped and users' files, and how a model compares."""

import math
from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

from skycocoon import InputError, Measurement, Region, Sed, list_measurements
from skycocoon.points import same_points
from skycocoon.units import INTENSITY

E = np.geomspace(0.1, 1000, 81) * u.TeV
FLUX = INTENSITY * u.sr


def power_law(region="lhaaso-inner", norm=1.0, messenger="gamma", flavour="", slope=2.7):
    values = norm * 1e-16 * (E.to_value(u.TeV) / 10) ** -slope * INTENSITY
    return Sed(E, {"cocoons": values}, Region.named(region), messenger, flavour)


@pytest.mark.parametrize("name", list_measurements())
def test_every_shipped_data_set(name):
    data = Measurement.named(name)
    assert data.energy.size == data.value.size == data.error_low.size
    assert np.all(data.value.value > 0)
    assert np.all(data.error_low.value > 0)
    assert np.all(data.error_high.value > 0)
    assert data.meta["reference"]
    assert "doi" in data.meta or "arxiv" in data.meta
    assert data.meta["provenance"]
    assert name in str(data)


def test_lhaaso_points():
    inner = Measurement.named("lhaaso-km2a-2023-inner")
    e2 = (inner.energy**2 * inner.value).to_value("GeV cm-2 s-1 sr-1")
    np.testing.assert_allclose(e2[[0, 3, 5]], [1.049e-7, 2.32e-8, 8.07e-9], rtol=2e-3)
    # statistical and systematic in quadrature
    stat, sys = 6.4e-14, 7.7e-14
    assert inner.error_low[0].to_value("TeV-1 cm-2 s-1 sr-1") == pytest.approx(math.hypot(stat, sys))
    outer = Measurement.named("lhaaso-km2a-2023-outer")
    assert outer.value[2].to_value("TeV-1 cm-2 s-1 sr-1") == pytest.approx(4.91e-16)
    # asymmetric: the last inner point is 0.82 down, 0.95 up
    assert inner.error_high[-1] > inner.error_low[-1]


def test_icecube_bands():
    pi0 = Measurement.named("icecube-2023-pi0")
    assert pi0.band
    assert pi0.flavour == "per-flavour"
    assert not pi0.per_steradian
    e2 = (pi0.energy**2 * pi0.value).to_value("TeV cm-2 s-1")
    at_10 = np.exp(np.interp(math.log(10), np.log(pi0.energy.to_value(u.TeV)), np.log(e2)))
    assert at_10 == pytest.approx(21.8e-12 * 10**0.7, rel=1e-3)
    np.testing.assert_allclose((pi0.error_low / pi0.value).value, 4.9 / 21.8, rtol=1e-3)
    assert pi0.energy[0].to_value(u.GeV) == pytest.approx(796)
    assert pi0.energy[-1].to_value(u.GeV) == pytest.approx(68869)
    kra5 = Measurement.named("icecube-2023-kra5")
    e2 = (kra5.energy**2 * kra5.value).to_value("GeV cm-2 s-1")
    assert np.exp(np.interp(math.log(10), np.log(kra5.energy.to_value(u.TeV)), np.log(e2))) == pytest.approx(
        4.9588e-8, rel=2e-3
    )


def points(tmp_path, name="mine.ecsv", meta=None, drop=(), **columns):
    table = Table()
    standard = {
        "e_ref": [1.0, 10.0, 100.0] * u.TeV,
        "dnde": [5e-11, 1e-13, 2e-16] / u.TeV / u.cm**2 / u.s / u.sr,
        "dnde_errn": [5e-12, 1e-14, 5e-17] / u.TeV / u.cm**2 / u.s / u.sr,
        "dnde_errp": [1e-11, 3e-14, 6e-17] / u.TeV / u.cm**2 / u.s / u.sr,
    }
    for key, value in {**standard, **columns}.items():
        if key not in drop:
            table[key] = value
    table.meta = {"messenger": "gamma", "region": "lhaaso-inner", "label": "mine"} if meta is None else meta
    path = tmp_path / name
    table.write(path, format="ascii.ecsv", overwrite=True)
    return path


def test_a_users_points_in_any_unit(tmp_path):
    one = Measurement.read(points(tmp_path))
    other = Table.read(tmp_path / "mine.ecsv", format="ascii.ecsv")
    for key in ("dnde", "dnde_errn", "dnde_errp"):
        other[key] = other[key].quantity.to("1 / (MeV m2 s deg2)")
    other["e_ref"] = other["e_ref"].quantity.to(u.erg)
    other.write(tmp_path / "other.ecsv", format="ascii.ecsv")
    two = Measurement.read(tmp_path / "other.ecsv")
    np.testing.assert_allclose(two.value.value, one.value.value, rtol=1e-9)
    np.testing.assert_allclose(two.error_high.value, one.error_high.value, rtol=1e-9)
    np.testing.assert_allclose(two.energy.value, one.energy.value, rtol=1e-9)
    e2 = Table(other)
    for key in ("dnde", "dnde_errn", "dnde_errp"):
        e2[key.replace("dnde", "e2dnde")] = (other["e_ref"].quantity ** 2 * other[key].quantity).to("erg / (cm2 s sr)")
        e2.remove_column(key)
    e2.write(tmp_path / "e2.ecsv", format="ascii.ecsv")
    np.testing.assert_allclose(Measurement.read(tmp_path / "e2.ecsv").value.value, one.value.value, rtol=1e-9)


def test_chi_square_by_hand(tmp_path):
    data = Measurement.read(points(tmp_path))
    sed = power_law()
    model = sed.at(data.energy).to_value(INTENSITY)
    value, low, high = (x.to_value(INTENSITY) for x in (data.value, data.error_low, data.error_high))
    expected = sum(((d - m) / (hi if m > d else lo)) ** 2 for d, m, lo, hi in zip(value, model, low, high, strict=True))
    result = data.compare(sed)
    assert result.chi2 == pytest.approx(expected, rel=1e-12)
    assert result.points == 3
    assert (result.factor, result.factor_name) == (1.0, "none")


def test_the_factor_is_applied_once_to_the_model():
    data, sed = Measurement.named("lhaaso-km2a-2023-inner"), power_law()
    with_factor = data.compare(sed, 0.65, "mask factor")
    assert with_factor.factor_name == "mask factor"
    scaled = replace(sed, components={name: 0.65 * part for name, part in sed.components.items()})
    assert with_factor.chi2 == pytest.approx(data.compare(scaled).chi2, rel=1e-12)
    assert with_factor.chi2 != pytest.approx(data.compare(sed).chi2, rel=1e-3)
    # the SED itself is untouched
    np.testing.assert_array_equal(sed.intensity.value, power_law().intensity.value)


def test_limits(tmp_path):
    path = points(tmp_path, is_ul=[False, False, True])
    data = Measurement.read(path)
    sed = power_law()
    result = data.compare(sed)
    limit = data.value[2].to_value(INTENSITY)
    model = sed.at(data.energy[2:])[0].to_value(INTENSITY)
    assert result.pulls[2] == pytest.approx(-model / (limit / 1.6448536), rel=1e-6)


def test_a_missing_side_is_the_other_side(tmp_path):
    b = Measurement.named("tibet-asgamma-2021-b")
    np.testing.assert_array_equal(b.error_low.value, b.error_high.value)


def test_a_band_is_one_number():
    pi0 = Measurement.named("icecube-2023-pi0")
    sky = Region.named("icecube-allsky")
    values = pi0.value.to_value(FLUX) / (4 * math.pi)
    for factor, sigma in ((1.0, 0.0), (1 + 5.3 / 21.8, 1.0), (1 - 2 * 4.9 / 21.8, 2.0)):
        sed = Sed(pi0.energy, {"x": factor * values * INTENSITY}, sky, "neutrino", "per-flavour")
        result = pi0.compare(sed)
        assert result.points == 1
        assert math.sqrt(result.chi2) == pytest.approx(sigma, rel=1e-3, abs=1e-6)
    every = Sed(pi0.energy, {"x": 3 * values * INTENSITY}, sky, "neutrino", "all-flavour")
    assert pi0.compare(every).chi2 == pytest.approx(0.0, abs=1e-12)


def test_points_outside_the_model_are_skipped_and_counted(tmp_path):
    path = points(tmp_path, e_ref=[0.01, 10.0, 5000.0] * u.TeV)
    result = Measurement.read(path).compare(power_law())
    assert (result.points, result.skipped) == (1, 2)
    path = points(tmp_path, e_ref=[0.01, 0.02, 0.03] * u.TeV)
    with pytest.raises(InputError, match="no point within"):
        Measurement.read(path).compare(power_law())


def test_wrong_region():
    with pytest.raises(InputError, match="lhaaso-inner"):
        Measurement.named("lhaaso-km2a-2023-inner").compare(power_law("tibet-a"))


def test_intensities_compare_through_a_source_mask():
    """A mean over what the mask leaves, against data published for the region by name."""
    data = Measurement.named("lhaaso-km2a-2023-inner")
    result = data.compare(power_law("lhaaso-inner-masked"))
    assert result.chi2 == pytest.approx(data.compare(power_law()).chi2, rel=1e-12)
    assert result.region == "lhaaso-inner-masked"
    assert data.compare(power_law()).region == "lhaaso-inner"
    with pytest.raises(InputError, match="measured in lhaaso-inner, the SED is of lhaaso-outer-masked"):
        data.compare(power_law("lhaaso-outer-masked"))


def test_data_of_a_masked_region_are_of_that_region_alone(tmp_path):
    meta = {"messenger": "gamma", "region": "lhaaso-inner-masked"}
    data = Measurement.read(points(tmp_path, meta=meta))
    assert data.compare(power_law("lhaaso-inner-masked")).points == 3
    with pytest.raises(InputError, match="measured in lhaaso-inner-masked, the SED is of lhaaso-inner"):
        data.compare(power_law())


def test_fluxes_of_a_region_do_not_compare_through_a_mask(tmp_path):
    """Nobody knows what shone behind the mask."""
    flux = {key: [5e-11, 1e-13, 2e-16] / u.TeV / u.cm**2 / u.s for key in ("dnde", "dnde_errn", "dnde_errp")}
    data = Measurement.read(points(tmp_path, **flux))
    assert data.compare(power_law()).points == 3
    with pytest.raises(InputError, match="through a mask only intensities compare") as error:
        data.compare(power_law("lhaaso-inner-masked"))
    assert "\n" not in str(error.value)
    # a flux of the masked region itself is another matter
    meta = {"messenger": "gamma", "region": "lhaaso-inner-masked"}
    assert Measurement.read(points(tmp_path, meta=meta, **flux)).compare(power_law("lhaaso-inner-masked")).points == 3


def test_wrong_messenger():
    with pytest.raises(InputError, match="neutrinos"):
        Measurement.named("lhaaso-km2a-2023-inner").compare(
            power_law("icecube-allsky", messenger="neutrino", flavour="per-flavour")
        )


PER = 1 / (u.TeV * u.cm**2 * u.s * u.sr)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"drop": ("e_ref",)}, "e_ref"),
        ({"drop": ("dnde",)}, "'dnde' or 'e2dnde'"),
        ({"drop": ("dnde_errn",)}, "errors"),
        ({"dnde": [1, 2, 3] * u.m}, "unit"),
        ({"e_ref": [1, 2, 3] * u.s}, "unit"),
        ({"dnde": [1, np.nan, 3] * PER}, "finite"),
        ({"dnde_errn": [1e-12, 0, 1e-17] * PER}, "row 2"),
        ({"meta": {"region": "lhaaso-inner"}}, "messenger"),
        ({"meta": {"messenger": "gamma", "region": "lhaso-inner"}}, "did you mean 'lhaaso-inner'"),
        ({"meta": {"messenger": "gama", "region": "lhaaso-inner"}}, "did you mean 'gamma'"),
        ({"meta": {"messenger": "neutrino", "region": "icecube-allsky", "flavour": "mu"}}, "per-flavour"),
    ],
)
def test_bad_files_are_one_line_with_the_name(tmp_path, changes, words):
    with pytest.raises(InputError) as error:
        Measurement.read(points(tmp_path, **changes))
    assert words in str(error.value)
    assert "mine.ecsv" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "# %ECSV 1.0\n# ---\n# datatype: [\n", "\x00\x01"])
def test_not_a_table(tmp_path, content):
    (tmp_path / "x.ecsv").write_text(content)
    with pytest.raises(InputError, match=r"x\.ecsv"):
        Measurement.read(tmp_path / "x.ecsv")
    with pytest.raises(InputError, match="did you mean"):
        Measurement.named("lhaaso-km2a-2023-iner")


SAME = [
    {"icecube-2023-pi0", "icecube-2023-kra5", "icecube-2023-kra50", "icecube-segments-inner"},
    {"icecube-2023-pi0", "icecube-2023-kra5", "icecube-2023-kra50", "icecube-segments-outer"},
    {"hawc-2024-b2", "hawc-2024-b4"},
    {"tibet-asgamma-2021-a", "tibet-asgamma-2021-b"},
]


def test_which_shipped_data_sets_are_the_same_points():
    """Three IceCube templates are fits to the same events, of which each segment holds a part; LHAASO's two regions
    share an edge only; two experiments never share events."""
    names = list_measurements()
    data = {name: Measurement.named(name) for name in names}
    for i, one in enumerate(names):
        for two in names[i:]:
            expected = one == two or any({one, two} <= group for group in SAME)
            assert same_points(data[one], data[two]) is expected, (one, two)
            assert same_points(data[two], data[one]) is expected, (two, one)


@pytest.mark.parametrize("name", list_measurements())
def test_every_shipped_data_set_says_its_events(name):
    data = Measurement.named(name)
    assert data.events == data.meta["events"] != name


def test_events_and_regions(tmp_path):
    def mine(name, region, events="a night", messenger="gamma"):
        meta = {"messenger": messenger, "region": region, "events": events}
        return Measurement.read(points(tmp_path, f"{name}.ecsv", meta, dnde=[len(name) * 1e-12] * 3 * PER))

    box = mine("x", "box:10,20,-5,5")
    assert box.events == "a night"
    # an edge or a corner is not shared sky; 0.2 deg are
    assert not same_points(box, mine("xx", "box:20,30,-5,5"))
    assert not same_points(box, mine("xx", "box:20,30,5,10"))
    assert not same_points(box, mine("xx", "~box:10,20,-5,5"))
    assert same_points(box, mine("xx", "box:19.8,30,-5,5"))
    assert same_points(box, mine("xx", "disc:15,0,0.01"))
    assert not same_points(box, mine("xx", "disc:20.02,0,0.01"))
    assert same_points(box, mine("xx", "box:10,20,-5,5 - sources:1lhaaso"))
    assert not same_points(box, mine("xx", "box:19,30,-5,5", events="another"))
    assert not same_points(box, mine("xx", "box:10,20,-5,5", messenger="neutrino"))


def test_a_copy_is_found_out(tmp_path):
    """Of the same numbers, whatever the file is called and the units are."""
    one = Measurement.read(points(tmp_path, "one.ecsv"))
    assert one.events == "one"
    columns = {key: getattr(one, name).to("1 / (MeV m2 s deg2)") for key, name in
               (("dnde", "value"), ("dnde_errn", "error_low"), ("dnde_errp", "error_high"))}  # fmt: skip
    assert same_points(one, Measurement.read(points(tmp_path, "two.ecsv", **columns)))
    columns["dnde"] = columns["dnde"] * 1.001
    assert not same_points(one, Measurement.read(points(tmp_path, "three.ecsv", **columns)))


def test_a_file_without_rows(tmp_path):
    empty = {key: [] * PER for key in ("dnde", "dnde_errn", "dnde_errp")}
    with pytest.raises(InputError, match="no rows"):
        Measurement.read(points(tmp_path, e_ref=[] * u.TeV, **empty))
