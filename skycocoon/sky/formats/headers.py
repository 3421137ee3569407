"""Headers of our maps' files, and the small tables that go with a map; checksums of FITS (standard 4.0, appendix J)."""

from __future__ import annotations

import io
from typing import Any

import astropy.units as u
import numpy as np

from ..convention import FLAVOURS
from .container import FITS_BLOCK
from .fields import MapHead
from .statements import UNIT_TEXT

__all__ = ["add_words", "first_hdu", "last_hdus", "map_header", "sealed"]

# The name that gammapy knows; healpy takes whatever comes first.
PIXEL_COLUMN = "PIX"
# In place of the date that others write, so that the same map is the same bytes.
CHECKED = "as skycocoon wrote it"
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


def sealed(header: Any, datasum: int) -> bytes:
    """Bytes of a header with its checksums.

    Parameters
    ----------
    header
        Header of a table.
    datasum
        Checksum of the table's data.

    Returns
    -------
    bytes
        Whole FITS blocks, as many for any ``datasum``.
    """
    header = header.copy()
    header["DATASUM"] = (str(datasum), f"data {CHECKED}")
    header["CHECKSUM"] = ("0" * 16, f"HDU {CHECKED}")
    header["CHECKSUM"] = _as_text(add_words(_sum_of(header.tostring().encode("ascii")), datasum))
    return bytes(header.tostring().encode("ascii"))


def _ascii(text: object) -> str:
    """A text as FITS can hold it; ``unicode_escape`` turns it back."""
    return str(text).replace("\\", "\\\\").encode("ascii", "backslashreplace").decode("ascii")


def map_header(head: MapHead, kind: str) -> Any:
    """Header of a map's table, without checksums.

    Parameters
    ----------
    head
        What the map is of.
    kind
        FITS letter of the values: ``"E"`` for single, ``"D"`` for double precision.

    Returns
    -------
    astropy.io.fits.Header
        Of a table with a row per pixel.
    """
    from astropy.io import fits

    pixels = head.pixels
    columns = [] if pixels.are_all else [fits.Column(PIXEL_COLUMN, "J")]
    columns += [fits.Column(f"ENERGY{k}", kind, unit=UNIT_TEXT) for k in range(1, head.energy.size + 1)]
    header = fits.BinTableHDU.from_columns(columns, nrows=0, name="SKYMAP").header
    header["NAXIS2"] = pixels.size
    header["PIXTYPE"] = "HEALPIX"
    header["ORDERING"] = "RING"
    header["COORDSYS"] = ("GAL", "Galactic")
    header["NSIDE"] = pixels.nside
    header["ORDER"] = (pixels.nside.bit_length() - 1, "2^ORDER = NSIDE")
    header["FIRSTPIX"] = int(pixels.ring[0])
    header["LASTPIX"] = int(pixels.ring[-1])
    header["INDXSCHM"] = "IMPLICIT" if pixels.are_all else "EXPLICIT"
    header["OBJECT"] = "FULLSKY" if pixels.are_all else "PARTIAL"
    header["BUNIT"] = (UNIT_TEXT, "at the nodes, pixel means")
    header["MESSENGR"] = (head.messenger, "gamma or neutrino")
    if head.flavour:
        header["FLAVOUR"] = (head.flavour, "nu + anti-nu; per flavour: at Earth")
    header["COMPONEN"] = (_ascii(head.component)[:60], "what was summed")
    return header


def first_hdu(head: MapHead) -> bytes:
    """Bytes of the primary HDU, which has no data."""
    from astropy.io import fits

    header = fits.PrimaryHDU().header
    header["CREATOR"] = ("skycocoon", "https://arxiv.org/abs/2503.14651")
    if "version" in head.meta:
        header["VERSION"] = head.meta["version"]
    return sealed(header, 0)


def last_hdus(head: MapHead) -> bytes:
    """Bytes of the tables ENERGIES and PROVENANCE."""
    from astropy.io import fits

    energies = fits.BinTableHDU.from_columns(
        [fits.Column("Energy", "D", unit="MeV", array=head.energy.to_value(u.MeV))], name="ENERGIES"
    )
    return _table_bytes(energies) + _table_bytes(_provenance_table(head))


def _table_bytes(table: Any) -> bytes:
    """Bytes of a small table with its checksums."""
    buffer = io.BytesIO()
    table.writeto(buffer)
    # astropy puts an empty primary HDU of one block before a table.
    data = buffer.getvalue()[FITS_BLOCK + len(table.header.tostring()) :]
    return sealed(table.header, _sum_of(data)) + data


def _provenance_table(head: MapHead) -> Any:
    """Return the table of keys and values that say how a map was made; FITS text is ASCII."""
    from astropy.io import fits

    flavour = {"flavour": FLAVOURS[head.flavour]} if head.flavour else {}
    meta = {"messenger": head.messenger, **flavour, **head.meta}
    keys = [str(key) for key in meta]
    texts = [_ascii(value) for value in meta.values()]
    return fits.BinTableHDU.from_columns(
        [
            fits.Column("key", f"{max(map(len, keys))}A", array=np.array(keys)),
            fits.Column("value", f"{max([1, *map(len, texts)])}A", array=np.array(texts)),
        ],
        name="PROVENANCE",
    )
