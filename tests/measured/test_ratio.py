"""Ratios of nuclei: shipped and users' files, ranges, pulls."""

from dataclasses import replace
from itertools import combinations

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable, Table

from skycocoon import InputError
from skycocoon.measured import RatioMeasurement, list_ratios, plot_ratios
from skycocoon.points import same_points
from skycocoon.units import M_PROTON

from ..plot import labels

SHIPPED = {
    "bc-ams02-2016": (67, 0.4465, 918.3),
    "bc-ams02-2018": (67, 0.4444, 1035.0),
    "bc-ams02-2021": (67, 2.032, 2071.0),
    "bc-calet-2022": (20, 9.165, 2205.0),
    "bc-cream-2008": (6, 2.0, 2000.0),
    "bc-dampe-2022": (13, 12.57, 4217.0),
    "bc-pamela-2014": (18, 0.5052, 98.56),
    "bc-tracer-2006": (6, 0.8944, 2070.0),
    "bo-ams02-2021": (66, 2.272, 2071.0),
    "bo-dampe-2022": (13, 12.57, 4217.0),
}
IN_RIGIDITY = ("bc-ams02-2021", "bo-ams02-2021")


def at(data, energy):
    return np.interp(np.log(energy), np.log(data.x.value), data.value)


def test_what_is_shipped():
    assert list_ratios() == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_ratio(name):
    data = RatioMeasurement.named(name)
    count, low, high = SHIPPED[name]
    assert data.x.size == data.value.size == data.error_low.size == data.error_high.size == count
    assert data.in_rigidity == (name in IN_RIGIDITY)
    assert data.x.unit == (u.GV if data.in_rigidity else u.GeV)
    assert data.x[0].value == pytest.approx(low, rel=1e-12)
    assert data.x[-1].value == pytest.approx(high, rel=1e-3)
    assert np.all(np.diff(data.x.value) > 0)
    assert data.quantity == ("B/O" if name.startswith("bo-") else "B/C")
    for key in ("reference", "doi", "provenance", "notes", "events"):
        assert data.meta[key]
    assert name in str(data)
    assert ("GV" if data.in_rigidity else "GeV per nucleon") in str(data)


def test_numbers_as_published():
    """AMS-02 2016: statistical and systematic in quadrature; CALET: asymmetric; AMS-02 2018: the total is given."""
    data = RatioMeasurement.named("bc-ams02-2016")
    assert data.value[0] == pytest.approx(0.3210, rel=1e-12)
    assert data.error_low[0] == data.error_high[0] == pytest.approx(np.hypot(0.0018, 0.0154), rel=1e-12)
    calet = RatioMeasurement.named("bc-calet-2022")
    assert calet.error_low[0] == pytest.approx(np.hypot(0.001, 0.004), rel=1e-12)
    assert calet.error_high[0] == pytest.approx(np.hypot(0.001, 0.011), rel=1e-12)
    ams = RatioMeasurement.named("bc-ams02-2018")
    assert ams.error_high[0] == pytest.approx(0.016515, rel=1e-12)
    assert "converted" in ams.meta["notes"]


def test_oxygen_is_as_carbon():
    """C/O of the same experiment, B/O over B/C at the same x: 0.9 to 1.1 with little change, in two experiments."""
    for carbon, oxygen in (("bc-ams02-2021", "bo-ams02-2021"), ("bc-dampe-2022", "bo-dampe-2022")):
        over_c, over_o = RatioMeasurement.named(carbon), RatioMeasurement.named(oxygen)
        assert over_c.events == over_o.events
        common = np.isin(over_c.x.value, over_o.x.value) & (over_c.x.value > 8) & (over_c.x.value < 500)
        both = np.isin(over_o.x.value, over_c.x.value[common])
        assert common.sum() > 5
        assert np.all(np.abs(over_o.value[both] / over_c.value[common] - 0.96) < 0.1)
        # Other ratios of the same events: a fit may have both, and says what they share.
        assert not same_points(over_c, over_o)
        assert over_c.shares(over_o) == over_o.shares(over_c) == "B"
        assert over_c.shares(over_c) == ""
        assert replace(over_c, meta={}).shares(over_o) == ""
        assert over_c.within(high=300 * u.GV).shares(over_o.within(low=400 * u.GV)) == ""
        assert "counts it twice" in over_o.meta["notes"]


def test_tracer_is_asymmetric():
    data = RatioMeasurement.named("bc-tracer-2006")
    assert data.error_low[-1] == pytest.approx(np.hypot(0.08, 0.04), rel=1e-12)
    assert data.error_high[-1] == pytest.approx(np.hypot(0.14, 0.05), rel=1e-12)


