"""Options that commands share, and checks of their values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..config import LoadedModel

F = TypeVar("F", bound=Callable[..., Any])


def set_option(function: F) -> F:
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help='Change a key of the model, e.g. components.cocoons.grammage.cutoff="300 TV". May be repeated.',
    )(function)


def rtol_option(function: F) -> F:
    return click.option("--rtol", type=float, default=1e-4, show_default=True, help="Relative accuracy.")(function)


def overwrite_option(function: F) -> F:
    return click.option("--overwrite", is_flag=True, help="Replace existing output.")(function)


def flavour_option(function: F) -> F:
    return click.option(
        "--flavour", help="Neutrinos: per-flavour (at Earth, the default) or all-flavour; a map is converted."
    )(function)


def messenger_option(function: F) -> F:
    return click.option("--messenger", required=True, help="gamma or neutrino.")(function)


def load_settings(model: str, settings: tuple[str, ...]) -> LoadedModel:
    from ..config import load_file
    from ..errors import InputError

    overrides: dict[str, object] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--set {text!r}: write it as KEY=VALUE")
        try:
            overrides[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            overrides[key.strip()] = value.strip()
    return load_file(model, overrides)


def read_energies(text: str, rigidities: bool = False) -> Any:
    import astropy.units as u
    import numpy as np

    from ..errors import InputError
    from ..units import quantity

    if rigidities:
        # What is usual for nuclei, and no unit: per nucleon.
        text = re.sub(r"eV\s*/\s*n(uc|ucleon)?\b", "eV", text)
    wanted = u.GV if rigidities and "V" in text and "eV" not in text else u.GeV
    parts = [quantity(part.strip(), wanted, "--energies") for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError('--energies: write them like "1 TeV, 10 TeV"')
    unit = parts[0].unit
    values = np.array([part.to_value(unit) for part in parts])
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"--energies: {text!r}: energies must be positive and finite")
    return np.unique(values) * unit


def check_out(out: str, endings: tuple[str, ...], overwrite: bool) -> None:
    """Say what is wrong with an output file before anything is computed for it."""
    from ..errors import InputError

    if not out.endswith(endings):
        raise InputError(f"--out {out}: a name ending in {' or '.join(endings)} is needed")
    if Path(out).exists() and not overwrite:
        raise InputError(f"{out}: exists already; use --overwrite to replace it")
    if not Path(out).parent.is_dir():
        raise InputError(f"{out}: cannot write there (no folder {Path(out).parent})")


def check_folder(out: str) -> None:
    from ..errors import InputError

    if not out.strip():
        raise InputError("--out: a folder is needed")


def report_written(out: str, paths: list[Path], quiet: bool) -> None:
    """Say what was made, and what lies beside it from before."""
    from ..outputs import others

    if not quiet:
        click.echo("Written:")
        for path in paths:
            click.echo(f"  {path}")
    if left := others(out, paths):
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        click.echo(f"skycocoon: {out} holds files from before, too: {', '.join(left[:5])}{more}", err=True)


def check_rtol(rtol: float) -> None:
    from ..errors import InputError

    if not 1e-7 <= rtol <= 0.1:
        raise InputError(f"--rtol {rtol:g} is out of range; allowed: 1e-7 to 0.1")


PER_FLAVOUR = "per-flavour"
REGION_HELP = (
    "Name, box:l1,l2,b1,b2, disc:l,b,radius (deg), mask:FILE[,FRAME], sources:CATALOGUE[,PSF[,N]]; joined by | & -, "
    "~ is the complement."
)
