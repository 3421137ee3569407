"""Run a skycocoon command on the workers of Slurm jobs (needs: pip install dask-jobqueue).

    python scripts/slurm.py --jobs 20 scan paper --over ... --out scan.nc

Runs where `sbatch` does, for instance in a small job of its own. The scheduler lives in this process;
workers come and go as the queue lets them. If this process is killed, the same line goes on from the finished blocks.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from dask_jobqueue import SLURMCluster


def main() -> int:
    """Start workers, run the command on them, and give its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10, help="number of Slurm jobs")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="a skycocoon command that takes --dask")
    arguments = parser.parse_args()
    cluster = SLURMCluster(
        # What one job asks for. A process computes one block at a time, on one core, in about 1 GB.
        cores=16,
        processes=16,
        memory="32GB",
        walltime="04:00:00",
        # queue="standard", account="gamma",
        # All workers need the same skycocoon: activate the environment that this process has.
        python=sys.executable,
        # Numba's compiled kernels, shared by all workers of a node.
        job_script_prologue=["export NUMBA_CACHE_DIR=${TMPDIR:-/tmp}/skycocoon-$USER"],
    )
    with cluster:
        cluster.scale(jobs=arguments.jobs)
        command = [sys.executable, "-m", "skycocoon", *arguments.command]
        return subprocess.run([*command, "--dask", cluster.scheduler_address, "--resume"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
