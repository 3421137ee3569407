"""Finished blocks of a job on disk, beside its output, until the output is whole."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..outputs import claimed, new_file, unrecorded
from .job import Block, Job

__all__ = ["BlockFolder", "blocks_folder"]

SUFFIX = ".skycocoon-blocks"
HEAD = "job.json"
ACCURACY = "accuracy "


def blocks_folder(out: str | Path) -> Path:
    """Return the folder beside an output that holds its finished blocks until it is whole."""
    path = Path(out)
    return path.with_name(path.name + SUFFIX)


class BlockFolder:
    """Finished blocks of one job; a block's file is whole or not there.

    Attributes
    ----------
    path
        The folder.
    job
        The job.
    """

    def __init__(self, path: Path, job: Job) -> None:
        self.path, self.job = path, job

    @contextmanager
    def opened(self, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
        """Make or take over the folder, and keep other processes out of it.

        Parameters
        ----------
        resume
            Whether blocks of this job that are there are taken.
        overwrite
            Whether blocks of this job, without ``resume``, and of other jobs are removed.

        Yields
        ------
        None
            While the folder is this process's.

        Raises
        ------
        InputError
            If there are blocks that may neither be taken nor removed, if another process is at work there, or if
            the folder cannot be written to.
        """
        with ExitStack() as stack:
            try:
                # Beside the folder, which is removed in the end.
                stack.enter_context(claimed(self.path.with_name(f".{self.path.name}-running"), self.path))
                self.path.mkdir(exist_ok=True)
                self._take_over(resume, overwrite)
                self._write_head()
            except OSError as error:
                raise InputError(f"{self.path}: cannot write there ({error.strerror or error})") from None
            yield

    def _take_over(self, resume: bool, overwrite: bool) -> None:
        """Check what lies in the folder; remove it if told to."""
        if not (blocks := self._files()):
            return
        digest = self._digest()
        if digest == self.job.digest and resume:
            return
        if not overwrite:
            count = f"{len(blocks)} finished block{'s' if len(blocks) > 1 else ''}"
            if digest == self.job.digest:
                raise InputError(
                    f"{self.path}: holds {count} of this {self.job.name}; resume=True goes on from there, "
                    "overwrite=True begins again"
                )
            raise InputError(
                f"{self.path}: holds {count} of another job, of another model or with other options; "
                "overwrite=True removes them"
            )
        for block in blocks:
            block.unlink()

    def _digest(self) -> str | None:
        """Digest of the job whose blocks lie there; None if nothing says so."""
        try:
            head = json.loads((self.path / HEAD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return head.get("digest") if isinstance(head, dict) else None

    def _write_head(self) -> None:
        head = {
            "made by": "skycocoon, for --resume; may be deleted",
            "job": self.job.name,
            "blocks": len(self.job.blocks),
            "digest": self.job.digest,
        }
        with unrecorded(), new_file(self.path / HEAD, overwrite=True) as path:
            path.write_text(json.dumps(head, indent=2) + "\n", encoding="utf-8")

    def _files(self) -> list[Path]:
        return sorted(self.path.glob("block-*.npz"))

    def _file(self, index: int) -> Path:
        return self.path / f"block-{index + 1:06d}.npz"

    def finished(self) -> set[int]:
        """Return which blocks are there and whole; files that are damaged are removed."""
        whole = set()
        for index in range(len(self.job.blocks)):
            if (path := self._file(index)).exists():
                try:
                    with zipfile.ZipFile(path) as archive:
                        damaged = archive.testzip() is not None
                except (zipfile.BadZipFile, OSError, EOFError):
                    damaged = True
                if damaged:
                    path.unlink()
                else:
                    whole.add(index)
        return whole

    def write(self, index: int, block: Block) -> None:
        """Write a finished block, whole or not at all, so that it survives a crash of the machine.

        Parameters
        ----------
        index
            Which block it is.
        block
            What came of it.
        """
        lines = {f"{ACCURACY}{number}": np.array(line) for number, line in enumerate(block.accuracy)}
        arrays: dict[str, Any] = {**block.arrays, **lines}
        with unrecorded(), new_file(self._file(index), overwrite=True) as path, path.open("wb") as file:
            np.savez(file, **arrays)

    def read(self, index: int) -> dict[str, NDArray[Any]]:
        """Return the arrays of a finished block."""
        with np.load(self._file(index), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if not name.startswith(ACCURACY)}

    def accuracy(self, index: int) -> list[str]:
        """Return the accuracies that a finished block did not reach."""
        with np.load(self._file(index), allow_pickle=False) as arrays:
            return [str(arrays[name]) for name in arrays.files if name.startswith(ACCURACY)]

    def count(self) -> int:
        """Return how many blocks are there."""
        return len(self._files())

    def remove(self) -> None:
        """Remove the blocks, and the folder unless somebody put something else into it."""
        with suppress(OSError):
            for path in (*self._files(), *self.path.glob(".block-*"), *self.path.glob(".job*"), self.path / HEAD):
                path.unlink(missing_ok=True)
            self.path.rmdir()
