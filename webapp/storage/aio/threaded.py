"""ThreadedReader: any BlobStore that blocks, read from a few threads of its own.

So directories are read by the very code that wrote them: one way to find a label, one way to
stay below the root.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, TypeVar

from webapp.core.label import Label
from webapp.storage.aio.base import WHOLE_BYTES, AsyncBlob, HeldChunks, Warm
from webapp.storage.aio.threads import ShardThreads
from webapp.storage.aio.warm import WarmFiles
from webapp.storage.base import BlobStore, OpenBlob

FIRST_BYTES: Final = 1024 * 1024
"""A blob up to this size comes in the same round trip as its label; most renditions do."""
THREADS: Final = 4
BACKLOG: Final = 256
_T = TypeVar("_T")


class ThreadedReader:
    """One shard that is read by blocking calls.

    Args:
        store: Reads the shard; its calls may hang.
        seconds: How long a call may take before the shard counts as silent.
        threads: Reads at the same time.
        warm: Reads at once what is in the kernel's memory.
    """

    def __init__(
        self,
        store: BlobStore,
        *,
        seconds: float,
        threads: int = THREADS,
        warm: WarmFiles | None = None,
    ) -> None:
        self.name = store.name
        self._warm = warm
        self._store = store
        self._seconds = seconds
        if warm is not None:
            self.open_warm = warm.read  # type: ignore[method-assign]  # saves the hot path a call
        self._threads = ShardThreads(store.name, count=threads, backlog=BACKLOG)

    async def open(
        self, key: str, *, start: int = 0, end: int | None = None, streamed: bool = False
    ) -> AsyncBlob | None:
        """Open a range of a blob; see AsyncBlobReader."""
        opened = await self._run(
            lambda: self._open(key, start=start, end=end, streamed=streamed), discard=_discard
        )
        if opened is None:
            return None
        if opened.ended:
            return AsyncBlob(opened.blob.stat, HeldChunks(opened.first))
        return AsyncBlob(opened.blob.stat, _FurtherChunks(self, opened))

    def open_warm(self, key: str) -> Warm | None:  # noqa: ARG002 - as every reader has it
        """Return None, unless there are warm files: then what those have; see AsyncBlobReader."""
        return None

    async def put(self, key: str, data: bytes, *, label: Label) -> None:
        """Write a small blob; see AsyncBlobReader."""
        await self._run(lambda: self._store.put(key, data, label=label))

    async def aclose(self) -> None:
        """End the threads that do not hang."""
        self._threads.close()

    def _open(self, key: str, *, start: int, end: int | None, streamed: bool) -> "_Opened | None":
        """Open on a thread, where looking at the file system may wait as well."""
        opened = _open(self._store.open(key, start=start, end=end), streamed=streamed)
        if self._warm is not None:
            self._warm.learn()
        return opened

    async def _run(
        self, function: Callable[[], _T], *, discard: Callable[[_T], object] | None = None
    ) -> _T:
        return await self._threads.run(function, seconds=self._seconds, discard=discard)


@dataclass(slots=True)
class _Opened:
    """A blob being read by blocking calls, with what was read at once."""

    context: AbstractContextManager[OpenBlob | None]
    blob: OpenBlob
    whole: bool
    first: bytes = b""
    ended: bool = False


def _open(context: AbstractContextManager[OpenBlob | None], *, streamed: bool) -> _Opened | None:
    blob = context.__enter__()
    if blob is None:
        context.__exit__(None, None, None)
        return None
    opened = _Opened(context, blob, not streamed and blob.stat.size <= WHOLE_BYTES)
    try:
        small = opened.whole and blob.stat.size <= FIRST_BYTES
        opened.first = _gather_all(opened) if small else next(blob.chunks, b"")
    except BaseException:
        _close(opened)
        raise
    return opened


def _gather_all(opened: _Opened) -> bytes:
    """Return all bytes that are left, and close the blob."""
    data = b"".join(opened.blob.chunks)
    _close(opened)
    return data


def _gather_more(opened: _Opened) -> bytes:
    """Return all the rest of what will be held whole anyway, else one chunk.

    A chunk waits in memory for each slow client.
    """
    return _gather_all(opened) if opened.whole else next(opened.blob.chunks, b"")


def _close(opened: _Opened) -> None:
    if not opened.ended:
        opened.ended = True
        opened.context.__exit__(None, None, None)


def _discard(opened: _Opened | None) -> None:
    if opened is not None:
        _close(opened)


class _FurtherChunks:
    """What follows the first bytes; each step is a call on a thread."""

    def __init__(self, reader: ThreadedReader, opened: _Opened) -> None:
        self._reader = reader
        self._opened = opened
        self._first: bytes | None = opened.first

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        if self._opened.ended:
            raise StopAsyncIteration
        data = await self._reader._run(lambda: _gather_more(self._opened))  # noqa: SLF001 - one page
        if not data:
            await self.aclose()
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Close the blob on a thread: on a hung disk even that may hang."""
        self._first = None
        if not self._opened.ended:
            await self._reader._run(lambda: _close(self._opened))  # noqa: SLF001 - one page
