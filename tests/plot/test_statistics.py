"""Figures of a fit: what they show is what the fit has found."""

import builtins

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from skycocoon import InputError
from skycocoon.inference import Likelihood, Parameter, Samples, fit, profile
from skycocoon.measured import RatioMeasurement, plot_ratios
from skycocoon.plot import plot_corner
from skycocoon.points import Points

X = np.array([1.0, 2.0, 5.0, 10.0, 20.0, 50.0])
META = {"creator": "skycocoon", "version": "1", "model": "fit-bc"}


def points(name, value, **changes):
    error = np.full(X.size, 0.1)
    none = np.zeros(X.size, dtype=bool)
    return Points(name, name.upper(), X, changes.get("x_label", "E [TeV]"), value, error, error, none)


@pytest.fixture(scope="module")
def result():
    """A straight line in ln x with a slope, an amplitude of 1e28, and a normalisation of the second data set."""
    line = 2.0 + 0.3 * np.log(X)
    wiggle = 0.08 * np.array([1, -1, 1, 1, -1, 1])
    sets = (points("first", line + wiggle), points("second", 1.05 * line - wiggle))
    parameters = (
        Parameter("transport.diffusion", 2e28, 1e28, 4e28, "cm2 s-1"),
        Parameter("transport.delta", 0.3, 0.0, 1.0, label=r"$\delta$"),
        Parameter("normalisation.second", 1.0, 0.5, 1.5, prior=(1.0, 0.1)),
    )
    return fit(Likelihood(parameters, sets, lambda p: [p[0] / 1e28 + p[1] * np.log(X)] * 2))


def test_pulls_stand_at_their_x(result):
    axes = result.plot(META)
    strips = axes.figure.axes
    assert len(strips) == 2
    pulls = result.likelihood.pulls(result.values)
    for strip, name in zip(strips, ("first", "second"), strict=True):
        line = next(line for line in strip.get_lines() if line.get_linestyle() == "None" and len(line.get_xdata()))
        np.testing.assert_allclose(line.get_xdata(), X)
        np.testing.assert_allclose(line.get_ydata(), pulls[name])
        assert name.upper() in strip.get_title(loc="left")
        assert f"{np.sum(pulls[name] ** 2):.1f}, 6 points" in strip.get_title(loc="left")
    # 1 and 2 sigma
    spans = [patch.get_y() for patch in axes.patches]
    assert sorted(spans) == [-2, -1]
    # the same x for both: said once
    assert [strip.get_xlabel() for strip in strips] == ["", "E [TeV]"]


def test_a_data_set_has_the_mark_that_it_has_beside_its_model(result):
    marks = []
    for strip in result.plot().figure.axes:
        line = next(line for line in strip.get_lines() if line.get_linestyle() == "None" and len(line.get_xdata()))
        marks.append((line.get_marker(), line.get_color(), line.get_markerfacecolor()))
    data = [RatioMeasurement.named(name) for name in ("bc-ams02-2018", "bc-dampe-2022")]
    drawn = [container.lines[0] for container in plot_ratios({"": ({}, data)}).containers]
    assert marks == [(line.get_marker(), line.get_color(), line.get_markerfacecolor()) for line in drawn]


def test_far_pulls_are_arrows_with_their_number():
    value = np.ones(6)
    value[2] = 2.5
    bad = Likelihood((Parameter("a", 1.0, 0.999, 1.001),), (points("x", value),), lambda p: [np.full(6, p[0])])
    axes = fit(bad).plot()
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["15"]
    assert all(np.abs(line.get_ydata()).max(initial=0.0) <= 4 for line in axes.get_lines())


def test_strips_of_different_quantities_have_their_own_axes():
    sets = (points("a", np.ones(6)), points("b", np.ones(6), x_label="T [GeV per nucleon]"))
    axes = fit(Likelihood((Parameter("a", 1.0, 0.5, 2.0),), sets, lambda p: [np.full(6, p[0])] * 2)).plot()
    assert [strip.get_xlabel() for strip in axes.figure.axes] == ["E [TeV]", "T [GeV per nucleon]"]


def test_correlation_has_its_numbers_in_the_cells(result):
    axes = result.plot_correlation(META)
    cells = [text.get_text() for text in axes.texts]
    expected = [f"{value:.2f}".replace("-", "−") for value in np.asarray(result.correlation).ravel()]
    assert cells == expected
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["transport.diffusion", r"$\delta$", "norm. second"]
    # white on dark cells, black on light ones, with a contrast of 4.5 (WCAG 2.1, AA) everywhere
    image = axes.images[0]
    for text in axes.texts:
        column, row = text.get_position()
        shades = luminance(image.to_rgba(image.get_array()[row, column])), luminance(to_rgb(text.get_color()))
        assert (max(shades) + 0.05) / (min(shades) + 0.05) >= 4.5


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("count", [2, 7])
def test_the_title_of_a_correlation_fits(count):
    parameters = tuple(Parameter(f"p{k}", 0.1 * k, -5.0, 5.0) for k in range(count))
    line = np.vander(np.log(X) - 1.0, count, increasing=True)
    likelihood = Likelihood(
        parameters, (points("a", line @ (0.1 * np.arange(count))), points("b", line[:, ::-1] @ np.ones(count))),
        lambda p: [line @ p, line[:, ::-1] @ p],
    )  # fmt: skip
    figure = fit(likelihood, minos=False).plot_correlation().figure
    figure.canvas.draw()
    title = figure.get_suptitle()
    assert title == "correlation of the fitted parameters"
    box = next(text for text in figure.texts if text.get_text() == title).get_window_extent()
    assert figure.bbox.x0 < box.x0 < box.x1 < figure.bbox.x1


