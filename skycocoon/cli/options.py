"""Options that commands share: what a command is asked of, where its output goes, and checks of their values."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..config import LoadedModel
    from ..sky import Region

__all__ = [
    "FIGURE_ENDINGS",
    "MAP_ENDINGS",
    "PER_FLAVOUR",
    "REGION_HELP",
    "Command",
    "Layout",
    "Machines",
    "Output",
    "Source",
    "check_file",
    "flavour_option",
    "gathered",
    "is_map",
    "machines_options",
    "messenger_option",
    "overwrite_option",
    "quiet_option",
    "read_energies",
    "rtol_option",
    "set_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

# Of a scheduler: protocol, host and port, or its file.
DASK = re.compile(r"(?:(?:tcp|tls|ucx|wss?)://)?[^\s/]+:\d+|inproc://\S+|.+\.json")
PER_FLAVOUR = "per-flavour"
REGION_HELP = (
    "Name, all-sky, box:l1,l2,b1,b2, disc:l,b,radius (deg), mask:FILE (1 is kept; behind commas a frame, RING or "
    "NESTED, column=NAME, above=0.5, inverted), sources:CATALOGUE[,PSF[,N]]; joined by | & -, ( ) first, ~ is the "
    "complement."
)
FIGURE_ENDINGS = (".png", ".pdf", ".svg")
MAP_ENDINGS = (".fits", ".fits.gz")
# Names of FITS files, as people have them; what they are shows in their content.
FITS_NAME = re.compile(r"\.(fits?|fts|hpx|healpix|np[yz])(\.(gz|bz2|xz|zip))?$", re.IGNORECASE)

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help='Change a key of the model, e.g. components.cocoons.grammage.cutoff="300 TV". May be repeated.',
)
rtol_option = click.option("--rtol", type=float, default=1e-4, show_default=True, help="Relative accuracy.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace existing output.")
flavour_option = click.option(
    "--flavour",
    help="Neutrinos: per-flavour (at Earth, the default) or all-flavour; a map that says its own is converted.",
)
messenger_option = click.option("--messenger", required=True, help="gamma or neutrino.")


def machines_options(command: Command) -> Command:
    """Give a command the options of a job that is divided into blocks: ``--workers``, ``--dask``, ``--resume``."""
    for option in (
        click.option("--resume", is_flag=True, help="Go on from the finished blocks of an interrupted job."),
        click.option(
            "--dask", metavar="ADDRESS|FILE", help="Dask cluster: its scheduler's address, or scheduler file."
        ),
        click.option("--workers", type=click.IntRange(1), help="Number of processes on this machine."),
    ):
        command = option(command)
    return command


def quiet_option(what: str) -> Callable[[Command], Command]:
    """Give the option ``--quiet``, where ``what`` is left out with it."""
    return click.option("--quiet", is_flag=True, help=f"No progress bar and no {what}.")


@dataclass(frozen=True)
class Source:
    """What a command is asked of: a model with some keys changed, or a map.

    Attributes
    ----------
    model
        Preset, TOML file or, where a command takes one, a map's FITS file.
    settings
        Changes of the model, ``KEY=VALUE``.
    rtol
        Relative accuracy of columns and means.
    messenger, flavour
        ``"gamma"`` or ``"neutrino"``, and the neutrinos' convention, where a command asks for one messenger.
    """

    model: str
    settings: tuple[str, ...] = ()
    rtol: float = 1e-4
    messenger: str | None = None
    flavour: str | None = None

    @property
    def is_map(self) -> bool:
        """Whether it is a FITS file, known by its content or, where there is none, by its name."""
        return is_map(self.model)

    def check_rtol(self) -> None:
        """Refuse accuracies out of range with `InputError`."""
        from ..errors import InputError

        if not 1e-7 <= self.rtol <= 0.1:
            raise InputError(f"--rtol {self.rtol:g} is out of range; allowed: 1e-7 to 0.1")

    def load(self) -> LoadedModel:
        """Load the model with its settings."""
        from ..config import load_file, parse_setting
        from ..errors import InputError, shortened

        if self.is_map:
            raise InputError(
                f"{self.model}: a map is no model; `sed`, `plot` and `show` take it, and so does a component of "
                'kind = "map" in a model file'
            )
        try:
            overrides = dict(parse_setting(text) for text in self.settings)
        except InputError as error:
            raise InputError(f"--set {error}") from None
        try:
            return load_file(self.model, overrides)
        except InputError as error:
            plain = str(error).replace('"', "")
            if any(plain.startswith((f"{key}: ".replace('"', ""), f"{shortened(key)}: ")) for key in overrides):
                raise InputError(f"--set {error}") from None
            raise

    def named_flavour(self) -> str:
        """Neutrinos' convention that a model is asked for, checked."""
        from ..sky.convention import check_flavour

        return PER_FLAVOUR if self.flavour is None else check_flavour(self.flavour)

    def named_messenger(self) -> str:
        """Messenger that a model is asked for, checked."""
        from ..errors import InputError
        from ..sky.convention import check_messenger

        if self.messenger is None:
            raise InputError("--messenger is missing: gamma or neutrino")
        return check_messenger(self.messenger)


