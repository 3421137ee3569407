"""Ratios of nuclei: the right points with the right errors, in energy per nucleon or in rigidity."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.measured import RatioMeasurement, plot_ratios

from . import labels

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
