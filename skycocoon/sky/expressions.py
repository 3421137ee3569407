"""The text form of regions: terms, what joins them, and paths of files in it; knows no region."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import InputError

__all__ = [
    "KINDS",
    "MASK_ENDING",
    "Term",
    "bracketed",
    "evaluated",
    "is_compound",
    "is_expression",
    "joined_paths",
    "paths_in",
]

Operand = TypeVar("Operand", bound=Any)

KINDS = {
    "box": "box:l1,l2,b1,b2",
    "disc": "disc:l,b,radius",
    "mask": "mask:FILE[,WORD...]",
    "sources": "sources:CATALOGUE[,PSF[,N]]",
}
"""Words before a colon, and the form of what follows it."""
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "|": lambda one, other: one | other,
    "&": lambda one, other: one & other,
    "-": lambda one, other: one - other,
}
# A minus that joins regions stands between blanks: in names and numbers it does not.
OPERATOR = re.compile(r"\s*(?:([|&])|(?<!\S)(-)(?!\S))\s*")
QUOTED = re.compile(r"""(?<![\w.)\]])(?:"[^"]*"|'[^']*')""")
# Where a path without quotes ends, if commas follow.
PATH_END = re.compile(r"\.(fits?|fts|ecsv|csv|tsv|txt|dat|vot|xml)(\.gz|\.bz2|\.fz)?\s*(?=,|$)", re.IGNORECASE)
MASK_ENDING = re.compile(r"\.(fits?|fts)(\.gz)?$", re.IGNORECASE)
# Longer texts, and brackets in brackets beyond this, are no regions that anybody wrote.
MAX_LENGTH, MAX_BRACKETS = 20_000, 50


@dataclass(frozen=True)
class Term:
    """One region in a text.

    Attributes
    ----------
    text
        The whole of it.
    kind
        A word of :data:`KINDS`, or ``""`` for a name.
    path
        What follows the colon up to its first comma: of masks and sources a path or a name, without quotes.
    words
        What follows, divided by commas.
    """

    text: str
    kind: str
    path: str
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Term:
        """Take a text apart; a path to a FITS file alone is a mask."""
        kind, colon, rest = text.partition(":")
        kind = kind.strip().lower()
        if not colon or kind not in KINDS:
            bare = text.strip("\"'") if QUOTED.fullmatch(text) else text
            return cls(text, "mask" if MASK_ENDING.search(bare) else "", bare)
        rest = rest.strip()
        if kind in ("box", "disc"):
            path, *words = rest.split(",")
            return cls(text, kind, path.strip(), tuple(word.strip() for word in words))
        if quote := QUOTED.match(rest):
            path, rest = quote.group()[1:-1], rest[quote.end() :].lstrip()
            if rest[:1] not in ("", ","):
                raise InputError(f"region {text!r}: a comma is needed behind the file's name, before {rest!r}")
        else:
            end = PATH_END.search(rest)
            cut = end.end() if end else rest.find(",") if "," in rest else len(rest)
            path, rest = rest[:cut].strip(), rest[cut:]
        return cls(text, kind, path, tuple(word.strip() for word in rest[1:].split(",")) if rest else ())

    @property
    def names_file(self) -> bool:
        """Whether it is of a kind that is read from a file."""
        return self.kind in ("mask", "sources")

    def at(self, path: str) -> str:
        """Text of the same term with another path, in quotes where it needs them."""
        return f"{self.kind}:{','.join([quoted(path), *self.words])}"


def quoted(path: str) -> str:
    """A path as it stands in a text: in quotes if it holds what could be taken for something else."""
    if path == path.strip() and not re.search(r"[|&()\"'~,]|\s-\s", path):
        return path
    quote = "'" if '"' in path else '"'
    return f"{quote}{path}{quote}"


