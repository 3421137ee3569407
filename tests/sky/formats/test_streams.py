"""Bytes at their places, and gzip files of one member whose head is filled in last."""

import errno
import gzip
import os
import zlib
from itertools import pairwise

import numpy as np
import pytest

from skycocoon.sky.formats.streams import Gzipped, Plain, joined_crc


@pytest.mark.parametrize("length", [0, 1, 7, 100_000])
def test_checksum_of_joined_bytes(rng, length):
    one, other = rng.bytes(1000), rng.bytes(length)
    assert joined_crc(zlib.crc32(one), zlib.crc32(other), length) == zlib.crc32(one + other)


@pytest.mark.parametrize("kind", [Plain, Gzipped])
def test_what_is_written_is_read(rng, tmp_path, kind):
    """Blocks are prepared in any order and appended in theirs; the head, longer than deflate stores at once, is last."""
    path = tmp_path / "file"
    path.touch()
    content = bytes(rng.integers(0, 4, 400_000, dtype=np.uint8))
    ends = [100_000, 150_000, 150_001, 390_000]
    stream = kind(path, ends[0], len(content))
    places = list(pairwise(ends))
    prepared = {k: stream.prepare(a, content[a:b]) for k, (a, b) in reversed(list(enumerate(places)))}
    for k in range(len(places)):
        stream.append(prepared[k])
    stream.finish(content[: ends[0]], content[ends[-1] :])
    stream.close()
    if kind is Plain:
        assert path.read_bytes() == content
    else:
        assert gzip.decompress(path.read_bytes()) == content
        # One member alone: cfitsio, which Fermi's tools use, reads no further than the first.
        assert zlib.decompressobj(wbits=31).decompress(path.read_bytes()) == content
        assert path.stat().st_size < 0.6 * len(content)


def test_writes_that_write_a_part(monkeypatch, tmp_path):
    """As a disk that is nearly full does, or a signal."""
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, offset: whole(file, bytes(content)[:3], offset))
    path = tmp_path / "file"
    path.touch()
    stream = Plain(path, 4, 20)
    stream.prepare(4, b"0123456789")
    stream.finish(b"head", b"-tail-")
    stream.close()
    assert path.read_bytes() == b"head0123456789-tail-"


def test_a_disk_that_is_full_is_an_error_of_the_system(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    path.touch()
    stream = Plain(path, 4, 20)
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        stream.prepare(4, b"0123456789")
    stream.close()
