"""A few of the random inputs of ``tests/fuzz``, whose scripts make as many as one likes."""

import pytest

from .fuzz import commands, files, models


def test_mutated_model_files():
    tally = models.run(250)
    assert not tally.faults, tally.report()
    # Fewer would mean that mutations leave nothing of a model, or do nothing to it.
    assert tally.counts["loaded"] > 25
    assert tally.counts["refused"] > 25


@pytest.mark.parametrize("kind", files.KINDS)
def test_damaged_files(kind, tmp_path):
    tally = files.run_kind(kind, 44, folder=tmp_path)
    assert not tally.faults, tally.report()
    assert tally.counts["refused"]


@pytest.mark.slow
def test_random_command_lines():
    tally = commands.run(60, processes=6)
    assert not tally.faults, tally.report()
    assert tally.counts["done"] > 5
    assert tally.counts["refused"] > 20
