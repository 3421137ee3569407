"""Catalogues of sources, shipped and users', and the discs around them that an analysis of diffuse emission masks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..ecsv import check_rows, read_ecsv
from ..errors import InputError, check_name, unknown_name
from ..shipped import Shelf
from ..units import FloatArray, quantity, to_array, to_float
from .expressions import quoted
from .shapes import Discs

__all__ = ["MASKED_CATALOGUE", "MASK_RADII", "PSF", "Catalogue", "SourceDiscs", "find_catalogue", "list_catalogues"]

PSF: Mapping[str, u.Quantity] = {
    # 68 % containment at about 20 TeV; 0.24 deg at 100 TeV: Aharonian et al. 2021, CPC 45, 025002 [from memory].
    "lhaaso-km2a": 0.5 * u.deg,
    # At 1 TeV; better than 0.2 deg above 6 TeV: Aharonian et al. 2021, CPC 45, 085002, abstract.
    "lhaaso-wcda": 0.45 * u.deg,
}
"""Point spread function of instruments at the low end of their energies, where it is widest and decides a mask."""
MASKED_CATALOGUE = "1lhaaso"
"""Catalogue whose sources are masked unless another is named."""
CATALOGUES = Shelf("catalogue", "catalogues")
"""Shipped catalogues."""
MASK_RADII = 2.5
"""Radius of a masked disc in units of sqrt(psf^2 + extension^2), as in the diffuse analysis of LHAASO-KM2A
(Cao et al. 2023, PRL 131, 151001) [from memory]."""


@dataclass(frozen=True)
class SourceDiscs:
    """Discs around a catalogue's sources; :meth:`skycocoon.Region.around` makes a region of them.

    Attributes
    ----------
    name
        The text form of the region, e.g. ``"sources:1lhaaso,0.5deg"``.
    shape
        The discs.
    reference
        Radius, psf and the catalogue's source, in words.
    """

    name: str
    shape: Discs
    reference: str


@dataclass(frozen=True, eq=False, repr=False)
class Catalogue:
    """Sources with a position and an extension.

    Attributes
    ----------
    name
        Name in messages and in the text form of regions.
    l, b
        (n,) Galactic longitudes and latitudes [deg].
    extension
        (n,) sigmas of two-dimensional Gaussians [deg], 0 for a point.
    psf
        Point spread function that goes with it, if its file has one.
    sources
        (n,) names of the sources; may be empty strings.
    meta
        Reference, DOI, provenance and notes.

    Examples
    --------
    >>> from skycocoon import Catalogue, Region
    >>> lhaaso = Catalogue.named("1lhaaso")
    >>> len(lhaaso), str(lhaaso.psf)
    (90, '0.5 deg')
    >>> Region.around(lhaaso, n=1).name
    'sources:1lhaaso,0.5deg,1'
    """

    name: str
    l: u.Quantity
    b: u.Quantity
    extension: u.Quantity
    psf: u.Quantity | None = None
    sources: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str) -> Catalogue:
        """Shipped catalogue, by name; :func:`list_catalogues` lists them.

        Raises
        ------
        InputError
            For an unknown name, with the nearest right one.
        """
        return cls.read(CATALOGUES.path(name))

    @classmethod
    def read(cls, path: str | Path) -> Catalogue:
        """Read an ECSV file of sources, one of ours or a user's.

        Columns: ``l, b`` (Galactic) or ``ra, dec`` (ICRS) [angle]; optional ``extension`` [angle], where 0 or nothing
        is a point; optional ``name``. Header: optional ``psf``, an angle or one of :data:`PSF`; ``reference``, ``doi``,
        anything else.

        Raises
        ------
        InputError
            For a file that cannot be read, lacks positions, or has a wrong unit or values out of range.
        """
        path = Path(path)
        table = read_ecsv(path, str(CATALOGUES))
        try:
            return cls._from_table(path.stem, table)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def _from_table(cls, name: str, table: Any) -> Catalogue:
        names = table.colnames
        columns = next((pair for pair in (("l", "b"), ("ra", "dec")) if set(pair) <= set(names)), None)
        if columns is None:
            raise InputError(f"no columns 'l' and 'b', or 'ra' and 'dec'; there are: {', '.join(names) or 'none'}")
        if not len(table):
            raise InputError("no sources")
        lon, lat = (_angles(table, key) for key in columns)
        check_rows(np.isfinite(lon) & np.isfinite(lat), "the source has no finite position")
        check_rows(np.abs(lat) <= 90, f"{columns[1]!r} is beyond a pole")
        if columns == ("ra", "dec"):
            from astropy.coordinates import SkyCoord

            galactic = SkyCoord(lon * u.deg, lat * u.deg, frame="icrs").galactic
            lon, lat = galactic.l.deg, galactic.b.deg
        extension = np.zeros(len(table))
        if "extension" in names:
            extension = np.nan_to_num(_angles(table, "extension"), nan=0.0)
            right = (extension >= 0) & (extension <= 90)
            check_rows(right, f"an extension of {extension[np.argmin(right)]:g} deg; allowed: 0 to 90 deg")
        meta = {str(key): str(value) for key, value in table.meta.items()}
        sources = tuple(str(x) for x in table["name"]) if "name" in names else ("",) * len(table)
        psf = _psf(meta["psf"]) if "psf" in meta else None
        return cls(name, lon * u.deg, lat * u.deg, extension * u.deg, psf, sources, meta)

    def discs(self, psf: u.Quantity | str | None = None, n: float = MASK_RADII) -> SourceDiscs:
        """Discs of radius n sqrt(psf^2 + extension^2) around every source.

        Parameters
        ----------
        psf
            Angle, or an instrument of :data:`PSF`; the catalogue's own if None.
        n
            Radius in units of the root; positive.

        Returns
        -------
        SourceDiscs
            With the text form of the region and a reference.

        Raises
        ------
        InputError
            If there is no psf, or a radius of more than 180 deg.
        """
        if psf is None and self.psf is None:
            raise InputError(
                f"catalogue {self.name}: which psf? Its header has none; give an angle such as 0.5 deg, or one of: "
                f"{', '.join(PSF)}"
            )
        width = _psf(self.psf if psf is None else psf).to_value(u.deg)
        n = to_float(n, u.dimensionless_unscaled, "n of a source mask", minimum=0.0, exclusive=True)
        radius = n * np.hypot(width, to_array(self.extension, u.deg, "extension"))
        if radius.max() > 180 or radius.min() <= 0:
            raise InputError(
                f"catalogue {self.name}: discs of {radius.min():g} to {radius.max():g} deg; allowed: above 0, up to 180"
            )
        label = f"sources:{quoted(self.name)},{width:g}deg" + (f",{n:g}" if n != MASK_RADII else "")
        centres = (to_array(x, u.deg, "position") for x in (self.l, self.b))
        shape = Discs(*(tuple(np.broadcast_to(x, radius.shape).tolist()) for x in (*centres, radius)))
        source = " ".join(self.meta[key] for key in ("reference", "doi") if key in self.meta)
        reference = f"discs of radius {n:g} sqrt(psf^2 + extension^2), psf {width:g} deg, around the sources of "
        return SourceDiscs(label, shape, reference + self.name + (f" ({source})" if source else ""))

    def __eq__(self, other: object) -> bool:
        """Whether two catalogues have the same sources in the same order and the same psf; names do not count."""
        return isinstance(other, Catalogue) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple[Any, ...]:
        arrays = (tuple(x.to_value(u.deg).tolist()) for x in (self.l, self.b, self.extension))
        return (*arrays, None if self.psf is None else float(self.psf.to_value(u.deg)))

    def __len__(self) -> int:
        return self.l.size

    def __repr__(self) -> str:
        extended = int(np.count_nonzero(self.extension > 0))
        psf = "no psf" if self.psf is None else f"psf {self.psf.to_value(u.deg):g} deg"
        return (
            f"{self.name}: {len(self)} sources, {extended} of them extended, {psf}\n"
            f"  {self.meta.get('reference', 'no reference given')} {self.meta.get('doi', '')}".rstrip()
        )


def _angles(table: Any, key: str) -> FloatArray:
    """Values of a column in degrees; NaN where it is empty."""
    column = table[key]
    try:
        values = u.Quantity(column.filled(np.nan) if hasattr(column, "mask") else column, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"column {key!r} is not of numbers") from None
    if not values.unit.is_equivalent(u.deg):
        raise InputError(f"column {key!r} has the unit '{values.unit}'; one like 'deg' is needed")
    return np.atleast_1d(values.to_value(u.deg))


def _psf(value: Any) -> u.Quantity:
    """An instrument's psf by name, or an angle."""
    if isinstance(value, str) and value.strip()[:1].isalpha():
        return PSF[check_name("instrument", value.strip().lower(), PSF)]
    angle = quantity(value, u.deg, "psf")
    return to_float(angle, u.deg, "psf", minimum=0.0, maximum=90.0) * u.deg


def find_catalogue(text: str, folder: Path = Path()) -> Catalogue:
    """Catalogue of a shipped name, else of the path of a file.

    Parameters
    ----------
    text
        Name or path.
    folder
        Where a relative path begins.

    Returns
    -------
    Catalogue
        The sources.

    Raises
    ------
    InputError
        For neither, with the nearest right name.
    """
    if text in list_catalogues():
        return Catalogue.named(text)
    path = folder / text
    if text.endswith(".ecsv") or os.path.isfile(path):
        return Catalogue.read(path)
    raise unknown_name("catalogue", text, list_catalogues())


def list_catalogues() -> list[str]:
    """Names of the shipped catalogues, for :meth:`Catalogue.named`.

    Examples
    --------
    >>> from skycocoon import list_catalogues
    >>> list_catalogues()
    ['1lhaaso']
    """
    return CATALOGUES.names()
