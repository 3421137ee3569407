"""Where the rows of a map's file go: straight to their places, or through gzip, which has to be told them in order."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Protocol

from ...resources import check_disk

# What has bytes: a view of an array, too.
Buffer = bytes | memoryview

__all__ = ["Buffer", "Gzipped", "Plain", "Stream", "joined_crc"]

# Deflate's blocks that are stored as they are hold this at most [bytes].
STORED = 0xFFFF
# x^32 + ... of gzip's checksum, without its first term, least significant bit first.
POLYNOMIAL = 0xEDB88320
# Magic number, deflate, no flags, no date, no hints, unknown system: the same map is the same bytes.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Stream(Protocol):
    """What takes a file's bytes in blocks whose places are known."""

    def prepare(self, offset: int, content: Buffer) -> Buffer:
        """Do what can be done with a block on any thread; what is left goes to :meth:`append`.

        Parameters
        ----------
        offset
            Where the block begins, in the file that is not compressed.
        content
            Its bytes.

        Returns
        -------
        bytes
            What has to be written in order; may be empty.
        """
        ...

    def append(self, content: Buffer) -> None:
        """Take what :meth:`prepare` left of the next block."""
        ...

    def finish(self, head: bytes, tail: bytes) -> None:
        """Write what comes before and after the blocks, and put all of it on the disk.

        Parameters
        ----------
        head, tail
            Bytes; as many of ``head`` as were foretold.
        """
        ...

    def close(self) -> None:
        """Close the file, whole or not."""
        ...


class Plain:
    """A file whose blocks are written at their places, on any thread and in any order.

    Parameters
    ----------
    path
        The file, which is there.
    head, size
        Bytes before the blocks, and of the whole file.

    Raises
    ------
    InputError
        If the disk has no room for it.
    """

    def __init__(self, path: Path, head: int, size: int) -> None:
        check_disk(size, path.parent, "a map")
        self._size = size
        self._file = os.open(path, os.O_WRONLY | os.O_TRUNC)

    def prepare(self, offset: int, content: Buffer) -> bytes:
        """Write a block at its place; nothing is left.

        Parameters
        ----------
        offset, content
            As in :meth:`Stream.prepare`.

        Returns
        -------
        bytes
            As from :meth:`Stream.prepare`.
        """
        _write_at(self._file, content, offset)
        if hasattr(os, "posix_fadvise"):
            # The disk begins now, while more blocks are worked out, and not when all is written.
            os.posix_fadvise(self._file, offset, len(content), os.POSIX_FADV_DONTNEED)
        return b""

    def append(self, content: Buffer) -> None:
        """Nothing is left to be written in order."""

    def finish(self, head: bytes, tail: bytes) -> None:
        """Write both ends, and wait for the disk.

        Parameters
        ----------
        head, tail
            As in :meth:`Stream.finish`.
        """
        _write_at(self._file, head, 0)
        _write_at(self._file, tail, self._size - len(tail))
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Gzipped:
    """A gzip file of one member, whose blocks are compressed on any thread and written in order.

    The head is stored as it is, so that it can be filled in when the checksums in it are known.

    Parameters
    ----------
    path
        The file, which is there.
    head, size
        Bytes before the blocks, and of the whole file before it is compressed.
    """

    def __init__(self, path: Path, head: int, size: int) -> None:
        self._size = size
        self._file = os.open(path, os.O_WRONLY | os.O_TRUNC)
        self._end = len(GZIP_HEAD) + len(_stored(bytes(head)))
        self._crc, self._length = 0, 0
        self._lengths: list[tuple[int, int]] = []

    def prepare(self, offset: int, content: Buffer) -> bytes:
        """Compress a block, with its checksum and length in front.

        Parameters
        ----------
        offset, content
            As in :meth:`Stream.prepare`.

        Returns
        -------
        bytes
            As from :meth:`Stream.prepare`.
        """
        return struct.pack("<II", zlib.crc32(content), len(content)) + _deflated(content, last=False)

    def append(self, content: Buffer) -> None:
        """Write the next block."""
        crc, length = struct.unpack_from("<II", content)
        self._crc = joined_crc(self._crc, crc, length)
        self._length += length
        _write_at(self._file, content[8:], self._end)
        self._end += len(content) - 8

    def finish(self, head: bytes, tail: bytes) -> None:
        """Write both ends and the sizes, and wait for the disk.

        Parameters
        ----------
        head, tail
            As in :meth:`Stream.finish`.
        """
        _write_at(self._file, GZIP_HEAD + _stored(head), 0)
        crc = joined_crc(zlib.crc32(head), self._crc, self._length)
        crc = joined_crc(crc, zlib.crc32(tail), len(tail))
        end = _deflated(tail, last=True) + struct.pack("<II", crc, self._size & 0xFFFFFFFF)
        _write_at(self._file, end, self._end)
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _write_at(file: int, content: Buffer, offset: int) -> None:
    """Write all of some bytes at a place: a call may write a part of them."""
    view = memoryview(content)
    while view.nbytes:
        count = os.pwrite(file, view, offset)
        view, offset = view[count:], offset + count


def _deflated(content: Buffer, last: bool) -> bytes:
    """Compress bytes so that other compressed bytes can follow, unless they are the last."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


def _stored(content: bytes) -> bytes:
    """Bytes as blocks of deflate that are not compressed: their length depends on that of the bytes alone."""
    parts = (content[k : k + STORED] for k in range(0, len(content), STORED))
    return b"".join(struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF) + part for part in parts)


def joined_crc(one: int, other: int, length: int) -> int:
    """CRC-32 of bytes that follow others, from those of both parts.

    That of the first part is multiplied by x^(8 length) in the field of the polynomial.

    Parameters
    ----------
    one, other
        CRC-32 of each part.
    length
        Bytes in the second part.

    Returns
    -------
    int
        CRC-32 of the whole.
    """
    # x^0 is the highest bit; x^(2^k) by squaring.
    power, factor, exponent = 1 << 30, 1 << 31, 8 * length
    while exponent:
        if exponent & 1:
            factor = _product(factor, power)
        power = _product(power, power)
        exponent >>= 1
    return _product(one, factor) ^ other


def _product(one: int, other: int) -> int:
    """Product of two polynomials modulo that of CRC-32."""
    result, bit = 0, 1 << 31
    while bit:
        if one & bit:
            result ^= other
        other = (other >> 1) ^ (POLYNOMIAL if other & 1 else 0)
        bit >>= 1
    return result
