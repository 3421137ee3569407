"""`python -m skycocoon` is `skycocoon`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="skycocoon")
