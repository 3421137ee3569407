"""A lock says who has it, and ends with its process."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from skycocoon import InputError
from skycocoon.outputs import claimed


@pytest.fixture
def lock(tmp_path):
    return tmp_path / ".out-running"


@pytest.fixture(params=[True, False], ids=["locks", "no locks"])
def file_system(request, monkeypatch):
    """Those of some clusters have no locks."""

    def refuse(*_):
        raise OSError(38, "Function not implemented")

    if not request.param:
        monkeypatch.setattr(fcntl, "flock", refuse)


def claim(lock):
    with claimed(lock, lock.with_name("out")):
        pass


def signed(lock, **changes):
    """A lock's file as a process leaves it that was killed: this one, but for some changes."""
    with claimed(lock, lock.with_name("out")):
        owner = json.loads(lock.read_text())
    lock.write_text(json.dumps(owner | changes))


@pytest.mark.usefixtures("file_system")
def test_the_second_is_told_who_is_first_and_since_when(lock):
    with claimed(lock, lock.with_name("out")):
        begun = json.loads(lock.read_text())["begun"]
        assert time.time() - 10 < begun <= time.time()
        with pytest.raises(InputError) as error:
            claim(lock)
    host = socket.gethostname()
    assert str(error.value) == (
        f"{lock.with_name('out')}: another process is at work on it (process {os.getpid()} on {host}, for 0 min)"
    )
    assert not lock.exists()
    claim(lock)


@pytest.mark.usefixtures("file_system")
def test_the_lock_of_a_dead_process_is_taken(lock):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    signed(lock, pid=child.pid)
    claim(lock)
    assert not lock.exists()


@pytest.mark.usefixtures("file_system")
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not say when a process began")
def test_another_process_that_has_its_number_is_not_taken_for_it(lock):
    """This process is alive, but began at another time; or before the machine was last started."""
    signed(lock, birth="the last time 17")
    claim(lock)
    assert not lock.exists()


@pytest.mark.usefixtures("file_system")
def test_a_file_that_nobody_signed_is_taken(lock):
    """Of a process that was killed right after it had made it."""
    lock.touch()
    os.utime(lock, (0, 0))
    claim(lock)


def test_without_locks_of_the_system_nothing_is_known_of_another_machine(lock, monkeypatch):
    """The user is told which file to remove."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(38, "")))
    signed(lock, host="node17", begun=time.time() - 7300)
    with pytest.raises(InputError, match=rf"on node17, for 2 h\); if that has ended, remove {lock}"):
        claim(lock)
    lock.unlink()
    claim(lock)


def test_with_locks_of_the_system_a_dead_process_of_another_machine_is_one(lock):
    signed(lock, host="node17")
    claim(lock)


def test_the_lock_ends_with_its_process(lock):
    code = (
        "import sys, time; from pathlib import Path; from skycocoon.outputs import claimed\n"
        "with claimed(Path(sys.argv[1]), Path('out')): print('mine', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "mine\n"
    with pytest.raises(InputError, match=f"process {child.pid} on"):
        claim(lock)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert lock.exists()
    claim(lock)
