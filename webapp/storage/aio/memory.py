"""MemoryReader: a shard in the memory of one process, read as an event loop reads others."""

from collections.abc import Awaitable, Callable

from webapp.core.errors import ShardUnavailableError
from webapp.core.label import Label
from webapp.storage.aio.base import AsyncBlob, HeldChunks, Warm
from webapp.storage.base import BlobStore


class MemoryReader:
    """Reads a store whose calls never block, such as MemoryStore.

    Args:
        store: Where the blobs are.
        before: Awaited before every open with the key; may wait, to be a slow shard.
    """

    def __init__(
        self, store: BlobStore, *, before: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self.name = store.name
        self.before = before
        self.opened: list[str] = []
        self._store: BlobStore | None = store

    async def open(
        self,
        key: str,
        *,
        start: int = 0,
        end: int | None = None,
        streamed: bool = False,  # noqa: ARG002 - all of it is in memory anyway
    ) -> AsyncBlob | None:
        """Open a range of a blob; see AsyncBlobReader."""
        self.opened.append(key)
        if self.before is not None:
            await self.before(key)
        if self._store is None:
            raise ShardUnavailableError(shard=self.name, closed=True)
        with self._store.open(key, start=start, end=end) as blob:
            return None if blob is None else AsyncBlob(blob.stat, HeldChunks(blob.read()))

    def open_warm(self, key: str) -> Warm | None:  # noqa: ARG002 - as every reader has it
        """Return None: a shard that tests make slow or silent has nothing at once."""
        return None

    async def put(self, key: str, data: bytes, *, label: Label) -> None:
        """Write a small blob; see AsyncBlobReader."""
        if self._store is None:
            raise ShardUnavailableError(shard=self.name, closed=True)
        self._store.put(key, data, label=label)

    async def aclose(self) -> None:
        """Open nothing any more."""
        self._store = None
