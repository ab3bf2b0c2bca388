"""Bytes with a length, read from anywhere in small pieces."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from webapp.core.errors import TruncatedError

WINDOW_BYTES = 8 * 1024
"""Walks take a few bytes at a time, mostly side by side: one system call serves many."""


class Source:
    """A file or a block of bytes that is only ever read within its bounds.

    Args:
        read: Takes an offset and a length, returns that many bytes, or fewer at the end.
        size: Length in bytes.
    """

    __slots__ = ("_read", "_start", "_window", "size", "walked")

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self.size = size
        self.walked: Sequence[object] = ()
        """What a walk of the whole container found, for the next one."""
        self._read = read
        self._start = 0
        self._window = b""

    @classmethod
    def of_bytes(cls, block: bytes) -> "Source":
        """Return a source over bytes already in memory."""
        return cls(lambda offset, length: block[offset : offset + length], len(block))

    def some(self, offset: int, length: int) -> bytes:
        """Return the bytes from ``offset`` on; fewer than ``length`` where the source ends."""
        end = min(offset + length, self.size)
        if not 0 <= offset < end:
            return b""
        if end - offset > WINDOW_BYTES:
            return self._read(offset, end - offset)
        if offset < self._start or end > self._start + len(self._window):
            self._start, self._window = offset, self._read(offset, WINDOW_BYTES)
        return self._window[offset - self._start : end - self._start]

    def exact(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset`` on.

        Raises:
            TruncatedError: The source ends before.
        """
        data = self.some(offset, length)
        if len(data) != length:
            raise TruncatedError(bytes=self.size, needed=offset + length)
        return data


@contextmanager
def open_source(found: Path | bytes) -> Iterator[Source]:
    """Open a file for as long as the block runs; bytes are open as they are."""
    if isinstance(found, bytes):
        yield Source.of_bytes(found)
        return
    descriptor = os.open(found, os.O_RDONLY)
    try:
        yield Source(
            lambda offset, length: os.pread(descriptor, length, offset),
            os.fstat(descriptor).st_size,
        )
    finally:
        os.close(descriptor)
