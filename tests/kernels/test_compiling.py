"""Machine code of kernels is kept on disk where it can be, and a disk that fails stops nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skycocoon.scratch import scratch_folder

ROOT = Path(__file__).parents[2]
KERNEL = """
import sys
from skycocoon.kernels.compiling import compiled


@compiled()
def double(x):
    return 2 * x


print(double(21), sum(double.stats.cache_hits.values()), sum(double.stats.cache_misses.values()))
"""


@pytest.fixture
def answer(tmp_path):
    """Call a kernel in a process of its own; what it gives, and how often it was read from disk and compiled."""
    (tmp_path / "kernel.py").write_text(KERNEL)

    def call(limits="true", **environment):
        whole = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "kept"), **environment}
        line = f'{limits}; exec "{sys.executable}" "{tmp_path / "kernel.py"}"'
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=whole)
        assert done.returncode == 0, done.stderr
        return [int(word) for word in done.stdout.split()]

    return call


def kept(tmp_path, ending):
    (path,) = (tmp_path / "kept").rglob(f"*.{ending}")
    return path


def test_it_is_compiled_once(answer):
    assert answer() == [42, 0, 1]
    assert answer() == [42, 1, 0]


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"half of it", None])
def test_what_is_damaged_is_compiled_again(answer, tmp_path, ending, content):
    """As after a crash of the machine; and then it is whole."""
    answer()
    path = kept(tmp_path, ending)
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    assert answer()[0] == 42
    answer()
    assert answer() == [42, 1, 0]


def test_a_full_disk_stops_nothing(answer, tmp_path):
    """Here, a limit on the size of files."""
    assert answer("ulimit -f 1")[0] == 42
    assert answer() == [42, 0, 1]


def test_nowhere_to_keep_it(answer, tmp_path):
    """A file where the folder should be: the superuser cannot write into it either."""
    (tmp_path / "kept").write_text("mine")
    assert answer()[0] == 42
    assert (tmp_path / "kept").read_text() == "mine"


def test_a_folder_that_somebody_else_can_write_to_is_not_taken(tmp_path, monkeypatch):
    """What lies there is run."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = Path(scratch_folder())
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert scratch_folder() is None
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert scratch_folder() is None
