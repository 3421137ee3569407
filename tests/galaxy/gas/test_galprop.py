"""GALPROP's gas."""

import math

import astropy.units as u
import numpy as np
import pytest

from skycocoon.galaxy import Gas

from .conftest import KPC


def test_galprop_passes_through_its_tables():
    gas = Gas()
    # Gordon & Burton: 0.36 cm^-3 in the bin 8.0 to 8.5 kpc, and Dickey & Lockman's 0.566 in the plane.
    inner, outer = 0.395 + 0.107 + 0.064, 0.57
    weight = 0.125 / 1.0
    assert gas.atomic(8.25, 0.0) == pytest.approx(0.36 / 0.33 * ((1 - weight) * inner + weight * outer), rel=1e-12)
    assert gas.atomic(0.0, 0.0) == pytest.approx(0.10 / 0.33 * inner, rel=1e-12)
    assert gas.atomic(15.75, 0.0) == pytest.approx(0.06 / 0.33 * outer, rel=1e-12)
    assert gas.atomic(18.75, 0.0) == pytest.approx(0.06 / 0.33 * outer / math.e, rel=1e-12)
    # Bronfman: 9.2 K km/s/kpc at 7.25 kpc, half of it 58 pc up.
    plane = 2 * 1.9e20 * 9.2 / KPC
    assert gas.molecular(7.25, np.array([0.0, 0.058])) == pytest.approx([plane, plane / 2], rel=1e-12)
    assert gas.molecular(7.5, 0.0) == pytest.approx(2 * 1.9e20 * (9.2 + 7.7) / 2 / KPC, rel=1e-12)
    assert Gas(radius=25 * u.kpc).molecular(21.1, 0.0) == 0
