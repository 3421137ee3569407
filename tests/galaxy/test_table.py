"""What rays integrate: tables, their symmetries, rulers and steep heights."""

import math

import astropy.units as u
import numpy as np
import pytest

from skycocoon import CylindricalGrid, InputError, SourceDisc
from skycocoon.emission.diffuse import GasInSea
from skycocoon.galaxy import Gas, Sea
from skycocoon.galaxy.table import ruler

from .conftest import RATE, STEEP, R, Z


def test_equal_azimuths_are_recognised():
    assert CylindricalGrid(R, Z, np.ones((21, 5, 11)) * RATE).table().axisymmetric


def test_rulers_find_small_features_and_forget_smooth_axes():
    n = np.ones((201, 180, 11))
    n[100, 40, 5] = 30.0
    table = CylindricalGrid(np.linspace(0, 10, 201) * u.kpc, Z, n * RATE).table()
    assert np.degrees(table.feature_angle(8.5)) < 1.0
    cell = np.diff(ruler(n, 0, periodic=False, logarithmic=False))
    assert cell[100] == 1.0
    assert cell[5] < 0.1
    assert math.isinf(SourceDisc().table().feature_angle(8.5))


def test_heights_uniform_in_the_root_are_recognised():
    table = CylindricalGrid(R, STEEP * u.kpc, np.ones((21, 41)) / u.cm**3).table()
    assert table.steep
    assert table.folded
    assert not CylindricalGrid(R, np.linspace(0, 4, 41) * u.kpc, np.ones((21, 41)) / u.cm**3).table().steep
    with pytest.raises(InputError, match="sqrt"):
        CylindricalGrid(R, (STEEP + 0.1) * u.kpc, np.ones((21, 41)) / u.cm**3)


def test_steep_grid_is_linear_in_the_root():
    """Linear interpolation in sqrt(|z|): exact for such a density, above the plane and below."""
    values = (3 - np.sqrt(STEEP))[None] * np.ones((21, 1))
    table = CylindricalGrid(R, STEEP * u.kpc, values / u.cm**3, "linear").table()
    z = np.concatenate([np.linspace(-3.99, 3.99, 40), [0.0, 1e-5, -4.0]])
    found = table.density(np.column_stack([np.full(z.size, 3.3), np.ones(z.size), z]))
    np.testing.assert_allclose(found, 3 - np.sqrt(np.abs(z)), rtol=1e-12)
    assert table.density(np.array([[1.0, 0.0, 4.01]]))[0] == 0


def test_a_layer_is_as_thick_as_its_scale_height():
    """Of an exponential layer, h (1 - exp(-H/h)); the table is exact in z, and in R the profile drops out."""
    disc = SourceDisc(height=0.07 * u.kpc)
    assert disc.table().thickness == pytest.approx(0.07 * -math.expm1(-0.5 / 0.07), rel=1e-6)
    flat = CylindricalGrid(R, Z, np.ones((21, 11)) * RATE).table()
    assert flat.thickness == pytest.approx(0.5, rel=1e-12)


def test_rings_are_where_the_density_is_not_smooth():
    assert list(SourceDisc().table().rings) == [20.0]
    hole = CylindricalGrid(np.linspace(2, 10, 21) * u.kpc, Z, np.ones((21, 11)) * RATE).table()
    np.testing.assert_allclose(hole.rings, [2, 10], rtol=1e-12)
    jump = GasInSea(Gas("misiriotis"), Sea(radius=15 * u.kpc, delta_gradient=0.035 / u.kpc)).table()
    np.testing.assert_allclose(jump.rings, [2.75, 11, 15], rtol=1e-12)
