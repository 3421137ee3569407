"""Published points: shipped and users' files, and how a model compares."""

import math
from dataclasses import replace

import astropy.units as u
import healpy
import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from skycocoon import InputError, Measurement, Region, Sed, list_measurements
from skycocoon.measured import load_data
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


PER_TEV = u.Unit("TeV-1 cm-2 s-1 sr-1")
NAN = np.nan


def right_at(*energies, value=1e-14):
    """A model that is ``value`` everywhere, so that pulls are what a table says."""
    return Sed(list(energies) * u.TeV, {"x": np.full(len(energies), value) * PER_TEV}, Region.named("lhaaso-inner"))


def limited(tmp_path, meta=None, **columns):
    """Chi-square of two points, the first of which is right, the second a limit at the model."""
    table = Table({"e_ref": [20.0, 50.0] * u.TeV, **columns})
    table.meta = {"messenger": "gamma", "region": "lhaaso-inner", **(meta or {})}
    table.write(tmp_path / "limits.ecsv", format="ascii.ecsv", overwrite=True)
    return Measurement.read(tmp_path / "limits.ecsv").compare(right_at(10, 100)).chi2


VALUES = {"dnde": [1e-14, NAN] * PER_TEV, "dnde_err": [1e-15, NAN] * PER_TEV}


@pytest.mark.parametrize(
    "columns",
    [
        # GADF: the best fit stays in dnde, the limit is in dnde_ul
        {**VALUES, "dnde": [1e-14, 2e-17] * PER_TEV, "dnde_ul": [2e-14, 1e-14] * PER_TEV, "is_ul": [False, True]},
        {**VALUES, "dnde": [1e-14, -3e-15] * PER_TEV, "dnde_ul": [NAN, 1e-14] * PER_TEV, "is_ul": [False, True]},
        {**VALUES, "dnde_ul": [2e-14, 1e-14] * PER_TEV, "is_ul": [False, True]},
        # no flag: a limit is where there is no value
        {**VALUES, "dnde_ul": [2e-14, 1e-14] * PER_TEV},
        {**VALUES, "dnde": MaskedColumn([1e-14, 0.0], mask=[False, True], unit=PER_TEV), "dnde_ul": [0, 1e-14] * PER_TEV},
        {**VALUES, "dnde_ul": [2e-10, 1e-10] / u.TeV / u.m**2 / u.s / u.sr},
        # our own: the limit is the value
        {**VALUES, "dnde": [1e-14, 1e-14] * PER_TEV, "is_ul": [False, True]},
        {
            "e2dnde": [4e-12, 0.0] * PER_TEV * u.TeV**2,
            "e2dnde_errn": [4e-13, 0.0] * PER_TEV * u.TeV**2,
            "e2dnde_errp": [4e-13, 0.0] * PER_TEV * u.TeV**2,
            "e2dnde_ul": [0.0, 2.5e-11] * PER_TEV * u.TeV**2,
            "is_ul": [False, True],
        },
        # gammapy's "likelihood"
        {
            "ref_dnde": [1e-15, 1e-13] * PER_TEV, "norm": [10.0, 0.01], "norm_err": [1.0, 0.02],
            "norm_ul": [20.0, 0.1], "is_ul": [False, True],
        },
    ],
)  # fmt: skip
@pytest.mark.parametrize(("meta", "sigmas"), [({}, 1.6448536269514722), ({"UL_CONF": 0.9}, 1.2815515655446004)])
def test_a_model_at_a_limit(tmp_path, columns, meta, sigmas):
    """Wherever a table has its limits, and at whatever confidence: the one-sided quantile of that."""
    assert limited(tmp_path, meta, **columns) == pytest.approx(sigmas**2, rel=1e-9)


@pytest.mark.parametrize(
    ("confidence", "sigmas"),
    [
        (0.95, 1.6448536269514722),
        ("0.99", 2.3263478740408408),
        (0.9772498680518208, 2.0),
        (0.9544997, 2.0),
        (0.9973002, 3.0),
    ],
)
def test_confidence_of_limits(tmp_path, confidence, sigmas):
    """One-sided; gammapy writes limits of n sigma by what lies within n sigma on both sides, 0.9544997 for two."""
    columns = {**VALUES, "dnde_ul": [2e-14, 1e-14] * PER_TEV}
    for key in ("UL_CONF", "ul_conf"):
        assert limited(tmp_path, {key: confidence}, **columns) == pytest.approx(sigmas**2, rel=1e-6)


