"""Nuclei made of heavier nuclei: cumulative cross sections of Evoli, Aloisio & Blasi 2019, PRD 99, 103023."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..ecsv import read_ecsv
from ..errors import check_name
from ..shipped import data_folder
from ..units import FloatArray

__all__ = ["FRAGMENTATIONS", "Channel", "fragmentation"]

FRAGMENTATIONS = ("evoli2019",)
"""Tables that are shipped, ``data/nuclei/fragmentation-*.ecsv``."""


@dataclass(frozen=True, eq=False)
class Channel:
    """One fragment of one projectile, on hydrogen; nuclei are (Z, A).

    Attributes
    ----------
    projectile, fragment
        Which.
    nodes, values
        Kinetic energies per nucleon [GeV] and cross sections [mb].
    source
        Where the values come from.
    """

    projectile: tuple[int, int]
    fragment: tuple[int, int]
    nodes: FloatArray
    values: FloatArray
    source: str

    def at(self, kinetic: FloatArray) -> FloatArray:
        """Cross section [mb] at kinetic energies per nucleon [GeV]: ln sigma is linear in ln T, constant outside."""
        return np.exp(np.interp(np.log(kinetic), np.log(self.nodes), np.log(self.values)))


@lru_cache(maxsize=4)
def fragmentation(name: str = "evoli2019") -> tuple[Channel, ...]:
    """Channels of a table.

    Raises
    ------
    InputError
        For an unknown name.
    """
    check_name("fragmentation table", name, FRAGMENTATIONS)
    path = data_folder() / "nuclei" / f"fragmentation-{name}.ecsv"
    table = read_ecsv(path, f"tables: {', '.join(FRAGMENTATIONS)}")
    columns = [key for key in table.colnames if key.startswith("sigma_")]
    nodes = np.array([float(key.removeprefix("sigma_")) for key in columns])
    sigma = np.stack([table[key].to_value("mbarn") for key in columns], axis=1)
    return tuple(
        Channel((int(zp), int(ap)), (int(zf), int(af)), nodes, values, str(source))
        for zp, ap, zf, af, values, source in zip(
            *(table[key] for key in ("z_projectile", "a_projectile", "z_fragment", "a_fragment")),
            sigma,
            table["source"],
            strict=True,
        )
    )
