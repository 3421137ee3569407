"""Two revisions beside one another: benchmarks/limits.py of the working tree, run on both, by turns.

    python benchmarks/compare.py REV_A [REV_B] [--rounds N] [--folder FOLDER] [-- OPTIONS OF limits.py]
    python benchmarks/compare.py v0.1.0 HEAD --rounds 3 -- --quick --only mean plane

Each revision is checked out into a git worktree, which is removed at the end; without REV_B the working tree itself is
the second. Kernels of both are compiled first, each into its own cache. Of each number the best of all rounds counts;
ratios are B over A. What one of the two cannot do is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Numbers of which more is better.
GAINS = ("thread_speedup", "hermes_over_ours", "copy_gb_per_s", "fill_gb_per_s")


@contextmanager
def checkout(revision, folder):
    """A worktree of a revision; the working tree itself if there is none."""
    if revision is None:
        yield ROOT
        return
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), revision], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def measure(tree, options, folder):
    """Numbers by name, of the package in a tree, measured by the script of the working tree."""
    report, cache = folder / "report.json", folder / f"cache-{tree.name}"
    environment = os.environ | {"PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": str(cache)}
    script = ROOT / "benchmarks" / "limits.py"
    report.unlink(missing_ok=True)
    command = [sys.executable, str(script), "--json", str(report), *options]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not report.exists():
        raise SystemExit(f"{tree}: {printed.stderr[-2000:]}")
    results = json.loads(report.read_text())
    for failure in results["failures"]:
        print(f"{tree.name}: FAILED: {failure}", flush=True)
    return {name: row["value"] for name, row in results["details"].items()}


def better(name, *values):
    return max(values) if name in GAINS else min(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="-- OPTIONS: of limits.py")
    parser.add_argument("before", metavar="REV_A")
    parser.add_argument("after", metavar="REV_B", nargs="?", help="the working tree if it is left out")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured (default 2)")
    parser.add_argument("--folder", type=Path, help="for worktrees and caches; temporary by default")
    # What follows -- is for limits.py.
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    options, passed = parser.parse_args(words[:end]), words[end + 1 :]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder)))
        trees = [
            stack.enter_context(checkout(revision, folder / name))
            for name, revision in (("before", options.before), ("after", options.after))
        ]
        best = {}
        # The first round compiles; what it measures counts as well, as the least of all.
        for number in range(options.rounds):
            for side, tree in enumerate(trees):
                for name, value in measure(tree, passed, folder).items():
                    pair = best.setdefault(name, [None, None])
                    pair[side] = value if pair[side] is None else better(name, pair[side], value)
            print(f"round {number + 1} of {options.rounds} is done", file=sys.stderr, flush=True)
    print(f"{'':40s} {options.before[:12]:>12s} {(options.after or 'here')[:12]:>12s}        ratio")
    for name, (before, after) in best.items():
        if before is not None and after is not None:
            print(f"{name:40s} {before:12.4g} {after:12.4g} {after / before:12.3g}")


if __name__ == "__main__":
    main()