@dataclass(frozen=True)
class Output:
    """Where a command writes.

    Attributes
    ----------
    out
        File or folder.
    overwrite
        Whether existing output may be replaced.
    quiet
        Whether to print no progress bar and no summary.
    """

    out: str
    overwrite: bool = False
    quiet: bool = False

    @property
    def progress(self) -> bool:
        """Whether to show a progress bar."""
        return not self.quiet and sys.stderr.isatty()

    def check_folder(self) -> None:
        """Refuse a folder without a name, or one that another process is at work on, with `InputError`."""
        from ..errors import InputError
        from ..outputs import check_folder_is_free

        if not self.out.strip():
            raise InputError("--out: a folder is needed")
        check_folder_is_free(self.out)

    def report(self, paths: list[Path]) -> None:
        """Say what was written, and what lies beside it from before."""
        from ..outputs import others

        if not self.quiet:
            click.echo("Written:")
            for path in paths:
                click.echo(f"  {path}")
        if left := others(self.out, paths):
            more = f" and {len(left) - 5} more" if len(left) > 5 else ""
            click.echo(f"skycocoon: {self.out} holds files from before, too: {', '.join(left[:5])}{more}", err=True)


@dataclass(frozen=True)
class Layout:
    """How a map is laid out in its file.

    Attributes
    ----------
    region
        Part of the sky that it is of; all of it if None.
    dtype
        ``"float32"``, ``"float64"`` or None.
    compress
        Whether to compress it.
    """

    region: str | None = None
    dtype: str | None = None
    compress: bool = False

    def named(self, output: Output) -> Output:
        """The output, with the ending of a compressed file if it is to be one."""
        from ..errors import check_name
        from ..sky.formats import DTYPES

        if self.dtype is not None:
            check_name("--dtype", self.dtype, DTYPES)
        return replace(output, out=f"{output.out}.gz") if self.compress and output.out.endswith(".fits") else output

    def part(self) -> Region | None:
        """The region, if there is one."""
        from ..sky import Region

        return None if self.region is None else Region.parse(self.region)


@dataclass(frozen=True)
class Machines:
    """Who computes the blocks of a job.

    Attributes
    ----------
    workers
        Number of processes on this machine.
    dask
        Address or scheduler file of a Dask cluster.
    resume
        Whether finished blocks of the same job are taken.
    """

    workers: int | None = None
    dask: str | None = None
    resume: bool = False

    @property
    def chosen(self) -> int | str | None:
        """Workers as the library takes them; this process if none are named."""
        from ..errors import InputError, shortened

        if self.workers is not None and self.dask is not None:
            raise InputError("--workers and --dask: give one of them")
        if self.dask is not None and not DASK.fullmatch(self.dask):
            raise InputError(f"--dask {shortened(self.dask)}: write it like tcp://HOST:8786 or scheduler.json")
        return self.dask if self.workers is None else self.workers


def gathered(**nouns: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Hand options to a command as one object, for those that go together.

    Parameters
    ----------
    **nouns
        Class of each object, by the name of the command's argument; its fields are named as the options are.

    Returns
    -------
    callable
        Decorator of a command, below its options.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def command(**options: Any) -> None:
            from ..resources import check_start

            check_start()
            for name, noun in nouns.items():
                keys = [field.name for field in fields(noun) if field.name in options]
                options[name] = noun(**{key: options.pop(key) for key in keys})
            function(**options)

        return command

    return decorate


def is_map(path: str) -> bool:
    """Return True if a file is FITS or a numpy array by its content or, if there is no such file, is called so."""
    from ..sky.formats import is_array, is_fits

    return is_fits(path) or is_array(path) or (FITS_NAME.search(path) is not None and not path.endswith(".toml"))


def read_energies(text: str, rigidities: bool = False, option: str = "--energies") -> Any:
    """Energies of the option ``--energies``, or of another.

    Parameters
    ----------
    text
        E.g. ``"1 TeV, 10 TeV"``.
    rigidities
        Whether rigidities are taken, too; energies then may be written per nucleon.
    option
        The option, for messages.

    Returns
    -------
    Quantity
        (n,) increasing.

    Raises
    ------
    InputError
        For anything that is no list of positive energies.
    """
    import astropy.units as u
    import numpy as np

    from ..errors import InputError
    from ..units import quantity

    if rigidities:
        # What is usual for nuclei, and no unit: per nucleon.
        text = re.sub(r"eV\s*/\s*n(uc|ucleon)?\b", "eV", text)
    if re.search(r"[A-Za-z]\s+[-+.\d]", text):
        raise InputError(f'{option}: {text!r}: a comma is missing; write them like "1 TeV, 10 TeV"')
    in_volts = {re.search(r"(?<!e)V\b", part) is not None for part in text.split(",") if part.strip()}
    if rigidities and len(in_volts) > 1:
        raise InputError(f"{option}: {text!r}: energies or rigidities, not both")
    wanted = u.GV if rigidities and in_volts == {True} else u.GeV
    parts = [quantity(part.strip(), wanted, option) for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError(f'{option}: write them like "1 TeV, 10 TeV"')
    unit = parts[0].unit
    values = np.array([part.to_value(unit) for part in parts])
    if not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise InputError(f"{option}: {text!r}: energies must be positive and finite")
    return np.unique(values) * unit


def check_file(output: Output, endings: tuple[str, ...]) -> None:
    """Say what is wrong with an output file before anything is computed for it.

    Parameters
    ----------
    output
        The file.
    endings
        Allowed endings of its name.

    Raises
    ------
    InputError
        For another ending, a file that exists, a folder that does not, or another process at work on the file.
    """
    from ..errors import InputError
    from ..outputs import check_file_is_free

    out = output.out
    if not out.endswith(endings) or Path(out).name in endings:
        raise InputError(f"--out {out}: a name ending in {' or '.join(endings)} is needed")
    if Path(out).exists() and not output.overwrite:
        raise InputError(f"{out}: exists already; use --overwrite to replace it")
    if not Path(out).parent.is_dir():
        raise InputError(f"{out}: cannot write there (no folder {Path(out).parent})")
    check_file_is_free(out)
