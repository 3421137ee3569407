"""Inelastic cross sections of Letaw et al. 1983 against the numbers that they are known by."""

import numpy as np
import pytest

from skycocoon.interactions.letaw import letaw_inelastic

ENERGIES = np.geomspace(0.03, 1e6, 2000)


@pytest.mark.parametrize(("mass_number", "plateau"), [(12, 252), (16, 309), (56, 763)])
def test_plateaux(mass_number, plateau):
    assert letaw_inelastic(mass_number, 1e3) == pytest.approx(plateau, rel=2e-3)


def test_it_grows_as_a_to_the_0_7_but_for_a_wave_of_1_6_per_cent():
    mass_number = np.arange(4, 60)
    wave = letaw_inelastic(mass_number, 1e4) / (45 * mass_number**0.7) - 1
    assert abs(wave).max() <= 0.016
    assert wave.min() < -0.014
    assert wave.max() > 0.014


def test_energy_dependence():
    """Up to 47 % higher at tens of MeV, 14 % lower near 190 MeV, and flat above 1.3 GeV: the same for all nuclei."""
    shape = letaw_inelastic(12, ENERGIES) / letaw_inelastic(12, 1e6)
    assert shape[0] == pytest.approx(1.47, abs=0.01)
    assert shape.min() == pytest.approx(0.858, abs=1e-3)
    assert ENERGIES[shape.argmin()] == pytest.approx(0.19, rel=0.02)
    np.testing.assert_allclose(shape[ENERGIES > 1.3], 1, rtol=1e-3)
    np.testing.assert_allclose(letaw_inelastic(56, ENERGIES) / letaw_inelastic(56, 1e6), shape, rtol=1e-13)


def test_nuclei_and_energies_broadcast():
    table = letaw_inelastic(np.array([[12.0], [16.0]]), ENERGIES)
    assert table.shape == (2, ENERGIES.size)
    np.testing.assert_array_equal(table[1], letaw_inelastic(16, ENERGIES))
