"""Kelner's functions near their ends, and against numbers of a second code."""

import numpy as np
import pytest

from skycocoon.interactions import ENHANCEMENTS, KelnerNeutrino, kelner


def textbook_gamma(x, energy):
    """Eq. 58 as printed, with its cancelling terms."""
    L = np.log(energy / 1e3)
    B = 1.30 + 0.14 * L + 0.011 * L**2
    b = 1 / (1.79 + 0.11 * L + 0.008 * L**2)
    k = 1 / (0.801 + 0.049 * L + 0.014 * L**2)
    xb = x**b
    D = 1 + k * xb * (1 - xb)
    bracket = 1 / np.log(x) - 4 * b * xb / (1 - xb) - 4 * k * b * xb * (1 - 2 * xb) / D
    return B * np.log(x) / x * ((1 - xb) / D) ** 4 * bracket


def test_rearranged_form_is_the_printed_one():
    x = np.geomspace(1e-4, 0.95, 200)
    for energy in (1e2, 1e4, 1e7):
        np.testing.assert_allclose(kelner.gamma_ray(x, energy), textbook_gamma(x, energy), rtol=1e-10)


def test_naima_has_the_same_function():
    pytest.importorskip("naima")
    from naima.radiative import PionDecayKelner06

    theirs = PionDecayKelner06(None)
    x = np.geomspace(1e-3, 0.9, 50)
    np.testing.assert_allclose(kelner.gamma_ray(x, 5e4), theirs._Fgamma(x, 50.0), rtol=1e-12)


def test_a_third_of_all_flavours():
    x = np.geomspace(1e-3, 0.99, 50)
    one, every = KelnerNeutrino(), KelnerNeutrino(all_flavours=True)
    np.testing.assert_allclose(3 * one.multiplicity(x, 1e5), every.multiplicity(x, 1e5), rtol=1e-14)
    assert one.multiplicity(x, 1e5)[-1] > 0  # F_e reaches to x = 1
    assert kelner.muon_neutrino_1(0.43, 1e5) == 0


def test_helium_enhancements():
    assert ENHANCEMENTS["joshi2014"] == pytest.approx(2.828, rel=1e-3)
    assert (ENHANCEMENTS["mori2009"], ENHANCEMENTS["superposition"]) == (3.68, 4.0)