def test_experiments_agree():
    """From 10 to 90 GeV per nucleon, with the 3 % that AMS-02 2018 is itself uncertain by."""
    ams = RatioMeasurement.named("bc-ams02-2018")
    # TRACER's only point there is 3.8 of its errors higher, as its notes say.
    for name in {name for name in SHIPPED if name.startswith("bc-")} - {"bc-ams02-2018", "bc-tracer-2006"}:
        data = RatioMeasurement.named(name).within(10 * u.GeV, 90 * u.GeV)
        error = np.hypot(data.error_low, 0.03 * data.value)
        kinetic, value = data.x.value, data.value
        if data.in_rigidity:
            # At equal rigidity 11B has 10 % less energy per nucleon than 12C: of spectra T^-2.9, 65 % of boron 11B, the
            # ratio is 0.35 + 0.65 1.1^1.9 = 1.13 times that at equal energy.
            kinetic, value = np.hypot(kinetic / 2, M_PROTON) - M_PROTON, value / 1.13
        assert np.all(np.abs(value - at(ams, kinetic)) < 2.5 * error), name


def test_ams_2018_was_converted_at_half_charge():
    """Its first energy is that of 2.03 GV, the mean of the first bin of rigidity, 1.92 to 2.15 GV, at A/Z = 2."""
    kinetic = RatioMeasurement.named("bc-ams02-2018").x[0].value
    assert 2 * np.sqrt(kinetic * (kinetic + 2 * M_PROTON)) == pytest.approx(np.sqrt(1.92 * 2.15), rel=1e-3)


def written(tmp_path, name="mine.ecsv", meta=None, drop=(), **columns):
    standard = {"energy": [1.0, 10.0, 100.0] * u.GeV, "ratio": [0.3, 0.2, 0.1], "ratio_err": [0.01, 0.01, 0.02]}
    table = QTable({key: value for key, value in {**standard, **columns}.items() if key not in drop})
    table.meta = {"quantity": "B/C", "label": "mine"} if meta is None else meta
    path = tmp_path / name
    table.write(path, format="ascii.ecsv", overwrite=True)
    return path


def test_a_users_ratio(tmp_path):
    data = RatioMeasurement.read(written(tmp_path, ratio_sysn=[0.0, 0.0, 0.0], ratio_sysp=[0.01, 0.02, 0.03]))
    assert (data.name, data.label, data.quantity, data.events) == ("mine", "mine", "B/C", "mine")
    np.testing.assert_allclose(data.error_low, [0.01, 0.01, 0.02], rtol=1e-15)
    np.testing.assert_allclose(data.error_high, np.hypot([0.01, 0.01, 0.02], [0.01, 0.02, 0.03]), rtol=1e-15)
    assert "no reference given" in str(data)


def test_other_units(tmp_path):
    data = RatioMeasurement.read(written(tmp_path, energy=[1e-3, 1e-2, 0.1] * u.TeV, ratio=[30, 20, 10] * u.percent))
    assert data.x.unit == u.GeV
    np.testing.assert_allclose(data.x.value, [1, 10, 100], rtol=1e-12)
    np.testing.assert_allclose(data.value, [0.3, 0.2, 0.1], rtol=1e-12)


def test_rigidities(tmp_path):
    data = RatioMeasurement.read(written(tmp_path, drop=("energy",), rigidity=[2e3, 2e4, 2e5] * u.MV))
    assert data.in_rigidity
    assert data.x.unit == u.GV
    np.testing.assert_allclose(data.x.value, [2, 20, 200], rtol=1e-12)
    assert "2..200 GV" in str(data)


def test_the_minimal_file_of_the_documentation(tmp_path):
    path = tmp_path / "doc.ecsv"
    path.write_text(
        "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: energy, unit: GeV, datatype: float64}\n"
        "# - {name: ratio, datatype: float64}\n# - {name: ratio_err, datatype: float64}\n"
        "# meta: {quantity: B/C, label: my ratio}\n# schema: astropy-2.0\n"
        "energy ratio ratio_err\n10.0 0.205 0.005\n100.0 0.095 0.005\n"
    )
    assert RatioMeasurement.read(path).label == "my ratio"


