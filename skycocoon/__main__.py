"""`python -m skycocoon` is `skycocoon`."""

import signal


def main() -> None:
    """Run a command; while it is still being imported, Ctrl-C ends the process without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .cli import main as command

    command(prog_name="skycocoon")


if __name__ == "__main__":
    main()
