"""Figures are laid out and drawn once for each file, and outside the main thread they have no window."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from skycocoon.plot import Curve, Panel, plot_panel, save

X = np.geomspace(1.0, 100.0, 5)


def power_law():
    return plot_panel(Panel("a power law", (Curve("E^-0.7", X, 1e-7 * X**-0.7),)))


@pytest.fixture
def draws(monkeypatch):
    """Figures that were drawn, one after the other."""
    drawn, draw = [], Figure.draw
    monkeypatch.setattr(Figure, "draw", lambda figure, renderer: (drawn.append(figure), draw(figure, renderer))[1])
    return drawn


def test_a_figure_is_drawn_once_for_each_file(tmp_path, draws):
    """Drawing again to find the layout would double the time."""
    axes = power_law()
    save(axes, tmp_path / "figure.png", tmp_path / "figure.pdf", tmp_path / "figure.svg")
    assert draws == [axes.figure] * 3


def test_the_file_is_the_one_that_matplotlib_would_write(tmp_path):
    """Layout and pixels: Figure.savefig with the layout that is made for the file itself."""
    axes = power_law()
    axes.figure.savefig(tmp_path / "matplotlib.png", dpi=200)
    save(axes, tmp_path / "ours.png")
    np.testing.assert_array_equal(*(plt.imread(tmp_path / f"{name}.png") for name in ("ours", "matplotlib")))


def test_a_saved_figure_is_closed(tmp_path):
    axes = power_law()
    assert plt.get_fignums()
    save(axes, tmp_path / "figure.png")
    assert not plt.get_fignums()


def test_outside_the_main_thread_a_figure_has_no_window_and_looks_the_same(tmp_path):
    """Windows belong to the main thread; a file needs none."""
    with ThreadPoolExecutor(1) as pool:
        axes = pool.submit(power_law).result()
        assert not plt.get_fignums()
        pool.submit(save, axes, tmp_path / "aside.png").result()
    save(power_law(), tmp_path / "here.png")
    np.testing.assert_array_equal(*(plt.imread(tmp_path / f"{name}.png") for name in ("aside", "here")))


@pytest.mark.parametrize("backend", ["module://a_package_that_is_missing", "gtk3cairo"])
def test_without_windows_figures_are_files(tmp_path, backend):
    """As a notebook's settings in a script, or those of a desktop on a node without a display."""
    code = (
        "import numpy as np; from skycocoon.plot import Curve, Panel, plot_panel, save\n"
        "x = np.geomspace(1, 10, 3); save(plot_panel(Panel('', (Curve('', x, x),))), 'figure.png')"
    )
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key} | {"MPLBACKEND": backend}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "figure.png").stat().st_size > 1000
