"""Maps and regions: the sky the right way round."""

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest

from skycocoon import InputError, Region, SkyMap, intensity_map, load_model
from skycocoon.units import INTENSITY

E = np.geomspace(0.1, 1000, 41) * u.TeV


def test_map():
    sky = intensity_map(load_model("schroer2021"), "gamma", [1, 10, 100] * u.TeV, 32, rtol=1e-2)
    axes = sky.plot(5 * u.TeV)
    assert "5 TeV" in axes.get_title()
    assert "gamma rays" in axes.get_title()
    bar = axes.figure.axes[1]
    assert "GeV" in bar.get_xlabel()
    # longitude grows to the left
    ticks = [t.get_text() for t in axes.get_xticklabels()]
    assert ticks == ["120°", "60°", "0°", "300°", "240°"]
    # brightest in the middle
    mesh = axes.collections[0]
    image = np.asarray(mesh.get_array())
    row, column = np.unravel_index(np.argmax(image), image.shape)
    assert abs(row - image.shape[0] / 2) < 10
    assert abs(column - image.shape[1] / 2) < 60
    assert "10 TeV" in sky.plot().get_title()
    with pytest.raises(InputError, match="within"):
        sky.plot(1 * u.PeV)
    # dark and uniform skies are drawn too, and what is almost nothing
    for value in (0.0, 1.0, 1e-310, np.r_[1e-300, np.zeros(11)]):
        SkyMap(E[:1], {"x": np.full((1, 12), value) * INTENSITY}).plot(E[0]).figure.canvas.draw()


def test_asymmetric_sky_is_drawn_the_right_way_round():
    from skycocoon.sky import healpix

    vectors = healpix.directions(16, np.arange(3072), nest=False)
    lon = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0]))
    values = np.where((lon > 40) & (lon < 80), 1.0, 1e-3)
    axes = SkyMap(E[:1], {"x": values[None] * INTENSITY}).plot(E[0])
    image = np.asarray(axes.collections[0].get_array())
    middle = image[image.shape[0] // 2]
    bright = np.flatnonzero(middle > middle.max() / 2)
    assert bright.max() < image.shape[1] / 2  # l = 60 deg is left of the centre


def test_region():
    axes = Region.named("lhaaso-inner").plot()
    assert "lhaaso-inner" in axes.get_title()
    assert plt.get_fignums()
