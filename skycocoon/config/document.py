"""A model file as text and as a document of tables: presets, ``base``, changed keys, and TOML again.

What is read is held to limits in length, depth and digits, so that no text takes long to refuse.
"""

from __future__ import annotations

import copy
import json
import os
import re
import tomllib
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..errors import SHOWN, InputError, shortened, unknown_name
from ..inputs import read_text as text_of
from ..shipped import PRESETS
from ..sky import list_catalogues
from ..sky.expressions import joined_paths, paths_in

__all__ = [
    "absolute_files",
    "files_named",
    "forget",
    "list_presets",
    "on_base",
    "override",
    "parse",
    "parse_setting",
    "preset_text",
    "read_text",
    "to_toml",
]


# Presets have 10 kB, and tables within tables 5 deep.
MAX_LENGTH = 1 << 20
MAX_DEPTH = 20
MAX_STEPS = 40
TOO_DEEP = f"tables or lists are nested too deeply; allowed: {MAX_DEPTH} levels"
NESTING = (Mapping, list, tuple)
_STEP = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
LONG_KEY = re.compile(rf"(?<![\w-]){_STEP}(?:[ \t]*\.[ \t]*{_STEP}){{{MAX_STEPS},}}")


def list_presets() -> list[str]:
    """Names of the shipped models.

    Examples
    --------
    >>> from skycocoon import list_presets
    >>> "paper" in list_presets()
    True
    """
    return PRESETS.names()


def preset_text(name: str) -> str:
    """A shipped model as commented TOML.

    Raises
    ------
    InputError
        For an unknown name.
    """
    return PRESETS.path(name).read_text(encoding="utf-8")


def read_text(source: str | Path) -> tuple[str, Path]:
    """Text of a preset or a model file, and the folder where its paths begin.

    Raises
    ------
    InputError
        For an unknown preset, or a file that cannot be read.
    """
    name = str(source)
    if name in list_presets():
        return preset_text(name), Path.cwd()
    path = Path(source)
    if not path.suffix and "/" not in name and not os.path.exists(name):
        raise unknown_name("model", name, list_presets())
    text = text_of(path, str(PRESETS), MAX_LENGTH)
    return text, Path.cwd() if path.is_fifo() else path.resolve().parent


def parse(text: str, source: str) -> dict[str, Any]:
    """Parse the TOML of a model file.

    Parameters
    ----------
    text
        TOML.
    source
        What the text is called, for messages.

    Returns
    -------
    dict
        Tables, numbers, texts, booleans and lists.

    Raises
    ------
    InputError
        If it is not TOML, or beyond the limits of a model file in length, depth or digits.
    """
    try:
        return _loads(text)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source}: not TOML: {error}") from None


def parse_setting(text: str) -> tuple[str, object]:
    """Key and value of ``KEY=VALUE``; a value that is not TOML is a text, as a shell has eaten its quotes.

    Parameters
    ----------
    text
        What the user wrote.

    Returns
    -------
    tuple
        Dotted key, and value.

    Raises
    ------
    InputError
        If there is no key or no value, or the value is beyond the limits of a model file.

    Examples
    --------
    >>> parse_setting("maps.nside=64")
    ('maps.nside', 64)
    >>> parse_setting("components.cocoons.grammage.cutoff=300 TV")
    ('components.cocoons.grammage.cutoff', '300 TV')
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise InputError(f"{shortened(text)}: write it as KEY=VALUE")
    try:
        parsed = _loads(f"value = {value}")
    except InputError as error:
        raise InputError(f"{shortened(key)}: {error}") from None
    except tomllib.TOMLDecodeError:
        return key, value
    # Of several lines the others would be keys of their own.
    return key, parsed["value"] if len(parsed) == 1 else value


def _loads(text: str) -> dict[str, Any]:
    """Parse TOML within the limits, beyond which is an InputError; what is not TOML at all is a `TOMLDecodeError`."""
    if len(text) > MAX_LENGTH:
        raise InputError(f"is too long for a model file; allowed: {MAX_LENGTH} characters")
    # The time that tomllib takes grows with the square of a key's steps.
    if LONG_KEY.search(text):
        raise InputError(f"a key of more than {MAX_STEPS} steps; allowed: {MAX_DEPTH}")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise InputError(TOO_DEEP) from None
    except ValueError as error:  # an integer of thousands of digits, a date such as 2025-02-30
        raise InputError(f"not TOML: {str(error).split(';')[0]}") from None
    check_limits(document)
    return document


def check_limits(value: object) -> None:
    """Check that tables and lists are no deeper than model files need them, and integers those of TOML.

    Parameters
    ----------
    value
        Tables, lists and what is in them.

    Raises
    ------
    InputError
        If they are.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(item, int) and item.bit_length() > 64 for item in level):
            raise InputError("an integer of more than 64 bits; write it with an exponent, as 1e20")
        tables = [item.values() if isinstance(item, Mapping) else item for item in level if isinstance(item, NESTING)]
        if not tables:
            return
        level = [inner for table in tables for inner in table]
    raise InputError(TOO_DEEP)


