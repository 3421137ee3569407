"""Headers of our maps' files, and the small tables that go with a map; checksums of FITS (standard 4.0, appendix J)."""

from __future__ import annotations

from collections.abc import Sequence

import astropy.units as u
import numpy as np

from ..convention import FLAVOURS
from .container import FITS_BLOCK
from .fields import MapHead
from .statements import UNIT_TEXT
from .texts import OWN_ROWS, escaped, short

__all__ = ["PIXEL_COLUMN", "Card", "add_words", "first_hdu", "last_hdus", "map_header", "sealed"]

Card = tuple[str, str | int | bool, str]
"""Key, value and comment."""

# The name that gammapy knows; healpy takes whatever comes first.
PIXEL_COLUMN = "PIX"
# In place of the date that others write, so that the same map is the same bytes.
CHECKED = "as skycocoon wrote it"
# Bytes of a value, by its format's letter.
SIZES = {"A": 1, "J": 4, "E": 4, "D": 8}
# Letters of a text in a record, quotes counted twice.
MAX_TEXT = 66
# Punctuation that a checksum's text may not have.
EXCLUDED = (*range(0x3A, 0x41), *range(0x5B, 0x61))


def add_words(one: int, other: int) -> int:
    """Ones' complement sum of two sums of 32-bit words, the checksum of FITS.

    Parameters
    ----------
    one, other
        Sums of words; one that is not folded yet may be larger than 32 bits.

    Returns
    -------
    int
        Their sum, of 32 bits.
    """
    total = one + other
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def _sum_of(content: bytes) -> int:
    """Ones' complement sum of the 32-bit words of whole FITS blocks."""
    return add_words(int(np.frombuffer(content, dtype=">u4").sum(dtype=np.uint64)), 0)


