"""Who is at work on an output: a lock with the process, its machine, and since when.

The system's lock ends with its process, however that ends. On file systems that have none, as on some clusters, the
lock's file counts until the process that it names is known to be dead.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import InputError

__all__ = ["check_nobody_writes", "claimed"]

# How often a lock is tried for that others take, sign or give back just then, and how long between [s].
TRIES, WAIT = 100, 0.01
# A lock's file is signed right after it is made [s].
UNSIGNED = 10.0


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock.

    Attributes
    ----------
    pid, host
        Its number, and its machine.
    begun
        When it took the lock [s since 1970].
    birth
        What tells it from others that had or will have its number; empty if the system does not say.
    """

    pid: int
    host: str
    begun: float
    birth: str = ""

    @classmethod
    def me(cls) -> Owner:
        """The process that asks."""
        return cls(os.getpid(), socket.gethostname(), time.time(), _birth(os.getpid()))

    @classmethod
    def read(cls, lock: Path) -> Owner | None:
        """Who signed a lock's file; None if nobody did."""
        try:
            signed = json.loads(lock.read_text(encoding="utf-8"))
            return cls(int(signed["pid"]), str(signed["host"]), float(signed["begun"]), str(signed["birth"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_dead(self) -> bool:
        """Whether it is known to have ended; of other machines nothing is known."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:  # somebody else's
            pass
        return bool(self.birth) and _birth(self.pid) not in ("", self.birth)

    def __str__(self) -> str:
        minutes = max(0, round((time.time() - self.begun) / 60))
        age = f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
        return f"process {self.pid} on {self.host}, for {age}"


def _birth(pid: int) -> str:
    """When a process began, counted from when its machine did."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return ""


@contextmanager
def claimed(lock: Path, output: Path) -> Iterator[None]:
    """Keep other processes away from an output during a block.

    Parameters
    ----------
    lock
        File of the lock, made and removed.
    output
        What is to be written, for the message.

    Yields
    ------
    None
        While the lock is this process's.

    Raises
    ------
    InputError
        If another process has it; with its number, its machine and since when.
    OSError
        If the lock's file cannot be made.
    """
    handle = _taken(lock, output)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"made by": "skycocoon, while it writes", **asdict(Owner.me())}).encode())
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def check_nobody_writes(lock: Path, output: Path) -> None:
    """Refuse to begin work on an output that another process is at work on.

    Parameters
    ----------
    lock, output
        As in :func:`claimed`.

    Raises
    ------
    InputError
        If the lock is held.
    """
    with suppress(OSError):
        handle = os.open(lock, os.O_RDONLY)
        try:
            if _is_held(handle, lock):
                raise _refusal(lock, output)
        finally:
            os.close(handle)


def _taken(lock: Path, output: Path) -> int:
    """Open and lock a file, whose owner may have died."""
    for _ in range(TRIES):
        try:
            handle, is_new, is_mine = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True, True
        except FileExistsError:
            try:
                is_new, is_mine = False, os.access(lock, os.W_OK)
                handle = os.open(lock, os.O_RDWR if is_mine else os.O_RDONLY)
            except FileNotFoundError:
                continue
        taken = False
        try:
            free = _flock(handle)
            if is_mine and (free or (free is None and is_new)):
                # Its owner may have removed it meanwhile: the next to come would open another file of the same name.
                if taken := _is_same(handle, lock):
                    return handle
            elif not _is_held(handle, lock):
                lock.unlink(missing_ok=True)
            elif (owner := Owner.read(lock)) is not None and not owner.is_dead():
                break
            else:  # not signed yet, or just looked at by another process
                time.sleep(WAIT)
        finally:
            if not taken:
                os.close(handle)
    raise _refusal(lock, output)


def _is_held(handle: int, lock: Path) -> bool:
    """Whether the owner of a lock's open file may live."""
    if (free := _flock(handle)) is not None:
        return not free
    if (owner := Owner.read(lock)) is not None:
        return not owner.is_dead()
    return time.time() - os.fstat(handle).st_mtime < UNSIGNED


def _flock(handle: int) -> bool | None:
    """Lock an open file until it is closed: False if somebody else has; None where files cannot be locked."""
    try:
        import fcntl
    except ImportError:  # not on this system
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # not on this file system
        return None
    return True


def _is_same(handle: int, lock: Path) -> bool:
    """Whether an open file is the one of a name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock))
    except OSError:
        return False


def _refusal(lock: Path, output: Path) -> InputError:
    """The line that the second process ends with."""
    owner = Owner.read(lock)
    if owner is None:
        return InputError(f"{output}: another process is at work on it")
    far = "" if owner.host == socket.gethostname() else f"; if that has ended, remove {lock}"
    return InputError(f"{output}: another process is at work on it ({owner}){far}")
