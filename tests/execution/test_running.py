"""Jobs in this process: what is finished is kept until the output is whole, and never mixed with another job."""

import resource

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.errors import AccuracyWarning
from skycocoon.execution import finished_blocks

from .toys import EXPECTED, job, notes, run


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.nc"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def kept(out):
    return sorted(path.name for path in out.with_name(f"{out.name}.skycocoon-blocks").glob("*"))


def notes_of(error):
    return "; ".join(getattr(error.value, "__notes__", []))


def test_blocks_come_in_their_order_and_nothing_is_left(out, log):
    with finished_blocks(job(log), out) as finished:
        np.testing.assert_array_equal(np.concatenate([block["squares"] for block in finished]), EXPECTED)
        assert len(kept(out)) == 13
    assert kept(out) == []
    assert list(out.parent.iterdir()) == [log]
    assert len(notes(log, "prepared")) == 1


def test_without_an_output_nothing_is_written(tmp_path, log, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(run(job(log)), EXPECTED)
    assert list(tmp_path.iterdir()) == [log]


def test_what_is_finished_is_not_computed_again(out, log):
    """An error in a block, and after it one while the output is written."""
    stopped = job(log, {"7": "stop until mended"})
    with pytest.raises(InputError, match="no 7 today") as error:
        run(stopped, out)
    assert notes_of(error) == f"7 of 12 blocks are kept in {out}.skycocoon-blocks; resume=True goes on from there"
    (log / "mended").touch()
    with pytest.raises(ZeroDivisionError), finished_blocks(stopped, out, resume=True):
        1 / 0
    assert len(kept(out)) == 13
    np.testing.assert_array_equal(run(stopped, out, resume=True), EXPECTED)
    assert sorted(notes(log, "computed"), key=int) == [str(k) for k in range(12)]
    assert kept(out) == []


def test_an_interruption_says_where_the_blocks_are(out, log):
    interrupted = job(log, {"2": "interrupt until mended"})
    with pytest.raises(KeyboardInterrupt) as error:
        run(interrupted, out)
    assert "2 of 12 blocks are kept" in notes_of(error)


def test_a_job_that_fails_at_once_leaves_nothing(out, log):
    with pytest.raises(InputError) as error:
        run(job(log, {"0": "stop until mended"}), out)
    assert notes_of(error) == ""
    assert kept(out) == []


def interrupt(out, log):
    """Five blocks of a job, and no more."""
    with pytest.raises(KeyboardInterrupt):
        run(job(log, {"5": "interrupt until mended"}), out)


def test_blocks_that_lie_there_are_taken_or_removed_when_that_is_asked_for(out, log):
    same = job(log, {"5": "interrupt until mended"})
    interrupt(out, log)
    with pytest.raises(InputError) as error:
        run(same, out)
    assert "holds 5 finished blocks of this toy; resume=True goes on from there, overwrite=True" in str(error.value)
    assert len(kept(out)) == 6
    (log / "mended").touch()
    np.testing.assert_array_equal(run(same, out, overwrite=True), EXPECTED)
    assert notes(log, "computed").count("3") == 2


@pytest.mark.parametrize("resume", [False, True])
def test_blocks_of_another_job_are_never_mixed_in(out, log, resume):
    other = job(log, blocks=range(1, 13))
    interrupt(out, log)
    with pytest.raises(InputError) as error:
        run(other, out, resume=resume)
    assert "holds 5 finished blocks of another job" in str(error.value)
    assert "overwrite=True removes them" in str(error.value)
    assert len(kept(out)) == 6
    assert run(other, out, resume=resume, overwrite=True)[0] == 1.0


def test_a_damaged_block_is_computed_again(out, log):
    interrupt(out, log)
    path = out.with_name(f"{out.name}.skycocoon-blocks") / "block-000003.npz"
    data = bytearray(path.read_bytes())
    data[data.index(np.float64(9).tobytes())] ^= 1
    path.write_bytes(data)
    path.with_name("block-000004.npz").write_bytes(data[:40])
    (log / "mended").touch()
    np.testing.assert_array_equal(run(job(log, {"5": "interrupt until mended"}), out, resume=True), EXPECTED)
    assert [notes(log, "computed").count(k) for k in ("1", "2", "3", "4")] == [1, 2, 2, 1]


def test_two_processes_do_not_work_on_one_output(out, log):
    """The lock goes with the process that has it; here, it is the same one twice."""
    with (
        finished_blocks(job(log), out),
        pytest.raises(InputError, match="another process is at work"),
        finished_blocks(job(log), out, resume=True),
    ):
        pass


def test_what_others_put_there_stays(out, log):
    with finished_blocks(job(log), out):
        mine = out.with_name(f"{out.name}.skycocoon-blocks") / "mine.txt"
        mine.touch()
    assert kept(out) == ["mine.txt"]


def test_a_full_disk_is_one_line_and_loses_nothing(out, log):
    """A file may not be longer than so many bytes; the error is the system's own."""
    large = job(log, {"6": "stop until mended"})
    with pytest.raises(InputError):
        run(large, out)
    (log / "mended").touch()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (240, hard))
    try:
        with pytest.raises(InputError, match=r"block-000007\.npz: cannot write there") as error:
            run(large, out, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert "6 of 12 blocks are kept" in notes_of(error)
    assert kept(out) == [f"block-{k:06d}.npz" for k in range(1, 7)] + ["job.json"]
    np.testing.assert_array_equal(run(large, out, resume=True), EXPECTED)


@pytest.mark.parametrize("folder", ["/proc", "/nowhere/at/all"])
def test_a_folder_that_cannot_be_written_to_is_one_line(folder, log):
    with pytest.raises(InputError, match=f"{folder}/x.nc.skycocoon-blocks: cannot write there"):
        run(job(log), f"{folder}/x.nc")


def test_accuracies_are_told_once_also_after_a_resumption(out, log):
    """A block that was computed before an interruption still says what it did not reach."""
    trouble = {"1": "inaccurate", "3": "inaccurate", "5": "interrupt until mended"}
    with pytest.raises(KeyboardInterrupt):
        run(job(log, trouble), out)
    (log / "mended").touch()
    with pytest.warns(AccuracyWarning) as caught:
        np.testing.assert_array_equal(run(job(log, trouble), out, resume=True), EXPECTED)
    assert [str(warning.message) for warning in caught] == ["1: 1e-3 was reached", "3: 1e-3 was reached"]
