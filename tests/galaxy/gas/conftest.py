"""Gas of the Galaxy."""

import astropy.constants as const
import astropy.units as u
import numpy as np

from skycocoon.galaxy import Sun

SUN = Sun()
HYDROGEN = (const.m_p + const.m_e).to_value(u.Msun)
KPC = (1 * u.kpc).to_value(u.cm)

#         M_HI,  M_H2 [Msun]  HI, H2 at the Sun [Msun/pc2]  HI, 2 H2 at l = 30 deg  inner, outer [cm-2]
TABLE = {
    "galprop": (3.3e9, 1.17e9, 4.70, 2.03, 3.57e22, 5.07e22, 1.57e22, 9.3e21),
    "nakanishi-sofue": (5.2e9, 1.40e9, 7.08, 1.92, 1.24e22, 4.93e22, 1.26e22, 4.8e21),
    "misiriotis": (5.0e9, 1.33e9, 5.16, 1.18, 1.71e22, 4.49e22, 1.05e22, 5.1e21),
    "ferriere": (6.1e9, 1.8e9, 4.96, 2.06, 4.1e22, 1.7e23, 2.04e22, 9.4e21),
}


def column(gas, longitude, latitude, kind="all", rtol=1e-5):
    return gas.column(longitude * u.deg, latitude * u.deg, SUN, kind, rtol).to_value("cm-2")


def solid_angle_mean(gas, first, kind="all"):
    """Mean column over 110 deg in longitude and |b| < 5 deg."""
    longitude = first + 2.0 * (np.arange(55) + 0.5)
    x, w = np.polynomial.legendre.leggauss(10)
    latitude = 2.5 * (x + 1)
    w = w * np.cos(np.radians(latitude))
    return float((column(gas, longitude[:, None], latitude, kind, 1e-4) @ w).mean() / w.sum())
