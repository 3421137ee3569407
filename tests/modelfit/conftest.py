"""Fits of the preset "paper" to some data."""

import pytest

from skycocoon.config import load_file
from skycocoon.modelfit import prepare

RTOL = 1e-2
XC, CUTOFF = "components.cocoons.grammage.normalisation", "components.cocoons.grammage.cutoff"
COLUMN, DELTA = "components.diffuse.column_scale", "transport.delta"

BOUNDS = {
    XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]},
    CUTOFF: {"bounds": ["10 TV", "1 PV"]},
    COLUMN: {"bounds": [0.1, 10.0]},
    DELTA: {"bounds": [0.3, 0.9]},
}
SKY = ["lhaaso-km2a-2023-inner", "lhaaso-km2a-2023-outer", "icecube-2023-pi0", "fermi-lat-2012-inner", "hawc-2024-b2"]
BC = ["bc-ams02-2021", "bc-dampe-2022", "bc-calet-2022"]


def problem(data, overrides=None, keys=(COLUMN,), **section):
    """Of the preset "paper" and some data."""
    parameters = {key: BOUNDS.get(key) for key in keys}
    return prepare(
        load_file("paper", {"fit": {"data": list(data), "parameters": parameters, **section}, **(overrides or {})}),
        rtol=RTOL,
    )


def start_of(made):
    return [p.start for p in made.likelihood.parameters]


def model_of(made, values=None):
    return made.likelihood.model(start_of(made) if values is None else values)


@pytest.fixture(scope="session")
def sky():
    return problem(SKY)


PHYSICS = {
    XC: ["0 g cm-2", "1.5 g cm-2"],
    CUTOFF: ["10 TV", "1 PV"],
    COLUMN: [0.1, 10.0],
    "components.cocoons.injection.proton.slope": [4.1, 4.6],
    "components.cocoons.injection.helium.efficiency": [0.0, 0.1],
    "components.cocoons.injection.proton.cutoff": ["1 PV", "10 PV"],
    "components.cocoons.supernova_energy": ["1e50 erg", "1e52 erg"],
    "components.diffuse.helium_abundance": [0.05, 0.15],
    DELTA: [0.3, 0.9],
}


def fitted(data, keys, overrides=None):
    parameters = {key: {"bounds": bounds} for key, bounds in keys.items()}
    return prepare(
        load_file("paper", {"fit": {"data": data, "parameters": parameters}, **(overrides or {})}), rtol=RTOL
    )
