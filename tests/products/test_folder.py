"""A folder of results is whole or not there, also when figures are drawn beside the other steps."""

import threading
import time

import pytest

from skycocoon.products.folder import figure_thread, fill_folder


def fill(out, steps, files=("figure.png",)):
    return fill_folder(out, files, steps, count=1, overwrite=False, progress=False)


def test_figures_are_drawn_beside_other_steps(tmp_path):
    """Each waits for the other: one after the other they would wait for ever."""
    begun, written = threading.Event(), threading.Event()

    def draw(path):
        begun.set()
        assert written.wait(10)
        path.write_text("drawn")

    def steps(work):
        with figure_thread() as aside:
            drawn = aside(draw, work / "figure.png")
            yield "a map"
            assert begun.wait(10)
            written.set()
            yield "the figure"
            drawn.result()

    (path,) = fill(tmp_path / "results", steps)
    assert path.read_text() == "drawn"


def test_an_interrupted_run_waits_for_the_figure_that_is_being_drawn_and_leaves_nothing(tmp_path):
    """A figure that was written after its folder had gone would leave that folder behind."""
    ended = []

    def draw(path):
        time.sleep(0.2)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("late")
        ended.append(path.name)

    def steps(work):
        with figure_thread() as aside:
            aside(draw, work / "figure.png")
            aside(draw, work / "another.png")
            yield "a map"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "results", steps)
    assert ended in ([], ["figure.png"])  # what had not begun never does
    assert list(tmp_path.iterdir()) == []


def test_steps_end_before_their_folder_goes_where_the_progress_bar_is_interrupted(tmp_path, monkeypatch):
    """Ctrl-C arrives anywhere, also between two steps."""
    import tqdm

    ended = []

    def steps(work):
        try:
            yield "a map"
        finally:
            ended.append(work.is_dir())

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(tqdm.tqdm, "set_description", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "results", steps)
    assert ended == [True]
    assert list(tmp_path.iterdir()) == []