def _symbols(text: str) -> Iterator[tuple[str, str]]:
    """Brackets, complements, operators and terms of a text, each with its kind: ``( ) ~ o t``."""
    if len(text) > MAX_LENGTH:
        raise InputError(f"region: its text has {len(text)} letters; allowed: up to {MAX_LENGTH}")
    at, depth, wants_term = 0, 0, True
    while at < len(text):
        letter = text[at]
        if letter.isspace() and not OPERATOR.match(text, at):
            at += 1
        elif wants_term and letter in "(~":
            depth += letter == "("
            if depth > MAX_BRACKETS:
                raise InputError(f"region: more than {MAX_BRACKETS} brackets in one another")
            yield letter, letter
            at += 1
        elif not wants_term and letter == ")":
            depth -= 1
            if depth < 0:
                raise InputError(f"region {text!r}: a ) without its (")
            yield letter, letter
            at += 1
        elif joint := OPERATOR.match(text, at):
            sign = joint.group(1) or joint.group(2)
            if wants_term:
                raise InputError(f"region {text!r}: a region is needed before {sign!r}")
            yield "o", sign
            at, wants_term = joint.end(), True
        elif not wants_term:
            raise InputError(f"region {text!r}: |, & or - is needed before {text[at:]!r}")
        else:
            end = _term_end(text, at)
            if end == at:
                raise InputError(f"region {text!r}: a region is needed before {text[at:]!r}")
            yield "t", text[at:end].rstrip()
            at, wants_term = end, False
    if wants_term:
        raise InputError(f"region {text!r}: a region is needed at its end" if text else "region: a name is needed")
    if depth:
        raise InputError(f"region {text!r}: a ( without its )")


def _term_end(text: str, start: int) -> int:
    """Where a term ends: at an operator or a bracket that closes none of its own."""
    at, depth = start, 0
    while at < len(text):
        if quote := QUOTED.match(text, at):
            at = quote.end()
            continue
        if at > start and OPERATOR.match(text, at):
            break
        depth += (text[at] == "(") - (text[at] == ")")
        if depth < 0:
            break
        at += 1
    return at


def evaluated(text: str, operand: Callable[[Term], Operand]) -> Operand:
    """Value of a text: terms joined from left to right, brackets first, ``~`` for the complement of what follows.

    Parameters
    ----------
    text
        Text form of a region.
    operand
        Value of a term; values have the operators ``|``, ``&``, ``-`` and ``~``.

    Returns
    -------
    object
        The value.

    Raises
    ------
    InputError
        For a text that is no such form, or is too long.
    """
    # Of each bracket that is open: the value so far, the operator behind it, and whether what comes is turned.
    levels: list[tuple[Any, str, bool]] = []
    value: Any = None
    sign, turned = "", False
    for kind, symbol in _symbols(text.strip()):
        if kind == "o":
            sign = symbol
        elif kind == "~":
            turned = not turned
        elif kind == "(":
            levels.append((value, sign, turned))
            value, sign, turned = None, "", False
        else:
            if kind == "t":
                right = operand(Term.of(symbol))
            else:
                right = value
                value, sign, turned = levels.pop()
            right = ~right if turned else right
            value, turned = (OPERATORS[sign](value, right) if sign else right), False
    return value


def is_compound(text: str) -> bool:
    """Whether a text joins regions by operators outside brackets."""
    try:
        depth = 0
        for kind, _ in _symbols(text):
            depth += (kind == "(") - (kind == ")")
            if kind == "o" and not depth:
                return True
    except InputError:
        return False
    return False


def is_expression(text: str) -> bool:
    """Whether a text can only be meant as a region: a kind and a colon, a complement, or regions that are joined."""
    kind, colon, _ = text.partition(":")
    return bool(colon and kind.strip("~( ").lower() in KINDS) or text.startswith(("~", "(")) or is_compound(text)


def bracketed(name: str) -> str:
    """A name in brackets if it joins regions, so that it can stand behind an operator."""
    return f"({name})" if is_compound(name) else name


def paths_in(text: str) -> list[str]:
    """Paths and names of what a text reads: of masks and of catalogues.

    Parameters
    ----------
    text
        Text form of a region.

    Returns
    -------
    list of str
        As they stand there, without quotes; none if it is no text form.
    """
    try:
        terms = [Term.of(symbol) for kind, symbol in _symbols(text.strip()) if kind == "t"]
    except InputError:
        return []
    return [term.path for term in terms if term.names_file]


def joined_paths(text: str, folder: Path, names: list[str]) -> str:
    """Text with paths that begin at a folder made absolute.

    Parameters
    ----------
    text
        Text form of a region.
    folder
        Where relative paths in it begin.
    names
        What is no path: names of shipped catalogues.

    Returns
    -------
    str
        The same text if nothing changes, or if it is no text form.
    """
    try:
        symbols = list(_symbols(text.strip()))
        terms = [Term.of(symbol) if kind == "t" else None for kind, symbol in symbols]
    except InputError:
        return text
    parts, changed = [], False
    for (kind, symbol), term in zip(symbols, terms, strict=True):
        if term is not None and term.names_file and term.path not in names and not Path(term.path).is_absolute():
            symbol, changed = term.at(str(folder / term.path)), True
        parts.append(f" {symbol} " if kind == "o" else symbol)
    return "".join(parts) if changed else text
