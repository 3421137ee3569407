"""Where space meets spectra: intensities in pixels and in regions (eq. 8)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..emission import Component, GalaxyModel
from ..errors import InputError
from ..galaxy import Density, Sun
from ..sky import Region, Sed, SkyMap, healpix
from ..sky.convention import check_flavour, check_messenger
from ..sky.pixels import Pixels
from ..units import INTENSITY, FloatArray
from .columns import REGION_WIDTH, mesh_for, pixel_columns, remembered_means, warn_of
from .view import NOTHING, RTOL, View, energy_nodes

__all__ = [
    "InPixels",
    "InRegions",
    "Place",
    "Question",
    "Spectra",
    "provenance",
    "region_means",
    "region_sed",
    "shining",
]


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of a sky: a messenger at some energies, and how the Galaxy is looked at.

    Attributes
    ----------
    messenger
        ``"gamma"`` or ``"neutrino"``.
    energy
        (n,) increasing energies.
    flavour
        Neutrinos: ``"per-flavour"`` or ``"all-flavour"``.
    view
        Where rays end, what absorbs along them, and how accurate their columns are. Neutrinos are not absorbed.

    Raises
    ------
    InputError
        For unknown names, and energies that are not positive and increasing.
    """

    messenger: str
    energy: u.Quantity
    flavour: str
    view: View

    def __post_init__(self) -> None:
        check_messenger(self.messenger)
        check_flavour(self.flavour)
        object.__setattr__(self, "energy", energy_nodes(self.energy)[0])
        if self.messenger != "gamma":
            object.__setattr__(self, "view", replace(self.view, absorption=NOTHING))

    @classmethod
    def of(cls, model: GalaxyModel, messenger: str, energy: u.Quantity, rtol: float, flavour: str) -> Question:
        """A question about the sky of a model, as seen from its Sun through what absorbs in it.

        Parameters
        ----------
        model, messenger, energy, rtol, flavour
            As in :func:`region_sed`.

        Returns
        -------
        Question
            Checked.
        """
        if not isinstance(model, GalaxyModel):
            raise InputError(f"model: a GalaxyModel is needed, got {model!r}; see load_model")
        return cls(messenger, energy, flavour, View(model.sun, model.absorption, rtol))

    @cached_property
    def gev(self) -> FloatArray:
        """(n,) the energies in GeV."""
        return energy_nodes(self.energy)[1]

    @cached_property
    def weights(self) -> FloatArray:
        """(n, m) weights with which columns at the m energies of the view's transmission basis give those at ours."""
        return self.view.basis.weights(self.gev)


class Place(Protocol):
    """Where an intensity is wanted."""

    @property
    def progress(self) -> bool:
        """Whether to show a progress bar while rays are integrated, if stderr is a terminal."""
        ...

    @property
    def size(self) -> int:
        """Number of pixels or regions."""
        ...

    def columns(self, density: Density, view: View) -> FloatArray:
        """Columns of a density at the energies of the view's transmission basis.

        Parameters
        ----------
        density, view
            The density, and what all rays share.

        Returns
        -------
        array
            (m, p) for p pixels or regions.
        """
        ...

    @property
    def width(self) -> float:
        """Of the smallest pixels that columns are averaged over [rad]."""
        ...

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, p) intensity there of a component that is a map already."""
        ...


@dataclass(frozen=True, eq=False)
class InPixels:
    """Intensities wanted as means over pixels of the sky.

    Attributes
    ----------
    pixels
        p pixels.
    progress
        Whether to show a progress bar, if stderr is a terminal.
    """

    pixels: Pixels
    progress: bool = False

    @property
    def size(self) -> int:
        """Number of pixels."""
        return self.pixels.size

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
        return pixel_columns(density, view, self.pixels, self.progress).T

    @property
    def width(self) -> float:
        """Of the smallest pixels that columns are averaged over [rad]."""
        return healpix.pixel_width(self.pixels.nside)

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, p) intensity of a map, brought to these pixels."""
        return template.means(self.pixels)


