"""Messengers, and the flavour conventions of neutrinos."""

from __future__ import annotations

from ..errors import check_name

__all__ = [
    "FLAVOURS",
    "MESSENGERS",
    "check_flavour",
    "check_messenger",
]

MESSENGERS = ("gamma", "neutrino")
FLAVOURS = {
    "per-flavour": "per flavour at Earth, nu + anti-nu",
    "all-flavour": "sum of the three flavours, nu + anti-nu",
}
"""Neutrino conventions. Full mixing: one flavour at Earth is a third of all flavours."""


def check_messenger(messenger: str) -> str:
    """Return the messenger if it is one of :data:`MESSENGERS`; else `InputError`."""
    return check_name("messenger", messenger, MESSENGERS)


def check_flavour(flavour: str) -> str:
    """Return the flavour convention if it is one of :data:`FLAVOURS`; else `InputError`."""
    return check_name("flavour convention", flavour, FLAVOURS)