def on_base(document: Mapping[str, Any], source: str) -> dict[str, Any]:
    """A file that says ``base = "PRESET"``, with what it does not say taken from there.

    Parameters
    ----------
    document
        Tables of the file, with the key ``base``.
    source
        What the file is called, for messages.

    Returns
    -------
    dict
        The file's tables over those of the preset that it builds on.
    """
    own = {key: value for key, value in document.items() if key != "base"}
    name = document["base"]
    if not isinstance(name, str) or name not in list_presets() or name == source:
        raise InputError(f"{source}: base: {unknown_name('preset', name, [n for n in list_presets() if n != source])}")
    below = parse(preset_text(name), name)
    if "base" in below:
        below = on_base(below, name)
    try:
        merged = _merged(below, own)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    forget(merged, own.get("fit"))
    return merged


def forget(document: dict[str, Any], own: object) -> None:
    """Drop ranges, normalisations and profiles of data and parameters that a fit has no more, but for its ``own``.

    Parameters
    ----------
    document
        Tables of a file; changed in place.
    own
        The ``[fit]`` that a user wrote, whose entries stay.
    """
    fit = document.get("fit")
    if not isinstance(fit, dict) or not isinstance(fit.get("data"), list):
        return
    parts = own if isinstance(own, Mapping) else {}

    def said(section: str) -> Any:
        part = parts.get(section)
        return part if isinstance(part, (Mapping, list)) else ()

    names = [name for name in fit["data"] if isinstance(name, str)]
    known = {*names, *(Path(name).stem for name in names)}

    def of_these(item: object) -> bool:
        group = item.get("data") if isinstance(item, dict) else None
        return isinstance(group, list) and all(name in known for name in group if isinstance(name, str))

    for section in ("ranges", "normalisations"):
        entries = fit.get(section)
        if isinstance(entries, dict):
            kept = {name for name, item in entries.items() if name in known or name in said(section) or of_these(item)}
            fit[section] = {name: item for name, item in entries.items() if name in kept}
    profiles, free = fit.get("profiles"), fit.get("parameters")
    if isinstance(profiles, list) and isinstance(free, dict):
        fit["profiles"] = [
            name for name in profiles if not isinstance(name, str) or name in free or name in said("profiles")
        ]


# Tables that are one choice as a whole: they are replaced, not added to.
REPLACED = {("comparison", "mask"), ("comparison", "mask_factor"), ("comparison", "variants")}
TAKEN_OUT = {("fit", "parameters"), ("fit", "normalisations"), ("fit", "ranges")}
# What may follow the name of an entry in these tables; a name may have dots.
ENTRY_KEYS = {"bounds", "prior", "sigma", "data", "from", "to"}


def _taken_out(path: tuple[str, ...], key: str, value: object) -> bool:
    """Whether ``key = false`` takes an entry of a table, or the prior of a parameter, out."""
    prior = key == "prior" and len(path) == 3 and path[:2] == ("fit", "parameters")
    return value is False and (prior or path in TAKEN_OUT)


