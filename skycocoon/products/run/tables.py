"""The table of spectra of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...config import LoadedModel
from ...ecsv import write_ecsv
from ...outputs import header
from ...sky import Sed
from ...sky.convention import FLAVOURS
from .groups import RegionSpectra


def write_seds(groups: list[RegionSpectra], loaded: LoadedModel, path: Path) -> None:
    """Write all SEDs in one table; no mask factor is in it. Variants come as components called "name, variant".

    Parameters
    ----------
    groups
        The model's spectra in the measured regions.
    loaded
        The model.
    path
        The ECSV file.
    """
    from astropy.table import vstack

    tables = []
    for group in groups:
        for sed in dict.fromkeys((group.sed, group.plain)):
            variants = group.variants if sed is group.sed else {}
            table = vstack([sed.to_table(), *(_variant_table(sed, name, v) for name, v in variants.items())])
            table.meta = {}
            table.add_column(np.full(len(table), sed.messenger), 0, "messenger")
            table.add_column(np.full(len(table), sed.region.name), 1, "region")
            table["solid_angle"] = sed.solid_angle
            tables.append(table)
    seds = vstack(tables)
    seds.meta = {
        "content": "intensity: mean over the region; flux: intensity times solid angle; no mask factor applied",
        "neutrinos": FLAVOURS["per-flavour"],
        **header(loaded.model.provenance),
    }
    write_ecsv(seds, path)


def _variant_table(sed: Sed, name: str, variant: Sed) -> Any:
    """Rows of a variant's components that differ from the model's, and of its total."""
    table = variant.to_table()
    same = [
        n for n, part in variant.components.items()
        if n in sed.components and np.array_equal(sed.components[n].value, part.value)
    ]  # fmt: skip
    table = table[~np.isin(table["component"], same)]
    table["component"] = [f"{component}, {name}" for component in table["component"]]
    table.meta = {}
    return table
