"""The command line itself: its help, its version, and what its start costs."""

import re
import subprocess
import sys

from .conftest import good


def test_bare_command_is_help():
    assert "Commands:" in good()


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom skycocoon.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = [m for m in ('numpy', 'astropy', 'healpy', 'numba', 'matplotlib', 'scipy', 'pydantic') if m in sys.modules]\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "skycocoon run paper --nside 64 --out results/" in done.stdout


def test_version():
    assert re.fullmatch(r"skycocoon \d+\.\d+\.\d+\S*\n", good("--version"))
