"""Run a skycocoon command on the workers of HTCondor jobs (needs: pip install dask-jobqueue).

    python scripts/htcondor.py --jobs 20 scan paper --over ... --out scan.nc

Runs where `condor_submit` does, on a machine that the workers can reach. The scheduler lives in this process;
workers come and go as the queue lets them. If this process is killed, the same line goes on from the finished blocks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from dask_jobqueue import HTCondorCluster


def main() -> int:
    """Start workers, run the command on them, and give its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10, help="number of HTCondor jobs")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="a skycocoon command that takes --dask")
    arguments = parser.parse_args()
    cluster = HTCondorCluster(
        # What one job asks for: small jobs start sooner. A process computes one block at a time, in about 1 GB.
        cores=4,
        processes=4,
        memory="8GB",
        disk="2GB",
        # An evicted job costs the blocks that it was computing; HTCondor starts it again.
        job_extra_directives={"+JobFlavour": '"workday"'},
        # All workers need the same skycocoon: the environment that this process has, on a file system that they see.
        python=sys.executable,
        job_script_prologue=["export NUMBA_CACHE_DIR=${_CONDOR_SCRATCH_DIR:-/tmp}/numba"],
    )
    with cluster:
        cluster.scale(jobs=arguments.jobs)
        command = [sys.executable, "-m", "skycocoon", *arguments.command]
        return subprocess.run([*command, "--dask", cluster.scheduler_address, "--resume"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