@dataclass(frozen=True)
class InRegions:
    """Intensities wanted as means over parts of the sky.

    Attributes
    ----------
    regions
        k parts of the sky.
    progress
        Whether to show a progress bar, if stderr is a terminal.
    """

    regions: tuple[Region, ...]
    progress: bool = False

    @property
    def size(self) -> int:
        """Number of regions."""
        return len(self.regions)

    def columns(self, density: Density, view: View) -> FloatArray:
        """Mean columns of a density at the energies of the view's transmission basis.

        Parameters
        ----------
        density, view
            The density, and what all rays share.

        Returns
        -------
        array
            (m, k).
        """
        return remembered_means(density, view, self.regions, self.progress)

    @property
    def width(self) -> float:
        """Of the smallest pixels that columns are averaged over [rad]."""
        return REGION_WIDTH

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, k) mean intensities of a map."""
        return np.stack([template.sed(region).intensity for region in self.regions], axis=1)


@dataclass(frozen=True, eq=False)
class Spectra:
    """A component with its spectra worked out: what is left is where it is looked at.

    Attributes
    ----------
    name
        Name of the component.
    weights
        (n, k) spectra of its terms over 4 pi, times what makes n energies of those of the transmission basis.
    terms
        Density of each term and the view that it is seen in; their columns are the k rows that weights go with.
    template
        Its map, if it is one already; then there are no terms.
    """

    name: str
    weights: FloatArray
    terms: tuple[tuple[Density, View], ...]
    template: SkyMap | None = None

    @classmethod
    def of(cls, component: Component, question: Question) -> Spectra:
        """Work out the spectra of a component at the energies of a question.

        Parameters
        ----------
        component
            What shines.
        question
            In which messenger, at which energies, and how the Galaxy is looked at.

        Returns
        -------
        Spectra
            Of all its terms.
        """
        template = component.template(question.messenger, question.energy, question.flavour)
        if template is not None:
            return cls(component.name, np.empty((question.gev.size, 0)), (), template)
        terms = component.terms(question.messenger, question.flavour)
        spectra = [term.spectrum(question.gev)[:, None] * question.weights / (4 * math.pi) for term in terms]
        seen = tuple((term.density, question.view.beyond(term.s_min)) for term in terms)
        return cls(component.name, np.concatenate(spectra, axis=1), seen)

    @property
    def size(self) -> int:
        """Number of columns, k."""
        return self.weights.shape[1]

    def columns(self, place: Place) -> FloatArray:
        """(k, p) columns of all terms at a place."""
        return np.ascontiguousarray(np.concatenate([place.columns(density, view) for density, view in self.terms]))

    def accuracy(self, place: Place) -> float:
        """Relative accuracy of the columns of all terms at a place; 0 of a map."""
        meshes = (mesh_for(density, view, place.width, progress=place.progress) for density, view in self.terms)
        return max((mesh.reached for mesh in meshes), default=0.0)

    def at(self, place: Place) -> FloatArray:
        """(n, p) intensities at a place of p pixels or regions [GeV^-1 cm^-2 s^-1 sr^-1]."""
        out = np.empty((len(self.weights), place.size))
        self.put(place, 0, out)
        return out

    def put(self, place: Place, first: int, out: FloatArray) -> None:
        """Put the intensities at a place among others.

        Parameters
        ----------
        place
            p pixels or regions.
        first
            Where the first of them goes.
        out
            (n, >= first + p) intensities [GeV^-1 cm^-2 s^-1 sr^-1].

        Raises
        ------
        InputError
            If the component is a map that has not all pixels of the place.
        """
        from ..kernels.cube import add_up

        if self.template is not None:
            try:
                part = place.of(self.template).to_value(INTENSITY)
            except InputError as error:
                raise InputError(f"component {self.name!r}: its {error}") from None
            out[:, first : first + part.shape[1]] = part
            return
        add_up(self.weights, self.columns(place), first, out)


def shining(model: GalaxyModel, question: Question) -> list[Spectra]:
    """Work out the spectra of all components of a model that shine in a messenger.

    Parameters
    ----------
    model
        What shines.
    question
        In which messenger, at which energies, and how the Galaxy is looked at.

    Returns
    -------
    list of Spectra
        In the order of the components.

    Raises
    ------
    InputError
        If no component shines in the messenger, or an energy is outside the range of a cross section or of a map.
    """
    parts = [Spectra.of(item, question) for item in model.components if question.messenger in item.messengers]
    if not parts:
        names = ", ".join(component.name for component in model.components)
        raise InputError(f"model: none of its components ({names}) shines in {question.messenger}s")
    return parts


def reached(parts: Sequence[Spectra], place: Place, rtol: float) -> dict[str, str]:
    """Say how accurate intensities are, if it is less than was asked for.

    Parameters
    ----------
    parts
        Components, with their spectra.
    place
        Where they are looked at. Their columns are integrated, if they are not yet.
    rtol
        Relative accuracy that was asked for.

    Returns
    -------
    dict
        Metadata: ``accuracy``, or nothing.

    Warns
    -----
    AccuracyWarning
        Once, if rtol is not reached.
    """
    worst = max((part.accuracy(place) for part in parts), default=0.0)
    warn_of(worst, rtol)
    return {"accuracy": f"{worst:.1e}"} if worst > rtol else {}


def provenance(model: GalaxyModel, question: Question) -> tuple[str, dict[str, str]]:
    """Flavour convention (none for gamma rays) and metadata of a map or a spectrum.

    Parameters
    ----------
    model
        What shines.
    question
        What was asked of its sky.

    Returns
    -------
    flavour, meta
        A key of :data:`skycocoon.sky.convention.FLAVOURS` or ``""``; keys and values.
    """
    flavour = question.flavour if question.messenger == "neutrino" else ""
    return flavour, {"rtol": f"{question.view.rtol:g}", **model.provenance}


def region_means(
    messenger: str,
    energy: u.Quantity,
    regions: Sequence[Region],
    sun: Sun,
    absorption: Absorption,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> Callable[[Component], FloatArray]:
    """Give the function a fit calls at each step: the mean intensities of one component in several regions.

    The spectrum is evaluated once for all regions; columns, which do not depend on it, are remembered.

    Parameters
    ----------
    messenger, energy, rtol, flavour, progress
        As in :func:`region_sed`.
    regions
        k parts of the sky.
    sun
        Where rays end.
    absorption
        What absorbs gamma rays on the way.

    Returns
    -------
    callable
        Takes a component, gives (n, k) [GeV^-1 cm^-2 s^-1 sr^-1].
    """
    question = Question(messenger, energy, flavour, View(sun, absorption, rtol))
    place = InRegions(tuple(regions), progress)

    def means(component: Component) -> FloatArray:
        spectra = Spectra.of(component, question)
        warn_of(spectra.accuracy(place), rtol)
        return spectra.at(place)

    return means


def region_sed(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    region: Region,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> Sed:
    """Mean intensity of a region straight from rays, with no map in between (eq. 8).

    Parameters
    ----------
    model, messenger, energy, rtol, flavour, progress
        As in :func:`intensity_map`.
    region
        The part of the sky.

    Returns
    -------
    Sed
        (n,) intensities of every component [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        As :func:`intensity_map`, and for an empty region.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import Region, load_model, region_sed
    >>> region = Region.parse("disc:30,0,2")
    >>> sed = region_sed(load_model("schroer2021"), "gamma", [10, 100] * u.TeV, region, rtol=1e-2)
    >>> sed.intensity.shape
    (2,)
    """
    if not isinstance(region, Region):
        raise InputError(f"region: a Region is needed, got {region!r}; see Region.named and Region.parse")
    question = Question.of(model, messenger, energy, rtol, flavour)
    place = InRegions((region,), progress)
    spectra = shining(model, question)
    parts = {part.name: u.Quantity(part.at(place)[:, 0], INTENSITY, copy=False) for part in spectra}
    shown, meta = provenance(model, question)
    return Sed(question.energy, parts, region, messenger, shown, {**reached(spectra, place, rtol), **meta})
