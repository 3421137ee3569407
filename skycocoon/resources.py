"""Memory and disk that this process may use, and whether a piece of work fits into them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError

__all__ = ["check_disk", "check_memory", "check_start", "memory_limit"]

# Part of what is left that one piece of work may plan for.
PART = 0.9
# A limit this large is none: cgroups write 2^63 less a page where nothing is limited.
NO_LIMIT = 2**60

# What libraries take to begin with: of address space, of data, and of memory.
START = {"ulimit -v": 600 * 2**20, "ulimit -d": 256 * 2**20, "": 200 * 2**20}

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def memory_limit(proc: Path = PROC, cgroups: Path = CGROUPS) -> tuple[int, str] | None:
    """Memory that this process may take on top of what it has, and what limits it.

    The least of: memory that the machine has available; what its control groups (versions 1 and 2: containers and
    batch systems) leave; and what ``ulimit -v`` and ``ulimit -d`` leave.

    Parameters
    ----------
    proc, cgroups
        Where the system tells of its processes and of its control groups.

    Returns
    -------
    tuple or None
        Bytes, and a few words on the limit; None if the system does not say.
    """
    return min(_limits(proc, cgroups), default=None)


def _limits(proc: Path, cgroups: Path) -> Iterator[tuple[int, str]]:
    """All limits of this process, as bytes that are left, each with its name."""
    available = _available(proc)
    if available is not None:
        yield available, "available on this machine"
    for folder, limit, usage, statistics in _groups(proc, cgroups):
        most, used = _number(folder / limit), _number(folder / usage)
        if most is None or used is None or most >= NO_LIMIT:
            continue
        # Pages of files that were read or written count as used, and are given up when memory is needed.
        used -= _cached(folder / "memory.stat", statistics)
        yield max(0, most - used), "left to this container or batch job (control group)"
    yield from _process_limits(proc)


def _available(proc: Path) -> int | None:
    """Memory of the machine that nobody uses, or that its caches would give up."""
    try:
        lines = (proc / "meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, IndexError, StopIteration):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on this system
        return None


def _groups(proc: Path, cgroups: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Folders of the control groups that this process is in, and names of limit, usage and cached pages in them."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, names = cgroups, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root, names = cgroups / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        # A group is limited by all groups around it; in a container only the root may be seen.
        folder = root / path.lstrip("/")
        for outer in dict.fromkeys([folder, *folder.parents, root]):
            if outer == root or root in outer.parents:
                yield outer, *names


def _number(path: Path) -> int | None:
    """Number in a file; None if there is none, as where it says "max"."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _cached(path: Path, key: str) -> int:
    """Number behind a key in a file of statistics; 0 if there is none."""
    try:
        lines = (line.split() for line in path.read_text().splitlines())
        return next((int(words[1]) for words in lines if words[0] == key), 0)
    except (OSError, ValueError, IndexError):
        return 0


def _process_limits(proc: Path) -> Iterator[tuple[int, str]]:
    """What the limits of this process leave of its address space and of its data."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    try:
        pages = [int(count) * os.sysconf("SC_PAGE_SIZE") for count in (proc / "self" / "statm").read_text().split()]
    except (OSError, ValueError):
        return
    for limit, used, words in (
        (resource.RLIMIT_AS, pages[0], "left of the address space (ulimit -v)"),
        (resource.RLIMIT_DATA, pages[5], "left for data (ulimit -d)"),
    ):
        most = resource.getrlimit(limit)[0]
        if 0 <= most < NO_LIMIT:
            yield max(0, most - used), words


def check_memory(needed: float, what: str, remedy: str) -> None:
    """Refuse work that this process has no memory for, before hours are spent on it.

    Parameters
    ----------
    needed
        Bytes that the work takes.
    what
        What it is.
    remedy
        What to do instead.

    Raises
    ------
    InputError
        If it is more than nine tenths of what may be used.
    """
    limit = memory_limit()
    if limit is None or needed <= PART * limit[0]:
        return
    raise InputError(f"{_size(needed)} of memory are needed for {what}, {_size(limit[0])} are {limit[1]}; {remedy}")


def check_start() -> None:
    """Refuse to begin where there is no room for the libraries that are loaded; some of them end the process.

    Raises
    ------
    InputError
        If less memory, address space or data may be used than a small spectrum takes.
    """
    for left, words in _limits(PROC, CGROUPS):
        needed = next(size for limit, size in START.items() if limit in words)
        if left < needed:
            raise InputError(
                f"{_size(needed)} of memory are needed to begin, {_size(left)} are {words}; raise the limit"
            )


def check_disk(needed: int, folder: Path, what: str) -> None:
    """Refuse files that a disk has no room for, before hours are spent on them.

    Parameters
    ----------
    needed
        Bytes.
    folder
        Where they go.
    what
        What they are.

    Raises
    ------
    InputError
        If fewer are free there.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # whoever writes there will say
        return
    if needed > free:
        raise InputError(f"{folder}: {_size(needed)} are needed for {what}, {_size(free)} are free")


def _size(count: float) -> str:
    """Bytes in words."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
