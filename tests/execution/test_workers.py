"""Jobs on processes of this machine and on a Dask cluster, whose workers are really killed."""

import os
import sys
import threading
import warnings

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.errors import AccuracyWarning, WorkerError

from .toys import EXPECTED, job, notes, run

distributed = pytest.importorskip("distributed")


def test_a_killed_worker_costs_its_block_and_a_deadly_block_is_named(tmp_path):
    """SIGKILL in the middle of two blocks: one of them is computed by the next worker, the other kills them all."""
    log, out = tmp_path / "log", tmp_path / "out.nc"
    deadly = job(log, {"3": "kill once", "7": "kill until mended", "9": "inaccurate"})
    with pytest.raises(WorkerError) as error:
        run(deadly, out, workers=2)
    assert str(error.value).startswith("toy: block 8 of 12 ended every worker that took it")
    assert error.value.__notes__ == [
        f"11 of 12 blocks are kept in {out}.skycocoon-blocks; resume=True goes on from there"
    ]
    assert len(notes(log, "killed 3")) == 1
    assert str(os.getpid()) not in notes(log, "prepared")
    (log / "mended").touch()
    with pytest.warns(AccuracyWarning, match="9: 1e-3"):
        np.testing.assert_array_equal(run(deadly, out, resume=True), EXPECTED)
    assert notes(log, "computed").count("7") == 1


@pytest.fixture(scope="module")
def cluster():
    """A scheduler with one worker of two threads, in threads of this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def test_a_cluster_computes_the_same(cluster, tmp_path):
    """Each process prepares once, however many threads it has."""
    log = tmp_path / "log"
    np.testing.assert_array_equal(run(job(log), tmp_path / "x", workers=cluster.scheduler_address), EXPECTED)
    assert len(notes(log, "prepared")) == 1
    assert sorted(notes(log, "computed"), key=int) == [str(k) for k in range(12)]


def test_a_mistake_on_a_worker_is_the_same_line(cluster, tmp_path):
    wrong = job(tmp_path / "log", {"4": "stop until mended"})
    with pytest.raises(InputError, match="no 4 today"):
        run(wrong, workers=cluster.scheduler_address)


def test_workers_of_another_state_of_the_package_are_refused(cluster, tmp_path):
    other = job(tmp_path / "log")
    object.__setattr__(other.core, "package", "0" * 64)
    with pytest.raises(InputError, match=r"a worker runs another skycocoon \(\d.*\) than made the job"):
        run(other, workers=cluster.scheduler_address)


def test_warnings_of_threads_are_collected_and_the_next_ones_are_shown(cluster, tmp_path):
    """Blocks of two threads at a time; afterwards, warnings are as before."""
    before = warnings.showwarning
    inaccurate = job(tmp_path / "log", {str(k): "inaccurate" for k in range(12)})
    with pytest.warns(AccuracyWarning) as caught:
        run(inaccurate, workers=cluster.scheduler_address)
    assert sorted(str(warning.message) for warning in caught) == sorted(f"{k}: 1e-3 was reached" for k in range(12))
    assert warnings.showwarning is before


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        ("nonsense", "no Dask scheduler at 'nonsense'"),
        ("none.json", "none.json: no such scheduler file"),
        (0, "workers 0: one or more are needed"),
    ],
)
def test_workers_that_cannot_be(workers, said, tmp_path):
    with pytest.raises(InputError, match=said):
        run(job(tmp_path / "log"), tmp_path / "x", workers=workers)
    assert list(tmp_path.iterdir()) == [tmp_path / "log"]


def test_without_dask_the_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"skycocoon\[dask\]"):
        run(job(tmp_path / "log"), workers=2)


def test_a_cluster_without_workers_is_waited_for(tmp_path, capsys):
    """Workers of a batch system come when the queue lets them; here, when the job has said that it waits."""
    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    ) as empty:
        threading.Timer(0.5, empty.scale, [1]).start()
        np.testing.assert_array_equal(
            run(job(tmp_path / "log"), workers=empty.scheduler_address, progress=True), EXPECTED
        )
    assert f"skycocoon: {empty.scheduler_address}: this Dask cluster has no workers yet" in capsys.readouterr().err


def test_a_job_whose_blocks_are_all_deadly_ends_soon(tmp_path):
    """As where no worker has the memory: a few blocks are enough to know it."""
    hopeless = job(tmp_path / "log", {str(k): "kill until mended" for k in range(12)})
    with pytest.raises(WorkerError, match=r"toy: block \d+ of 12 ended every worker"):
        run(hopeless, tmp_path / "out", workers=2)
    assert list(tmp_path.iterdir()) == [tmp_path / "log"]
