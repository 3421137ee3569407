"""Densities as polynomials between their kinks."""

import astropy.units as u
import numpy as np
import pytest

from skycocoon import SourceDisc
from skycocoon.galaxy import PROFILES
from skycocoon.galaxy.elements import Panels, divided, fitted, halving_edges, product_table


def test_edges_crowd_towards_the_first_one():
    np.testing.assert_allclose(halving_edges(np.array([0.0, 8.0]), 1.5), [0, 2, 4, 8], rtol=1e-15)


def test_panels_stop_at_a_jump_and_divide_at_a_peak():
    """A jump that is an edge costs nothing; a peak of a tenth of the panel needs panels of about its width."""

    def jump(x):
        return np.where(x < 3.0, 1.0, 5.0)[:, None] * np.exp(-x / 4)[:, None]

    panels = divided(jump, np.array([0.0, 3.0, 10.0]), 4, 1e-3)
    np.testing.assert_array_equal(panels.edges, [0, 3, 10])
    assert panels.reached < 1e-12

    def peak(x):
        return 1e-3 + np.exp(-0.5 * ((x - 2.0) / 0.3) ** 2)[:, None]

    panels = divided(peak, np.array([0.0, 8.0]), 6, 1e-5)
    assert panels.reached <= 1e-5
    width = np.diff(panels.edges)
    near = np.abs(panels.edges[:-1] - 2.0) < 0.5
    assert 0.05 < width[near].min() <= 0.5
    assert width.max() > 1.0


def test_exponential_and_gaussian_layers_need_one_element():
    for vertical, order in (("exponential", 2), ("gaussian", 3), ("top-hat", 1)):
        table = SourceDisc(vertical=vertical).table()
        assert table.values.shape[1] == 1
        assert table.values.shape[3] == order


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("ratio", [5, 20, 1000])
@pytest.mark.parametrize("vertical", ["exponential", "gaussian", "top-hat"])
def test_the_total_of_a_table_is_the_rate(profile, vertical, ratio):
    """Eq. 2: what a table holds in all is the closed form's, however tall the cylinder."""
    disc = SourceDisc.preset(profile, vertical=vertical, half_height=0.1 * ratio * u.kpc)
    rate = disc.table().integral() * u.kpc**3 / (u.cm**3 * u.s)
    assert (rate / disc.rate).to_value(u.one) == pytest.approx(1.0, rel=2e-6)


def test_a_wall_where_the_density_is_zero_needs_no_logarithm():
    """n = (10 - R) (1 - |z|): ln n is infinite at the wall and at the lid, n is a plane."""

    def density(r, z):
        return (10.0 - r) * (1.0 - z)

    panels = Panels(np.array([0.0, 10.0]), 4, 0.0), Panels(np.array([0.0, 1.0]), 4, 0.0)
    table = fitted(density, np.zeros(1), *panels)
    points = np.array([[3.0, 4.0, -0.25], [0.0, 9.999, 0.9]])
    np.testing.assert_allclose(table.density(points), [5 * 0.75, 0.001 * 0.1], rtol=1e-9)
    assert table.reached < 1e-12


def test_a_product_is_the_sum_of_logarithms():
    radial, vertical = Panels(np.array([0.0, 5.0, 10.0]), 3, 0.0), Panels(np.array([0.0, 2.0]), 2, 0.0)
    table = product_table(radial, vertical, (lambda r: np.exp(-r / 3), lambda z: np.exp(-z)), 7.0)
    found = table.density(np.array([[0.0, 6.0, -1.5], [1.0, 0.0, 0.2]]))
    np.testing.assert_allclose(found, 7 * np.exp([-2 - 1.5, -1 / 3 - 0.2]), rtol=1e-12)
