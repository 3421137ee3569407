"""Mistakes of a user: one line that says what is wrong, where, and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "SHOWN",
    "AccuracyWarning",
    "FileWarning",
    "InputError",
    "WorkerError",
    "check_name",
    "check_title",
    "listed",
    "one_line",
    "shortened",
    "unknown_name",
]

# Characters of a user's text that a message repeats.
SHOWN = 80
# Characters of a message.
LINE = 1000
# Names that a line has room for; more than these are data sets and regions.
MANY = 16


class InputError(ValueError):
    """Bad input from the user: one clear line saying what, where and what is allowed.

    The command line prints the message and leaves with exit code 2; in Python it is a `ValueError`.

    Examples
    --------
    >>> from skycocoon import InputError, load_model
    >>> try:
    ...     load_model("papr")
    ... except InputError as error:
    ...     print(error)
    unknown model 'papr'; did you mean 'paper'? ...
    """

    def __init__(self, message: object) -> None:
        super().__init__(one_line(str(message)))


class AccuracyWarning(UserWarning):
    """A requested accuracy could not be reached, or a fit did not converge; the message says what was."""


class FileWarning(UserWarning):
    """A file is not as its standard has it, and is read all the same; the message says what is odd."""


class RangeWarning(UserWarning):
    """A result rests on formulae or data beyond the range that they were made for; the message says by how much."""


class WorkerError(RuntimeError):
    """Workers were lost, and a job cannot go on: one line that says which block, and what may help."""


def one_line(text: str) -> str:
    """Return a message as one line of printable characters, whatever a user's text has brought into it.

    Parameters
    ----------
    text
        The message.

    Returns
    -------
    str
        The same, but for line ends, control characters, and the middle of more than a thousand characters.

    Examples
    --------
    >>> print(one_line("a key\\nwith \\x1b[31m"))
    a key with \\x1b[31m
    """
    line = re.sub(r"\s*[\n\r]\s*", " ", text.strip())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    return line if len(line) <= LINE else f"{line[: LINE - 300]} ... {line[-290:]}"


def shortened(value: object) -> str:
    """Return a value as a message shows it: its `repr`, with a long one's middle left out.

    Parameters
    ----------
    value
        What the user gave.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> shortened("lhaaso")
    "'lhaaso'"
    """
    # Integers of thousands of digits have no decimal form.
    text = hex(value) if isinstance(value, int) and value.bit_length() > 1024 else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 20]}...{text[-17:]}"


def unknown_name(what: str, name: object, allowed: Iterable[str]) -> InputError:
    """Error for an unknown name, with the nearest right one first.

    Parameters
    ----------
    what
        What kind of thing the name should have been, e.g. ``"region"``.
    name
        The name as given.
    allowed
        Every right name.

    Returns
    -------
    InputError
        To be raised.
    """
    names = list(allowed)
    near = difflib.get_close_matches(str(name)[:SHOWN].lower(), names, n=1 if len(names) <= MANY else 3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    if len(names) > MANY:
        return InputError(f"unknown {what} {shortened(name)}{hint or ';'} {listed(names)}")
    return InputError(f"unknown {what} {shortened(name)}{hint + ' A' if near else '; a'}llowed: {listed(names)}")


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists them; of more than a line has room for, where they are listed.

    Parameters
    ----------
    names
        Names of one kind; many only of what `skycocoon show` lists.

    Returns
    -------
    str
        Part of a sentence.
    """
    several = list(names)
    return ", ".join(several) if len(several) <= MANY else f"`skycocoon show` lists all {len(several)}"


def check_name(what: str, name: object, allowed: Iterable[str]) -> str:
    """Return a name if it is allowed.

    Parameters
    ----------
    what
        What kind of thing the name should be, e.g. ``"region"``.
    name
        The name as given.
    allowed
        Every right name.

    Returns
    -------
    str
        The name.

    Raises
    ------
    InputError
        Otherwise; see :func:`unknown_name`.
    """
    names = list(allowed)
    if name not in names:
        raise unknown_name(what, name, names)
    return str(name)


def check_title(what: str, name: object) -> str:
    """Return a name that a table, a file and a figure can hold in one line.

    Parameters
    ----------
    what
        What kind of thing has the name, e.g. ``"component"``.
    name
        The name as given.

    Returns
    -------
    str
        The name.

    Raises
    ------
    InputError
        If it is empty or no text, has letters that cannot be printed, blanks around it, or begins like a comment.
    """
    if isinstance(name, str) and name and name.isprintable() and name == name.strip() and not name.startswith("#"):
        return name
    raise InputError(
        f"{what} {shortened(name)}: a name is printable, has no blanks around it and does not begin with '#'"
    )