@pytest.mark.parametrize("confidence", [95, 0.05, 1, "high", "nan"])
def test_a_confidence_that_is_none(tmp_path, confidence):
    with pytest.raises(InputError, match=f"UL_CONF {confidence}: a confidence between 0.5 and 1"):
        limited(tmp_path, {"UL_CONF": confidence}, **VALUES, dnde_ul=[2e-14, 1e-14] * PER_TEV)


def test_limits_alone_need_no_errors(tmp_path):
    assert limited(tmp_path, dnde_ul=[1e-14, 1e-14] * PER_TEV) == pytest.approx(2 * 1.6448536269514722**2, rel=1e-9)


def test_a_best_fit_below_zero_is_a_measurement(tmp_path):
    columns = {"dnde": [1e-14, -1e-14] * PER_TEV, "dnde_err": [1e-15, 1e-14] * PER_TEV}
    assert limited(tmp_path, **columns) == pytest.approx(4.0, rel=1e-9)


def test_errors_of_each_side_go_before_their_mean(tmp_path):
    """gammapy writes all three: the model is 2 upper errors above the first and 3 lower errors below the second."""
    columns = {
        "dnde": [0.8e-14, 1.3e-14] * PER_TEV,
        "dnde_err": [1.0, 1.0] * PER_TEV,
        "dnde_errn": [1.0, 1e-15] * PER_TEV,
        "dnde_errp": [1e-15, NAN] * PER_TEV,
    }
    assert limited(tmp_path, **columns) == pytest.approx(13.0, rel=1e-9)


@pytest.mark.parametrize(
    "unit",
    [
        "ph TeV-1 cm-2 s-1 sr-1", "photon / (TeV cm2 s sr)", "photons/cm^2/s/TeV/sr", "1/cm^2/s/sr/TeV",
        "(TeV cm^2 sec ster)^-1",
    ],
)  # fmt: skip
def test_photons_and_other_spellings_in_units(tmp_path, unit):
    text = (
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: e_ref, unit: TeV, datatype: float32}\n"
        f"# - {{name: dnde, unit: {unit}, datatype: float64}}\n# - {{name: dnde_err, unit: {unit}, datatype: float64}}\n"
        "# meta: {messenger: gamma, region: lhaaso-inner}\n# schema: astropy-2.0\ne_ref dnde dnde_err\n20 2e-14 1e-14\n"
    )
    (tmp_path / "x.ecsv").write_text(text)
    data = Measurement.read(tmp_path / "x.ecsv")
    assert data.per_steradian
    assert data.compare(right_at(10, 100)).chi2 == pytest.approx(1.0, rel=1e-6)


def test_gammapys_own_tables(tmp_path):
    """Written by `FluxPoints.write` as every type of SED: what is differential is read, or one line says what to do."""
    estimators = pytest.importorskip("gammapy.estimators")
    models = pytest.importorskip("gammapy.modeling.models")
    flux = u.Unit("TeV-1 cm-2 s-1")
    table = Table({"e_ref": [20.0, 50.0] * u.TeV, "e_min": [40 / 3, 30.0] * u.TeV, "e_max": [30.0, 250 / 3] * u.TeV})
    table |= {"dnde": [1e-14, 2e-17] * flux, "dnde_err": [1e-15, 5e-16] * flux, "dnde_ul": [2e-14, 1e-14] * flux}
    table["is_ul"] = [False, True]
    table.meta |= {"SED_TYPE": "dnde", "UL_CONF": 0.9544997}
    written = estimators.FluxPoints.from_table(
        table, sed_type="dnde", reference_model=models.PowerLawSpectralModel(index=2.7)
    )
    area = Region.named("lhaaso-inner").solid_angle.to_value(u.sr)
    model = Sed([10, 100] * u.TeV, {"x": [1e-14, 1e-14] / area * PER_TEV}, Region.named("lhaaso-inner"))
    for kind in ("dnde", "e2dnde", "likelihood", "flux", "eflux"):
        points = written.to_table(sed_type=kind)
        points.meta |= {"messenger": "gamma", "region": "lhaaso-inner"}
        points.write(tmp_path / f"{kind}.ecsv")
        if "flux" in kind:
            with pytest.raises(InputError, match=f"column '{kind}' is integrated over bins; .*sed_type='dnde'"):
                Measurement.read(tmp_path / f"{kind}.ecsv")
        else:
            data = Measurement.read(tmp_path / f"{kind}.ecsv")
            np.testing.assert_allclose(data.energy.to_value(u.TeV), [20, 50], rtol=1e-9)
            # one point is right, the other a limit of two sigma
            assert data.compare(model).chi2 == pytest.approx(4.0, rel=1e-6)
    written.write(tmp_path / "points.fits", sed_type="dnde")
    for read in (Measurement.read, load_data):
        with pytest.raises(InputError, match=r"points.fits: a FITS file; an ECSV table is needed") as error:
            read(str(tmp_path / "points.fits"))
        assert "\n" not in str(error.value)


