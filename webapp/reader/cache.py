"""The memory cache: verified blobs, bounded by bytes."""

from collections.abc import Container
from typing import Final

from cachetools import LRUCache

from webapp.core.ids import ID_LENGTH
from webapp.reader.blobs import ENTRY_OVERHEAD, WHOLE_BYTES, Blob, HeldBlob, LargeBlob
from webapp.reader.s3fifo import S3Fifo

LARGE_KNOWN: Final = 4096
_ID_START: Final = 4  # a key is three characters of partition, a slash, the id


class BlobCache:
    """Blobs by key. Small ones whole, large ones as what is known of them.

    Args:
        capacity: Bytes of memory for the small ones; 0 keeps none.
        most: Bytes of the largest one kept.
    """

    def __init__(self, capacity: int, *, most: int = WHOLE_BYTES) -> None:
        self._most = most
        self._held: S3Fifo[HeldBlob] = S3Fifo(capacity)
        self.get = self._held.get
        """Return a blob that is in memory; bound here to save the hot path a call."""
        self._large: LRUCache[str, LargeBlob] = LRUCache(LARGE_KNOWN)

    @property
    def used(self) -> int:
        """Bytes of memory taken."""
        return self._held.cost

    @property
    def evicted(self) -> int:
        """How many blobs left memory for others."""
        return self._held.evicted

    def __len__(self) -> int:
        return len(self._held)

    def large(self, key: str) -> LargeBlob | None:
        """Return what is known of a blob that was streamed when it was last asked for."""
        return self._large.get(key)

    def put(self, key: str, blob: Blob) -> None:
        """Keep a blob under ``key``, at the cost of those asked for least."""
        if isinstance(blob, LargeBlob):
            self._large[key] = blob
        elif (size := len(blob.body)) <= self._most:
            self._held.put(key, blob, cost=size + ENTRY_OVERHEAD)

    def forget(self, key: str) -> None:
        """Drop a blob; the next reader asks the shards again."""
        self._held.pop(key)
        self._large.pop(key, None)

    def clear(self) -> None:
        """Drop everything."""
        for key in [*self._held, *self._large]:
            self.forget(key)

    def purge(self, image_ids: Container[str]) -> None:
        """Drop every blob of these images."""
        for key in [*self._held, *self._large]:
            if key[_ID_START : _ID_START + ID_LENGTH] in image_ids:
                self.forget(key)
