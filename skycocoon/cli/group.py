"""The command group: mistakes become one line and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from .stopping import Stopped, notes_of, stopped_by_signals
from .surroundings import PipeClosedError, flush, prepare_process


class _InterruptedError(BaseException):
    """Ctrl-C, for which click would print an empty line."""


class _Group(click.Group):
    """Turns bad input into one line and exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command and leave with its exit code."""
        from ..outputs import recorded

        with recorded() as written:
            self._run(written, *args, **kwargs)

    def _run(self, written: list[Path], *args: Any, **kwargs: Any) -> None:
        """Run a command that adds what it writes to a list, and leave with its exit code."""
        from ..errors import InputError, WorkerError

        # Typed by a user, rather than called by a test.
        is_process = not args and "args" not in kwargs
        kwargs["standalone_mode"] = False
        # Sums of matrix products are rounded differently by other numbers of threads: before numpy is imported.
        os.environ.update({"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"})
        if is_process:
            prepare_process()
        try:
            with stopped_by_signals(is_process), warnings.catch_warnings():
                warnings.showwarning = _once()
                super().main(*args, **kwargs)
                flush()
                sys.exit(0)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.UsageError as error:
            where = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
            _say("error: ", f"{error.format_message()}{where}")
            sys.exit(2)
        except (InputError, WorkerError) as error:
            _say("error: ", _for_commands("; ".join([str(error), *notes_of(error)])))
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt, _InterruptedError) as error:
            _say("interrupted, ", _done(error, written))
            sys.exit(130)
        except Stopped as error:
            _say("stopped, ", _done(error, written))
            raise
        except PipeClosedError:  # skycocoon sed ... | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except UnicodeEncodeError as error:
            part = error.object[max(0, error.start - 40) : error.end + 40]
            _say("error: ", f"{part}: there is a name in it that is not UTF-8; rename it")
            sys.exit(2)
        except MemoryError as error:
            # Numpy's message is of one array, of which a user knows nothing.
            text = "out of memory; use a smaller nside, fewer energies or a region"
            _say("error: ", _for_commands("; ".join([text, *notes_of(error)])))
            sys.exit(2)
        except OSError as error:
            _say("error: ", f"{error.filename or 'output'}: {error.strerror}" if error.strerror else str(error))
            sys.exit(2)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line, or print the help; click would have its own ends."""
        with _left_alone():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        with _left_alone():
            return super().invoke(ctx)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a command, or say which one is nearest."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from ..errors import unknown_name

            raise unknown_name("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


def _once() -> Callable[..., None]:
    """What shows warnings: one line, without file and line number; each once in a command."""
    shown: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in shown:
            shown.add(str(message))
            _say("warning: ", str(message))

    return show


@contextmanager
def _left_alone() -> Iterator[None]:
    """Raise errors that click leaves alone, where the reader of what is printed has gone or the user has."""
    try:
        yield
    except BrokenPipeError:
        raise PipeClosedError from None
    except KeyboardInterrupt as error:
        raise _InterruptedError from error


def _say(what: str, text: str) -> None:
    """Say something in one line on stderr; where nobody can read it, the command goes on all the same."""
    from ..errors import one_line

    with suppress(OSError):
        click.echo(f"skycocoon: {what}{one_line(text)}", err=True)


def _done(error: BaseException, written: list[Path]) -> str:
    """What an interrupted command has done: files it has written, blocks that it keeps, or nothing."""
    notes = notes_of(error)
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        notes = [f"after {written[-1]}{more} {'were' if more else 'was'} written", *notes]
    return _for_commands("; ".join(notes or ["nothing was written"]))


def _for_commands(message: str) -> str:
    """Name the option or the command where a message of the library names an argument or neither."""
    for library, command in (
        ("overwrite=True replaces it", "use --overwrite to replace it"),
        ("overwrite=True", "--overwrite"),
        ("resume=True", "--resume"),
        ("workers, resume: they are", "--workers, --dask and --resume are"),
        ("no spectrum of the sky", "no spectrum of the sky; see `skycocoon bc` and `skycocoon fit`"),
    ):
        message = message.replace(library, command)
    # What a scan is over.
    return f"--{message}" if message.startswith("over ") else message.replace("(in over ", "(in --over ")


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from .. import __version__

        click.echo(f"skycocoon {__version__}")
        ctx.exit()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Show the version."
)
def main() -> None:
    """Gamma-ray and neutrino sky of the cocoons around Galactic cosmic-ray sources.

    MODEL is a preset (`skycocoon show` lists them) or a TOML file (`skycocoon init` prints one).

    \b
    skycocoon run paper --nside 64 --out results/
    skycocoon sed paper --messenger gamma --region lhaaso-inner --energies "1 TeV, 10 TeV, 100 TeV"
    skycocoon fit fit-bc --out fit/
    skycocoon scan paper --over components.cocoons.grammage.cutoff="10TV..1PV:9:log" --region lhaaso-inner --out scan.nc
    skycocoon figures paper --out figures/
    skycocoon init > model.toml
    """
