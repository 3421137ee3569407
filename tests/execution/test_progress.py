"""Progress: a bar on a terminal, some lines in a batch system's log."""

import sys

import pytest

from skycocoon.execution import progress
from skycocoon.execution.progress import block_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by so many seconds whenever it is looked at."""

    def going(step):
        now = iter(range(0, 10**6, step))
        monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(now)))

    return going


def advance(times, total, finished=0, show=True):
    with block_progress("scan", total, finished, show) as done:
        for _ in range(times):
            done()


def test_a_log_gets_a_line_every_five_per_cent(capsys, clock):
    clock(60)
    advance(1000, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert lines[0] == "skycocoon: scan 5 %, 50 of 1000 blocks, 0:50:00"
    assert lines[-1] == "skycocoon: scan 100 %, 1000 of 1000 blocks, 16:40:00"


def test_a_quick_job_says_nothing(capsys):
    advance(100, 100)
    assert capsys.readouterr().err == ""


def test_a_job_that_goes_on_begins_where_it_was(capsys, clock):
    clock(5)
    advance(2, 20, finished=18)
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "skycocoon: scan 95 %",
        "skycocoon: scan 100 %",
    ]


def test_nothing_is_shown_unless_it_is_wanted(capsys, clock):
    clock(60)
    advance(20, 20, show=False)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    advance(3, 4, finished=1)
    assert "scan:  25%" in capsys.readouterr().err
