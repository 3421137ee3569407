"""Memory and disk that may be used: the machine's, its control groups', and the process' own limits."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skycocoon import InputError
from skycocoon.resources import check_disk, check_memory, memory_limit

ROOT = Path(__file__).parents[1]
GIB = 2**30


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Writes what a system says of itself: a process that uses 2 GiB of its address space and 1 GiB of data."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def write(available=64 * GIB, groups="", files=()):
        proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
        pages = resource.getpagesize()
        (proc / "self").mkdir(parents=True)
        (proc / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {available // 1024} kB\n")
        (proc / "self" / "statm").write_text(f"{2 * GIB // pages} {GIB // pages} 0 0 0 {GIB // pages} 0")
        (proc / "self" / "cgroup").write_text(groups)
        for name, text in dict(files).items():
            path = cgroups / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(text))
        return proc, cgroups

    return write


def test_memory_of_the_machine(system):
    assert memory_limit(*system(available=3 * GIB)) == (3 * GIB, "available on this machine")


def test_control_groups_of_version_2(system):
    """A job in a slice: the slice's limit holds for it too; pages of files are given up when they are needed."""
    files = {
        "batch/memory.max": 8 * GIB,
        "batch/memory.current": 6 * GIB,
        "batch/memory.stat": f"anon 5\ninactive_file {GIB}\n",
        "batch/job/memory.max": "max\n",
        "batch/job/memory.current": 5 * GIB,
    }
    limit, words = memory_limit(*system(groups="0::/batch/job\n", files=files))
    assert limit == 3 * GIB
    assert "control group" in words


def test_control_groups_of_version_1(system):
    files = {
        "memory/docker/memory.limit_in_bytes": 4 * GIB,
        "memory/docker/memory.usage_in_bytes": GIB,
        "memory/docker/memory.stat": "total_inactive_file 0\n",
        "memory/memory.limit_in_bytes": 2**63 - 4096,
        "memory/memory.usage_in_bytes": 30 * GIB,
    }
    groups = "9:name=systemd:/docker\n4:cpu,memory:/docker\n0::/docker\n"
    assert memory_limit(*system(groups=groups, files=files))[0] == 3 * GIB


def test_a_container_sees_only_its_root(system):
    """The path of the group is the host's; in the container the group lies at the root."""
    files = {"memory.max": 2 * GIB, "memory.current": GIB}
    assert memory_limit(*system(groups="0::/kubepods/pod7\n", files=files))[0] == GIB


@pytest.mark.parametrize(
    ("limit", "left", "words"), [(resource.RLIMIT_AS, GIB, "ulimit -v"), (resource.RLIMIT_DATA, 2 * GIB, "ulimit -d")]
)
def test_limits_of_the_process(system, monkeypatch, limit, left, words):
    infinite = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (3 * GIB if kind == limit else infinite, infinite))
    found, said = memory_limit(*system())
    assert found == left
    assert words in said


def test_a_system_that_says_nothing(system, tmp_path, monkeypatch):
    import os

    monkeypatch.setattr(os, "sysconf", lambda _: (_ for _ in ()).throw(ValueError))
    assert memory_limit(tmp_path / "none", tmp_path / "none") is None


def test_work_that_does_not_fit_is_one_line_with_the_way_out(monkeypatch):
    monkeypatch.setattr("skycocoon.resources.memory_limit", lambda: (10 * GIB, "available on this machine"))
    check_memory(8.9 * GIB, "a map", "use less")
    with pytest.raises(InputError) as error:
        check_memory(9.1 * GIB, "a map", "use less")
    assert str(error.value) == (
        "9.1 GiB of memory are needed for a map, 10.0 GiB are available on this machine; use less"
    )


def test_a_disk_without_room(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    check_disk(free // 2, tmp_path, "a map")
    with pytest.raises(InputError, match="GiB are needed for a map, "):
        check_disk(2 * free, tmp_path, "a map")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no ulimit -v")
@pytest.mark.parametrize("limit", ["-v 150000", "-v 300000", "-v 500000", "-d 100000", "-d 200000"])
def test_a_command_without_room_to_begin_is_one_line(limit):
    """Libraries end the process, or with errors that name no memory, where they cannot be loaded."""
    line = f'ulimit {limit}; exec "{sys.executable}" -m skycocoon sed paper --messenger gamma --region lhaaso-inner'
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "MiB of memory are needed to begin, " in result.stderr
    assert f"(ulimit {limit[:2]}); raise the limit" in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="macOS has no ulimit -v")
@pytest.mark.parametrize("limit", ["-v 4000000", "-d 1500000"])
def test_a_map_beyond_ulimit_is_refused_before_it_is_made(limit, tmp_path):
    """A cube of 61 energies at nside 1024 is 6 GB."""
    code = (
        "import astropy.units as u, numpy as np; from skycocoon import intensity_map, load_model; "
        "intensity_map(load_model('schroer2021'), 'gamma', np.geomspace(1, 1e3, 61) * u.TeV, 1024)"
    )
    line = f"ulimit {limit}; exec '{sys.executable}' -c \"{code}\""
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT)
    assert "InputError: 5.7 GiB of memory are needed for a map of 12582912 pixels" in result.stderr
    assert "ulimit" in result.stderr
    assert "write it to a file in blocks" in result.stderr
