"""Files that appear whole or not at all."""

import os
import signal

import pytest

from skycocoon import InputError
from skycocoon.outputs import new_file, recorded


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text, overwrite=False):
    with new_file(path, overwrite) as temporary:
        temporary.write_text(text)


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


def test_what_a_killed_process_left_is_taken_away_by_the_next(tmp_path):
    """Its names say that it is unfinished; a user's own file stays."""
    mine = tmp_path / ".map-unfinished-notes.fits"
    mine.write_text("a user's own")
    child = os.fork()
    if child == 0:
        with new_file(tmp_path / "map.fits.gz") as path:
            path.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert names(tmp_path) == [".map-unfinished-notes.fits", ".map.fits-unfinished.fits.gz", ".map.fits.gz-running"]
    write(tmp_path / "map.fits.gz", "whole")
    assert names(tmp_path) == [".map-unfinished-notes.fits", "map.fits.gz"]
    assert (tmp_path / "map.fits.gz").read_text() == "whole"


def test_two_processes_do_not_write_one_file(tmp_path):
    """Here it is the same one twice; the second is told before it begins."""
    with new_file(tmp_path / "x", overwrite=True) as path:
        path.write_text("first")
        with pytest.raises(InputError, match=r"x: another process is at work on it \(process \d+ on .*, for 0 min\)"):
            write(tmp_path / "x", "second", overwrite=True)
        write(tmp_path / "y", "another file")
    assert (tmp_path / "x").read_text() == "first"
    assert names(tmp_path) == ["x", "y"]


def test_a_link_to_a_file_stays_one(tmp_path):
    """As on a disk with more room."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "x").symlink_to("scratch/x")
    write(tmp_path / "x", "one")
    with pytest.raises(InputError, match="exists already"):
        write(tmp_path / "x", "two")
    write(tmp_path / "x", "two", overwrite=True)
    assert (tmp_path / "x").is_symlink()
    assert (tmp_path / "scratch" / "x").read_text() == "two"
    assert names(tmp_path / "scratch") == ["x"]


def test_what_is_no_file_is_not_replaced(tmp_path):
    """A pipe, or /dev/null, which the superuser could."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not an ordinary file"):
        write(tmp_path / "pipe", "", overwrite=True)
    assert names(tmp_path) == ["pipe"]


def test_errors_of_other_files_are_theirs(tmp_path):
    """A missing input is not a folder that cannot be written to."""

    def copy():
        with new_file(tmp_path / "out" / "x") as path:
            path.write_text((tmp_path / "input").read_text())

    (tmp_path / "out").mkdir()
    with pytest.raises(FileNotFoundError) as error:
        copy()
    assert error.value.filename == str(tmp_path / "input")
    assert names(tmp_path / "out") == []


def test_it_is_known_what_was_written(tmp_path):
    with recorded() as written:
        write(tmp_path / "x", "")
        with pytest.raises(InputError):
            write(tmp_path / "x", "")
        assert written == [tmp_path / "x"]
