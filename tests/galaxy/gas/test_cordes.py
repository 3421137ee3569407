"""Ionised gas of Cordes et al."""

import astropy.units as u
import pytest

from skycocoon.galaxy import Gas

from .conftest import solid_angle_mean


def test_ionised_gas():
    gas = Gas(ionised=True)
    assert gas.mass("ionised").to_value("Msun") == pytest.approx(1.1e9, rel=0.02)
    # About 8 % and 6 % of the GALPROP columns if it goes on to R = 30 kpc, as its own scale of 20 kpc lets it ...
    wide = Gas(ionised=True, radius=30 * u.kpc)
    neutral = [solid_angle_mean(Gas(), first) for first in (15, 125)]
    share = [solid_angle_mean(wide, first, "ionised") / n for first, n in zip((15, 125), neutral, strict=True)]
    assert share == pytest.approx([0.08, 0.06], rel=0.02)
    # ... and less inside R = 20 kpc.
    share = [solid_angle_mean(gas, first, "ionised") / n for first, n in zip((15, 125), neutral, strict=True)]
    assert share == pytest.approx([0.0742, 0.0502], rel=0.01)
