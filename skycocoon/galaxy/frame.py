"""The Sun's place, and (l, b, s) to Galactocentric (R, phi, z)."""

from __future__ import annotations

from dataclasses import dataclass, field

import astropy.units as u
import numpy as np

from ..units import FloatArray, to_array, to_float

__all__ = ["Sun"]


@dataclass(frozen=True)
class Sun:
    """Where the observer is in the Galaxy.

    Parameters
    ----------
    radius
        Distance from the Galactic axis [length]; 8.5 kpc in Green 2015 and in the paper.
    height
        Height above the plane [length].

    Raises
    ------
    InputError
        For a radius that is not positive, and lengths in another unit.

    Examples
    --------
    The Galactic centre, in the Sun's coordinates and in the Galaxy's:

    >>> import astropy.units as u
    >>> from skycocoon import Sun
    >>> radius, azimuth, height = Sun(8.2 * u.kpc).galactocentric(0 * u.deg, 0 * u.deg, 8.2 * u.kpc)
    >>> radius
    <Quantity 0. kpc>
    """

    radius: u.Quantity = field(default=8.5 * u.kpc)
    height: u.Quantity = field(default=0.0 * u.kpc)

    def __post_init__(self) -> None:
        to_float(self.radius, u.kpc, "sun radius", minimum=0.0, exclusive=True)
        to_float(self.height, u.kpc, "sun height")

    @property
    def place(self) -> FloatArray:
        """(radius, height) in kpc, as the kernels take it."""
        return np.array([self.radius.to_value(u.kpc), self.height.to_value(u.kpc)])

    def galactocentric(
        self, longitude: u.Quantity, latitude: u.Quantity, distance: u.Quantity
    ) -> tuple[u.Quantity, u.Quantity, u.Quantity]:
        """Cylindrical coordinates of points seen at (l, b) and a distance (eq. 8).

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [angle].
        distance
            Distance from the Sun [length]; the three broadcast.

        Returns
        -------
        radius, azimuth, height
            R [kpc], phi [rad] from the Sun's direction towards l = 90 deg, and z [kpc].
        """
        lon = to_array(longitude, u.rad, "longitude")
        lat = to_array(latitude, u.rad, "latitude")
        s = to_array(distance, u.kpc, "distance")
        radius, height = self.place
        x = radius - s * np.cos(lat) * np.cos(lon)
        y = s * np.cos(lat) * np.sin(lon)
        z = height + s * np.sin(lat)
        return np.hypot(x, y) * u.kpc, np.arctan2(y, x) * u.rad, z * u.kpc