def test_points_made_in_python_in_any_unit_and_precision():
    """What is per TeV is no flux; what is single precision is not lost in another unit."""
    region, energy = Region.named("lhaaso-inner"), np.float32([20, 50]) * u.TeV
    for unit, kind in ((PER_TEV, "f8"), ("m-2 s-1 MeV-1 sr-1", "f4"), ("kpc-2 yr-1 GeV-1 sr-1", "f4")):
        value, error = (u.Quantity(np.full(2, x) * PER_TEV.to(unit), unit, dtype=kind) for x in (2e-14, 1e-14))
        data = Measurement("a", "a", "gamma", region, energy, energy, energy, value, error, error, np.zeros(2, bool))
        assert data.per_steradian
        assert data.compare(right_at(10, 100)).chi2 == pytest.approx(2.0, rel=1e-6)
    with pytest.raises(InputError, match="a: columns of one length"):
        Measurement("a", "a", "gamma", region, energy[:1], energy, energy, value, error, error, np.zeros(2, bool))


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
        (
            {"dnde": [1e-12, np.nan, 1e-17] * PER, "dnde_ul": [1, np.nan, 1] * PER},
            "row 2: 'dnde' must be finite, or be a l",
        ),
        (
            {"is_ul": [False, True, False], "dnde_ul": [1, np.nan, 1] * PER},
            "row 2: an upper limit, in 'dnde_ul', must be",
        ),
        ({"is_ul": [False, False, True], "dnde_ul": [1, 1, -1] * PER}, "row 3: an upper limit, in 'dnde_ul', must be"),
        ({"e_min": [2, 5, 50] * u.TeV}, "row 1: 'e_ref', 1000 GeV, is not between 'e_min' and 'e_max', 2000 and 1000"),
        ({"e_min": [1, 30, 50] * u.TeV, "e_max": [1, 5, 200] * u.TeV}, "row 2: 'e_ref', 10000 GeV, is not between"),
        ({"e_max": [1, 20, np.inf] * u.TeV}, "row 3: 'e_ref', 100000 GeV, is not between"),
        ({"e_ref": [1, -10, 100] * u.TeV}, "row 2: 'e_ref' must be positive"),
        ({"dnde": [1, 2, 3] * u.Unit("cm-2 s-1 sr-1")}, "column 'dnde' has the unit '1 / (s sr cm2)'; a unit like"),
        ({"dnde": ["a", "b", "<1e-13"]}, "column 'dnde': one number is needed in every row"),
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


def test_two_columns_of_one_name_are_refused(tmp_path):
    """astropy calls the second dnde_1, and the first would be taken without a word."""
    path = points(tmp_path)
    text = path.read_text().replace("name: dnde_errn", "name: dnde").replace("dnde dnde_errn", "dnde dnde")
    path.write_text(text)
    with pytest.raises(InputError, match=r"mine.ecsv: .*two columns are called 'dnde'"):
        Measurement.read(path)


def test_a_band_is_positive(tmp_path):
    meta = {"messenger": "gamma", "region": "lhaaso-inner", "kind": "band"}
    with pytest.raises(InputError, match="row 2: a band must be positive, and no limit"):
        Measurement.read(points(tmp_path, meta=meta, dnde=[1e-11, -1e-13, 1e-16] * PER))


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


def test_paths_in_the_region_begin_at_the_file(tmp_path, monkeypatch):
    healpy.write_map(tmp_path / "m.fits", np.arange(768) < 192, coord="G", dtype=np.float64)
    path = points(tmp_path, meta={"messenger": "gamma", "region": "mask:m.fits"})
    monkeypatch.chdir("/")
    region = Measurement.read(path).region
    assert region.name == f"mask:{tmp_path}/m.fits"
    assert region.solid_angle.value == pytest.approx(np.pi, rel=1e-12)
