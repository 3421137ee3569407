"""What a worker process on this machine does first: a Ctrl-C is the job's, which ends its workers itself."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Ignore interruptions from the terminal; Dask calls this by its name.

    Parameters
    ----------
    worker
        The worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
