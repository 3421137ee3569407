"""Panels: many models beside the same data, told apart without colours, and a legend that covers none of them."""

import astropy.units as u
import numpy as np
import pytest
from matplotlib.colors import to_hex

from skycocoon import InputError, Measurement
from skycocoon.plot import Curve, DataPoints, Panel, plot_panel, plot_panels, plot_side_by_side, save
from skycocoon.plot.curves import E2_AXES, LOOKS
from skycocoon.points import Points
from skycocoon.units import E2_FLUX, E2_INTENSITY

E = np.geomspace(1, 1000, 31)


def fall(norm, cut=100.0):
    return norm * E**-0.7 * np.exp(-E / cut)


def measured(part):
    return Measurement.named(f"lhaaso-km2a-2023-{part}").drawn(flux=False)


@pytest.fixture
def panels():
    found = []
    for part, norm in (("inner", 4e-7), ("outer", 2e-7)):
        curves = (
            Curve("cocoons", E, fall(norm), "cocoons"),
            Curve("base min", E, fall(norm, 1e4), "base"),
            Curve("sum", E, fall(norm) + fall(norm, 1e4), "sum"),
        )
        found.append(Panel(part, curves, (measured(part),), (("base min", "sum"),)))
    return found


def test_no_two_looks_differ_in_colour_alone():
    plain = {name: look for name, look in LOOKS.items() if not name.startswith("ladder")}
    assert len({(str(look.line), look.colour) for look in plain.values()}) == len(plain)
    for family in ("sum", "base"):
        lines = [str(look.line) for name, look in plain.items() if name.startswith(family)]
        assert len(set(lines)) == len(lines) == 3


def test_a_ladder_grows_lighter_step_by_step():
    colours = [Curve("x", E, fall(1.0), "ladder", step).drawn["color"] for step in np.linspace(0, 1, 5)]
    # what is left of a colour in grey print (ITU-R BT.601)
    grey = [np.dot(colour[:3], (0.299, 0.587, 0.114)) for colour in colours]
    assert np.all(np.diff(grey) > 0.08)
    assert grey[-1] < 0.8  # still seen on white


