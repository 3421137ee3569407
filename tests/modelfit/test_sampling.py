"""Chains that several processes draw, and that are interrupted: the same chain, to the last bit."""

import numpy as np
import pytest

from skycocoon import InputError
from skycocoon.config import SamplingSection
from skycocoon.inference import fit, posterior, sample
from skycocoon.modelfit.sampling import kept_samples

from .conftest import BOUNDS, COLUMN, DELTA, RTOL, XC, problem

pytest.importorskip("emcee")
CHAIN = {"walkers": 8, "steps": 50, "burn": 4, "thin": 2, "seed": 5}
SECTION = SamplingSection(**CHAIN)
DATA = ["lhaaso-km2a-2023-inner", "bc-dampe-2022"]


@pytest.fixture(scope="module")
def made():
    return problem(DATA, keys=(COLUMN, XC, DELTA))


@pytest.fixture(scope="module")
def result(made):
    return fit(made.likelihood, minos=False)


@pytest.fixture(scope="module")
def plain(result):
    return sample(result, **CHAIN)


def drawn(made, result, out, **options):
    with kept_samples(made, SECTION, out, rtol=RTOL, starts=1, **options) as draw:
        return draw(result, **CHAIN)


def assert_same(one, other):
    for name in ("chain", "log_probability", "autocorrelation", "acceptance"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_workers_draw_the_same_chain(made, result, plain, tmp_path):
    """Two threads of a cluster load the model of its text, and take half of the proposed walkers each."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", dashboard_address="127.0.0.1:0"
    ) as cluster:
        assert_same(drawn(made, result, tmp_path / "out", workers=cluster.scheduler_address), plain)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_chain_goes_on_where_it_was(made, result, plain, tmp_path, monkeypatch):
    """In the third of three segments; only that one is drawn again."""
    compute, calls = posterior.log_probabilities, []

    def interrupted(likelihood, values):
        calls.append(len(values))
        if len(calls) == limit:
            raise KeyboardInterrupt
        return compute(likelihood, values)

    monkeypatch.setattr(posterior, "log_probabilities", interrupted)
    limit = 90
    with pytest.raises(KeyboardInterrupt) as error:
        drawn(made, result, tmp_path / "out")
    assert error.value.__notes__[0].startswith("2 of 3 blocks are kept in ")
    assert [path.name for path in tmp_path.iterdir()] == ["out.skycocoon-blocks"]
    with pytest.raises(InputError, match="holds 2 finished blocks of this sample"):
        drawn(made, result, tmp_path / "out")
    calls.clear()
    limit = None
    assert_same(drawn(made, result, tmp_path / "out", resume=True), plain)
    assert len(calls) == 2 * 10
    assert list(tmp_path.iterdir()) == []


def not_written(made, result, out):
    """A chain whose fit cannot be written."""
    with kept_samples(made, SECTION, out, rtol=RTOL, starts=1) as draw:
        draw(result, **CHAIN)
        raise InputError("no")


def test_another_fit_has_another_chain(made, result, tmp_path):
    """Other bounds, seed, accuracy or starts."""
    with pytest.raises(InputError, match="no"):
        not_written(made, result, tmp_path / "out")
    narrow = problem(DATA, keys=(COLUMN, XC, DELTA), parameters={**BOUNDS, DELTA: {"bounds": [0.4, 0.8]}})
    for other, section, rtol, starts in (
        (narrow, SECTION, RTOL, 1),
        (made, SECTION.model_copy(update={"seed": 6}), RTOL, 1),
        (made, SECTION, 2 * RTOL, 1),
        (made, SECTION, RTOL, 2),
    ):
        kept = kept_samples(other, section, tmp_path / "out", rtol=rtol, starts=starts, resume=True)
        with pytest.raises(InputError, match="holds 3 finished blocks of another job"), kept:
            pass
