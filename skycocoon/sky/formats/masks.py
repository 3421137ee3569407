"""Reading masks from FITS files: which column, which pixels, and which of them count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError, unknown_name
from .. import healpix, ranges
from ..ranges import MaskRule
from .container import INDEX_COLUMNS, column_names, column_values, index_place, inherit, nside_of_header, open_whole
from .statements import agreed, stated

__all__ = ["MaskFields", "MaskStatements", "read_mask"]

FRAME_KEYS = ("COORDSYS", "SKYCOORD", "COORDTYPE")
HEALPIX_KEYS = ("PIXTYPE", "ORDERING", "NSIDE", "INDXSCHM", "MOCORDER", "MOCORD_S")
# What may stand behind the name of a file; frames have shorter names, too.
WORDS = ("galactic", "celestial", "ecliptic", "RING", "NESTED", "column=NAME", "above=NUMBER", "inverted")


@dataclass(frozen=True)
class MaskStatements:
    """What the caller says of a mask's file.

    Attributes
    ----------
    frame
        ``"galactic"``, ``"celestial"`` or ``"ecliptic"``, where the file does not say; else it must agree.
    nest
        Whether its pixels are in NESTED rather than RING order, likewise.
    column
        Name of the column, or its number as in the keys TTYPE1, TTYPE2, ...; needed if there are several.
    rule
        Which values keep a pixel.
    """

    frame: str = ""
    nest: bool | None = None
    column: str | int | None = None
    rule: MaskRule = field(default_factory=MaskRule)

    @classmethod
    def of_words(cls, words: Iterable[str]) -> MaskStatements:
        """Statements of the words behind a file's name in the text form of a region.

        Parameters
        ----------
        words
            A frame, ``RING`` or ``NESTED``, ``column=NAME``, ``above=0.5``, ``inverted``, in any order; empty ones
            say nothing.

        Returns
        -------
        MaskStatements
            What they say.

        Raises
        ------
        InputError
            For a word that is none of these, or one that is said twice.
        """
        said: dict[str, Any] = {}
        for word in filter(None, words):
            key, equals, value = (part.strip() for part in word.partition("="))
            key = key.lower()
            if equals and key in ("column", "above"):
                new: dict[str, Any] = {key: value}
            elif word.lower() == "inverted":
                new = {"inverted": True}
            elif word.upper() in ("RING", "NEST", "NESTED"):
                new = {"nest": word.upper() != "RING"}
            elif word.upper() in healpix.FRAMES:
                new = {"frame": word}
            else:
                raise unknown_name("word", word, WORDS)
            if twice := said.keys() & new.keys():
                raise InputError(f"{twice.pop()} is said twice")
            said |= new
        rule = MaskRule.of(said.pop("above", None), said.pop("inverted", False))
        return cls(rule=rule, **said)

    @property
    def words(self) -> list[str]:
        """The same statements as words, in one order and spelling, so that equal masks have equal names."""
        frame = [WORDS["GCE".index(healpix.frame_letter(self.frame))]] if self.frame else []
        ordering = [] if self.nest is None else ["NESTED" if self.nest else "RING"]
        column = [] if self.column is None else [f"column={self.column}"]
        above = [] if self.rule.above is None else [f"above={self.rule.above!r}"]
        return [*frame, *ordering, *column, *above, *["inverted"] * self.rule.inverted]


@dataclass(frozen=True, eq=False)
class MaskFields:
    """A mask as plain fields.

    Attributes
    ----------
    edges, nside
        Ranges of NESTED pixels that count, as :func:`skycocoon.sky.ranges.of_numbers` gives them, and their resolution.
    frame
        ``"G"``, ``"C"`` or ``"E"``.
    column
        Name of the column that was read; empty for a list of cells (MOC).
    """

    edges: healpix.Indices
    nside: int
    frame: str
    column: str


def read_mask(path: str | Path, statements: MaskStatements) -> MaskFields:
    """Read a HEALPix mask: a full sky, a part of it with pixel numbers, or cells of several resolutions (MOC).

    Pixels that the file does not have are outside. Nothing is guessed: what a file does not say is asked for.

    Parameters
    ----------
    path
        A FITS file, which may be compressed with gzip.
    statements
        What the caller says of it.

    Returns
    -------
    MaskFields
        The pixels that count.

    Raises
    ------
    InputError
        If the file is missing, truncated, corrupt or holds no mask; for several columns and no choice; pixel numbers
        that are not of its NSIDE or occur twice; and where file and caller contradict one another or say nothing.
    """
    from astropy.io.fits import VerifyError

    with open_whole(path, "a HEALPix mask") as file:
        try:
            return _mask_fields(file, statements)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        except (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, VerifyError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(f"{path}: not a HEALPix mask ({reason})") from None


def _mask_fields(file: Any, statements: MaskStatements) -> MaskFields:
    tables = _tables(file)
    inherit(file)
    table, place = _chosen(tables, statements.column)
    column = "" if place is None else table.columns.names[place]
    rule = statements.rule if place is None else _with_missing(statements.rule, table, place)
    if _lists_cells(table):
        edges, nside = _cells(table, place, rule)
    else:
        edges, nside = _pixels(table, place, rule, _is_nested(table.header, statements.nest))
    if not edges.size:
        raise InputError("the mask leaves no pixel, the region is empty" + (f" (column {column})" if column else ""))
    return MaskFields(edges, nside, _frame(table.header, statements.frame), column)


def _tables(file: Any) -> list[Any]:
    """Tables of a file that hold HEALPix pixels."""
    tables = [hdu for hdu in file if hasattr(hdu, "columns") and hdu.data is not None and len(hdu.columns)]
    own = [table for table in tables if any(key in table.header for key in HEALPIX_KEYS)]
    # Older files say in the primary header what their tables are.
    if not own:
        own = [t for t in tables if _is_full_sky(t) or index_place(t) is not None or _lists_cells(t)]
    if not own:
        names = ", ".join(f"{table.name or 'unnamed'} ({', '.join(table.columns.names[:3])})" for table in tables)
        images = any(getattr(hdu, "is_image", False) and hdu.data is not None for hdu in file)
        raise InputError(
            f"no HEALPix table; its tables: {names or 'none'}"
            + ("; it holds an image, and masks are HEALPix maps" if images and not tables else "")
        )
    return own


def _is_full_sky(table: Any) -> bool:
    sizes = {column_values(table, place).size for place in range(len(table.columns))}
    return len(sizes) == 1 and healpix.nside_of(sizes.pop()) is not None


def _chosen(tables: Sequence[Any], wanted: str | int | None) -> tuple[Any, int | None]:
    """Table and place of the column that is the mask; no place for cells without values."""
    places = [
        (table, place)
        for table in tables
        for place in range(len(table.columns))
        if place != (0 if _lists_cells(table) else index_place(table))
    ]
    names = ", ".join(table.columns.names[place] for table, place in places)
    if wanted is None:
        if len(places) == 1:
            return places[0]
        if not places and any(_lists_cells(table) for table in tables):
            return next(table for table in tables if _lists_cells(table)), None
        raise InputError(
            f"it has {len(places)} columns: {names}; say which is the mask, e.g. column={names.split(', ')[-1]}"
            if places
            else "it has no column of values"
        )
    text = str(wanted).strip()
    right = [(table, place) for table, place in places if table.columns.names[place].strip().lower() == text.lower()]
    if not right and text.isdecimal():
        right = [(table, place) for table, place in places if place == int(text) - 1]
    if len(right) == 1:
        return right[0]
    if right:
        raise InputError(f"{len(right)} of its tables have a column {text}: {', '.join(t.name for t, _ in right)}")
    raise InputError(f"no column {text!r} of values; there are: {names or 'none'} (or a number from 1, as in TTYPE1)")


def _ordering(table: Any) -> str:
    return str(table.header.get("ORDERING", "")).strip().upper()


def _lists_cells(table: Any) -> bool:
    return _ordering(table) in ("NUNIQ", "RANGE", "RANGE29") or column_names(table)[0] == "UNIQ"


def _with_missing(rule: MaskRule, table: Any, place: int) -> MaskRule:
    """The rule, and what the table says of values that are none: BAD_DATA, and TNULL of integers."""
    column, missing = table.columns[place], []
    if isinstance(bad := table.header.get("BAD_DATA"), (int, float)):
        missing.append(float(bad))
    if column.null not in (None, ""):
        scale, zero = (one if isinstance(one, (int, float)) else None for one in (column.bscale, column.bzero))
        missing.append(float(column.null) * (scale or 1) + (zero or 0))
    return replace(rule, missing=tuple(missing))


def _is_nested(header: Any, given: bool | None) -> bool:
    def parse(text: str) -> bool:
        if text.upper() not in ("RING", "NEST", "NESTED"):
            raise InputError(f"ORDERING {text!r}; RING, NESTED or NUNIQ is needed")
        return text.upper() != "RING"

    said = None if given is None else "NESTED" if given else "RING"
    nested: bool | None = agreed("ordering", stated([header], "ORDERING"), said, parse)
    if nested is None:
        raise InputError("the header has no ORDERING; say nest=False or True (mask:FILE,RING or mask:FILE,NESTED)")
    return nested


def _frame(header: Any, given: str) -> str:
    """Agree on the frame, as a letter: the file's, the caller's, or both if they are the same."""
    in_file = stated([header], *FRAME_KEYS)
    if given and in_file and healpix.frame_letter(in_file[0]) != healpix.frame_letter(given):
        raise InputError(f"its header says {in_file[0]!r} of the frame, not {given!r}")
    letter: str | None = agreed("frame", in_file, given or None, healpix.frame_letter)
    if letter is None:
        raise InputError(
            "the header has no COORDSYS; say frame='galactic', 'celestial' or 'ecliptic' (mask:FILE,galactic)"
        )
    return letter


def _pixels(table: Any, place: int | None, rule: MaskRule, nested: bool) -> tuple[healpix.Indices, int]:
    """Ranges of kept pixels of a full sky or of a part of it, and their resolution."""
    if place is None:
        raise InputError("it has no column of values")
    values, listed = column_values(table, place), index_place(table)
    ranges.check_numbers(values)
    if listed is None:
        nside = nside_of_header(table.header) if "NSIDE" in table.header else None
        if nside is not None and values.size != 12 * nside**2:
            raise InputError(
                f"{values.size} pixels are no full sky of NSIDE {nside}, which has {12 * nside**2}; a part of the sky "
                f"needs a column of pixel numbers, called {', '.join(INDEX_COLUMNS)}"
            )
        return ranges.of_values(values, nested, rule)
    nside, raw = nside_of_header(table.header), column_values(table, listed)
    ranges.check_numbers(raw)
    numbers = raw.astype(np.int64)
    if numbers.size != values.size:
        raise InputError(f"{numbers.size} pixel numbers for {values.size} pixels")
    wrong = (numbers != raw) | (numbers < 0) | (numbers >= 12 * nside**2)
    if wrong.any():
        raise InputError(
            f"pixel number {raw[np.argmax(wrong)]:g} is none of NSIDE {nside}, which has 0 to {12 * nside**2 - 1}"
        )
    pixels = numbers if nested else healpix.reorder(numbers, nside, to_nest=True)
    ordered = np.sort(numbers)
    if (twice := ordered[1:][np.diff(ordered) == 0]).size:
        raise InputError(f"pixel number {twice[0]} is there twice")
    return ranges.of_numbers(pixels[rule(values)]), nside


def _cells(table: Any, place: int | None, rule: MaskRule) -> tuple[healpix.Indices, int]:
    """Ranges of kept cells of a MOC, or of a map of several resolutions, and the finest resolution."""
    if str(table.header.get("MOCDIM", "SPACE")).strip().upper() != "SPACE":
        raise InputError(f"MOCDIM {table.header['MOCDIM']!r}; a MOC of SPACE is needed")
    numbers = column_values(table, 0)
    if numbers.dtype.kind not in "iu":
        raise InputError(f"column {table.columns.names[0]!r}: whole numbers of cells are needed")
    if _ordering(table) in ("RANGE", "RANGE29"):
        pairs = numbers.astype(np.int64).reshape(-1, 2)
        starts, ends = pairs[:, 0], pairs[:, 1]
        if not np.all((starts >= 0) & (starts < ends) & (ends <= 12 * 4**ranges.MAX_ORDER)):
            raise InputError("its ranges are none of HEALPix numbers at order 29")
    else:
        starts, ends = ranges.of_uniq(numbers)
    if place is None and rule.above is not None:
        raise InputError("above goes with values, and a MOC is a list of cells")
    if place is not None:
        order = np.argsort(starts, kind="stable")
        if np.any(starts[order][1:] < ends[order][:-1]):
            raise InputError("its cells overlap")
        kept = rule(column_values(table, place))
        starts, ends = starts[kept], ends[kept]
    if not starts.size:
        return starts, 1
    edges, nside = ranges.of_cells(starts, ends)
    return (ranges.turned(edges, nside) if place is None and rule.inverted else edges), nside