def _merged(below: Mapping[str, Any], own: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """One document over another; a component of another kind takes the place of the one below.

    A parameter, a normalisation or a range of the fit below is taken out by ``"KEY" = false``.
    """
    merged = dict(below)
    for key, value in own.items():
        lower = below.get(key)
        if _taken_out(path, key, value):
            _take_out(merged, path, key)
            continue
        if isinstance(value, Mapping) and isinstance(lower, Mapping) and (*path, key) not in REPLACED:
            same_kind = lower.get("kind") == value.get("kind", lower.get("kind"))
            value = _merged(lower, value, (*path, key)) if same_kind else value
        merged[key] = value
    return merged


def _take_out(table: dict[str, Any], path: tuple[str, ...], key: str) -> None:
    if key not in table:
        others = unknown_name("entry", key, table) if table else "there are none"
        raise InputError(f"{'.'.join([*path, key])}: there is no such key to take out by false; {others}")
    del table[key]


def absolute_files(document: dict[str, Any], folder: Path) -> bool:
    """Make paths of grids, maps, data and regions absolute, so that the model can be run again from any folder.

    Parameters
    ----------
    document
        Tables of a file; changed in place.
    folder
        Where relative paths begin.

    Returns
    -------
    bool
        Whether any path changed.
    """
    moved = _absolute_data(document.get("fit"), folder)
    moved = _absolute_regions(document.get("comparison"), folder) or moved
    return _absolute_keys(document.get("components"), folder) or moved


def files_named(document: Mapping[str, Any]) -> list[str]:
    """Paths of grids, maps, data, and of masks and catalogues in regions, that a document names.

    Parameters
    ----------
    document
        Tables of a file.

    Returns
    -------
    list of str
        The paths as they stand there, sorted.
    """
    fit = document.get("fit")
    data = fit.get("data") if isinstance(fit, Mapping) else None
    names = {name for name in data or () if isinstance(name, str) and name.endswith(".ecsv")}
    ahead = [document.get("components")]
    while ahead:
        table = ahead.pop()
        if isinstance(table, Mapping):
            ahead.extend(table.values())
            if isinstance(table.get("file"), str):
                names.add(table["file"])
    comparison = document.get("comparison")
    for table in (comparison.get(key) for key in ("mask", "mask_factor")) if isinstance(comparison, Mapping) else ():
        for text in (*table.keys(), *table.values()) if isinstance(table, Mapping) else ():
            names.update(path for path in paths_in(str(text)) if path not in list_catalogues())
    return sorted(names)


def _absolute_keys(table: Any, folder: Path) -> bool:
    """Make the key ``file`` of a table and of the tables in it absolute; give whether any changed."""
    if not isinstance(table, dict):
        return False
    path = table.get("file")
    moved = isinstance(path, str) and not Path(path).is_absolute()
    if moved:
        table["file"] = str(folder / table["file"])
    for part in table.values():
        moved = _absolute_keys(part, folder) or moved
    return moved


def _absolute_regions(comparison: Any, folder: Path) -> bool:
    """Make paths in the regions of a comparison absolute; give whether any changed."""
    if not isinstance(comparison, dict):
        return False
    moved = False
    for key in ("mask", "mask_factor"):
        table = comparison.get(key)
        if isinstance(table, dict):
            comparison[key] = {
                _absolute_text(name, folder): _absolute_text(item, folder) for name, item in table.items()
            }
            moved = moved or comparison[key] != table
    return moved


def _absolute_text(item: Any, folder: Path) -> Any:
    """Text form of a region with absolute paths; anything else as it is."""
    return joined_paths(item, folder, list_catalogues()) if isinstance(item, str) else item


def _absolute_data(fit: Any, folder: Path) -> bool:
    """Make paths of a fit's data absolute, wherever the fit names them; give whether any changed."""
    if not isinstance(fit, dict) or not isinstance(fit.get("data"), list):
        return False
    files = [name for name in fit["data"] if isinstance(name, str) and name.endswith(".ecsv")]
    names = {name: str(folder / name) for name in files if str(folder / name) != name}
    fit["data"] = _renamed(fit["data"], names)
    for key in ("ranges", "normalisations"):
        if isinstance(fit.get(key), dict):
            fit[key] = {names.get(name, name): _renamed(item, names) for name, item in fit[key].items()}
    return bool(names)


def _renamed(item: Any, names: Mapping[str, str]) -> Any:
    """A list of data sets, or a table with such a list (a group), under other names."""
    if isinstance(item, list):
        return [names.get(name, name) if isinstance(name, str) else name for name in item]
    if isinstance(item, dict) and isinstance(item.get("data"), list):
        return {**item, "data": _renamed(item["data"], names)}
    return item


def override(document: dict[str, Any], key: str, value: object) -> None:
    """Set a dotted key of a document; ``false`` takes a fit's parameter, prior, normalisation or range out.

    Parameters
    ----------
    document
        Tables of a file; changed in place.
    key
        Dotted key; steps that hold dots are quoted, as in TOML. In the tables of a fit they need not be: a shell takes
        quotes away.
    value
        New value.

    Raises
    ------
    InputError
        If a part of the key is no table, or what is to be taken out is not there.
    """
    *path, last = _with_names(_steps(key))
    named = key if len(key) <= SHOWN else shortened(key)
    if len(path) >= MAX_DEPTH:
        raise InputError(f"{named}: there is no such key")
    try:
        check_limits(value)
    except InputError as error:
        raise InputError(f"{named}: {error}") from None
    place: Any = document
    for step in path:
        if not isinstance(place, dict):
            break
        place = place.setdefault(step, {})
    if not isinstance(place, dict) or not last:
        raise InputError(f"{named}: there is no such key")
    if _taken_out(tuple(path), last, value):
        _take_out(place, tuple(path), last)
        return
    # The caller's own stays as it is.
    place[last] = copy.deepcopy(value)


def _with_names(steps: list[str]) -> list[str]:
    """Steps of a key with the name of a fit's parameter, normalisation or range in one piece."""
    if tuple(steps[:2]) not in TAKEN_OUT or any("." in step for step in steps):
        return steps
    name = list(takewhile(lambda step: step not in ENTRY_KEYS, steps[2:]))
    return [*steps[:2], *([".".join(name)] if name else []), *steps[2 + len(name) :]]


def _steps(key: str) -> list[str]:
    """Steps of a dotted key; as in TOML, one with dots of its own is quoted: fit.parameters."transport.delta"."""
    try:
        place: Any = _loads(f"{key} = 0")
    except (tomllib.TOMLDecodeError, InputError):
        return key.split(".")
    steps = []
    while isinstance(place, dict) and len(place) == 1:
        ((step, place),) = place.items()
        steps.append(step)
    return steps if place == 0 else key.split(".")


def to_toml(document: Mapping[str, Any], path: str = "") -> str:
    """Write a document of tables, numbers, strings, booleans and lists as TOML.

    Parameters
    ----------
    document
        Tables, numbers, texts, booleans and lists.
    path
        Dotted key of the table, for its heading; empty for the whole file.

    Returns
    -------
    str
        TOML.
    """

    def item(value: object) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return _string(value)
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(item(v) for v in value) + "]"
        return repr(value)

    plain = [f"{_key(k)} = {item(v)}" for k, v in document.items() if not isinstance(v, Mapping)]
    lines = ([f"[{path}]"] if path and (plain or not document) else []) + plain
    text = "\n".join(lines) + ("\n\n" if lines else "")
    for k, v in document.items():
        if isinstance(v, Mapping):
            text += to_toml(v, f"{path}.{_key(k)}" if path else _key(k))
    return text


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)


def _string(text: str) -> str:
    """A basic string: TOML escapes as JSON does, and DEL too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
