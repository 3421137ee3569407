"""Maps of differential intensity, of the whole sky or of a part of it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import AccuracyWarning, InputError, check_name
from ..numerics.interpolation import interpolated
from ..units import E2_INTENSITY, INTENSITY, FloatArray, summed, to_array, to_float, within
from . import healpix
from .convention import FLAVOURS, check_flavour, flavour_factor, messenger_title
from .formats import FILE_UNIT, Column, MapFields, MapFile, MapHead, Statements, read_map, write_maps
from .parts import SoundParts, check_convention, map_parts
from .pixels import Pixels
from .region import Region
from .sed import Sed

__all__ = ["SkyMap", "shown_energy", "sky_title"]

# Edges cut pixels whose mean is not that of the part inside: a region of fewer is not a per cent any more.
FEW_PIXELS = 150
CUT = 0.4
# In place of zero in logarithms of pieces that do not count; in double precision, and so are the logarithms.
TINY = np.finfo(np.float64).tiny
# Pixels that an integral over energy is worked out for at a time.
BLOCK = 65536


@dataclass(frozen=True, eq=False, repr=False)
class SkyMap:
    """Differential intensity of the sky, means over HEALPix pixels, RING order, Galactic frame.

    What is wrong with the numbers is an `InputError` as for a file: no unit, another shape, values that are masked,
    NaN, infinite, UNSEEN or negative. Energies in another order are sorted.

    Attributes
    ----------
    energy
        (n,) nodes [energy]: the values are differential, at the nodes.
    components
        (n, m) intensity per component [GeV^-1 cm^-2 s^-1 sr^-1].
    messenger
        ``"gamma"`` or ``"neutrino"``.
    flavour
        Neutrino convention, a key of :data:`skycocoon.sky.convention.FLAVOURS`; ``""`` for gamma rays.
    meta
        How it was made; written into every file.
    pixels
        The m pixels; all 12 nside^2 unless told.

    Examples
    --------
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from skycocoon import Region, SkyMap
    >>> energy = [1, 10] * u.TeV
    >>> flat = np.ones((2, 12 * 16**2)) * [[1e-11], [1e-14]] * u.Unit("GeV-1 cm-2 s-1 sr-1")
    >>> sky = SkyMap(energy, {"flat": flat})
    >>> sky
    SkyMap: gamma, nside 16 RING Galactic, 2 energies 1 TeV..10 TeV
      flat
    >>> print(f"{sky.at(3 * u.TeV)[0]:.3g}")  # a power law between the nodes
    3.7e-13 1 / (GeV s sr cm2)
    >>> print(f"{sky.sed(Region.everywhere()).intensity[1]:.3g}")
    1e-14 1 / (GeV s sr cm2)
    """

    energy: u.Quantity
    components: Mapping[str, u.Quantity]
    messenger: str = "gamma"
    flavour: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    pixels: Pixels = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check_convention(self.messenger, self.flavour)
        energy, components = map_parts(self.energy, self.components)
        object.__setattr__(self, "energy", energy)
        object.__setattr__(self, "components", components)
        size = next(iter(components.values())).shape[1]
        if not isinstance(self.meta, Mapping):
            raise InputError("map: meta is a dictionary of texts")
        if self.pixels is not None and not isinstance(self.pixels, Pixels):
            raise InputError("map: pixels are Pixels(nside, RING numbers)")
        if self.pixels is None:
            nside = math.isqrt(size // 12)
            object.__setattr__(self, "pixels", Pixels(nside, range(12 * nside**2)))
        if size != self.pixels.size:
            needed = "are no HEALPix map; 12 nside^2 are needed" if self.pixels.are_all else "for other pixel numbers"
            raise InputError(f"map: {size} pixels {needed}")

    @property
    def nside(self) -> int:
        """HEALPix resolution."""
        return self.pixels.nside

    @property
    def intensity(self) -> u.Quantity:
        """Sum of the components, (n, m)."""
        parts = list(self.components.values())
        return parts[0] if len(parts) == 1 else summed(parts, INTENSITY)

    def only(self, name: str) -> SkyMap:
        """Map of one of the components.

        Raises
        ------
        InputError
            For an unknown name.
        """
        check_name("component", name, self.components)
        return replace(self, components=SoundParts({name: self.components[name]}))

    def __add__(self, other: SkyMap) -> SkyMap:
        """Both maps' components, which must have the same energies, pixels, messenger and flavour."""
        if not isinstance(other, SkyMap):
            return NotImplemented
        if (self.messenger, self.flavour, self.nside) != (other.messenger, other.flavour, other.nside):
            raise InputError(
                f"maps do not fit: {self.messenger} {self.flavour} nside {self.nside}, "
                f"{other.messenger} {other.flavour} nside {other.nside}"
            )
        if not self.pixels.same_as(other.pixels):
            raise InputError("maps do not fit: their pixels differ")
        if self.energy.shape != other.energy.shape or not np.allclose(
            self.energy.to_value(u.GeV), other.energy.to_value(u.GeV), rtol=1e-9, atol=0.0
        ):
            raise InputError("maps do not fit: their energies differ")
        parts = SoundParts(self.components)
        for name, part in other.components.items():
            parts[name] = parts[name] + part if name in parts else part
        return replace(self, components=parts, meta={**other.meta, **self.meta})

    def sed(self, region: Region) -> Sed:
        """Mean intensity over a region; edge pixels count by the part inside.

        Raises
        ------
        InputError
            If the region is empty, or a pixel of it is not in the map.

        Warns
        -----
        AccuracyWarning
            If the region is less than 150 pixels, or edges cut more than 40 % of it.
        """
        pixels, weight = region.touched(self.nside)
        places = self.pixels.places(pixels.numbers)
        cut = weight[weight < 1].sum()
        if cut > CUT * weight.sum() or (cut > 0 and weight.sum() < FEW_PIXELS):
            warnings.warn(
                f"{region.name} is {weight.sum():.3g} pixels of nside {self.nside}, {cut / weight.sum():.0%} of it cut "
                "by edges: the mean may be wrong by per cents; use a larger nside, or a SED straight from the model",
                AccuracyWarning,
                stacklevel=2,
            )
        weight /= weight.sum()
        parts = {
            name: np.array([plane[places] @ weight for plane in part.value]) * part.unit
            for name, part in self.components.items()
        }
        meta = {key: value for key, value in self.meta.items() if key != "rtol"}
        meta["from"] = f"map, nside {self.nside}"
        return Sed(self.energy, parts, region, self.messenger, self.flavour, meta)

    def integrate(self, low: u.Quantity, high: u.Quantity) -> u.Quantity:
        """Integral intensity between two energies; power laws between the nodes, 0 beside a node that is 0.

        Parameters
        ----------
        low, high
            Limits [energy], within the nodes.

        Returns
        -------
        Quantity
            (m,) [cm^-2 s^-1 sr^-1].

        Raises
        ------
        InputError
            If the limits are outside the nodes or not increasing.
        """
        nodes = self.energy.to_value(u.GeV)
        e0, e1 = to_float(low, u.GeV, "lower energy"), to_float(high, u.GeV, "upper energy")
        if not (e0 < e1 and within(np.array([e0, e1]), nodes[0], nodes[-1]).all()):
            raise InputError(f"energies {e0:g}..{e1:g} GeV: within {nodes[0]:g}..{nodes[-1]:g} GeV is needed")
        ln_nodes = np.log(nodes)
        ln_e = np.log(np.concatenate([[e0], nodes[(nodes > e0) & (nodes < e1)], [e1]]))
        # The two nodes around each piece from one of these energies to the next.
        k = np.clip(np.searchsorted(ln_nodes, ln_e[:-1], side="right") - 1, 0, nodes.size - 2)
        start, end = (((x - ln_nodes[k]) / np.diff(ln_nodes)[k])[:, None] for x in (ln_e[:-1], ln_e[1:]))
        values = np.empty(self.pixels.size)
        for block in self.pixels.blocks(BLOCK):
            total = self._total(block, INTENSITY)
            ln_i = np.log(np.maximum(total, TINY))
            # Integral of E I over ln E.
            low, high = (
                ln_i[k] * (1 - t) + ln_i[k + 1] * t + x[:, None] for t, x in ((start, ln_e[:-1]), (end, ln_e[1:]))
            )
            pieces = _integrals_of_exponentials(low, high, np.diff(ln_e)[:, None])
            values[block] = np.sum(pieces, axis=0, where=(total[k] > 0) & (total[k + 1] > 0))
        return values * (INTENSITY * u.GeV)

    def _total(self, block: slice, unit: u.UnitBase) -> FloatArray:
        """Sum of the components in a block of pixels, (n, ...), added up in a unit."""
        return np.asarray(summed([part[:, block] for part in self.components.values()], unit).value, dtype=np.float64)

    def write(self, path: str | Path, overwrite: bool = False, dtype: str = "") -> None:
        """Write the sum of the components in the Fermi-template layout; see :mod:`skycocoon.sky.formats.writing`.

        It loads unchanged in gammapy, fermipy, healpy and PySM.

        Parameters
        ----------
        path
            Where to; compressed if it ends in ``.gz``.
        overwrite
            Whether an existing file is replaced.
        dtype
            ``"float32"`` or ``"float64"``; single precision, or double if single cannot hold the map, if empty.

        Raises
        ------
        InputError
            If the file exists and ``overwrite`` is false, cannot be written, or ``dtype`` is another.
        """
        names = "+".join(self.components)
        head = MapHead(self.energy, self.pixels, self.messenger, self.flavour, names, self.meta)
        file = MapFile(Path(path), head, dtype)
        write_maps([file], lambda block: [self._total(block, FILE_UNIT)], overwrite=overwrite)

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        region: Region | None = None,
        unit: str | u.UnitBase | None = None,
        frame: str | None = None,
        ordering: str | None = None,
        energies: u.Quantity | None = None,
        messenger: str | None = None,
        flavour: str | None = None,
        column: Column | None = None,
        outside_sky: str | None = None,
        negative: str | None = None,
    ) -> SkyMap:
        """Read a map that :meth:`write` wrote, or one of HERMES, GALPROP or healpy; the file tells which.

        Unit, frame, ordering and energies are read, never guessed: the keywords are for what a file does not say, and
        one that contradicts it is an error. Intensities times E^2 are divided by it, and energies are sorted. Maps in
        other frames and images become means over Galactic pixels that keep the integral over the sky.

        Parameters
        ----------
        path
            A FITS file of HEALPix pixels or with an image of the sky, which may be compressed with gzip; or an array
            (npix,) or (n, npix) in numpy's ``.npy`` or ``.npz``.
        region
            Only pixels that touch this region are read; all if None.
        unit
            Unit of the file's numbers: of intensity per energy, or of E^2 times that.
        frame
            ``"galactic"``, ``"celestial"`` or ``"ecliptic"``.
        ordering
            ``"RING"`` or ``"NESTED"``.
        energies
            (n,) energies of the file's planes, in their order [energy].
        messenger
            ``"gamma"`` or ``"neutrino"``; gamma if neither the file nor this says.
        flavour
            Convention of a neutrino map, a key of :data:`skycocoon.sky.convention.FLAVOURS`.
        column
            Column that is the map, by name or by number as in the keys TTYPE1, TTYPE2, ..., or several; by default all
            that the layout has. Of an ``.npz`` file, the name of the array.
        outside_sky
            ``"zero"`` if the sky is 0 where the map has no pixels, or masked ones (`UNSEEN`, `NaN`).
        negative
            ``"zero"`` if negative values, such as component separations leave, are to be 0.

        Returns
        -------
        SkyMap
            With one component; ``meta`` has the file's provenance, its name and layout.

        Raises
        ------
        InputError
            If the file is missing, truncated, corrupt, in none of these layouts, no differential intensity, lacks
            pixels that it should have, has NaN, UNSEEN or negative values, does not say what no keyword says, or says
            otherwise than a keyword.
        """
        said = Statements(
            unit,
            frame,
            ordering,
            energies,
            messenger,
            flavour,
            column=column,
            outside_sky=outside_sky,
            negative=negative,
        )
        return cls.read_stated(path, said, region)

    @classmethod
    def read_stated(cls, path: str | Path, statements: Statements, region: Region | None = None) -> SkyMap:
        """Read a map, or what a region needs of it, with statements on its file; see :meth:`read`.

        Parameters
        ----------
        path, region
            As in :meth:`read`.
        statements
            What the caller says of the file.

        Returns
        -------
        SkyMap
            The map, or a part of it.

        Raises
        ------
        InputError
            As :meth:`read`.
        """

        def part(pixels: Pixels) -> slice | healpix.Indices:
            return slice(0, pixels.size) if region is None else pixels.places(region.pixels(pixels.nside).numbers)

        return cls._of(read_map(path, statements, part))

    @classmethod
    def read_drawn(cls, path: str | Path, statements: Statements | None = None) -> SkyMap:
        """Read those pixels of a map that a figure of the whole sky shows; see :meth:`read`.

        Parameters
        ----------
        path
            As in :meth:`read`.
        statements
            What the caller says of the file.

        Returns
        -------
        SkyMap
            A part of the map.

        Raises
        ------
        InputError
            As :meth:`read`.
        """
        return cls._of(read_map(path, statements or Statements(), Pixels.drawn))

    @classmethod
    def _of(cls, read: MapFields) -> SkyMap:
        """Map of what was read from a file."""
        head, values = read.head, SoundParts({read.head.component: read.values})
        return cls(head.energy, values, head.messenger, head.flavour, head.meta, head.pixels)

    def in_flavour(self, flavour: str) -> SkyMap:
        """Map of the same neutrinos in another convention: all flavours are three times one.

        Parameters
        ----------
        flavour
            A key of :data:`skycocoon.sky.convention.FLAVOURS`.

        Returns
        -------
        SkyMap
            This map where it has that convention or is of gamma rays.

        Raises
        ------
        InputError
            For an unknown convention.
        """
        if check_flavour(flavour) == self.flavour or not self.flavour:
            return self
        factor = flavour_factor(self.flavour, flavour)
        parts = {name: part * factor for name, part in self.components.items()}
        return replace(self, components=parts, flavour=flavour)

    def resampled(self, nside: int, energy: u.Quantity) -> SkyMap:
        """Sky in other pixels and at other energies, component by component.

        Energies first, in each pixel as in :meth:`at`. Then pixels: means over the pixels inside each larger one, or
        each value given to all the smaller ones inside. This keeps the mean over the sky, and makes no values that
        were not there (bilinear interpolation would keep neither a pixel's nor the sky's mean).

        Parameters
        ----------
        nside
            HEALPix resolution, a power of two.
        energy
            (n,) nodes [energy], within this map's.

        Returns
        -------
        SkyMap
            With the same components.

        Raises
        ------
        InputError
            If an energy is outside this map's nodes, or nside is no power of two.

        Notes
        -----
        Of a part of the sky, larger pixels are made where the map has all of them.
        """
        nodes, wanted = self.energy.to_value(u.GeV), np.atleast_1d(to_array(energy, u.GeV, "energy"))
        if wanted.ndim != 1 or not wanted.size:
            raise InputError("energy: one or more values in a row are needed")
        if not within(wanted, nodes[0], nodes[-1]).all():
            raise InputError(
                f"map: {wanted.min():.6g}..{wanted.max():.6g} GeV is outside its energies, "
                f"{nodes[0]:.6g}..{nodes[-1]:.6g} GeV"
            )
        healpix.check_nside(nside)
        healpix.check_nside(self.nside, "nside of the map")
        pixels = self.pixels.at(nside)
        parts = {}
        for name, part in self.components.items():
            planes = (self._plane([part], float(e)) for e in wanted)
            parts[name] = u.Quantity(self._in_pixels(planes, wanted.size, pixels), INTENSITY, copy=False)
        note = f"nside {self.nside}, {nodes.size} energies {nodes[0]:.6g}..{nodes[-1]:.6g} GeV"
        meta = {**self.meta, "resampled_from": note}
        return replace(self, energy=wanted * u.GeV, components=parts, meta=meta, pixels=pixels)

    def means(self, pixels: Pixels) -> u.Quantity:
        """Total intensity (n, m) in other pixels, which may be of another resolution; see :meth:`resampled`.

        Raises
        ------
        InputError
            If the map has not all that is needed for these pixels.
        """
        planes = (
            summed([part[k] for part in self.components.values()], INTENSITY).value for k in range(self.energy.size)
        )
        return u.Quantity(self._in_pixels(planes, self.energy.size, pixels), INTENSITY, copy=False)

    def _in_pixels(self, planes: Iterable[FloatArray], count: int, pixels: Pixels) -> FloatArray:
        """Bring so many planes of this map's pixels to other pixels, (count, m)."""
        places = self.pixels.places(healpix.nested_blocks(self.nside, pixels.nside, pixels.numbers))
        values = np.empty((count, pixels.size))
        for row, plane in zip(values, planes, strict=True):
            row[:] = plane[places] if places.ndim == 1 else plane[places].mean(axis=1)
        return values

    def plot(self, energy: u.Quantity | None = None, decades: float = 4.0) -> Any:
        """Draw E^2 times the intensity at an energy: Mollweide, Galactic, longitude growing to the left, logarithmic.

        Parameters
        ----------
        energy
            By default 10 TeV, or the middle of the map's energies if that is outside.
        decades
            Range of the colour scale below the maximum.

        Returns
        -------
        matplotlib.axes.Axes
            Of the map.

        Raises
        ------
        InputError
            If the energy is outside the nodes.
        """
        from ..plot import plot_sky
        from ..plot.curves import E2_AXES

        energy = shown_energy(self.energy) if energy is None else energy
        e2 = (energy**2 * self.at(energy)).to_value(E2_INTENSITY)
        title = (
            f"{' + '.join(self.components)}: {messenger_title(self.messenger, self.flavour)}\n"
            f"{energy.to_value(u.TeV):.4g} TeV, nside {self.nside}"
        )
        image = self.pixels.sample(e2, healpix.image_pixels(self.nside))
        return plot_sky(image, (e2.min(), e2.max()), title, E2_AXES[E2_INTENSITY].label, self.meta, decades)

    def at(self, energy: u.Quantity) -> u.Quantity:
        """Total intensity per pixel at an energy, (m,), by the rule of spectra (:meth:`Sed.at`).

        Power laws between the nodes, curved where these are half a decade apart or less; 0 beside a node that is 0.

        Raises
        ------
        InputError
            If the energy is outside the nodes.
        """
        nodes = self.energy.to_value(u.GeV)
        e = to_float(energy, u.GeV, "energy")
        if not within(e, nodes[0], nodes[-1]):
            raise InputError(f"energy {energy}: within {nodes[0]:g}..{nodes[-1]:g} GeV is needed")
        return self._plane(list(self.components.values()), e) * INTENSITY

    def _plane(self, parts: list[u.Quantity], e: float) -> FloatArray:
        """Sum of components at an energy within the nodes [GeV]."""
        nodes, plane = self.energy.to_value(u.GeV), np.empty(self.pixels.size)
        for block in self.pixels.blocks(BLOCK):

            def values(node: int, block: slice = block) -> FloatArray:
                total = summed([part[node, block] for part in parts], INTENSITY)
                return np.asarray(total.value, dtype=np.float64)

            plane[block] = interpolated(nodes, e, values)
        return plane

    def __repr__(self) -> str:
        what = sky_title(self.messenger, self.flavour, self.energy, self.pixels)
        return "\n".join([f"SkyMap: {what}", *(f"  {name}" for name in self.components)])


