"""Energies and intensities that a map is made of, looked at where they come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import astropy.units as u
import numpy as np

from ..errors import InputError
from ..units import INTENSITY, FloatArray, to_array, to_quantity
from .convention import check_flavour, check_messenger
from .formats import check_plane

__all__ = ["SoundParts", "check_convention", "map_parts"]


class SoundParts(dict[str, u.Quantity]):
    """Components whose values are known to be finite and not negative: large maps are not looked at again and again."""


def check_convention(messenger: str, flavour: str) -> None:
    """Raise `InputError` unless a map's messenger and its flavour convention are known and go together.

    Parameters
    ----------
    messenger, flavour
        As in :class:`~skycocoon.sky.skymap.SkyMap`.
    """
    if check_messenger(messenger) == "gamma" and flavour:
        raise InputError(f"map: flavour {flavour!r} is for neutrinos, and this is a map of gamma rays")
    if messenger == "neutrino":
        if not flavour:
            raise InputError("map: neutrinos need flavour = 'per-flavour' or 'all-flavour'")
        check_flavour(flavour)


def map_parts(energy: Any, components: Any) -> tuple[u.Quantity, SoundParts]:
    """Check what a map is made of; sort it by energy.

    Parameters
    ----------
    energy
        One or more energies.
    components
        Intensities by name, (n, m) for n energies, or (m,) for a single one. Values of :class:`SoundParts` are not
        looked at.

    Returns
    -------
    energy, components
        The same, in double precision; energies (n,) increase.

    Raises
    ------
    InputError
        If a unit is missing or of another kind, shapes do not fit, energies are not positive and all different, or
        values are masked, NaN, infinite, UNSEEN or negative.
    """
    nodes = to_quantity(energy, u.GeV, "map: energies")
    order = _order(nodes)
    if not isinstance(components, Mapping):
        raise InputError("map: components are a dictionary of names and intensities, like {'total': intensity}")
    if not components:
        raise InputError("map: there is no component")
    sound = isinstance(components, SoundParts)
    parts = SoundParts({str(name): _part(part, nodes, str(name), sound) for name, part in components.items()})
    sizes = {part.shape[1] for part in parts.values()}
    if len(sizes) > 1:
        raise InputError(f"map: components have different numbers of pixels, {sorted(sizes)}")
    nodes = np.atleast_1d(nodes)
    if np.all(np.diff(order) > 0):
        return nodes, parts
    return nodes[order], SoundParts({name: part[order] for name, part in parts.items()})


def _order(nodes: u.Quantity) -> Any:
    """Places of energies in increasing order."""
    gev = np.atleast_1d(to_array(nodes, u.GeV, "map: energies"))
    if gev.ndim != 1 or not gev.size:
        raise InputError(f"map: energies of shape {nodes.shape}; one or more in a row are needed")
    order = np.argsort(gev, kind="stable")
    if not gev[order[0]] > 0 or np.any(np.diff(gev[order]) == 0):
        raise InputError("map: energies are not positive or not all different")
    return order


def _part(part: Any, nodes: u.Quantity, name: str, sound: bool) -> u.Quantity:
    """Intensity of a component, looked at unless it is known to be sound."""
    what = f"component {name!r}"
    values = to_quantity(part, INTENSITY, f"map: {what}")
    if nodes.ndim == 0 and values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or values.shape[0] != nodes.size:
        raise InputError(
            f"map: {what} of shape {values.shape} does not fit {nodes.size} energies; (n_energy, n_pixel) is needed"
        )
    if not values.shape[1]:
        raise InputError(f"map: {what} has no pixels")
    for plane, e in () if sound else zip(values.value, np.atleast_1d(nodes), strict=True):
        _check_plane(plane, f"{e:.4g} of {what}")
    return values


def _check_plane(plane: FloatArray, where: str) -> None:
    try:
        check_plane(plane, where)
    except InputError as error:
        raise InputError(f"map: {error}") from None