def test_pulls(tmp_path):
    data = RatioMeasurement.read(
        written(tmp_path, drop=("ratio_err",), ratio_errn=[0.01, 0.01, 0.01], ratio_errp=[0.04, 0.04, 0.04])
    )
    np.testing.assert_allclose(data.pulls(np.array([0.32, 0.2, 0.08])), [-0.5, 0.0, 2.0], rtol=1e-12)
    with pytest.raises(InputError, match="a model of 3 values"):
        data.pulls(np.array([0.3]))


def test_within():
    """Both ends are included; the rest goes along."""
    data = RatioMeasurement.named("bc-dampe-2022")
    part = data.within(19.91 * u.GeV, 79.44 * u.GeV)
    np.testing.assert_array_equal(part.x.value, [19.91, 31.61, 50.11, 79.44])
    for name in ("value", "error_low", "error_high"):
        np.testing.assert_array_equal(getattr(part, name), getattr(data, name)[1:5])
    assert (part.name, part.quantity, part.meta) == (data.name, data.quantity, data.meta)
    np.testing.assert_array_equal(data.within().x.value, data.x.value)
    np.testing.assert_array_equal(data.within(high=0.015 * u.TeV).x.value, [12.57])


@pytest.mark.parametrize("shift", [0.999, 1.001])
def test_a_bound_of_the_other_kind_is_at_half_charge(tmp_path, shift):
    """R = 2 p/e for A/Z = 2: 20 GV is the rigidity of 10 GeV/c per nucleon."""
    kinetic = np.hypot(10.0, M_PROTON) - M_PROTON
    energies = RatioMeasurement.read(written(tmp_path, energy=[1.0, kinetic, 100.0] * u.GeV))
    assert energies.within(low=20 * shift * u.GV).x.size == (2 if shift < 1 else 1)
    rigidities = RatioMeasurement.read(written(tmp_path, drop=("energy",), rigidity=[2.0, 20.0, 200.0] * u.GV))
    assert rigidities.within(high=kinetic * shift * u.GeV).x.size == (1 if shift < 1 else 2)


def test_refused_ranges():
    data = RatioMeasurement.named("bc-dampe-2022")
    with pytest.raises(InputError, match=r"no point from 1.0 GeV to 2.0 GeV; it has 12.57..4217 GeV per nucleon"):
        data.within(1 * u.GeV, 2 * u.GeV)
    with pytest.raises(InputError, match="no point"):
        data.within(low=1 * u.PV)
    for bound in (1.0, 1 * u.s, [1, 2] * u.GeV, np.nan * u.GV):
        with pytest.raises(InputError, match="bc-dampe-2022: low bound"):
            data.within(bound)


def test_the_same_points(tmp_path):
    """AMS-02 of 2016 and of 2018 counted the same five years; a copy under another name is found out."""
    ams, before = RatioMeasurement.named("bc-ams02-2018"), RatioMeasurement.named("bc-ams02-2016")
    assert same_points(ams, before)
    others = [RatioMeasurement.named(name) for name in SHIPPED if "ams" not in name]
    assert not any(same_points(*pair) for pair in combinations([ams, *others], 2))
    assert not same_points(ams.within(high=10 * u.GeV), before.within(low=20 * u.GeV))
    assert not same_points(ams.within(high=10 * u.GeV), before.within(low=30 * u.GV))
    assert same_points(ams.within(high=10 * u.GeV), before.within(low=10 * u.GV))
    one = RatioMeasurement.read(written(tmp_path))
    copy = RatioMeasurement.read(written(tmp_path, "copy.ecsv", energy=[1e-3, 1e-2, 0.1] * u.TeV))
    other = RatioMeasurement.read(written(tmp_path, "other.ecsv", ratio=[0.3, 0.2, 0.11]))
    oxygen = RatioMeasurement.read(written(tmp_path, "oxygen.ecsv", meta={"quantity": "B/O"}))
    assert same_points(one, copy)
    assert not same_points(one, other)
    assert not same_points(one, oxygen)


