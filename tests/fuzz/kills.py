"""Commands that are killed, terminated or interrupted at random moments: the old result is there or the new one, whole.

Lost: the old result is gone and the new one is not there. Mixed: files of both. False: a message that says that nothing was
written, or that something was, which is not so; or a signal that did not end the command. Left: something unfinished lies
there after a command that could clean up, or after the next one.

``python -m tests.fuzz.kills 60 --seed 1`` from the root; a third of the signals come while files are moved, which is made
slow for that.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from skycocoon.outputs import new_folder

from ..cli.conftest import SMALL

ROOT = Path(__file__).parents[2]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CODES = {signal.SIGKILL: {-9}, signal.SIGTERM: {143}, signal.SIGINT: {130}}
WAYS = ("new", "overwrite", "two")
# Moves of a folder take about so long if each waits [s].
DELAY, MOVES = 0.02, 1.0

SLOW = f"""
import os, time
def slow(function):
    def call(*arguments, **options):
        if any(".skycocoon-unfinished" in str(item) for item in arguments):
            time.sleep({DELAY})
        return function(*arguments, **options)
    return call
for name in ("replace", "link", "symlink", "unlink"):
    setattr(os, name, slow(getattr(os, name)))
from skycocoon.cli import main
main()
"""


class Commands:
    """The two commands, each with an old and a new result, made beforehand."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "small.toml").write_text(SMALL)
        self.arguments = {
            "run": ["run", "schroer2021", "--nside", "2", "--rtol", "0.01"],
            "fit": ["fit", str(folder / "small.toml")],
        }
        self.changes = {
            "run": ["--set", "components.cocoons.grammage.cutoff=50 TV"],
            "fit": ["--set", "transport.delta=0.6"],
        }
        self.results, self.times = {}, {}
        for name in self.arguments:
            for state in ("old", "new"):
                begun = time.monotonic()
                done = self.begin(name, state, folder / f"{name}-{state}")
                said = done.communicate()[1]
                assert done.returncode == 0, said
                self.times[name] = time.monotonic() - begun
                self.results[name, state] = contents(folder / f"{name}-{state}")
            old, new = self.results[name, "old"], self.results[name, "new"]
            assert old.keys() == new.keys()
            # Files that are the same in both, such as a figure, tell nothing.
            assert sum(old[key] != new[key] for key in old) > len(old) / 2

    def begin(self, name, state, out, *, overwrite=False, slow=False):
        """A process that makes one of the results."""
        program = ["-c", SLOW] if slow else ["-m", "skycocoon"]
        options = [*(self.changes[name] if state == "new" else []), "--out", str(out), "--quiet"]
        command = [sys.executable, *program, *self.arguments[name], *options, *(["--overwrite"] if overwrite else [])]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def contents(folder):
    """What readers find in a folder, by name; nothing of what is hidden."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {str(name): (folder / name).read_bytes() for name in names if not name.parts[0].startswith(".")}


def hidden(folder):
    """What is unfinished."""
    return sorted(path.name for path in folder.glob(".*")) if folder.exists() else []


def judge(found, results, had_old):
    """Which result is there: ``"old"``, ``"new"`` or ``""``; or what is wrong."""
    if not found:
        return "lost" if had_old else ""
    same = [state for state in ("old", "new") if found == results[state]]
    return same[0] if same else "mixed"


def case(commands, number, seed):
    """Send a signal at a random moment; what was wrong, in words."""
    rng = np.random.default_rng([seed, number])
    name = ("run", "fit")[number % 2]
    way = WAYS[number // 2 % 3]
    sent = SIGNALS[number // 6 % 3]
    moving = number % 3 == 0 if number >= 18 else number % 9 < 3
    results = {state: commands.results[name, state] for state in ("old", "new")}
    out = commands.folder / f"case-{number}"
    had_old = way != "new"
    if had_old:
        shutil.copytree(commands.folder / f"{name}-old", out)
        (out / "mine.txt").write_text("mine")
        results = {state: {**files, "mine.txt": b"mine"} for state, files in results.items()}
    process = commands.begin(name, "new", out, overwrite=had_old, slow=moving)
    other = None
    if way == "two":
        while process.poll() is None and not (out / ".skycocoon-running").exists():
            time.sleep(0.01)
        other = commands.begin(name, "old", out, overwrite=True)
    if moving:
        while process.poll() is None and not (out / ".skycocoon-unfinished" / "now").is_symlink():
            time.sleep(0.002)
        time.sleep(rng.uniform(0, MOVES))
    else:
        time.sleep(rng.uniform(0.5, commands.times[name]))
    process.send_signal(sent)
    said = process.communicate()[1]
    wrong = []
    told = "" if other is None else other.communicate()[1]
    if other is not None and other.returncode == 0:
        # It came after the first had ended, and replaced what that left.
        results["new"] = results["old"]
    elif other is not None and "another process is at work on it (process" not in told:
        wrong.append(f"false: the second said {told!r}")
    state = judge(contents(out) if out.exists() else {}, results, had_old)
    if state in ("lost", "mixed"):
        wrong.append(state)
    if process.returncode not in {0, -sent, *CODES[sent]}:
        wrong.append(f"false: ended with {process.returncode}")
    if process.returncode == 0 and state not in ("new", "old" if other is not None else "new"):
        wrong.append("lost: ended with 0")
    # As the interpreter begins and ends, the signal ends it and nothing is said.
    spoke = "interrupted, " in said or "stopped, " in said
    if sent != signal.SIGKILL and process.returncode in CODES[sent] and not spoke:
        wrong.append("false: ended without a word")
    if spoke:
        if ("nothing was written" in said) == ("was written" in said.replace("nothing was written", "")):
            wrong.append(f"false: {said!r}")
        if "nothing was written" in said and state == "new" and other is None:
            wrong.append(f"false: {said!r} beside a new result")
        if "nothing was written" not in said and state != "new":
            wrong.append(f"false: {said!r} beside {state or 'nothing'}")
        if said.count("skycocoon: ") != 1 and "holds files from before" not in said:
            wrong.append(f"false: {said!r}")
        if hidden(out):
            wrong.append(f"left: {hidden(out)}")
        if not had_old and not state and out.exists():
            wrong.append("left: an empty folder")
    with new_folder(out, ["next"]) as work:
        (work / "next").touch()
    (out / "next").unlink()
    if judge(contents(out), results, had_old) != state or hidden(out):
        wrong.append(f"mixed: after the next command, {hidden(out)}")
    shutil.rmtree(out)
    when = "moving" if moving else "working"
    return f"{name}, {way}, {sent.name}, {when}: {state or 'nothing'}", wrong


def main(count, seed, first=0):
    """Run cases; how many went wrong, by kind."""
    wrongs, seen = Counter(), Counter()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        commands = Commands(Path(name))
        for number in range(first, first + count):
            what, wrong = case(commands, number, seed)
            seen[what] += 1
            print(f"{number}: {what}", *wrong, sep="\n    ", flush=True)
            wrongs.update(reason.partition(":")[0] for reason in wrong)
    for what, times in sorted(seen.items()):
        print(f"{times:4d}  {what}")
    print(", ".join(f"{wrongs[kind]} {kind}" for kind in ("lost", "mixed", "false", "left")))
    return wrongs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    sys.exit(bool(main(given.count, given.seed, given.first)))
