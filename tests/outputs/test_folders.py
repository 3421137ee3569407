"""Results that appear whole or not at all, also where runs are killed, interrupted or meet others."""

import itertools
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from skycocoon import InputError
from skycocoon.outputs import new_file, new_folder, recorded


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def fill(target, text, contents=("a", "b/c"), overwrite=False, then=lambda: None):
    with new_folder(target, contents, overwrite) as work:
        for name in contents:
            (work / name).write_text(text)
        then()


def test_a_folder_that_fails_keeps_what_others_put_there(tmp_path):
    """The run made the folder, and a user put a file there."""
    target = tmp_path / "out"

    def other():
        (target / "d").write_text("a user's own")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fill(target, "first", then=other)
    assert names(target) == ["d"]


def test_a_file_that_comes_while_a_run_works_is_kept(tmp_path):
    """A user's, or of a command that writes this one file. The run was not told to overwrite; nothing of it appears."""
    target = tmp_path / "out"

    def other():
        (target / "b").mkdir()
        (target / "b" / "c").write_text("early")

    with pytest.raises(InputError, match=r"out/b/c: exists already, since a moment ago"):
        fill(target, "late", then=other)
    assert names(target) == ["b", "b/c"]
    assert (target / "b" / "c").read_text() == "early"


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_in_the_way_is_said_before_anything_is_computed(tmp_path, overwrite):
    """A folder where a file shall be, and a file where a folder."""
    target = tmp_path / "out"
    (target / "a").mkdir(parents=True)
    (target / "b").write_text("")
    for name in ("a", "b/c"):
        with pytest.raises(InputError, match=r"in the way|exists already"), new_folder(target, [name], overwrite):
            pytest.fail("begun")
    assert names(target) == ["a", "b"]


def test_replacing_is_all_or_nothing(tmp_path):
    """A folder comes in the way of the last file: the first files are the old ones again."""
    target = tmp_path / "out"
    fill(target, "old")
    with pytest.raises(InputError, match="cannot write there"):
        fill(
            target,
            "new",
            ["a", "b/c", "d/e", "z"],
            overwrite=True,
            then=lambda: (target / "z" / "deep").mkdir(parents=True),
        )
    assert names(target) == ["a", "b", "b/c", "z", "z/deep"]
    assert texts(target) == {"a": "old", "b/c": "old"}


def texts(target, contents=("a", "b/c")):
    """What a reader finds under some names."""
    return {name: (target / name).read_text() for name in contents if (target / name).exists()}


def killed(target, step, **options):
    """Fill a folder in another process, which dies before a step of the file system; whether it got there."""
    child = os.fork()
    if child == 0:
        steps = itertools.count()
        kinds = {"os.rename", "os.symlink", "os.link", "os.mkdir", "os.rmdir", "os.remove"}
        sys.addaudithook(
            lambda event, _: event in kinds and next(steps) == step and os.kill(os.getpid(), signal.SIGKILL)
        )
        fill(target, "new", **options)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("before", ["nothing", "a result", "another result"])
def test_killed_at_any_step_the_old_files_are_there_or_the_new_ones(tmp_path, before):
    """Seen by readers at once, and in their places when the next process has written there. A user's own file stays."""
    seen = set()
    for step in itertools.count():
        target = tmp_path / f"{step}"
        target.mkdir()
        (target / "mine").write_text("mine")
        if before != "nothing":
            fill(target, "old", ("a", "b/c") if before == "a result" else ("a", "z"))
        old = texts(target, ("a", "b/c", "z"))
        died = killed(target, step, overwrite=True)
        now = texts(target, ("a", "b/c", "z"))
        assert now in (old, old | {"a": "new", "b/c": "new"})
        seen.add(now == old)
        moved = target.rename(tmp_path / f"moved-{step}")
        assert texts(moved, ("a", "b/c", "z")) == now
        fill(moved, "next", ["d"])
        assert texts(moved, ("a", "b/c", "z")) == now
        assert {*names(moved)} - {"b"} == {*now, "mine", "d"}
        assert not any(path.is_symlink() for path in moved.rglob("*"))
        if not died:
            break
    assert step > 10
    assert seen == {True, False}


def test_killed_at_any_step_of_the_first_result_none_of_it_is_there_or_all(tmp_path):
    for step in itertools.count():
        target = tmp_path / f"{step}"
        died = killed(target, step)
        assert texts(target) in ({}, {"a": "new", "b/c": "new"})
        if not died:
            break
        if not texts(target):
            fill(target, "again")
            assert names(target) == ["a", "b", "b/c"]
            assert texts(target) == {"a": "again", "b/c": "again"}
    assert step > 10


def test_a_file_system_without_links(tmp_path, monkeypatch):
    """Files are moved one by one there; what a process that was killed left over is moved by the next."""

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "out"
    fill(target, "old")
    for step in itertools.count():
        died = killed(target, step, overwrite=True)
        now = texts(target)
        fill(target, "next", ["d"], overwrite=True)
        if set(now.values()) == {"old", "new"}:
            assert texts(target) == {"a": "new", "b/c": "new"}
        assert names(target) == ["a", "b", "b/c", "d"]
        if not died:
            break
        fill(target, "old", overwrite=True)
    assert step > 5


def test_a_link_of_the_user_is_replaced_and_its_file_kept(tmp_path):
    """Under its own name, the file is not the run's to change."""
    target, kept = tmp_path / "out", tmp_path / "kept"
    target.mkdir()
    kept.write_text("old")
    (target / "a").symlink_to("../kept")
    for step in range(8):
        killed(target, step, overwrite=True)
        assert (target / "a").read_text() in ("old", "new")
    fill(target, "new", overwrite=True)
    assert kept.read_text() == "old"
    assert texts(target) == {"a": "new", "b/c": "new"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_all_is_moved(tmp_path, monkeypatch, number):
    """An interruption between two files would leave new ones beside old ones; it comes after the last, and it is known that they are."""
    target = tmp_path / "out"
    fill(target, "old")
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: (signal.raise_signal(number), replace(*paths)))
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with recorded() as written, pytest.raises((KeyboardInterrupt, SystemExit)):
            fill(target, "new", overwrite=True)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert written == [target]
    assert texts(target) == {"a": "new", "b/c": "new"}
    assert names(target) == ["a", "b", "b/c"]


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