def test_events_of_the_header(tmp_path):
    meta = {"quantity": "B/C", "events": "ams02-from-2011"}
    mine = RatioMeasurement.read(written(tmp_path, meta=meta))
    assert same_points(mine, RatioMeasurement.named("bc-ams02-2018"))
    assert RatioMeasurement.read(written(tmp_path, meta={**meta, "quantity": "Be/C"})).events == "ams02-from-2011"
    assert not same_points(RatioMeasurement.read(tmp_path / "mine.ecsv"), RatioMeasurement.named("bc-ams02-2018"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"drop": ("energy",)}, "'energy' (kinetic, per nucleon, like 'GeV') or 'rigidity' (like 'GV')"),
        ({"rigidity": [1, 2, 3] * u.GV}, "one column 'energy'"),
        ({"drop": ("ratio",)}, "no column 'ratio'"),
        ({"drop": ("ratio_err",)}, "'ratio_err', or 'ratio_errn' and 'ratio_errp'"),
        ({"energy": [1.0, 2.0, 3.0] * u.GV}, "a unit like 'GeV' is needed"),
        ({"energy": [1.0, 2.0, 3.0]}, "has no unit; a unit like 'GeV' is needed"),
        ({"energy": [1.0, -2.0, 3.0] * u.GeV}, "row 2: column 'energy' must be positive"),
        ({"ratio": [1.0, 2.0, 3.0] * u.GeV}, "a number is needed"),
        ({"ratio": [0.3, 0.2, np.nan]}, "row 3: column 'ratio' must be finite"),
        ({"ratio": ["a", "b", "c"]}, "column 'ratio'"),
        ({"ratio_err": [0.1, 0.0, 0.1]}, "row 2: errors must be positive"),
        ({"ratio_err": [0.1, 0.1, -0.1], "ratio_sys": [0.1, 0.1, 0.1]}, "row 3: errors must be positive"),
        ({"ratio_sysn": [0.1, 0.1, 0.1]}, "'ratio_sysp'"),
        ({"is_ul": [False, True, False]}, "upper limits are not taken"),
        ({"meta": {}}, "quantity"),
        ({"meta": {"quantity": "B"}}, "quantity: B/C"),
        ({"energy": [] * u.GeV, "ratio": [], "ratio_err": []}, "no rows"),
    ],
)
def test_bad_files_are_one_line_with_the_name(tmp_path, changes, words):
    with pytest.raises(InputError) as error:
        RatioMeasurement.read(written(tmp_path, **changes))
    assert words in str(error.value)
    assert "mine.ecsv" in str(error.value)
    assert "\n" not in str(error.value)


def test_limits_that_are_none_are_fine(tmp_path):
    assert RatioMeasurement.read(written(tmp_path, is_ul=[False, False, False])).x.size == 3


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "# %ECSV 1.0\n# ---\n# datatype: [\n", "\x00\x01"])
def test_not_a_table(tmp_path, content):
    (tmp_path / "x.ecsv").write_text(content)
    with pytest.raises(InputError, match=r"x\.ecsv") as error:
        RatioMeasurement.read(tmp_path / "x.ecsv")
    assert "\n" not in str(error.value)


def test_names():
    with pytest.raises(InputError, match="did you mean 'bc-ams02-2018'"):
        RatioMeasurement.named("bc-ams2-2018")
    with pytest.raises(InputError, match="no such file; shipped ratios: bc-ams02-2016"):
        RatioMeasurement.read("nothing.ecsv")


def test_plot_draws_the_points_with_their_name():
    data = RatioMeasurement.named("bc-cream-2008")
    axes = data.plot()
    (bars,) = axes.containers
    np.testing.assert_allclose(bars.lines[0].get_xydata(), np.column_stack([data.x.value, data.value]), rtol=1e-12)
    assert axes.get_legend_handles_labels()[1] == [data.label]


def test_a_files_table_is_plain_ecsv():
    """Readable without us."""
    from skycocoon.shipped import data_folder

    for name in SHIPPED:
        assert "ratio" in Table.read(data_folder() / "ratios" / f"{name}.ecsv", format="ascii.ecsv").colnames


T = np.geomspace(1, 5000, 41) * u.GeV
MODEL = {"with": (T, 0.3 * T.value**-0.3), "without": (T, 0.25 * T.value**-0.4)}


def plot_ratio(curves, data=(), *rest, **options):
    """One panel."""
    return plot_ratios({"": (curves, data)}, *rest, **options)


@pytest.fixture(scope="module")
def data():
    return [RatioMeasurement.named(name) for name in ("bc-ams02-2018", "bc-dampe-2022")]


def test_curves_and_points(data):
    axes = plot_ratio(MODEL, data, {"creator": "skycocoon", "version": "1", "model": "paper"})
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "GeV" in axes.get_xlabel()
    assert "nucleon" in axes.get_xlabel()
    assert axes.get_ylabel() == "B/C"
    assert sorted(labels(axes)) == sorted(["with", "without", *(item.label for item in data)])
    assert any("skycocoon 1; paper" in text.get_text() for text in axes.texts)
    for container, item in zip(axes.containers, data, strict=True):
        x, y = container.lines[0].get_data()
        np.testing.assert_allclose(x, item.x.to_value(u.GeV))
        np.testing.assert_allclose(y, item.value)
        bars = np.array([bar[:, 1] for bar in container.lines[2][0].get_segments()])
        np.testing.assert_allclose(bars[:, 0], item.value - item.error_low)
        np.testing.assert_allclose(bars[:, 1], item.value + item.error_high)
    marks = {container.lines[0].get_marker() for container in axes.containers}
    lines = {line.get_linestyle() for line in axes.get_lines() if line.get_label() in MODEL}
    assert len(marks) == len(lines) == 2