def test_one_legend_below_all_panels(panels, tmp_path):
    axes = plot_panels(
        panels, {"creator": "skycocoon", "version": "1", "model": "paper"}, legend_title="which is which"
    )
    figure = axes.figure
    assert all(one.get_legend() is None for one in figure.axes)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["LHAASO-KM2A 2023", "cocoons", "base min", "sum"]
    assert legend.get_title().get_text() == "which is which"
    figure.canvas.draw()
    below = legend.get_window_extent().y1
    assert all(below < one.get_window_extent().y0 for one in figure.axes)
    frame = figure.bbox
    assert legend.get_window_extent().x0 > frame.x0
    assert legend.get_window_extent().x1 < frame.x1
    save(axes, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_all_points_are_within_the_panels(panels):
    axes = plot_panels(panels)
    assert "TeV" in axes.get_xlabel()
    assert "sr^{-1}" in axes.get_ylabel()
    assert [one.get_title() for one in axes.figure.axes] == ["inner", "outer"]
    for one, panel in zip(axes.figure.axes, panels, strict=True):
        (left, right), (bottom, top) = one.get_xlim(), one.get_ylim()
        data = Measurement.named(f"lhaaso-km2a-2023-{panel.title}")
        e2 = data.energy**2
        assert left < data.energy_min.to_value(u.TeV).min()
        assert right > data.energy_max.to_value(u.TeV).max()
        assert bottom < (e2 * (data.value - data.error_low)).to_value(E2_INTENSITY).min()
        assert top > (e2 * (data.value + data.error_high)).to_value(E2_INTENSITY).max()
        drawn = {line.get_label(): line.get_ydata() for line in one.get_lines()}
        np.testing.assert_allclose(drawn["sum"], panel.curves[2].y, rtol=1e-12)


def test_what_is_zero_is_not_drawn():
    value = np.where(E < 100, 1e-8, 0.0)
    axes = plot_panels([Panel("", (Curve("x", E, value, "cocoons"),))])
    assert np.isnan(axes.get_lines()[0].get_ydata()[E >= 100]).all()
    # a dark model is a good null test
    plot_panels([Panel("", (Curve("x", E, 0 * value, "cocoons"),))]).figure.canvas.draw()


def made_of(value, error):
    count = len(value)
    x, error = np.geomspace(10, 100, count), np.array(error, dtype=float)
    return DataPoints(Points("p", "points", x, "E [TeV]", np.array(value), error, error, np.zeros(count, dtype=bool)))


DARK = {
    "a curve of zeros": ((Curve("x", E, 0 * E),), ()),
    "one zero": ((Curve("x", E[:1], 0 * E[:1]),), ()),
    "a curve of NaN": ((Curve("x", E, np.nan * E),), ()),
    "points far below zero": ((), (made_of([-1e-8, -2e-8], [1e-9, 1e-9]),)),
    "both": ((Curve("x", E, 0 * E),), (made_of([-1e-8], [1e-9]),)),
}
SEEN = {
    "one point of a curve": ((Curve("x", E[:1], E[:1]),), ()),
    "one between zeros": ((Curve("x", E[:3], np.array([0.0, 1.0, 0.0])),), ()),
    "equal values": ((Curve("x", E, np.ones(31)),), ()),
    "points below zero with larger errors": ((), (made_of([-1e-8, 0.0], [2e-8, 1e-9]),)),
    "one point": ((), (made_of([1e-8], [1e-9]),)),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "draw", [plot_panel, lambda panel: plot_side_by_side([panel]), lambda panel: plot_panels([panel])]
)
@pytest.mark.parametrize("name", [*DARK, *SEEN])
def test_whatever_is_not_above_zero_a_figure_is_made(name, draw, tmp_path):
    """Matplotlib has no logarithmic axis of zeros: the figure says so instead."""
    curves, data = {**DARK, **SEEN}[name]
    if not curves and draw not in (plot_panel,):
        curves = (Curve("x", E, 0 * E),)
    axes = draw(Panel("", curves, data))
    words = [text.get_text() for text in axes.texts]
    assert ("nothing here is above zero" in words) == (name in DARK)
    save(axes, tmp_path / "a.png", tmp_path / "a.pdf", tmp_path / "a.svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_point_below_zero_is_an_arrow_from_its_upper_end():
    axes = plot_panel(Panel("", (), (made_of([-1e-8, -2e-8, 5e-8], [3e-8, 1e-9, 1e-9]),)))
    measured, arrows = (container.lines[0] for container in axes.containers)
    np.testing.assert_allclose(measured.get_ydata(), [5e-8], rtol=1e-12)
    np.testing.assert_allclose(arrows.get_ydata(), [2e-8, np.nan], rtol=1e-12)
    assert (measured.get_marker(), arrows.get_marker()) == ("o", "_")


def test_notes_stand_beside_their_curves():
    curves = tuple(
        Curve(f"{cut:g}", E, fall(4e-7, cut), "ladder", step, note=f"{cut:g} TV")
        for cut, step in ((10, 0.0), (30, 1.0))
    )
    axes = plot_panels([Panel("", curves, (measured("inner"),))])
    notes = {text.get_text(): text for text in axes.texts if "TV" in text.get_text()}
    assert list(notes) == ["10 TV", "30 TV"]
    for curve in curves:
        note = notes[curve.note]
        x, y = note.xy
        e, value = curve.x, curve.y
        assert value[e <= x * 1.001][-1] >= y > value[e > x * 1.001][0]
        assert to_hex(note.get_color()) == to_hex(curve.drawn["color"])


def test_every_note_is_seen_wherever_its_curve_ends():
    """Below, at the right edge, two near each other there, and one that falls between two energies near the edge."""
    cuts = (3, 10, 200, 400, 450)
    curves = tuple(
        Curve(f"{cut:g}", E, fall(4e-7, cut), "ladder", k / 4, note=f"{cut:g} TV") for k, cut in enumerate(cuts)
    )
    axes = plot_panels([Panel("", curves, (measured("inner"),))])
    axes.figure.canvas.draw()
    notes = [text for text in axes.texts if "TV" in text.get_text()]
    assert [text.get_text() for text in notes] == [f"{cut} TV" for cut in cuts]
    frame, boxes = axes.get_window_extent(), [text.get_window_extent() for text in notes]
    for text, curve, box in zip(notes, curves, boxes, strict=True):
        assert frame.x0 < box.x0 < box.x1 < frame.x1
        assert frame.y0 < box.y0 < box.y1 < frame.y1
        assert not any(box.overlaps(other) for other in boxes if other is not box)
        # on its curve: straight lines between energies on logarithmic axes
        x, y = text.xy
        drawn = np.exp(np.interp(np.log(x), np.log(curve.x), np.log(curve.y)))
        assert y == pytest.approx(drawn, rel=1e-6)


def test_intensities_and_fluxes_are_not_mixed(panels):
    flux = Curve("x", E, fall(1.0), "sum")
    with pytest.raises(InputError, match="intensities or fluxes"):
        plot_panels([*panels, Panel("", (flux,), y=E2_AXES[E2_FLUX])])
    with pytest.raises(InputError, match="look of a curve 'summ'; did you mean 'sum'"):
        Curve("x", E, fall(1.0), "summ")