def _as_text(checksum: int) -> str:
    """Write the complement of a checksum as 16 letters and digits that add up to it."""
    columns = []
    for value in (0xFFFFFFFF - checksum).to_bytes(4, "big"):
        letters = [value // 4 + 0x30] * 4
        letters[0] += value % 4
        while any(letter in EXCLUDED for letter in letters):
            for k in (0, 2):
                if letters[k] in EXCLUDED or letters[k + 1] in EXCLUDED:
                    letters[k] += 1
                    letters[k + 1] -= 1
        columns.append(letters)
    text = "".join(chr(columns[byte][k]) for k in range(4) for byte in range(4))
    return text[-1] + text[:-1]


def _card(key: str, value: str | int | bool, comment: str) -> str:
    """One record of a header, 80 letters."""
    if isinstance(value, str):
        text = value
        while len(quoted := text.replace("'", "''")) > MAX_TEXT:
            text = text[:-1]
        shown = f"'{quoted:<8}'"
    else:
        shown = f"{'T' if value is True else value:>20}"
    return f"{key:<8}= {shown:<20}{' / ' + comment if comment else ''}"[:80].ljust(80)


def sealed(cards: Sequence[Card], datasum: int) -> bytes:
    """Bytes of a header with its checksums.

    Parameters
    ----------
    cards
        Records of the header.
    datasum
        Checksum of the table's data.

    Returns
    -------
    bytes
        Whole FITS blocks, as many for any ``datasum``.
    """
    before = "".join(_card(*card) for card in cards)
    after = f"{_card('DATASUM', str(datasum), f'data {CHECKED}')}{'END':<80}"

    def block(checksum: str) -> bytes:
        text = f"{before}{_card('CHECKSUM', checksum, f'HDU {CHECKED}')}{after}"
        return text.ljust(-(-len(text) // FITS_BLOCK) * FITS_BLOCK).encode("ascii")

    return block(_as_text(add_words(_sum_of(block("0" * 16)), datasum)))


def _table_cards(name: str, rows: int, columns: Sequence[tuple[str, str, str]]) -> list[Card]:
    """First records of a table's header: its columns are a name, a format and a unit, which may be empty."""
    width = sum(SIZES[form[-1]] * int(form[:-1] or 1) for _, form, _ in columns)
    cards: list[Card] = [
        ("XTENSION", "BINTABLE", "binary table extension"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 2, "number of array dimensions"),
        ("NAXIS1", width, "bytes in a row"),
        ("NAXIS2", rows, "number of rows"),
        ("PCOUNT", 0, "number of group parameters"),
        ("GCOUNT", 1, "number of groups"),
        ("TFIELDS", len(columns), "number of table fields"),
    ]
    for k, (title, form, unit) in enumerate(columns, start=1):
        cards += [(f"TTYPE{k}", title, ""), (f"TFORM{k}", form, "")]
        cards += [(f"TUNIT{k}", unit, "")] if unit else []
    return [*cards, ("EXTNAME", name, "extension name")]


def _table(cards: Sequence[Card], data: bytes) -> bytes:
    """Bytes of a small table with its checksums."""
    data += bytes(-len(data) % FITS_BLOCK)
    return sealed(cards, _sum_of(data)) + data


def map_header(head: MapHead, kind: str) -> list[Card]:
    """Header of a map's table, without checksums.

    Parameters
    ----------
    head
        What the map is of.
    kind
        FITS letter of the values: ``"E"`` for single, ``"D"`` for double precision.

    Returns
    -------
    list
        Records of the header of a table with a row per pixel.
    """
    pixels = head.pixels
    columns = [] if pixels.are_all else [(PIXEL_COLUMN, "J", "")]
    columns += [(f"ENERGY{k}", kind, UNIT_TEXT) for k in range(1, head.energy.size + 1)]
    cards: list[Card] = [
        ("PIXTYPE", "HEALPIX", ""),
        ("ORDERING", "RING", ""),
        ("COORDSYS", "GAL", "Galactic"),
        ("NSIDE", pixels.nside, ""),
        ("ORDER", pixels.nside.bit_length() - 1, "2^ORDER = NSIDE"),
        ("FIRSTPIX", int(pixels.ring[0]), ""),
        ("LASTPIX", int(pixels.ring[-1]), ""),
        ("INDXSCHM", "IMPLICIT" if pixels.are_all else "EXPLICIT", ""),
        ("OBJECT", "FULLSKY" if pixels.are_all else "PARTIAL", ""),
        ("BUNIT", UNIT_TEXT, "at the nodes, pixel means"),
        ("MESSENGR", head.messenger, "gamma or neutrino"),
    ]
    if pixels.hpx_region:
        cards.append(("HPX_REG", pixels.hpx_region, ""))
    if head.flavour:
        cards.append(("FLAVOUR", head.flavour, "nu + anti-nu; per flavour: at Earth"))
    cards.append(("COMPONEN", short(head.component), "what was summed"))
    return _table_cards("SKYMAP", pixels.size, columns) + cards


def first_hdu(head: MapHead) -> bytes:
    """Bytes of the primary HDU, which has no data."""
    cards: list[Card] = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 0, "number of array dimensions"),
        ("EXTEND", True, ""),
        ("CREATOR", "skycocoon", "https://arxiv.org/abs/2503.14651"),
    ]
    if "version" in head.meta:
        cards.append(("VERSION", short(head.meta["version"]), ""))
    return sealed(cards, 0)


def last_hdus(head: MapHead) -> bytes:
    """Bytes of the tables ENERGIES and PROVENANCE, the keys and values that say how a map was made."""
    energies = _table_cards("ENERGIES", head.energy.size, [("Energy", "D", "MeV")])
    flavour = FLAVOURS[head.flavour] if head.flavour else ""
    own = dict(zip(OWN_ROWS, (head.messenger, flavour, head.component), strict=True))
    # Pairs, not a dictionary: a key of the user's may be called as one of ours.
    texts = [(escaped(k), escaped(v)) for k, v in (*own.items(), *head.meta.items())]
    widths = [max(1, *map(len, side)) for side in zip(*texts, strict=True)]
    columns = [(name, f"{width}A", "") for name, width in zip(("key", "value"), widths, strict=True)]
    # Shorter texts end in zero bytes, which are no part of them.
    rows = "".join(key.ljust(widths[0], "\0") + value.ljust(widths[1], "\0") for key, value in texts)
    return _table(energies, head.energy.to_value(u.MeV).astype(">f8").tobytes()) + _table(
        _table_cards("PROVENANCE", len(texts), columns), rows.encode("ascii")
    )
