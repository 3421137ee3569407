"""Messengers, and the flavour conventions of neutrinos."""

from __future__ import annotations

from ..errors import check_name

__all__ = ["FLAVOURS", "MESSENGERS", "check_flavour", "check_messenger", "flavour_factor", "messenger_title"]

MESSENGERS = ("gamma", "neutrino")
FLAVOURS = {
    "per-flavour": "per flavour at Earth, nu + anti-nu",
    "all-flavour": "sum of the three flavours, nu + anti-nu",
}
"""Neutrino conventions. Full mixing: one flavour at Earth is a third of all flavours."""

TITLES = {"gamma": "gamma rays", "neutrino": "neutrinos"}


def messenger_title(messenger: str, flavour: str) -> str:
    """Name the messenger and its flavour convention, for the title of a figure.

    Parameters
    ----------
    messenger
        One of :data:`MESSENGERS`.
    flavour
        One of :data:`FLAVOURS`, or ``""`` for gamma rays.

    Returns
    -------
    str
        The words, with symbols in TeX.

    Examples
    --------
    >>> messenger_title("neutrino", "per-flavour")
    'neutrinos, per flavour at Earth, $\\\\nu+\\\\bar\\\\nu$'
    """
    convention = FLAVOURS[flavour].replace("nu + anti-nu", r"$\nu+\bar\nu$") if flavour else ""
    return TITLES[messenger] + (f", {convention}" if convention else "")


def flavour_factor(given: str, wanted: str) -> float:
    """Return the factor from neutrinos in one flavour convention to the same in another: 3, 1/3 or 1.

    Parameters
    ----------
    given, wanted
        Conventions, keys of :data:`FLAVOURS`; ``""``, that of gamma rays, is never converted.

    Returns
    -------
    float
        What an intensity is multiplied by.
    """
    if not given or not wanted or given == wanted:
        return 1.0
    return 3.0 if wanted == "all-flavour" else 1.0 / 3.0


def check_messenger(messenger: str) -> str:
    """Return the messenger if it is one of :data:`MESSENGERS`; else `InputError`."""
    return check_name("messenger", messenger, MESSENGERS)


def check_flavour(flavour: str) -> str:
    """Return the flavour convention if it is one of :data:`FLAVOURS`; else `InputError`."""
    return check_name("flavour convention", flavour, FLAVOURS)
