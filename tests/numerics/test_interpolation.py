"""Spectra between their nodes, against the functions from which the nodes were made."""

import numpy as np
import pytest

from skycocoon.numerics.interpolation import interpolated

SMOOTH = {
    "cut-off": lambda e: e**-2.7 * np.exp(-e / 2e3),
    "slow cut-off": lambda e: e**-2.7 * np.exp(-np.sqrt(e / 100)),
    "log-parabola": lambda e: e ** (-2 - 0.1 * np.log(e)),
    "knee": lambda e: e**-2.0 / (1 + (e / 100) ** 2) ** 0.5,
}


def at(nodes, values, energies):
    return np.array([interpolated(nodes, float(e), values.__getitem__) for e in energies])


@pytest.mark.parametrize(("per_decade", "rtol"), [(2, 0.04), (4, 4e-3), (10, 1e-4), (20, 1e-5)])
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_spectra(name, per_decade, rtol):
    """Of fourth order: 2 decades of 20 nodes are 10^4 times as near as 2 each; power laws are 38 % and 0.8 % off."""
    nodes, energies = np.geomspace(1, 1e4, 4 * per_decade + 1), np.geomspace(1, 1e4, 701)
    function = SMOOTH[name]
    np.testing.assert_allclose(at(nodes, function(nodes), energies), function(energies), rtol=rtol)


@pytest.mark.parametrize("per_decade", [0.5, 1, 1.9])
def test_coarse_spectra_are_power_laws(per_decade):
    nodes, energies = np.geomspace(1, 1e4, int(4 * per_decade) + 1), np.geomspace(1, 1e4, 101)
    values = SMOOTH["cut-off"](nodes)
    expected = np.exp(np.interp(np.log(energies), np.log(nodes), np.log(values)))
    np.testing.assert_allclose(at(nodes, values, energies), expected, rtol=1e-12)


@pytest.mark.parametrize("per_decade", [2, 5, 20])
def test_nothing_overshoots_at_a_step(per_decade):
    """Beside a step of 1000 the spectrum is the power law that it is; on it, it falls."""
    nodes, energies = np.geomspace(1, 1e4, 4 * per_decade + 1), np.geomspace(1, 1e4, 401)
    values = nodes**-2.0 * np.where(nodes > 90, 1e-3, 1.0)
    found = at(nodes, values, energies) * energies**2
    assert np.all(np.diff(found) <= 1e-12)
    low, high = nodes[nodes <= 90][-1], nodes[nodes > 90][0]
    outside = (energies <= low) | (energies >= high)
    np.testing.assert_allclose(found[outside], np.where(energies > low, 1e-3, 1.0)[outside], rtol=1e-12)


def test_zeros_of_one_spectrum_are_not_those_of_its_neighbour():
    """A zero among the four nodes leaves power laws, in that pixel alone."""
    nodes = np.geomspace(1, 1e3, 13)
    whole = SMOOTH["cut-off"](nodes)
    dark = np.where(np.arange(13) < 5, 0.0, whole)
    both = np.stack([whole, dark], axis=1)
    energies = np.sqrt(nodes[1:] * nodes[:-1])
    found = at(nodes, both, energies)
    np.testing.assert_array_equal(found[:, 0], at(nodes, whole, energies))
    np.testing.assert_array_equal(found[:5, 1], 0.0)
    assert found[5, 1] == pytest.approx(np.sqrt(whole[5] * whole[6]), rel=1e-12)
    np.testing.assert_array_equal(found[6:, 1], found[6:, 0])


def test_a_rounded_node_is_the_node():
    nodes, values = np.array([1.0, 10.0, 100.0]), np.array([0.0, 5.0, 0.0])
    np.testing.assert_array_equal(
        at(nodes, values, [10 * (1 - 1e-12), 10 * (1 + 1e-12), 9.9, 10.1]), [5.0, 5.0, 0.0, 0.0]
    )


def test_nan_is_not_made_zero():
    nodes = np.geomspace(1, 1e3, 13)
    values = SMOOTH["cut-off"](nodes)
    values[6] = np.nan
    assert np.isnan(at(nodes, values, [np.sqrt(nodes[5] * nodes[6])])).all()
