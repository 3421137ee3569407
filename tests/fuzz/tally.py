"""What random inputs led to: the thing, or one line, within a time; anything else is a fault."""

import argparse
import random
import signal
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from skycocoon import InputError

# A case that takes longer hangs [s].
LIMIT = 10.0


class HangError(BaseException):
    """Raised in the middle of a case that takes too long; no `except Exception` holds it up."""


class Tally:
    """Counts of outcomes, and the faults among them, each kind with the first case that showed it."""

    def __init__(self, limit=LIMIT):
        self.limit = limit
        self.counts = Counter()
        self.faults = {}
        self.slowest = (0.0, "")

    def fault(self, case, kind):
        """Note something that must not be."""
        self.counts["FAULT"] += 1
        self.faults.setdefault(kind, [case, 0])[1] += 1

    def outcome(self, case, call):
        """What a call returned, within the time; None if it was refused in one line, or is a fault."""
        began = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = timed(call, self.limit)
        except InputError as error:
            text = str(error)
            if "\n" in text or not text.isprintable():
                self.fault(case, f"more than one printable line: {text[:200]!r}")
            elif len(text) > 1000:
                self.fault(case, f"a line of {len(text)} characters: {text[:100]!r}")
            else:
                self.counts["refused"] += 1
            result = None
        except HangError:
            self.fault(case, f"takes more than {self.limit} s")
            result = None
        except Exception as error:
            own = [frame for frame in traceback.extract_tb(error.__traceback__) if "skycocoon" in frame.filename]
            place = f"{Path(own[-1].filename).name}:{own[-1].name}" if own else "?"
            self.fault(case, f"{type(error).__name__} in {place}: {str(error)[:150]!r}")
            result = None
        took = time.monotonic() - began
        if took > self.slowest[0]:
            self.slowest = (took, case)
        return result

    def report(self):
        """The counts, and a line on each kind of fault."""
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        lines = [f"{counts or 'nothing'}; the slowest took {self.slowest[0]:.1f} s ({self.slowest[1]})"]
        lines += [f"FAULT x {count}, first in {case}: {kind}" for kind, (case, count) in self.faults.items()]
        return "\n".join(lines)


def timed(call, limit):
    """Result of a call, or `HangError` after a time; on the main thread only."""

    def stop(*_):
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def rng(seed, *words):
    """Random numbers of one case, the same wherever it is run again."""
    return random.Random(" ".join(map(str, (seed, *words))))


def numbers(description, count):
    """Command line of a script: how many cases, from which seed, and which one to look at."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("count", nargs="?", type=int, default=count, help="number of cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="number of the one case to show and run")
    return parser
