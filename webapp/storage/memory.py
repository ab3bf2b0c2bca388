"""MemoryStore: a shard in the memory of one process, for tests and models of failure."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webapp.core.errors import DigestMismatchError, ShardFullError
from webapp.core.label import Label
from webapp.storage.base import CHUNK_BYTES, BlobStat, Check, OpenBlob, Source
from webapp.storage.blob_keys import key_check
from webapp.storage.source import source_bytes

Fail = Callable[[str, str], Exception | None]
"""Called with the operation and the key before each call; what it returns is raised. It may
also block, to be a slow shard."""


@dataclass(frozen=True, slots=True)
class _Blob:
    data: bytes
    label: Label
    modified: float

    @property
    def stat(self) -> BlobStat:
        return BlobStat(len(self.data), self.modified, self.label)


class MemoryStore:
    """A shard that ends with its process. Safe to use from several threads.

    Args:
        name: Of the shard.
        fail: Makes the shard slow, silent or wrong; may be replaced at any time.
        capacity: Bytes of all blobs together; None for no limit.
    """

    def __init__(self, name: str, *, fail: Fail | None = None, capacity: int | None = None) -> None:
        self.name = name
        self.fail = fail
        self.capacity = capacity
        self._blobs: dict[str, _Blob] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Source, *, label: Label) -> Check:
        """Write a whole blob with its label; see BlobStore."""
        self._before("put", key)
        data = source_bytes(source)
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != label.digest:
            raise DigestMismatchError(key=key, wanted=label.digest, found=found)
        with self._lock:
            self._make_room(key, len(data))
            self._blobs[key] = _Blob(data, label, time.time())
        return Check.VERIFIED

    @contextmanager
    def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> Iterator[OpenBlob | None]:
        """Open a range of a blob; see BlobStore."""
        self._before("open", key)
        blob = self._blobs.get(key)
        yield OpenBlob(blob.stat, _chunks(blob.data[start:end])) if blob else None

    def stat(self, key: str) -> BlobStat | None:
        """Return what is known of a blob; see BlobStore."""
        self._before("stat", key)
        blob = self._blobs.get(key)
        return blob.stat if blob else None

    def delete(self, key: str) -> None:
        """Remove a blob; see BlobStore."""
        self._before("delete", key)
        self._blobs.pop(key, None)

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield keys in order; see BlobStore."""
        for key in sorted(self._blobs):
            if key.startswith(prefix) and key > after:
                self._before("keys", key)
                yield key

    def corrupt(self, key: str, data: bytes) -> None:
        """Replace the bytes of a blob and leave its label, as a rotting disk does."""
        blob = self._blobs[key]
        self._blobs[key] = _Blob(data, blob.label, blob.modified)

    def _before(self, operation: str, key: str) -> None:
        key_check(key)
        error = self.fail(operation, key) if self.fail else None
        if error is not None:
            raise error

    def _make_room(self, key: str, size: int) -> None:
        if self.capacity is None:
            return
        used = sum(len(blob.data) for name, blob in self._blobs.items() if name != key)
        if used + size > self.capacity:
            raise ShardFullError(shard=self.name, capacity=self.capacity)


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


_named: dict[str, MemoryStore] = {}


def memory_store(name: str, shard_name: str) -> MemoryStore:
    """Return the store that ``memory://name`` means in this process, always the same one."""
    return _named.setdefault(name, MemoryStore(shard_name))
