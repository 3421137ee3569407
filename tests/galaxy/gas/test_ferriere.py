"""Ferrière's gas."""

import math

import astropy.units as u
import pytest
from scipy.integrate import quad

from skycocoon.galaxy import Gas

from .conftest import HYDROGEN, KPC


def test_ferriere_inside_3_kpc_has_the_mass_of_its_ellipses():
    # Turning, tilting and averaging over azimuth change no mass: n sqrt(pi) h 2 pi / e int A exp{-[(A - A0)/L]^4} dA.
    def mass(n, h, ratio, a0, length):
        area = quad(lambda a: a * math.exp(-(((a - a0) / length) ** 4)), 0, 2.5, points=[a0], epsrel=1e-10)[0]
        return n * math.sqrt(math.pi) * h * 2 * math.pi / ratio * area * KPC**3 * HYDROGEN

    gas = Gas("ferriere", radius=3 * u.kpc)
    zone, disc = mass(300, 0.018, 2.5, 0.125, 0.137), mass(9.6, 0.042, 3.1, 1.2, 0.438)
    assert gas.mass("molecular").to_value("Msun") == pytest.approx(zone + disc, rel=1e-3)
    atomic = mass(8.8, 0.054, 2.5, 0.125, 0.137) + mass(0.34, 0.120, 3.1, 1.2, 0.438)
    assert gas.mass("atomic").to_value("Msun") == pytest.approx(atomic, rel=1e-3)
    # Ferriere, Gillard & Jean 2007 [from memory]: H2 1.9e7 and 3.4e7, HI 1.7e6 and 3.5e6 Msun.
    assert [zone, disc] == pytest.approx([1.9e7, 3.4e7], rel=0.02)
    assert atomic == pytest.approx(5.2e6, rel=0.03)
