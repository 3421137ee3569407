"""A folder of results, filled step by step behind a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..outputs import new_folder

__all__ = ["fill_folder"]


def fill_folder(
    out: str | Path,
    files: Sequence[str],
    steps: Callable[[Path], Iterator[str]],
    *,
    count: int,
    overwrite: bool,
    progress: bool,
) -> list[Path]:
    """Write a folder of results, whole or not at all.

    Parameters
    ----------
    out
        The folder; made if missing.
    files
        What will be written, by names relative to the folder.
    steps
        Does the work in a temporary folder and yields a label before each step.
    count
        Number of steps.
    overwrite
        Whether files of the same names may be replaced.
    progress
        Whether to show a progress bar.

    Returns
    -------
    list of Path
        The files, in the order of ``files``.

    Raises
    ------
    InputError
        If a file exists and ``overwrite`` is false, or the folder cannot be written to; before any step.
    """
    from tqdm import tqdm

    with new_folder(out, files, overwrite) as work:
        bar = tqdm(steps(work), total=count, disable=not progress, leave=False)
        for label in bar:
            bar.set_description(label)
    return [Path(out) / name for name in files]
