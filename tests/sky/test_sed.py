"""SEDs: tables, files, interpolation."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.table import QTable

from skycocoon import InputError, Measurement, Region, Sed, load_model, region_sed
from skycocoon.config import load_file
from skycocoon.units import INTENSITY

from ..plot import labels

E = np.geomspace(0.1, 100, 31) * u.TeV


@pytest.fixture(scope="module")
def sed():
    return region_sed(load_model("schroer2021"), "gamma", E, Region.named("lhaaso-inner"), rtol=1e-3)


def test_table(sed, tmp_path):
    sed.write(tmp_path / "sed.ecsv")
    table = QTable.read(tmp_path / "sed.ecsv")
    assert table.colnames == ["component", "energy", "intensity", "flux"]
    assert list(dict.fromkeys(table["component"])) == ["cocoons", "total"]
    assert len(table) == 62
    assert table["intensity"].unit == INTENSITY
    assert table["flux"].unit == INTENSITY * u.sr
    np.testing.assert_allclose(table["flux"] / table["intensity"], 0.334654028 * u.sr, rtol=1e-8)
    assert u.Quantity(table.meta["solid_angle"]).to_value(u.sr) == pytest.approx(0.334654028, rel=1e-8)
    assert table.meta["region"] == "lhaaso-inner"
    assert "flavour" not in table.meta
    assert "[components.cocoons]" in table.meta["toml"]
    with pytest.raises(InputError, match="overwrite=True"):
        sed.write(tmp_path / "sed.ecsv")


def test_interpolation_between_nodes(sed):
    middle = np.sqrt(E[1:] * E[:-1])
    exact = region_sed(load_model("schroer2021"), "gamma", middle, Region.named("lhaaso-inner"), rtol=1e-3).intensity
    # where the delta approximation meets Kelner's spectra at 100 GeV the slope jumps
    np.testing.assert_allclose(sed.at(middle).value[1:], exact.value[1:], rtol=1e-3)
    np.testing.assert_allclose(sed.at(E).value, sed.intensity.value, rtol=1e-10)
    with pytest.raises(InputError, match="outside"):
        sed.at([1] * u.PeV)


def of_values(energies, values):
    return Sed(energies * u.GeV, {"x": values * INTENSITY}, Region.everywhere())


def test_a_spectrum_is_zero_where_its_nodes_are():
    """At nodes, between two of them, beyond the last and before the first that are not; nothing is bridged."""
    nodes = np.geomspace(1, 1e8, 9)
    values = nodes**-2.7 * np.array([0, 0, 1, 1, 0, 1, 1, 0, 0])
    sed = of_values(nodes, values)
    np.testing.assert_array_equal(sed.at(nodes * u.GeV).value, values)
    between = np.sqrt(nodes[1:] * nodes[:-1])
    np.testing.assert_allclose(
        sed.at(between * u.GeV).value, np.where((values[1:] > 0) & (values[:-1] > 0), between**-2.7, 0.0), rtol=1e-12
    )


def test_a_coarse_spectrum_is_a_power_law_between_its_nodes():
    """One node per decade says nothing about curvature: 4 % low at 3 TeV, where a spline was 2 times too low."""
    nodes = np.array([1e3, 1e4, 1e5, 1e6])
    values = nodes**-2.7 * np.exp(-nodes / 5e4)
    sed = of_values(nodes, values)
    wanted = np.array([3e3, 3e4, 3e5])
    expected = np.exp(np.interp(np.log(wanted), np.log(nodes), np.log(values)))
    np.testing.assert_allclose(sed.at(wanted * u.GeV).value, expected, rtol=1e-12)


def test_any_shape_of_energies():
    sed = of_values(np.array([1.0, 10.0]), np.array([1.0, 0.01]))
    assert sed.at(2 * u.GeV).value == pytest.approx(0.25, rel=1e-12)
    np.testing.assert_allclose(
        sed.at([[2, 4], [5, 10]] * u.GeV).value, [[1 / 4, 1 / 16], [1 / 25, 1 / 100]], rtol=1e-12
    )
    assert of_values(np.array([2.0]), np.array([3.0])).at(2 * u.GeV).value == 3


@pytest.mark.parametrize("kind", ["f4", ">f4", ">f8", "g", "i8"])
def test_any_type_of_numbers(kind):
    """In TeV-1 m-2 single precision holds what it does not in GeV-1 cm-2."""
    energy, values = np.array([1, 100], dtype=kind), np.array([1, 4], dtype=kind)
    sed = Sed(
        u.Quantity(energy, u.TeV, dtype=energy.dtype),
        {"x": u.Quantity(values, "kpc-2 yr-1 EeV-1 sr-1", dtype=values.dtype)},
        Region.everywhere(),
    )
    one = u.Unit("kpc-2 yr-1 EeV-1 sr-1").to(INTENSITY)
    assert 0 < one < 1e-58
    np.testing.assert_allclose(sed.at([1, 10, 100] * u.TeV).value, np.array([1, 2, 4]) * one, rtol=1e-6)


@pytest.mark.parametrize(
    ("energy", "values", "words"),
    [
        ([1, 2] * u.TeV, [1, np.nan] * INTENSITY, "component 'x': nan 1 / (GeV s sr cm2) (value 2 of 2) is not finite"),
        ([1, 2] * u.TeV, [1] * INTENSITY, "component 'x' of shape (1,) does not fit 2 energies"),
        ([1, 2] * u.TeV, [1, 2] * u.TeV, "component 'x': the unit 'TeV' does not fit"),
        ([1, 2] * u.TeV, [1, 2], "component 'x': a Quantity with a unit like"),
        (1 * u.TeV, [1] * INTENSITY, "one energy above zero or more, in a row"),
        ([0, 1] * u.TeV, [1, 1] * INTENSITY, "one energy above zero or more, in a row"),
        ([1, 2], [1, 1] * INTENSITY, "energy: a Quantity with a unit like 'GeV'"),
    ],
)
def test_what_is_no_spectrum_is_one_line(energy, values, words):
    with pytest.raises(InputError) as error:
        Sed(energy, {"x": values}, Region.everywhere())
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_what_cannot_be_interpolated_is_one_line():
    for energies, values, words in (([2.0, 1.0], [1, 1], "do not increase"), ([1.0, 2.0], [1, -1], "below zero")):
        with pytest.raises(InputError, match=words):
            of_values(np.array(energies), np.array(values)).at(1.5 * u.GeV)


def test_text(sed):
    assert "lhaaso-inner" in str(sed)
    assert "31 energies" in str(sed)


DRAWN = np.geomspace(0.1, 1000, 41) * u.TeV


@pytest.fixture(scope="module")
def inner():
    return region_sed(load_model("schroer2021"), "gamma", DRAWN, Region.named("lhaaso-inner"), rtol=1e-2)


@pytest.fixture(scope="module")
def neutrinos():
    return region_sed(load_model("schroer2021"), "neutrino", DRAWN, Region.named("icecube-allsky"), rtol=1e-2)


def test_sed_with_points(inner):
    data = Measurement.named("lhaaso-km2a-2023-inner")
    axes = inner.plot(data=[data], factor=0.65, factor_name="mask factor")
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "TeV" in axes.get_xlabel()
    assert "sr^{-1}" in axes.get_ylabel()
    assert "lhaaso-inner" in axes.get_title()
    assert axes.get_legend().get_title().get_text() == "model × 0.65 (mask factor)"
    assert "cocoons" in labels(axes)
    assert "without the factor" in labels(axes)
    assert "LHAASO-KM2A 2023" in labels(axes)
    # the points, with their errors
    container = axes.containers[0]
    x, y = container.lines[0].get_data()
    np.testing.assert_allclose(x, data.energy.to_value(u.TeV))
    e2 = data.energy**2
    np.testing.assert_allclose(y, (e2 * data.value).to_value("GeV cm-2 s-1 sr-1"))
    bars = container.lines[2][1].get_segments()
    low = (e2 * (data.value - data.error_low)).to_value("GeV cm-2 s-1 sr-1")
    np.testing.assert_allclose([bar[0][1] for bar in bars], low)
    # the model: multiplied once
    lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    expected = (DRAWN**2 * inner.intensity).to_value("GeV cm-2 s-1 sr-1")
    shown = expected > 0
    np.testing.assert_allclose(lines["cocoons"][shown], 0.65 * expected[shown])
    np.testing.assert_allclose(lines["without the factor"][shown], expected[shown])
    # all points are in the picture
    bottom, top = axes.get_ylim()
    assert bottom < low.min()
    assert top > y.max()
    left, right = axes.get_xlim()
    assert left < x.min()
    assert right > x.max()


def test_without_a_factor_nothing_is_said(inner):
    assert labels(inner.plot()) == ["cocoons"]


def test_neutrino_bands(neutrinos):
    data = [Measurement.named(f"icecube-2023-{t}") for t in ("pi0", "kra5", "kra50")]
    axes = neutrinos.plot(data=data)
    assert "sr^{-1}" not in axes.get_ylabel()
    assert "per flavour at Earth" in axes.get_title()
    assert len(axes.collections) == 3
    assert len({c.get_hatch() for c in axes.collections}) == 3
    assert all(item.label in labels(axes) for item in data)
    band = axes.collections[0].get_paths()[0].get_extents()
    assert band.x0 == pytest.approx(0.796, rel=1e-3)
    assert band.x1 == pytest.approx(68.869, rel=1e-3)


def test_flux_and_intensity_are_not_mixed(inner, neutrinos):
    with pytest.raises(InputError, match="tibet-a"):
        inner.plot(data=[Measurement.named("tibet-asgamma-2021-a")])
    with pytest.raises(InputError, match="neutrinos"):
        inner.plot(data=[Measurement.named("icecube-2023-pi0")])
    every = Sed(neutrinos.energy, neutrinos.components, neutrinos.region, "neutrino", "all-flavour")
    with pytest.raises(InputError, match="flavour"):
        every.plot(data=[Measurement.named("icecube-2023-pi0")])
    axes = inner.plot(data=[Measurement.named("lhaaso-km2a-2023-inner")], flux=True)
    assert "sr^{-1}" not in axes.get_ylabel()
    y = axes.containers[0].lines[0].get_ydata()
    assert y[0] == pytest.approx(1.0494e-7 * 0.334654, rel=1e-3)


def test_components_and_their_sum(inner):
    two = Sed(DRAWN, {"one": inner.intensity, "two": 0.5 * inner.intensity}, inner.region)
    assert labels(two.plot()) == ["one", "two", "total"]


def test_measurements_alone():
    for name in ("lhaaso-km2a-2023-outer", "icecube-2023-kra5", "fermi-lat-2012-inner"):
        data = Measurement.named(name)
        axes = data.plot()
        assert data.label in labels(axes)
        assert data.region.name in axes.get_title()


def test_limits_are_arrows():
    data = Measurement.named("lhaaso-km2a-2023-outer")
    limited = Measurement(
        data.name, data.label, "gamma", data.region, data.energy, data.energy_min, data.energy_max, data.value,
        0 * data.error_low, 0 * data.error_high, np.ones(5, dtype=bool),
    )  # fmt: skip
    assert limited.plot().containers[0].lines[1]


@pytest.fixture(scope="module")
def whole():
    """Inner region of the paper's model and of its variant."""
    loaded = load_file("paper")
    region = Region.named("lhaaso-inner")
    return [region_sed(m, "gamma", DRAWN, region, rtol=1e-2) for m in (loaded.model, *loaded.variants.values())]


