"""Texts in our files: FITS holds printable ASCII without blanks at the end, and what is read is what was written."""

from __future__ import annotations

from typing import Any

__all__ = ["OWN_ROWS", "component_of", "escaped", "provenance", "short", "unescaped"]

# First rows of the table PROVENANCE, in this order; those that follow are the map's `meta`.
OWN_ROWS = ("messenger", "flavour", "component")
# Letters of a name in a header, which is for people; the table has all of it.
SHORT = 60


def escaped(text: object) -> str:
    r"""Write a text as FITS can hold it; :func:`unescaped` turns it back.

    Line ends are kept, so that the model's TOML can be read in the file. Blanks and line ends at the end, which
    readers take away, are escaped.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        In ASCII.

    Examples
    --------
    >>> print(escaped("$\\nu$ of π0 "))
    $\\nu$ of \u03c00\x20
    """
    lines = str(text).split("\n")
    ascii_text = "\n".join(line.encode("unicode_escape").decode("ascii") for line in lines)
    body = ascii_text.rstrip(" \n")
    return body + "".join(f"\\x{ord(letter):02x}" for letter in ascii_text[len(body) :])


def unescaped(text: str) -> str:
    """Read what :func:`escaped` wrote; a text that it cannot have written comes back as it is."""
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return text


def short(text: str) -> str:
    """Write the beginning of a text in one line of a header, escaped, no letter cut in two."""
    text = str(text)[:SHORT]
    while True:
        line = escaped(text).replace("\n", "\\n")
        if len(line.replace("'", "''")) <= SHORT:  # A quote is written twice.
            return line
        text = text[:-1]


def _rows(file: Any) -> list[tuple[str, str]]:
    """Keys and values of the table PROVENANCE; none without one."""
    for hdu in file:
        if hdu.name == "PROVENANCE" and hasattr(hdu, "columns"):
            names = [name.upper() for name in hdu.columns.names]
            if names == ["KEY", "VALUE"]:
                columns = (hdu.data.field(k) for k in (0, 1))
                return [(unescaped(str(k)), unescaped(str(v))) for k, v in zip(*columns, strict=True)]
    return []


def provenance(file: Any) -> dict[str, str]:
    """Read how a map was made, as our files have it; {} of another."""
    rows = _rows(file)
    own = next((k for k, (row, name) in enumerate(zip(rows, OWN_ROWS, strict=False)) if row[0] != name), len(OWN_ROWS))
    return dict(rows[own:])


def component_of(file: Any, header: Any) -> str:
    """Name of what a map's values are of, from PROVENANCE, or from the header where that was changed.

    Parameters
    ----------
    file
        Tables of the file.
    header
        Header of the map's table.

    Returns
    -------
    str
        The name; ``"total"`` if the file says none.
    """
    in_header = str(header.get("COMPONEN", ""))
    names = [value for key, value in _rows(file)[: len(OWN_ROWS)] if key == "component"]
    if names and short(names[0]).rstrip() == in_header.rstrip():
        return names[0]
    return unescaped(in_header) or "total"
