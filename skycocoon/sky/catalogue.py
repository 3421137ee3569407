"""Catalogues of sources, shipped and users', and the discs around them that an analysis of diffuse emission masks."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError, check_name, unknown_name
from ..shipped import Shelf
from ..units import quantity, to_array, to_float
from .expressions import PATH_END, quoted
from .formats.sources import read_tables
from .shapes import Discs
from .sources import extensions, galactic, has_positions, is_coordinates, positions, source_names

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

    def __post_init__(self) -> None:
        angles = [np.atleast_1d(to_array(_quantities(x), u.deg, n)) for x, n in self._angles()]
        try:
            l, b, extension = np.broadcast_arrays(*angles)
        except ValueError:
            sizes = ", ".join(str(one.size) for one in angles)
            raise InputError(
                f"catalogue {self.name}: l, b and extension have {sizes} values; as many of each are needed"
            ) from None
        if l.ndim != 1 or not l.size:
            raise InputError(f"catalogue {self.name}: one source at least is needed, in one row of values")
        if np.any(np.abs(b) > 90):
            raise InputError(f"catalogue {self.name}: a latitude of {b[np.abs(b) > 90][0]:g} deg is beyond a pole")
        if np.any((extension < 0) | (extension > 90)):
            raise InputError(f"catalogue {self.name}: extensions are from 0 to 90 deg")
        sources = tuple(map(str, self.sources)) or ("",) * l.size
        if len(sources) != l.size:
            raise InputError(f"catalogue {self.name}: {len(sources)} names for {l.size} sources")
        values = {"l": l * u.deg, "b": b * u.deg, "extension": extension * u.deg, "sources": sources}
        for key, value in values.items():
            object.__setattr__(self, key, value)
        if self.psf is not None:
            object.__setattr__(self, "psf", _psf(self.psf))

    def _angles(self) -> list[tuple[Any, str]]:
        return [(getattr(self, key), f"catalogue {self.name}: {key}") for key in ("l", "b", "extension")]

    @classmethod
    def read(cls, path: str | Path) -> Catalogue:
        """Read a table of sources, one of ours or a user's: FITS, ECSV, or a text with columns (CSV and the like).

        Positions are columns ``l, b``, ``ra, dec`` (ICRS), or what catalogues call them (``GLON``, ``RAJ2000``,
        ``_RAJ2000``, ``RA_deg``, in any case); optional ``extension`` (or ``sigma``, ``r39``, ``size``: the sigma of a
        Gaussian), where 0, nothing and a limit like ``<0.3`` are points; optional ``name``. Angles without a unit are
        in degrees; texts like ``05:34:31.9`` are hours of right ascension. Header: optional ``psf``, an angle or one
        of :data:`PSF`; ``reference``, ``doi``, anything else. Of a FITS file the first table with positions is taken.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Catalogue
            Its sources.

        Raises
        ------
        InputError
            For a file that cannot be read, lacks positions, or has a wrong unit or values out of range.
        """
        path = Path(path)
        tables = read_tables(path, str(CATALOGUES))
        table = next((table for table in tables if has_positions(table)), tables[0])
        try:
            return cls.of(table, name=re.sub(r"\.(fits?|fts)$", "", path.stem))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def of(cls, source: Any, *, name: str = "sources", psf: u.Quantity | str | None = None) -> Catalogue:
        """Catalogue of a table or of coordinates.

        Parameters
        ----------
        source
            An `astropy.table.Table` with columns as :meth:`read` knows them, or a `SkyCoord` of one place or several.
        name
            What to call it.
        psf
            Angle, or an instrument of :data:`PSF`; what the table's ``meta`` says if None.

        Returns
        -------
        Catalogue
            Its sources.

        Raises
        ------
        InputError
            For anything else, or a table without sources or positions.

        Examples
        --------
        >>> from astropy.coordinates import SkyCoord
        >>> from skycocoon import Catalogue
        >>> Catalogue.of(SkyCoord("05h34m32s +22d00m52s"), name="crab", psf="0.3 deg")
        crab: 1 sources, 0 of them extended, psf 0.3 deg
          no reference given
        """
        from astropy.table import Table

        if is_coordinates(source):
            lon, lat = galactic(source)
            return cls(name, lon * u.deg, lat * u.deg, np.zeros(lon.size) * u.deg, psf)
        if not isinstance(source, Table):
            raise InputError(f"catalogue {name}: a table or a SkyCoord is needed, got {type(source).__name__}")
        if not len(source):
            if not has_positions(source):
                positions(source)
            raise InputError("no sources")
        lon, lat = positions(source)
        extension, column = extensions(source)
        meta = {str(key): str(value) for key, value in source.meta.items() if not isinstance(value, (list, dict))}
        if column not in ("", "extension"):
            meta["extension_column"] = column
        said = next((value for key, value in source.meta.items() if str(key).lower() == "psf"), None)
        psf = said if psf is None else psf
        return cls(name, lon * u.deg, lat * u.deg, extension * u.deg, psf, source_names(source), meta)

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
        source = (f" ({source})" if source else "") + ("" if np.any(self.extension > 0) else ", all of them points")
        reference = f"discs of radius {n:g} sqrt(psf^2 + extension^2), psf {width:g} deg, around the sources of "
        return SourceDiscs(label, shape, reference + self.name + source)

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


def _quantities(value: Any) -> Any:
    """A list of Quantities as one; anything else as it is."""
    try:
        return u.Quantity(value) if isinstance(value, (list, tuple)) and isinstance(value[0], u.Quantity) else value
    except (TypeError, ValueError, IndexError):
        return value


def _psf(value: Any) -> u.Quantity:
    """An instrument's psf by name, or an angle."""
    if isinstance(value, str) and value.strip()[:1].isalpha():
        return PSF[check_name("instrument", value.strip().lower(), PSF)]
    angle = quantity(value, u.deg, "psf")
    return to_float(angle, u.deg, "psf", minimum=0.0, maximum=90.0) * u.deg


def find_catalogue(source: Any, folder: Path = Path()) -> Catalogue:
    """Catalogue of a shipped name, else of the path of a file, a table or coordinates.

    Parameters
    ----------
    source
        Name or path, a Catalogue, or what :meth:`Catalogue.of` takes.
    folder
        Where a relative path begins.

    Returns
    -------
    Catalogue
        The sources.

    Raises
    ------
    InputError
        For none of these, with the nearest right name.
    """
    if isinstance(source, Catalogue):
        return source
    if not isinstance(source, (str, Path)):
        return Catalogue.of(source)
    if str(source) in list_catalogues():
        return Catalogue.named(str(source))
    path = folder / source
    if PATH_END.search(str(source)) or os.path.isfile(path):
        return Catalogue.read(path)
    raise unknown_name("catalogue", str(source), list_catalogues())


def list_catalogues() -> list[str]:
    """Names of the shipped catalogues, for :meth:`Catalogue.named`.

    Examples
    --------
    >>> from skycocoon import list_catalogues
    >>> list_catalogues()
    ['1lhaaso']
    """
    return CATALOGUES.names()
