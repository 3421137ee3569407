"""Commands that are killed while they work or move files; ``tests/fuzz/kills.py`` does it as often as one likes."""

from pathlib import Path

import pytest

from .fuzz.kills import Commands, case


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    return Commands(Path(tmp_path_factory.mktemp("killed")))


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 2, 3, 9, 15, 20])
def test_the_old_result_is_there_or_the_new_one(commands, number):
    """And messages say what was done."""
    _, wrong = case(commands, number, seed=20250321)
    assert wrong == []
