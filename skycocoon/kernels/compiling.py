"""Compiling of kernels: machine code is kept on disk where that can be, and made anew where it cannot.

Numba keeps it beside the source, or in the user's home; it ends with an error where neither can be written to, as in a
container, and in the middle of a command where the disk is full or what was kept is damaged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from numba import config, njit
from numba.core.caching import FunctionCache

from ..scratch import has_home, scratch_folder

__all__ = ["compiled"]


# Without a home numba would make one in the working folder, if it cannot write beside the source.
if not config.CACHE_DIR and not has_home() and not os.access(__file__, os.W_OK):
    config.CACHE_DIR = scratch_folder() or ""


class _Cache(FunctionCache):
    """Machine code of a kernel on disk; what cannot be read or written there is compiled."""

    @contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError:  # not to be read, or no room to write
            pass
        except Exception:  # damaged, as by a crash of the machine: begun again
            with suppress(OSError):
                self.flush()


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of a kernel, which releases the interpreter's lock.

    Parameters
    ----------
    **options
        More options of :func:`numba.njit`.

    Returns
    -------
    callable
        Takes the function, gives the kernel.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        kernel = njit(nogil=True, **options)(function)
        if not config.DISABLE_JIT and (cache := _cache(function)) is not None:
            kernel._cache = cache
        return kernel

    return decorate


def _cache(function: Callable[..., Any]) -> _Cache | None:
    """Where a kernel's machine code is kept; None if nowhere."""
    try:
        return _Cache(function)
    except RuntimeError:  # nowhere
        return None