def test_variants_are_drawn_beside_the_model(whole):
    sed, other = whole
    axes = sed.plot(data=[Measurement.named("lhaaso-km2a-2023-inner")], name="min", variants={"max": other})
    assert labels(axes) == [
        "cocoons", "diffuse, min", "diffuse, max", "total, min", "total, max", "LHAASO-KM2A 2023"
    ]  # fmt: skip
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    e2 = (sed.energy**2).to_value(u.GeV**2)
    np.testing.assert_allclose(drawn["total, max"], e2 * other.intensity.value, rtol=1e-12)
    np.testing.assert_allclose(drawn["cocoons"], e2 * other.components["cocoons"].value, rtol=1e-12)
    plt.close("all")


def test_other_experiments_are_grey_and_say_where(whole):
    axes = whole[0].plot(nearby=[Measurement.named("tibet-asgamma-2021-a")])
    assert "[tibet-a]" in labels(axes)[-1]
    plt.close("all")


def test_a_mask_is_named_and_no_factor_comes_on_top(whole):
    region = Region.named("lhaaso-inner-masked")
    sed = Sed(whole[0].energy, whole[0].components, region)
    data = Measurement.named("lhaaso-km2a-2023-inner")
    axes = sed.plot(data=[data])
    assert "lhaaso-inner-masked" in axes.get_title()
    assert "62% of lhaaso-inner" in axes.get_title()
    for call in (lambda: sed.plot(data=[data], factor=0.65), lambda: data.compare(sed, 0.65)):
        with pytest.raises(InputError, match="masked in lhaaso-inner-masked already"):
            call()
    with pytest.raises(InputError, match="lhaaso-inner"):
        sed.plot(data=[Measurement.named("lhaaso-km2a-2023-outer")])
    plt.close("all")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"components": [1, 2] * INTENSITY}, "a dictionary of names and intensities"),
        ({"region": "lhaaso-inner"}, "a Region are needed"),
        ({"messenger": "muon"}, "unknown messenger 'muon'"),
        ({"flavour": "per-flavour"}, "is for neutrinos"),
        ({"messenger": "neutrino", "flavour": "electron"}, "unknown flavour convention"),
    ],
)
def test_what_a_spectrum_is_made_of(changes, words):
    fields = {"components": {"x": [1, 2] * INTENSITY}, "region": Region.everywhere(), **changes}
    with pytest.raises(InputError, match=words) as error:
        Sed([1, 10] * u.TeV, **fields)
    assert "\n" not in str(error.value)
