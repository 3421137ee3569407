"""Where space meets spectra: full-sky maps and region spectra (eq. 8)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import astropy.units as u
import numpy as np

from ..absorption import Absorption
from ..emission import Component, GalaxyModel
from ..errors import InputError
from ..galaxy import Density, Sun
from ..sky import Region, Sed, SkyMap, healpix
from ..sky.convention import check_flavour, check_messenger
from ..units import INTENSITY, FloatArray
from .columns import remembered_map, remembered_means
from .view import NOTHING, RTOL, View, energy_nodes

__all__ = [
    "InRegions",
    "Place",
    "Question",
    "WholeSky",
    "check_memory",
    "intensities",
    "intensity",
    "intensity_map",
    "region_means",
    "region_sed",
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

    def columns(self, density: Density, view: View) -> FloatArray:
        """Columns of a density at the energies of the view's transmission basis.

        Parameters
        ----------
        density, view
            The density, and what all rays share.

        Returns
        -------
        array
            (m, ...).
        """
        ...

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, ...) intensity there of a component that is a map already."""
        ...


@dataclass(frozen=True)
class WholeSky:
    """Intensities wanted as means over all pixels of the sky.

    Attributes
    ----------
    nside
        HEALPix resolution.
    progress
        Whether to show a progress bar, if stderr is a terminal.
    """

    nside: int
    progress: bool = False

    def columns(self, density: Density, view: View) -> FloatArray:
        """Columns of a density at the energies of the view's transmission basis.

        Parameters
        ----------
        density, view
            The density, and what all rays share.

        Returns
        -------
        array
            (m, 12 nside^2), RING.
        """
        return remembered_map(density, view, self.nside, self.progress).T

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, 12 nside^2) intensity of a map, brought to this resolution."""
        return template.resampled(self.nside, template.energy).intensity


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

    def of(self, template: SkyMap) -> u.Quantity:
        """(n, k) mean intensities of a map."""
        return np.stack([template.sed(region).intensity for region in self.regions], axis=1)


def check_memory(nside: int, energies: int, components: int) -> None:
    """Refuse a map that this machine cannot hold, before hours are spent on it.

    Parameters
    ----------
    nside
        HEALPix resolution.
    energies, components
        Their numbers.

    Raises
    ------
    InputError
        If the map and its sum need more than four fifths of the memory.
    """
    needed = 12 * nside**2 * energies * 8 * (components + 1)
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return
    if needed > 0.8 * installed:
        raise InputError(
            f"a map of nside {nside} at {energies} energies needs {needed / 2**30:.0f} GiB of memory, there are "
            f"{installed / 2**30:.0f}; use a smaller nside or fewer energies"
        )


def intensity(component: Component, question: Question, place: Place) -> FloatArray:
    """Intensity of one component: the sum of its terms' spectra times their columns (eq. 8).

    Parameters
    ----------
    component
        What shines.
    question
        In which messenger, at which energies, and how the Galaxy is looked at.
    place
        :class:`WholeSky` or :class:`InRegions`.

    Returns
    -------
    array
        (n, ...) [GeV^-1 cm^-2 s^-1 sr^-1].
    """
    template = component.template(question.messenger, question.energy, question.flavour)
    if template is not None:
        return np.asarray(place.of(template).to_value(INTENSITY))
    total: Any = 0.0
    for term in component.terms(question.messenger, question.flavour):
        spectra = term.spectrum(question.gev)[:, None] * question.weights / (4 * math.pi)
        total = total + spectra @ place.columns(term.density, question.view.beyond(term.s_min))
    return np.asarray(total)


def intensities(model: GalaxyModel, question: Question, place: Place) -> dict[str, FloatArray]:
    """Intensities of all components of a model that shine in a messenger, by name.

    Parameters
    ----------
    model
        What shines.
    question, place
        As in :func:`intensity`.

    Returns
    -------
    dict
        (n, ...) for each component [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        If no component shines in the messenger, or an energy is outside the range of a cross section or of a map.
    """
    parts = {
        component.name: intensity(component, question, place)
        for component in model.components
        if question.messenger in component.messengers
    }
    if not parts:
        names = ", ".join(component.name for component in model.components)
        raise InputError(f"model: none of its components ({names}) shines in {question.messenger}s")
    return parts


def _check_model(model: GalaxyModel) -> None:
    if not isinstance(model, GalaxyModel):
        raise InputError(f"model: a GalaxyModel is needed, got {model!r}; see load_model")


def _provenance(model: GalaxyModel, question: Question) -> tuple[str, dict[str, str]]:
    """Flavour convention (none for gamma rays) and metadata of a map or a spectrum."""
    flavour = question.flavour if question.messenger == "neutrino" else ""
    return flavour, {"rtol": f"{question.view.rtol:g}", **model.provenance}


def intensity_map(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    nside: int,
    *,
    rtol: float = RTOL,
    flavour: str = "per-flavour",
    progress: bool = False,
) -> SkyMap:
    """Full-sky map of a model's differential intensity, averaged over pixels (eq. 8).

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
    rtol
        Relative accuracy of pixel values.
    flavour
        Neutrinos: ``"per-flavour"`` at Earth, nu + anti-nu (default), or ``"all-flavour"``.
    progress
        Whether to show a progress bar, if stderr is a terminal.

    Returns
    -------
    SkyMap
        (n, 12 nside^2) per component, RING, Galactic [GeV^-1 cm^-2 s^-1 sr^-1].

    Raises
    ------
    InputError
        For unknown names, a wrong nside, or energies outside the range of a cross section or of a component's map.

    Examples
    --------
    >>> import astropy.units as u
    >>> from skycocoon import intensity_map, load_model
    >>> sky = intensity_map(load_model("schroer2021"), "gamma", [10, 100] * u.TeV, 2, rtol=1e-2)
    >>> sky.intensity.shape
    (2, 48)
    """
    healpix.check_nside(nside)
    _check_model(model)
    check_memory(nside, np.size(energy), len(model.components))
    question = Question(messenger, energy, flavour, View(model.sun, model.absorption, rtol))
    parts = intensities(model, question, WholeSky(nside, progress))
    shown, meta = _provenance(model, question)
    values = {name: u.Quantity(part, INTENSITY, copy=False) for name, part in parts.items()}
    return SkyMap(question.energy, values, messenger, shown, meta)


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
        return intensity(component, question, place)

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
    _check_model(model)
    question = Question(messenger, energy, flavour, View(model.sun, model.absorption, rtol))
    parts = intensities(model, question, InRegions((region,), progress))
    shown, meta = _provenance(model, question)
    values = {name: u.Quantity(part[:, 0], INTENSITY, copy=False) for name, part in parts.items()}
    return Sed(question.energy, values, region, messenger, shown, meta)
