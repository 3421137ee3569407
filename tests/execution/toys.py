"""Jobs whose blocks wait, warn, fail or kill the process that computes them. Workers find them here, by name."""

import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np

from skycocoon.errors import AccuracyWarning, InputError
from skycocoon.execution import Job, finished_blocks


def prepare(specification):
    """Notes which process prepares."""
    _note(specification, "prepared", os.getpid())
    return specification


def compute(shared, block):
    """Squares of three numbers, after the trouble that the specification has for the block."""
    trouble = shared["trouble"].get(str(block), "")
    if trouble == "kill once" and not _noted(shared, f"killed {block}"):
        _note(shared, f"killed {block}", os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "kill until mended" and not _noted(shared, "mended"):
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "stop until mended" and not _noted(shared, "mended"):
        raise InputError(f"no {block} today")
    if trouble == "interrupt until mended" and not _noted(shared, "mended"):
        raise KeyboardInterrupt
    if trouble == "wait":
        time.sleep(0.5)
    if trouble == "inaccurate":
        warnings.warn(f"{block}: 1e-3 was reached", AccuracyWarning, stacklevel=1)
    _note(shared, "computed", block)
    return {"squares": np.square(np.arange(block, block + 3, dtype=np.float64))}


def _note(shared, name, text):
    with (Path(shared["log"]) / name).open("a") as file:
        file.write(f"{text}\n")


def _noted(shared, name):
    return (Path(shared["log"]) / name).exists()


def job(log, trouble=None, blocks=range(12)):
    """Job with some trouble by block; its notes go to a folder."""
    log.mkdir(exist_ok=True)
    return Job("toy", prepare, {"log": str(log), "trouble": trouble or {}}, compute, list(blocks))


def notes(log, name):
    """What was noted, line by line."""
    path = log / name
    return path.read_text().splitlines() if path.exists() else []


def run(job, out=None, **options):
    """The results of a job, as one array."""
    with finished_blocks(job, out, **options) as finished:
        return np.concatenate([block["squares"] for block in finished])


# What twelve blocks give.
EXPECTED = np.concatenate([np.arange(k, k + 3) ** 2.0 for k in range(12)])