def sky_title(messenger: str, flavour: str, energy: u.Quantity, pixels: Pixels) -> str:
    """What a sky is of, where and at which energies, in one line.

    Parameters
    ----------
    messenger, flavour, energy, pixels
        As in :class:`SkyMap`.

    Returns
    -------
    str
        Words for a list.
    """
    what = messenger + (f" ({FLAVOURS[flavour]})" if flavour else "")
    part = "" if pixels.are_all else f", {pixels.size} of {12 * pixels.nside**2} pixels"
    span = f"{energy.size} energies {energy[0]:.4g}..{energy[-1]:.4g}"
    return f"{what}, nside {pixels.nside} RING Galactic{part}, {span}"


def shown_energy(nodes: u.Quantity) -> u.Quantity:
    """Energy at which a map is drawn unless told: 10 TeV, or the middle of its nodes if that is outside."""
    energy = 10 * u.TeV
    return energy if nodes[0] <= energy <= nodes[-1] else np.sqrt(nodes[0] * nodes[-1])


def _integrals_of_exponentials(low: FloatArray, high: FloatArray, width: FloatArray) -> FloatArray:
    """Integrals of exp(y) over pieces of a width, where y is straight between its values at the ends."""
    slope = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(np.abs(slope) > 1e-8, np.expm1(slope) / slope, 1.0 + slope / 2)
    return np.asarray(np.exp(low) * mean * width)
