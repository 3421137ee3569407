"""Intensities in single directions, and images in any projection, from the same mesh as maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import astropy.units as u
import numpy as np

from ..emission import GalaxyModel
from ..errors import InputError
from ..galaxy import Density
from ..numerics.quadrature import gauss_legendre
from ..sky import SkyMap, healpix
from ..units import INTENSITY, FloatArray
from .columns import REGION_WIDTH, mesh_for
from .skies import Question, reached, shining
from .view import RTOL, View

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS

__all__ = ["intensity_at", "wcs_image"]

# Gauss points across a pixel of an image, in each direction.
POINTS = 3


@dataclass(frozen=True, eq=False)
class InDirections:
    """Intensities wanted in single directions.

    Attributes
    ----------
    longitudes, latitudes
        (p,) Galactic coordinates [rad].
    progress
        Whether to show a progress bar, if stderr is a terminal.
    """

    longitudes: FloatArray
    latitudes: FloatArray
    progress: bool = False

    @property
    def size(self) -> int:
        """Number of directions."""
        return int(self.longitudes.size)

    def columns(self, density: Density, view: View) -> FloatArray:
        """Columns of a density at the energies of the view's transmission basis.

        Parameters
        ----------
        density, view
            The density, and what all rays share.

        Returns
        -------
        array
            (m, p).
        """
        return mesh_for(density, view, self.width).at(self.longitudes, self.latitudes).T

    @property
    def width(self) -> float:
        """Of the smallest pixels that columns are averaged over [rad]."""
        return REGION_WIDTH

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, p) intensity of the pixels of a map that hold the directions."""
        vectors = healpix.unit_vectors(self.longitudes, self.latitudes)
        places = template.pixels.places(healpix.pixels_at(template.nside, vectors, nest=False))
        return template.intensity[:, places]


def intensity_at(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    directions: SkyCoord,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
) -> u.Quantity:
    """A model's differential intensity in single directions (eq. 8).

    Parameters
    ----------
    model
        What shines, what absorbs, and where the Sun is.
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing nodes.
    directions
        Coordinates of any shape, in any frame.
    rtol
        Relative accuracy of columns.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.

    Returns
    -------
    Quantity
        (n, ...) total of all components [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        For unknown names, and energies outside the range of a cross section or of a component's map.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from skycocoon import intensity_at, load_model
    >>> centre = SkyCoord(0 * u.deg, 0 * u.deg, frame="galactic")
    >>> anticentre = SkyCoord(180 * u.deg, 0 * u.deg, frame="galactic")
    >>> model = load_model("schroer2021")
    >>> bright, faint = (intensity_at(model, "gamma", 10 * u.TeV, place)[0] for place in (centre, anticentre))
    >>> (bright / faint).round(1)
    <Quantity 16.9>
    """
    question = Question.of(model, messenger, energy, rtol, flavour)
    return _Total(model, question)(directions)


class _Total:
    """The total intensity of a model in directions, whose spectra are worked out once."""

    def __init__(self, model: GalaxyModel, question: Question) -> None:
        self.size = question.gev.size
        self._parts = shining(model, question)
        reached(self._parts, InDirections(np.zeros(0), np.zeros(0)), question.view.rtol)

    def __call__(self, directions: SkyCoord) -> u.Quantity:
        """(n, ...) at coordinates (...)."""
        galactic = directions.galactic
        l, b = galactic.l.to_value(u.rad), galactic.b.to_value(u.rad)
        place = InDirections(np.ravel(l), np.ravel(b))
        total = sum(part.at(place) for part in self._parts)
        return np.reshape(total, (self.size, *np.shape(l))) * INTENSITY


def wcs_image(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    wcs: WCS,
    shape: tuple[int, int],
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
) -> u.Quantity:
    """An image of a model's sky in any projection, averaged over pixels (eq. 8).

    The mean over a pixel is a product of Gauss rules of three points in the plane of the image. It is good to 1e-4 for
    pixels of 0.1 deg and a layer of 100 pc; wider pixels are for looks.

    Parameters
    ----------
    model, messenger, energy, rtol, flavour
        As in :func:`intensity_at`.
    wcs
        Projection of the sky with two axes, in any frame.
    shape
        Numbers of rows and columns.

    Returns
    -------
    Quantity
        (n, rows, columns) [GeV^-1 cm^-2 s^-1 sr^-1]; NaN where the projection has no sky.

    Raises
    ------
    InputError
        As :func:`intensity_at`; for a WCS without two celestial axes.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.wcs import WCS
    >>> from skycocoon import load_model, wcs_image
    >>> wcs = WCS({"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 30.0, "CDELT1": -0.1, "CDELT2": 0.1,
    ...            "CRPIX1": 50.5, "CRPIX2": 20.5})
    >>> wcs_image(load_model("schroer2021"), "gamma", [10, 100] * u.TeV, wcs, (40, 100)).shape
    (2, 40, 100)
    """
    if not wcs.has_celestial or wcs.naxis != 2:
        raise InputError(f"wcs: two celestial axes are needed, it has {', '.join(wcs.axis_type_names) or 'none'}")
    intensity = _Total(model, Question.of(model, messenger, energy, rtol, flavour))
    nodes, weights = gauss_legendre(POINTS)
    rows, columns = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    total, area = np.zeros((intensity.size, *shape)), np.zeros(shape)
    for y, wy in zip(nodes / 2, weights / 2, strict=True):
        for x, wx in zip(nodes / 2, weights / 2, strict=True):
            sky = wcs.pixel_to_world(columns + x, rows + y).galactic
            seen = np.isfinite(sky.l.value) & np.isfinite(sky.b.value)
            total[:, seen] += wy * wx * intensity(sky[seen]).to_value(INTENSITY)
            area[seen] += wy * wx
    return np.where(area > 0, total / np.where(area > 0, area, 1.0), np.nan) * INTENSITY
