"""Pair production: the closed form of the average against its definition, limits, and HERMES' numbers."""

import numpy as np
import pytest
from scipy.integrate import quad

from skycocoon.interactions.pair_production import M_ELECTRON, SIGMA_THOMSON, cross_section, isotropic_cross_section
from skycocoon.units import MBARN


def test_the_numbers_that_hermes_tests():
    """testBreitWheeler of HERMES: a 300 TeV and a 50 TeV photon among photons of 1 eV [mb], to their last digit."""
    s0 = np.array([300e12, 50e12]) / M_ELECTRON**2
    np.testing.assert_allclose(isotropic_cross_section(s0) / MBARN, [2.804, 12.301], rtol=1.8e-4)


def textbook(s):
    """Breit and Wheeler's formula as it stands."""
    b = np.sqrt(1 - 1 / s)
    bracket = (3 - b**4) * np.log((1 + b) / (1 - b)) - 2 * b * (2 - b**2)
    return 3 / 16 * SIGMA_THOMSON * (1 - b**2) * bracket


def test_cross_section_of_one_collision():
    s = np.array([1.01, 1.5, 2.0, 10.0, 1e3])
    np.testing.assert_allclose(cross_section(s), textbook(s), rtol=1e-10)


def test_it_is_largest_at_twice_the_threshold():
    """1.70e-25 cm^2 near s = 2: a photon meets best the targets of twice its threshold energy."""
    s = np.linspace(1, 4, 3001)
    values = cross_section(s)
    assert s[np.argmax(values)] == pytest.approx(1.97, abs=0.02)
    assert values.max() == pytest.approx(1.70e-25, rel=2e-3)


@pytest.mark.parametrize("s0", [1.001, 1.1, 2.0, 3.5, 30.0, 1e3, 1e5])
def test_average_over_directions(s0):
    """The definition by adaptive quadrature over the angle, in ln s."""

    def integrand(x):
        s = np.exp(x)
        return float(s**2 * textbook(s)) if s > 1 else 0.0

    expected = 2 / s0**2 * quad(integrand, 0, np.log(s0), epsabs=0, epsrel=1e-11, limit=200)[0]
    assert float(isotropic_cross_section(s0)) == pytest.approx(expected, rel=1e-8)


def test_series_and_closed_form_meet():
    """Nothing jumps where one takes over, at y = 0.02: the average over y^3 has no step above 1e-9."""
    y = 0.02 * (1 + np.array([-1e-9, 1e-9]))
    s0 = np.cosh(y) ** 2
    below, above = isotropic_cross_section(s0) * s0**2 / y**3
    assert above == pytest.approx(below, rel=1e-9)


def test_threshold():
    """Nothing at s0 = 1 and below; above it, sigma_T (s0 - 1)^(3/2)/2."""
    assert np.all(isotropic_cross_section(np.array([0.0, 0.5, 1.0])) == 0)
    assert np.all(cross_section(np.array([0.0, 0.5, 1.0])) == 0)
    excess = 1e-7
    assert float(isotropic_cross_section(1 + excess)) == pytest.approx(0.5 * SIGMA_THOMSON * excess**1.5, rel=1e-6)


def test_far_above_the_threshold():
    """sbar -> (3/4) sigma_T (ln 4 s0 - 2)/s0: the leading terms of the closed form."""
    s0 = 1e10
    assert float(isotropic_cross_section(s0)) == pytest.approx(
        0.75 * SIGMA_THOMSON * (np.log(4 * s0) - 2) / s0, rel=1e-7
    )
