"""Maps of a model: as arrays, or block by block into files, so that memory does not grow with the sky."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import astropy.units as u
import numpy as np

from ..emission import GalaxyModel
from ..execution import Executor, in_order, progress_bar, threads
from ..resources import check_disk, check_memory
from ..sky import Region, SkyMap, healpix
from ..sky.formats import FILE_UNIT, MapFile, MapHead, write_maps
from ..sky.formats.writing import Values
from ..sky.parts import SoundParts
from ..sky.pixels import Pixels
from ..sky.skymap import sky_title
from ..units import INTENSITY, FloatArray, summed
from .skies import InPixels, Question, Spectra, provenance, reached, shining
from .view import RTOL

__all__ = ["ModelSky", "intensity_map"]

# Pixels that a thread works on at a time, and blocks that are begun together.
BLOCK = 4096
AHEAD = 16
# Of a map in memory, blocks leave nothing behind: fewer calls, and fewer times that threads wait for one another.
BLOCK_IN_MEMORY, AHEAD_IN_MEMORY = 16384, 256


@dataclass(frozen=True, eq=False, repr=False)
class ModelSky:
    """The sky of a model in some pixels, worked out when it is asked for: block by block into a file, or as a map.

    Made by :meth:`of`.

    Attributes
    ----------
    model
        What shines.
    question
        In which messenger, at which energies, and how the Galaxy is looked at.
    pixels
        Pixels over which intensities are averaged.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import ModelSky, Region, load_model
    >>> region = Region.parse("disc:30,0,10")
    >>> sky = ModelSky.of(load_model("schroer2021"), "gamma", [10, 100] * u.TeV, 16, region=region, rtol=1e-2)
    >>> sky.pixels.size
    37
    >>> sky.map().intensity.shape
    (2, 37)
    """

    model: GalaxyModel
    question: Question
    pixels: Pixels

    @classmethod
    def of(
        cls,
        model: GalaxyModel,
        messenger: str,
        energy: u.Quantity,
        nside: int,
        *,
        region: Region | None = None,
        rtol: float = RTOL,
        flavour: str = "per-flavour",
    ) -> ModelSky:
        """The sky of a model, or the part of it that a region touches.

        Parameters
        ----------
        model
            What shines, what absorbs, and where the Sun is.
        messenger
            ``"gamma"`` or ``"neutrino"``.
        energy
            (n,) increasing nodes.
        nside
            HEALPix resolution.
        region
            Only pixels that hold a part of this region; all pixels if None.
        rtol
            Relative accuracy of pixel values.
        flavour
            Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.

        Returns
        -------
        ModelSky
            Nothing is worked out yet.

        Raises
        ------
        InputError
            For unknown names, a wrong nside, energies that do not increase, or an empty region.
        """
        healpix.check_nside(nside)
        question = Question.of(model, messenger, energy, rtol, flavour)
        pixels = Pixels.whole(nside) if region is None else region.pixels(nside)
        return cls(model, question, pixels)

    @cached_property
    def _spectra(self) -> list[Spectra]:
        """Components that shine, with their spectra."""
        return shining(self.model, self.question)

    @property
    def components(self) -> list[str]:
        """Names of the components that shine in the messenger."""
        return [part.name for part in self._spectra]

    def check(self, folder: Path | None = None, maps: int = 1, compressed: bool = False) -> None:
        """Check that this can be worked out on this machine, before it is.

        Parameters
        ----------
        folder
            Where files will be written; None if the map is to be held in memory.
        maps
            Number of maps.
        compressed
            Whether the files will be, whose size then is not known.

        Raises
        ------
        InputError
            If there is not enough memory or disk, or energies are outside the range of a cross section or of a map.
        """
        size, nodes = self.pixels.size, self.question.gev.size
        number = "a map" if maps == 1 or folder is None else f"{maps} maps"
        what = f"{number} of {size} pixels (nside {self.pixels.nside}) at {nodes} energies"
        if folder is None:
            values = size * nodes * maps
        else:
            if not compressed:
                check_disk(size * nodes * 4 * maps, folder, what)
            values = AHEAD * BLOCK * nodes * 2 * (maps + len(self._spectra))
        remedy = "use a smaller nside, fewer energies or a region"
        check_memory(8 * values, what, remedy if folder else f"{remedy}, or write it to a file in blocks")

    def _integrate(self, progress: bool) -> tuple[str, dict[str, str]]:
        """Integrate columns before threads ask for them; gives the flavour convention and the map's metadata."""
        accuracy = reached(self._spectra, InPixels(self.pixels[:1], progress), self.question.view.rtol)
        flavour, meta = provenance(self.model, self.question)
        return flavour, {**accuracy, **meta}

    def map(self, progress: bool = False, executor: Executor | None = None, block: int = BLOCK_IN_MEMORY) -> SkyMap:
        """Work out the whole map.

        Parameters
        ----------
        progress
            Whether to show a progress bar, if stderr is a terminal.
        executor
            What runs blocks, in this process; a pool of threads if None.
        block
            Pixels in a block; values do not depend on it.

        Returns
        -------
        SkyMap
            (n, m) per component [GeV^-1 cm^-2 s^-1 sr^-1].

        Raises
        ------
        InputError
            If there is not enough memory, or energies are outside the range of a cross section or of a component's map.
        """
        self.check(maps=len(self._spectra))
        flavour, meta = self._integrate(progress)
        shape = (self.question.gev.size, self.pixels.size)
        cubes = {part.name: np.empty(shape) for part in self._spectra}

        def fill(place: slice) -> None:
            where = InPixels(self.pixels[place])
            for part in self._spectra:
                part.put(where, place.start, cubes[part.name])

        with threads() as pool:
            for _ in in_order(fill, self.pixels.blocks(block), executor or pool, AHEAD_IN_MEMORY):
                pass
        values = SoundParts({name: u.Quantity(cube, INTENSITY, copy=False) for name, cube in cubes.items()})
        return SkyMap(self.question.energy, values, self.question.messenger, flavour, meta, self.pixels)

    def values(self, names: Sequence[str], progress: bool = False) -> Values:
        """What gives the values of pixels for files of some components.

        Parameters
        ----------
        names
            Name of the component for each file, empty for the total.
        progress
            Whether to show a progress bar while columns are integrated, if stderr is a terminal.

        Returns
        -------
        callable
            Takes places of pixels, gives an array (n, m) for each name, in the unit of files. Any thread may call it.

        Raises
        ------
        InputError
            If energies are outside the range of a cross section or of a component's map.
        """
        self._integrate(progress)
        return self._values(names)

    def _values(self, names: Sequence[str]) -> Values:
        """The same, of columns that are integrated already."""

        def values(place: slice) -> list[FloatArray]:
            where = InPixels(self.pixels[place])
            parts = {part.name: u.Quantity(part.at(where), INTENSITY, copy=False) for part in self._spectra}
            return [
                np.asarray(summed([parts[name]] if name else list(parts.values()), FILE_UNIT).value) for name in names
            ]

        return values

    def write(
        self,
        files: Mapping[Path, str] | Mapping[str, str] | Path | str,
        *,
        overwrite: bool = False,
        dtype: str = "",
        values: Values | None = None,
        progress: bool = False,
        executor: Executor | None = None,
    ) -> dict[str, u.Quantity]:
        """Work the map out and write it block by block, in the layout of :meth:`skycocoon.SkyMap.write`.

        Parameters
        ----------
        files
            Where to; or for each of several files, the name of the component that it is of, empty for the total.
        overwrite
            Whether existing files are replaced.
        dtype
            ``"float32"`` or ``"float64"``; single precision, or double if single cannot hold the map, if empty.
        values
            Gives what :meth:`values` gives, worked out elsewhere; worked out here if None.
        progress
            Whether to show a progress bar, if stderr is a terminal.
        executor
            What runs blocks, in this process; a pool of threads if None.

        Returns
        -------
        dict
            For each name in ``files``, its mean intensity over the pixels, (n,) [GeV^-1 cm^-2 s^-1 sr^-1].

        Raises
        ------
        InputError
            As :meth:`map`; if a file exists and ``overwrite`` is false, or cannot be written.
        """
        wanted = {Path(p): name for p, name in files.items()} if isinstance(files, Mapping) else {Path(files): ""}
        self.check(next(iter(wanted)).parent, len(wanted), any(path.suffix == ".gz" for path in wanted))
        flavour, meta = self._integrate(progress)
        heads = {
            name: MapHead(
                self.question.energy,
                self.pixels,
                self.question.messenger,
                flavour,
                name or "+".join(self.components),
                meta,
            )
            for name in set(wanted.values())
        }
        given = self._values(list(wanted.values())) if values is None else values
        sums: dict[tuple[int, int], list[FloatArray]] = {}

        def summed_up(place: slice) -> Sequence[FloatArray]:
            parts = given(place)
            sums[place.start, place.stop] = [part.sum(axis=1) for part in parts]
            return parts

        with progress_bar(f"map, nside {self.pixels.nside}", progress) as done:
            write_maps(
                [MapFile(path, heads[name], dtype) for path, name in wanted.items()],
                summed_up,
                overwrite=overwrite,
                block=BLOCK,
                executor=executor,
                done=done,
            )
        # In the order of the blocks, so that rounding does not depend on which was first.
        total = sum(np.array(sums[place.start, place.stop]) for place in self.pixels.blocks(BLOCK))
        means = u.Quantity(total / self.pixels.size, FILE_UNIT).to(INTENSITY)
        return dict(zip(wanted.values(), means, strict=True))

    def __repr__(self) -> str:
        flavour, _ = provenance(self.model, self.question)
        what = sky_title(self.question.messenger, flavour, self.question.energy, self.pixels)
        return "\n".join([f"ModelSky: {what}", *(f"  {name}" for name in self.components)])

    def drawn(self) -> ModelSky:
        """The same sky in those pixels alone that a figure of the whole sky shows."""
        return ModelSky(self.model, self.question, self.pixels[self.pixels.drawn()])


def intensity_map(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    nside: int,
    *,
    region: Region | None = None,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> SkyMap:
    """Map of a model's differential intensity, averaged over pixels (eq. 8).

    Parameters
    ----------
    model
        What shines, what absorbs, and where the Sun is.
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing nodes.
    nside
        HEALPix resolution.
    region
        Only pixels that hold a part of this region; the whole sky if None.
    rtol
        Relative accuracy of pixel values.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.
    progress
        Whether to show a progress bar, if stderr is a terminal.

    Returns
    -------
    SkyMap
        (n, 12 nside^2) per component, RING, Galactic [GeV^-1 cm^-2 s^-1 sr^-1]; of a region, (n, m).

    Raises
    ------
    InputError
        For unknown names, a wrong nside, or energies outside the range of a cross section or of a component's map; if
        there is not enough memory, where :class:`ModelSky` writes a file without holding the map.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import intensity_map, load_model
    >>> sky = intensity_map(load_model("schroer2021"), "gamma", [10, 100] * u.TeV, 2, rtol=1e-2)
    >>> sky.intensity.shape
    (2, 48)
    """
    return ModelSky.of(model, messenger, energy, nside, region=region, rtol=rtol, flavour=flavour).map(progress)
