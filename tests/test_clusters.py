"""The examples for batch systems, with a cluster of this machine's processes in the place of theirs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What the examples take from dask_jobqueue: a cluster that is made of jobs' sizes, and grows when it is told to.
JOBQUEUE = """
from distributed import LocalCluster

class JobQueueCluster(LocalCluster):
    def __init__(self, *, cores, processes, memory, python, job_script_prologue, **queue):
        assert queue == {queue}
        assert cores == processes and memory.endswith("GB") and job_script_prologue
        super().__init__(n_workers=0, threads_per_worker=1, dashboard_address="127.0.0.1:0")

    def scale(self, jobs):
        super().scale(jobs)

{name} = JobQueueCluster
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "name", "queue"),
    [
        ("slurm", "SLURMCluster", {"walltime": "04:00:00"}),
        ("htcondor", "HTCondorCluster", {"disk": "2GB", "job_extra_directives": {"+JobFlavour": '"workday"'}}),
    ],
)
def test_an_example_runs_a_scan_on_its_workers(script, name, queue, tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "dask_jobqueue.py").write_text(JOBQUEUE.format(name=name, queue=queue))
    scan = "scan schroer2021 --over components.cocoons.disc.height=50pc..200pc:2 --messenger gamma --region disc:30,0,2"
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / f"{script}.py"), "--jobs", "1", *scan.split(), "--out", "scan.nc"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "dask_jobqueue.py",
        "scan.nc",
    ]
