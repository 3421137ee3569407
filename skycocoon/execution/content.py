"""What an object holds, as a number that is the same in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np

__all__ = ["content_digest"]


def content_digest(*things: object) -> str:
    """SHA-256 of what objects hold: equal content, equal digest, in whatever process.

    Parameters
    ----------
    *things
        Dataclasses, mappings, sequences, arrays, Quantities, numbers, texts, and module-level functions by their name.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    TypeError
        For an object of another kind.

    Examples
    --------
    >>> content_digest([1.0, "TeV"]) == content_digest((1.0, "TeV"))
    True
    >>> content_digest(1.0) == content_digest(1)
    False
    """
    digest = hashlib.sha256()
    for part in _parts(things):
        # Lengths keep ("ab", "c") from ("a", "bc").
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()


def _parts(thing: Any) -> Iterator[bytes]:
    """Yield an object's content piece by piece; each piece begins a kind or is a value."""
    if thing is None or isinstance(thing, (bool, int, float, str, bytes, Path)):
        yield f"{type(thing).__name__} {thing!r}".encode()
    elif isinstance(thing, u.Quantity):
        yield b"quantity " + thing.unit.to_string().encode()
        yield from _parts(np.asarray(thing.value))
    elif isinstance(thing, (np.ndarray, np.generic)):
        array = np.asarray(thing)
        if array.dtype.hasobject:
            raise TypeError(f"no digest of an array of {array.dtype}")
        yield f"array {array.dtype.str} {array.shape}".encode()
        yield np.ascontiguousarray(array).tobytes()
    elif is_dataclass(thing) and not isinstance(thing, type):
        # What __post_init__ works out follows from the rest.
        own = [field.name for field in fields(thing) if field.init]
        yield f"{type(thing).__qualname__} of {len(own)}".encode()
        for name in own:
            yield name.encode()
            yield from _parts(getattr(thing, name))
    elif isinstance(thing, Mapping):
        yield b"mapping of %d" % len(thing)
        for key in sorted(thing):
            yield from _parts(key)
            yield from _parts(thing[key])
    elif isinstance(thing, Sequence):
        yield b"sequence of %d" % len(thing)
        for item in thing:
            yield from _parts(item)
    elif hasattr(thing, "__qualname__"):
        yield f"{thing.__module__}.{thing.__qualname__}".encode()
    else:
        raise TypeError(f"no digest of {type(thing).__name__}")
