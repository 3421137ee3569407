"""Where space meets spectra: full-sky maps and region spectra (eq. 8)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np

from ..absorption import Absorption, transmission_basis
from ..emission import Component, GalaxyModel, Term
from ..errors import InputError
from ..galaxy import Sun
from ..sky import Region, Sed, SkyMap, healpix
from ..sky.convention import check_flavour, check_messenger
from ..units import INTENSITY, FloatArray
from .columns import remembered_map, remembered_mean
from .view import NOTHING, RTOL, energy_nodes

__all__ = [
    "check_memory",
    "intensity_map",
    "region_means",
    "region_sed",
]


def check_memory(nside: int, energies: int, components: int) -> None:
    """Refuse a map that this machine cannot hold, before hours are spent on it."""
    needed = 12 * nside**2 * energies * 8 * (components + 1)
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return
    if needed > 0.8 * there:
        raise InputError(
            f"a map of nside {nside} at {energies} energies needs {needed / 2**30:.0f} GiB of memory, there are "
            f"{there / 2**30:.0f}; use a smaller nside or fewer energies"
        )


def _intensity(
    component: Component,
    messenger: str,
    energy: u.Quantity,
    gev: FloatArray,
    flavour: str,
    absorption: Absorption,
    weights: FloatArray,
    columns: Callable[[Term, Absorption], FloatArray],
    read: Callable[[SkyMap], u.Quantity],
) -> FloatArray:
    """Intensity of one component [INTENSITY]: the sum of its terms' spectra times their columns."""
    if (template := component.template(messenger, energy, flavour)) is not None:
        return np.asarray(read(template).to_value(INTENSITY))
    total: Any = 0.0
    for term in component.terms(messenger, flavour):
        spectra = term.spectrum(gev)[:, None] * weights / (4 * math.pi)
        total = total + spectra @ columns(term, absorption)
    return np.asarray(total)


def _intensities(
    model: GalaxyModel,
    messenger: str,
    energy: u.Quantity,
    flavour: str,
    columns: Callable[[Term, Absorption], FloatArray],
    read: Callable[[SkyMap], u.Quantity],
) -> tuple[u.Quantity, dict[str, u.Quantity], dict[str, str]]:
    """Energies, intensity of every component, and how it was made: what maps and spectra have in common.

    ``columns`` gives (m, ...) columns of a term, ``read`` what is wanted of a component that is a map already.
    """
    if not isinstance(model, GalaxyModel):
        raise InputError(f"model: a GalaxyModel is needed, got {model!r}; see load_model")
    check_messenger(messenger), check_flavour(flavour)
    energy, gev = energy_nodes(energy)
    # Neutrinos are not absorbed.
    absorption = model.absorption if messenger == "gamma" else NOTHING
    weights = transmission_basis(absorption, model.sun).weights(gev)
    parts = {
        component.name: u.Quantity(
            _intensity(component, messenger, energy, gev, flavour, absorption, weights, columns, read),
            INTENSITY,
            copy=False,
        )
        for component in model.components
        if messenger in component.messengers
    }
    if not parts:
        names = ", ".join(component.name for component in model.components)
        raise InputError(f"model: none of its components ({names}) shines in {messenger}s")
    return energy, parts, dict(model.provenance)


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
    """
    healpix.check_nside(nside)

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return remembered_map(term.density, model.sun, nside, rtol, term.s_min, absorption, progress).T

    def read(template: SkyMap) -> u.Quantity:
        return template.resampled(nside, template.energy).intensity

    check_memory(nside, np.size(energy), len(getattr(model, "components", ())))
    energy, parts, meta = _intensities(model, messenger, energy, flavour, columns, read)
    return SkyMap(energy, parts, messenger, flavour if messenger == "neutrino" else "", {"rtol": f"{rtol:g}", **meta})


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
    """What a fit asks for again and again: the mean intensities of one component in several regions.

    Its spectrum is evaluated once for all of them, and what does not depend on it is looked up. Parameters as in
    :func:`region_sed`.

    Returns
    -------
    callable
        Takes a component, gives (n, number of regions) [GeV^-1 cm^-2 s^-1 sr^-1].
    """
    energy, gev = energy_nodes(energy)
    absorption = absorption if messenger == "gamma" else NOTHING
    weights = transmission_basis(absorption, sun).weights(gev)

    @lru_cache(maxsize=8)
    def found(density: Any, s_min: float) -> FloatArray:
        means = [remembered_mean(density, sun, region, rtol, s_min, absorption, progress) for region in regions]
        return np.stack(means, axis=1)

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return found(term.density, term.s_min)

    def read(template: SkyMap) -> u.Quantity:
        return np.stack([template.sed(region).intensity for region in regions], axis=1)

    def means(component: Component) -> FloatArray:
        return _intensity(component, messenger, energy, gev, flavour, absorption, weights, columns, read)

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

    Raises
    ------
    InputError
        As :func:`intensity_map`, and for an empty region.
    """
    if not isinstance(region, Region):
        raise InputError(f"region: a Region is needed, got {region!r}; see Region.named and Region.parse")

    def columns(term: Term, absorption: Absorption) -> FloatArray:
        return remembered_mean(term.density, model.sun, region, rtol, term.s_min, absorption, progress)

    def read(template: SkyMap) -> u.Quantity:
        return template.sed(region).intensity

    energy, parts, meta = _intensities(model, messenger, energy, flavour, columns, read)
    return Sed(
        energy, parts, region, messenger, flavour if messenger == "neutrino" else "", {"rtol": f"{rtol:g}", **meta}
    )
