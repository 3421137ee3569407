"""The shipped table of regions of published analyses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ..errors import unknown_name
from ..shipped import data_folder

__all__ = ["list_regions", "published_region", "region_table"]


@lru_cache(maxsize=1)
def region_table() -> dict[str, dict[str, Any]]:
    """Shipped table of published regions: for each name a row, with limits as floats [deg] and all else as texts."""
    from astropy.table import Table

    table = Table.read(data_folder() / "regions.ecsv", format="ascii.ecsv", encoding="utf-8")
    numbers = ("l_min", "l_max", "b_min", "b_max", "e_min", "e_max", "solid_angle")
    rows = [{key: float(row[key]) if key in numbers else str(row[key]) for key in table.colnames} for row in table]
    return {str(row["name"]): row for row in rows}


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def published_region(name: str) -> dict[str, Any]:
    """Row of a region, by its short name or the analysis' own.

    Parameters
    ----------
    name
        The name; capitals, blanks and signs between words do not count.

    Returns
    -------
    dict
        As in :func:`region_table`.

    Raises
    ------
    InputError
        For an unknown name, with the nearest right one.
    """
    table, slug = region_table(), _slug(name)
    row = table.get(slug) or next((row for row in table.values() if _slug(row["analysis"]) == slug), None)
    # Signs at the ends of a name are what was meant to join it to something else.
    if row is None or not re.fullmatch(r"\w(.*[\w)])?", name.strip()):
        raise unknown_name("region", name if len(name) < 80 else f"{name[:60]}...", [*table, "all-sky"])
    return row


def list_regions() -> list[str]:
    """Names of the shipped regions of published analyses, for :meth:`Region.named`.

    Examples
    --------
    >>> from skycocoon import list_regions
    >>> list_regions()[:2]
    ['lhaaso-inner', 'lhaaso-outer']
    """
    return list(region_table())
