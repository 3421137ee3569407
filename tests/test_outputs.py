"""Results that appear whole or not at all, also where runs are killed, interrupted or meet others."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from skycocoon import InputError
from skycocoon.outputs import locked, new_file, new_folder, remove_leftovers

ROOT = Path(__file__).parents[1]


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fill(target, text, contents=("a", "b/c"), overwrite=False, then=lambda: None):
    with new_folder(target, contents, overwrite) as work:
        for name in contents:
            (work / name).write_text(text)
        then()


def test_a_folder_that_fails_keeps_what_others_put_there(tmp_path):
    """The first run made the folder, the second finished in it: what the second wrote is not the first's to remove."""
    target = tmp_path / "out"

    def other():
        fill(target, "second", ["d"])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fill(target, "first", then=other)
    assert names(target) == ["d"]


def test_two_runs_into_one_folder_the_second_to_end_says_so(tmp_path):
    """Neither was told to overwrite; the first result stays, whole."""
    target = tmp_path / "out"
    with pytest.raises(InputError, match=r"out/a: exists already, since a moment ago"):
        fill(target, "late", then=lambda: fill(target, "early", ["a", "z"]))
    assert names(target) == ["a", "z"]
    assert (target / "a").read_text() == "early"


def test_a_file_that_came_meanwhile_is_kept(tmp_path):
    target = tmp_path / "x"

    def late():
        with new_file(target) as path:
            path.write_text("late")
            target.write_text("early")

    with pytest.raises(InputError, match="since a moment ago"):
        late()
    assert target.read_text() == "early"
    assert names(tmp_path) == ["x"]


def test_replacing_is_all_or_nothing(tmp_path):
    """A folder in the way of the last file: the first files are the old ones again."""
    target = tmp_path / "out"
    fill(target, "old")
    (target / "z" / "deep").mkdir(parents=True)
    with pytest.raises(InputError, match="cannot write there"):
        fill(target, "new", ["a", "b/c", "d/e", "z"], overwrite=True)
    assert names(target) == ["a", "b", "b/c", "z", "z/deep"]
    assert (target / "a").read_text() == (target / "b" / "c").read_text() == "old"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_all_is_moved(tmp_path, monkeypatch, number):
    """An interruption between two files would leave new ones beside old ones; it comes after the last, and says so."""
    target = tmp_path / "out"
    fill(target, "old")
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (signal.raise_signal(number), replace(*paths)))
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with pytest.raises((KeyboardInterrupt, SystemExit)) as error:
            fill(target, "new", overwrite=True)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert error.value.__notes__ == [f"after all was written to {target}"]
    assert (target / "a").read_text() == (target / "b" / "c").read_text() == "new"
    assert names(target) == ["a", "b", "b/c"]


KILLED = """
import os, signal, sys
from skycocoon.outputs import locked, new_file, new_folder
with new_file(sys.argv[1] + "/map.fits") as path, locked(path), new_folder(sys.argv[1], ["x"]) as work:
    path.write_text("half")
    (work / "x").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_taken_away_by_the_next(tmp_path):
    """Its names say that it is unfinished; files of living runs, and a user's own, stay."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env=environment)
    assert killed.returncode == -signal.SIGKILL
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 2
    assert all("-unfinished-" in name for name in left)
    mine = tmp_path / ".map-unfinished-notes.fits"
    mine.write_text("a user's own")
    with new_file(tmp_path / "map.fits") as path, locked(path):
        path.write_text("alive")
        remove_leftovers(tmp_path, "map", ".fits")
        assert path.exists()
        fill(tmp_path, "whole", ["x"])
    assert names(tmp_path) == [".map-unfinished-notes.fits", "map.fits", "x"]
    assert (tmp_path / "map.fits").read_text() == "alive"


def test_folders_that_are_read_only():
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as name:  # not within folders that nobody else may enter
        folder = Path(name)
        folder.chmod(0o555)
        if me == 0:  # the superuser writes everywhere, so that somebody else has to try
            os.seteuid(65534)
        try:
            for call in (lambda: fill(folder, ""), lambda: new_file(folder / "x").__enter__()):
                with pytest.raises(InputError, match="Permission denied"):
                    call()
        finally:
            os.seteuid(me)


def test_folders_within_one_that_may_not_be_entered():
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mine"
        folder.mkdir(mode=0o600)
        if me == 0:
            Path(name).chmod(0o555)
            os.seteuid(65534)
        try:
            for call in (lambda: fill(folder / "new", ""), lambda: new_file(folder / "new" / "x").__enter__()):
                with pytest.raises(InputError, match="Permission denied"):
                    call()
        finally:
            os.seteuid(me)