def test_the_legend_lies_over_no_point(data):
    axes = plot_ratio(MODEL, data)
    axes.figure.canvas.draw()
    box = axes.get_legend().get_window_extent()
    for item in data:
        for edge in (item.value - item.error_low, item.value):
            places = axes.transData.transform(np.stack([item.x.value, edge], axis=1))
            assert not box.count_contains(places)
    for x, y in MODEL.values():
        assert not box.count_contains(axes.transData.transform(np.stack([x.value, y], axis=1)))


def test_rigidity(data):
    r = np.geomspace(2, 2000, 21) * u.GV
    axes = plot_ratio({"model": (r, 0.3 * r.value**-0.3)}, quantity="B/O")
    assert "GV" in axes.get_xlabel()
    assert axes.get_ylabel() == "B/O"
    with pytest.raises(InputError, match="cannot be on one axis"):
        plot_ratio({"model": (r, r.value)}, data)


def test_nothing_is_no_figure():
    with pytest.raises(InputError, match="neither a curve nor a data set"):
        plot_ratio({})


def test_a_data_set_draws_itself(data):
    assert labels(data[0].plot()) == [data[0].label]


def test_panels_have_the_same_axes(data):
    axes = plot_ratios({"one": (MODEL, data), "two": ({"with": MODEL["with"]}, data[:1])})
    one, two = axes.figure.axes
    assert (one.get_title(), two.get_title()) == ("one", "two")
    assert one.get_xlim() == two.get_xlim()
    assert one.get_ylim() == two.get_ylim()
    assert one.get_ylim()[0] < MODEL["without"][1][-1]
    # room for the data of either
    assert one.get_xlim()[1] > max(item.x.value.max() for item in data)


def look(container):
    points = container.lines[0]
    return points.get_marker(), points.get_color(), points.get_markerfacecolor()


def test_energies_and_rigidities_stand_side_by_side(data):
    r = np.geomspace(2, 2000, 21) * u.GV
    rigid = RatioMeasurement.named("bc-ams02-2021")
    panels = {"T": (MODEL, data), "R": ({"without": (r, 0.25 * r.value**-0.4)}, [rigid]), "T too": (MODEL, data[1:])}
    one, two, three = plot_ratios(panels, {"creator": "skycocoon"}).figure.axes
    assert "nucleon" in one.get_xlabel()
    assert "GV" in two.get_xlabel()
    assert one.get_xlim() == three.get_xlim() != two.get_xlim()
    assert one.get_ylim() == two.get_ylim() == three.get_ylim()
    assert [item.get_ylabel() for item in (one, two, three)] == ["B/C", "", ""]
    # the same data set and the same curve look the same everywhere, and different ones differ
    assert look(one.containers[1]) == look(three.containers[0])
    assert len({look(item) for item in (*one.containers, *two.containers)}) == 3
    lines = [{line.get_label(): line.get_color() for line in axes.get_lines()} for axes in (one, two)]
    assert lines[0]["without"] == lines[1]["without"] != lines[0]["with"]
    # small print once
    assert [any("skycocoon" in text.get_text() for text in axes.texts) for axes in (one, two, three)] == [0, 0, 1]


def test_marks_can_be_those_of_another_figure(data):
    other = plot_ratio({}, data)
    axes = plot_ratio(MODEL, data[1:], series={data[1].name: 1, "without": 0})
    assert look(axes.containers[0]) == look(other.containers[1])
    lines = {line.get_label(): line.get_color() for line in axes.get_lines()}
    assert lines["without"] == plot_ratio(MODEL).get_lines()[0].get_color()


def test_panels_of_nothing_or_of_two_ratios(data):
    with pytest.raises(InputError, match="no panel"):
        plot_ratios({})
    other = replace(data[0], quantity="B/O")
    with pytest.raises(InputError, match="different ratios cannot be on one axis: B/C, B/O"):
        plot_ratios({"a": (MODEL, data), "b": (MODEL, [other])})
