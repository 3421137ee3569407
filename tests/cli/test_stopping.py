"""Ctrl-C and SIGTERM end a command wherever they come."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress

import pytest

from skycocoon.cli.stopping import Stopped, notes_of, stopped_by_signals

SIGNALS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Stopped, signal.SIGHUP: Stopped}


def send(number):
    """Send a signal to this process, and give Python the time to see it."""
    os.kill(os.getpid(), number)
    for _ in range(1000):
        pass


def wait():
    """What a command would go on with."""
    for _ in range(500):
        time.sleep(0.01)


@pytest.fixture(params=SIGNALS, ids=["interrupted", "terminated", "hung up"])
def number(request):
    return request.param


def stopped(number, command):
    """The error with which a command ends that is sent a signal on the way."""
    with pytest.raises(SIGNALS[number]) as error, stopped_by_signals():
        command()
    return error.value


def test_a_signal_is_an_error(number):
    error = stopped(number, lambda: (send(number), wait()))
    if number != signal.SIGINT:
        assert error.code == 128 + number


def test_handlers_and_hooks_are_put_back(number):
    before = signal.getsignal(number), sys.unraisablehook
    within = []
    stopped(number, lambda: (within.append(signal.getsignal(number)), send(number), wait()))
    assert within[0] != before[0]
    assert (signal.getsignal(number), sys.unraisablehook) == before


def test_a_destructor_does_not_swallow_it(number, capfd):
    class Thing:
        def __del__(self):
            send(number)
            wait()

    def command():
        Thing()
        wait()
        pytest.fail("went on")

    stopped(number, command)
    assert capfd.readouterr().err == ""


def test_a_weak_reference_does_not_swallow_it(number):
    class Thing:
        pass

    def command():
        thing = Thing()
        reference = weakref.ref(thing, lambda _: send(number))
        del thing
        wait()
        pytest.fail(f"went on {reference}")

    stopped(number, command)


def test_a_foreign_library_does_not_swallow_it(number, capfd):
    call = ctypes.CFUNCTYPE(None)(lambda: send(number))

    def command():
        call()
        wait()
        pytest.fail("went on")

    stopped(number, command)
    assert capfd.readouterr().err == ""


def test_a_careless_library_does_not_swallow_it(number):
    def command():
        with suppress(BaseException):
            send(number)
            wait()
        wait()
        pytest.fail("went on")

    stopped(number, command)


def test_an_error_that_is_made_of_it_does_not_hide_it(number):
    """Python makes a RuntimeError of anything that comes in the middle of a class; what it was told on the way is kept."""

    class Named:
        def __set_name__(self, owner, name):
            send(number)
            wait()

    def command():
        try:
            type("Owner", (), {"field": Named()})
        except RuntimeError as error:
            error.add_note("blocks are kept")
            raise

    assert notes_of(stopped(number, command)) == ["blocks are kept"]


def test_what_is_ignored_stays_so():
    """Behind nohup, a terminal that closes ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            send(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_what_waits_for_a_lock_is_woken(number):
    closed = threading.Lock()
    closed.acquire()

    def command():
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        closed.acquire(timeout=30)
        pytest.fail("went on")

    stopped(number, command)


def test_cleaning_up_is_not_interrupted(number):
    """However often the signal comes."""
    cleaned = []

    def command():
        try:
            send(number)
            wait()
        finally:
            for _ in range(30):
                send(number)
                with suppress(KeyError):
                    {}["nothing"]
                time.sleep(0.02)
            cleaned.append(number)

    stopped(number, command)
    assert cleaned


def test_an_import_is_left_whole(number):
    """An exception between the import lock's two halves would keep it shut, for every thread."""
    finished: list[int] = []
    lines = "def search(number):\n    kill(getpid(), number)\n    finished.append(number)\n"
    names = {"kill": os.kill, "getpid": os.getpid, "finished": finished}
    exec(compile(lines, "<frozen importlib._bootstrap>", "exec"), names)
    stopped(number, lambda: (names["search"](number), wait()))
    assert finished == [number]


def test_another_thread_is_left_alone():
    failed = []

    def command():
        try:
            with stopped_by_signals():
                pass
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=command)
    thread.start()
    thread.join()
    assert not failed


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.6, 1.0, 1.4, 1.8, 2.4, 3.0])
def test_a_process_ends_wherever_it_is(tmp_path, number, after):
    """While modules are imported, kernels are read from the cache, maps are written."""
    command = [sys.executable, "-m", "skycocoon", "run", "paper", "--nside", "64", "--out", tmp_path / "out", "--quiet"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(after)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert "Exception ignored" not in said
    if process.returncode == 0:
        assert (tmp_path / "out" / "summary.txt").exists()
    else:
        assert list(tmp_path.iterdir()) == []