def test_profile_has_its_lines_and_its_interval(result):
    found = profile(result, "transport.diffusion", points=15)
    axes = found.plot(META)
    assert axes.get_ylabel() == r"$\Delta\chi^2$"
    # long numbers lose their power of ten, and the axis says so
    assert axes.get_xlabel() == r"transport.diffusion [$10^{28}$ $\mathrm{cm^{2}\,s^{-1}}$]"
    levels = [line.get_ydata()[0] for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert levels == [level for level in (1, 4, 9) if level < axes.get_ylim()[1]]
    assert len(levels) >= 2
    dots = next(line for line in axes.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_xdata(), found.grid / 1e28)
    np.testing.assert_allclose(dots.get_ydata(), found.delta)
    low, high = found.interval()
    shaded = axes.collections[0].get_paths()[0].get_extents()
    step = (found.grid[-1] - found.grid[0]) / 1000
    assert shaded.x0 * 1e28 == pytest.approx(low, abs=1.01 * step)
    assert shaded.x1 * 1e28 == pytest.approx(high, abs=1.01 * step)
    assert f"68.3 % from {low / 1e28:.4g} to {high / 1e28:.4g}" in axes.get_title()


def test_profile_says_the_model_and_not_the_factors(result):
    meta = {**META, "changes": "best fit; factors on the model, not drawn: second 1.040"}
    axes = profile(result, "transport.delta", points=5).plot(meta)
    (small,) = (text.get_text() for text in axes.texts if "skycocoon" in text.get_text())
    assert small == "skycocoon 1; fit-bc"


@pytest.mark.parametrize(
    ("label", "unit", "expected"),
    [
        ("$X_c$", "g / cm2", r"$X_c$ [$\mathrm{g\,cm^{-2}}$]"),
        (r"$\delta$", "", r"$\delta$"),
        ("counts", "per year", "counts [per year]"),
        ("", "TV", r"components.cutoff [$\mathrm{TV}$]"),
    ],
)
def test_units_have_raised_powers(label, unit, expected):
    likelihood = Likelihood(
        (Parameter("components.cutoff", 2.0, 1.0, 4.0, unit, label=label),),
        (points("x", np.full(6, 2.1)),),
        lambda p: [np.full(6, p[0])],
    )
    axes = profile(fit(likelihood), "components.cutoff", points=5).plot()
    assert axes.get_xlabel() == expected
    axes.figure.canvas.draw()


def test_profile_that_ends_before_its_interval_says_so(result):
    best = result.best["transport.delta"]
    grid = best + np.linspace(-0.2, 0.2, 5) * result.errors[1]
    axes = profile(result, "transport.delta", grid).plot()
    assert f"from below {grid[0]:.4g} to above {grid[-1]:.4g}" in axes.get_title()


def samples(rng):
    chain = rng.multivariate_normal([2.0, 0.3], [[0.01, 0.001], [0.001, 0.0004]], size=2000) * [1e28, 1.0]
    parameters = (Parameter("transport.diffusion", 2e28, 1e28, 4e28, "cm2 s-1"), Parameter("b", 0.3, 0.0, 1.0))
    return Samples(parameters, chain, np.zeros(2000), 0.4, np.ones(2), 20, 100, 0, 1)


def test_corner(rng):
    pytest.importorskip("corner")
    drawn = samples(rng)
    axes = drawn.plot(best=[2e28, 0.3], meta=META)
    every = axes.figure.axes
    assert len(every) == 4
    assert every[2].get_xlabel() == "transport.diffusion\n[$10^{28}$ $\\mathrm{cm^{2}\\,s^{-1}}$]"
    assert every[3].get_xlabel() == "b"
    # median and 16 to 84 %, with two digits of the error
    assert axes.get_title().startswith(f"${np.median(drawn.chain[:, 0]) / 1e28:.3f}_")
    assert any(text.get_text() == "skycocoon 1 fit-bc" for text in axes.figure.texts)


def test_corner_of_one_parameter_alone(rng):
    pytest.importorskip("corner")
    axes = plot_corner(rng.normal(3.0, 0.1, (500, 1)), ["a"], ["kpc"], [3.1])
    assert len(axes.figure.axes) == 1
    assert [3.1, 3.1] in [list(line.get_xdata()) for line in axes.lines]


def test_corner_of_a_parameter_that_did_not_move(rng):
    pytest.importorskip("corner")
    chain = np.stack([rng.normal(2.0, 0.1, 200), np.full(200, 3.0)], axis=1)
    axes = plot_corner(chain, ["a", "b"], ["", ""])
    assert axes.figure.axes[3].get_xlim() == (2.5, 3.5)


def test_corner_missing_is_one_line(rng, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "corner":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r'pip install "skycocoon\[sampling\]"'):
        samples(rng).plot()
