"""Fits on top of the preset "paper"."""

from skycocoon.config import load_file
from skycocoon.modelfit import prepare

from ..conftest import error_of

XC = "components.cocoons.grammage.normalisation"
GOOD = {XC: {"bounds": ["0 g cm-2", "1.5 g cm-2"]}}


def fit(parameters=None, data=("bc-ams02-2021",), **section):
    """Overrides of the preset "paper" with a whole [fit]."""
    return {"fit": {"data": list(data), "parameters": GOOD if parameters is None else parameters, **section}}


def ready(overrides, source="paper"):
    return prepare(load_file(source, overrides), rtol=1e-2)


def refused(overrides, *parts, source="paper"):
    """One line that names the file first, then all of these."""
    text = error_of(ready, overrides, source)
    assert text.startswith(f"{source}: "), text
    for part in parts:
        assert part in text, text
    return text
