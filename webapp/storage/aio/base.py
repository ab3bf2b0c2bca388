"""AsyncBlobReader: what the read service must know of one shard, without blocking its loop."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from webapp.core.label import Label
from webapp.storage.base import BlobStat

STREAM_BYTES: Final = 32 * 1024
"""Read at a time of what is streamed: in memory once for each client that waits."""
WHOLE_BYTES: Final = 8 * 1024 * 1024
"""Ranges up to this size come in one piece, unless they are to be streamed."""


class Warm(NamedTuple):
    """A whole blob that could be had without waiting."""

    label: Label
    modified: float
    body: bytes


class Chunks(Protocol):
    """Bytes of one open blob, in order. Closed when they end, and by ``aclose``."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself."""
        ...

    async def __anext__(self) -> bytes:
        """Return the next bytes.

        Raises:
            ShardUnavailableError: The shard stopped answering; what came before is valid.
        """
        ...

    async def aclose(self) -> None:
        """Give back what it holds; harmless when it has ended already."""
        ...


@dataclass(frozen=True, slots=True)
class AsyncBlob:
    """A blob being read: its stat, and the bytes of the range asked for.

    Whoever got one reads it to its end or closes it.
    """

    stat: BlobStat
    chunks: Chunks

    async def read(self) -> bytes:
        """Return all bytes of the range; for small blobs."""
        return b"".join([chunk async for chunk in self.chunks])

    async def aclose(self) -> None:
        """Give back what reading it holds."""
        await self.chunks.aclose()


class AsyncBlobReader(Protocol):
    """One shard, for reading, and for the notes a reader leaves. Every wait ends in time.

    "Absent" and "cannot tell" differ, as in BlobStore.
    """

    name: str

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None, streamed: bool = False
    ) -> AsyncBlob | None:
        """Open bytes ``start`` up to, not including, ``end`` (None: to the end of the blob).

        One request to the shard, label included. Returns None when there is no such blob.
        ``streamed`` is for who passes the bytes on as a client takes them: little is read ahead.

        Raises:
            ShardUnavailableError: Cannot tell.
            HostileKeyError: The key would leave the shard.
        """
        ...

    def open_warm(self, key: str) -> Warm | None:
        """Return a small blob whole if that takes no waiting; for the event loop itself.

        Returns None when it would, or cannot be told; that says nothing about the blob.
        Raises nothing.
        """
        ...

    async def put(self, key: str, data: bytes, *, label: Label) -> None:
        """Write a small blob whole, replacing what was there.

        Raises:
            ShardFullError: No room; another shard may have some.
            ShardUnavailableError: Refused, or may or may not have happened; twice is once.
            HostileKeyError: The key would leave the shard.
        """
        ...

    async def aclose(self) -> None:
        """Give back threads and connections; afterwards nothing can be opened."""
        ...


class HeldChunks:
    """Bytes that are in memory already."""

    def __init__(self, data: bytes) -> None:
        self._left = [data[at : at + WHOLE_BYTES] for at in range(0, len(data), WHOLE_BYTES)]
        self._left.reverse()

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes."""
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()

    async def aclose(self) -> None:
        """Forget what was not read."""
        self._left.clear()


__all__ = [
    "STREAM_BYTES",
    "WHOLE_BYTES",
    "AsyncBlob",
    "AsyncBlobReader",
    "Chunks",
    "HeldChunks",
    "Warm",
]
