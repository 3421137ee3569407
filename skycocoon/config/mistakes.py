"""The first mistake in a model file, in one line."""

from __future__ import annotations

import difflib
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..errors import SHOWN, InputError, shortened, unknown_name
from .quantities import Section
from .schema import ModelFile
from .sections.kinds import KINDS

__all__ = ["checked"]


def checked(document: dict[str, Any], source: str) -> ModelFile:
    """A document that was checked; the first mistake in one line.

    Parameters
    ----------
    document
        Tables of a file.
    source
        What the file is called, for messages.

    Returns
    -------
    ModelFile
        The validated file.

    Raises
    ------
    InputError
        For anything wrong in it.
    """
    try:
        return ModelFile.model_validate(document)
    except ValidationError as error:
        raise InputError(f"{source}: {_explain(error, document)}") from None


def _explain(error: ValidationError, document: dict[str, Any]) -> str:
    """The first mistake in one line: key, value, what is allowed; how many more there are."""
    mistakes = error.errors()
    # An unknown key explains a missing one beside it.
    first = next((m for m in mistakes if m["type"] == "extra_forbidden"), mistakes[0])
    steps = [str(step) for step in first["loc"]]
    # Within a component comes its kind, which is no key.
    location = steps[:2] + steps[3:] if steps[0:1] == ["components"] and steps[2:3] and steps[2] in KINDS else steps
    shown_steps = [step if len(step) <= SHOWN else shortened(step) for step in location]
    key = ".".join(shown_steps) or "model"
    value = first["input"]
    if first["type"] == "extra_forbidden":
        allowed = _fields(steps[:-1])
        line = f"{'.'.join(shown_steps[:-1]) or 'model'}: {unknown_name('key', location[-1], allowed)}"
    elif first["type"] == "union_tag_invalid":
        line = f"{key}.kind: {unknown_name('kind of component', first['ctx']['tag'], KINDS)}"
    elif first["type"] == "union_tag_not_found":
        line = f"{key}.kind: is missing; allowed: {', '.join(KINDS)}"
        # One misspelt key below it makes a component of its own.
        known = [name for name, part in document["components"].items() if isinstance(part, dict) and "kind" in part]
        if near := difflib.get_close_matches(steps[1], known, n=1):
            line += f"; or did you mean {'.'.join([steps[0], near[0]])!r}?"
    elif first["type"] == "truth":
        line = f"{'.'.join([*shown_steps, first['ctx']['key']])}: a number is needed, not true or false"
    elif first["type"] == "missing":
        line = f"{key}: is missing"
    else:
        inner = first.get("ctx", {}).get("error")
        reason = str(inner) if inner is not None else first["msg"].replace("Input should be", "should be")
        reason = reason.removeprefix("value: ")
        if first["type"] in ("model_type", "model_attributes_type", "dict_type"):
            keys = _fields(steps) if first["type"] == "model_type" else []
            reason = f"a table is needed{', with the keys ' if keys else ''}{', '.join(keys)}"
        if first["type"] == "too_short":
            reason = f"at least {first['ctx']['min_length']} needed"
        if first["type"] == "too_long":
            reason = f"at most {first['ctx']['max_length']} are allowed"
        shown = "" if isinstance(value, (dict, BaseModel)) else f" = {shortened(value)}"
        shown = "" if shown and shown[3:] in reason else shown
        line = f"{key}{shown}: {reason}" if location else reason
    more = len(mistakes) - 1
    return " ".join(line.split()) + (f" (and {more} more)" if more else "")


def _fields(steps: list[str]) -> list[str]:
    """Names of the keys that the section at a location may have."""
    section: Any = ModelFile
    if steps[:1] == ["components"]:
        if len(steps) < 3:
            return []
        section, steps = KINDS[steps[2]], steps[3:]
    within = False
    for step in steps:
        if within:  # a name of the user's own
            within = False
            continue
        name = section.fields_by_key().get(step)
        kind = None if name is None else section.model_fields[name].annotation
        within = get_origin(kind) is dict
        candidates = (kind, *get_args(kind))
        section = next((t for t in candidates if isinstance(t, type) and issubclass(t, Section)), None)
        if section is None:
            return []
    return list(section.fields_by_key())
