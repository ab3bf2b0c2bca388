"""BlobStore: what every backend must know of one shard. Shared behaviour sits above, once."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from webapp.core.label import Label

CHUNK_BYTES = 256 * 1024
WRITE_BYTES = 64 * 1024
"""Written to a disk in one call.

For more, Linux looks for larger pieces of memory to keep it in. 3 MB cost 1 to 16 ms of processor
then, as hard as these are to find, and 1.3 to 2.3 ms in small ones.
"""
ONCE_BYTES = 4 * 1024 * 1024
"""What is worth to be read once for all its copies; larger files are read by each."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A blob whole in memory that was hashed once, whatever the number of its copies.

    Make it with ``of`` or ``read``: bytes do not change, so the digest stays theirs.

    Args:
        data: The bytes.
        digest: Of them.
    """

    data: bytes
    digest: str

    @classmethod
    def of(cls, data: bytes) -> "Whole":
        """Return a blob of these bytes; hashes them."""
        return cls(data, f"sha256:{hashlib.sha256(data).hexdigest()}")


Source = bytes | Path | Whole
"""Bytes for small blobs; a path for anything spooled, read in chunks; one for all copies."""


class Check(Enum):
    """How sure a ``put`` is of what lies on the shard now."""

    VERIFIED = "verified"
    """The bytes on the shard were compared by digest, by the store or by reading back."""
    SIZED = "sized"
    """Only the length was compared."""


@dataclass(frozen=True, slots=True)
class BlobStat:
    """What a shard says of one blob.

    Args:
        size: Bytes.
        modified: Seconds since 1970, by the shard's clock; for Last-Modified, never for order.
        label: None when the blob carries none, or a damaged one.
    """

    size: int
    modified: float
    label: Label | None


@dataclass(frozen=True, slots=True)
class OpenBlob:
    """A blob being read: its stat, and the bytes of the range asked for in chunks."""

    stat: BlobStat
    chunks: Iterator[bytes]

    def read(self) -> bytes:
        """Return all bytes of the range at once; for small blobs."""
        return b"".join(self.chunks)


class BlobStore(Protocol):
    """One shard. Every call ends within the store's time-out.

    "Absent" and "cannot tell" differ: absent is None or False; a shard that does not answer,
    refuses, or is not itself raises ShardUnavailableError, which says nothing about the blob.
    """

    name: str

    def put(self, key: str, source: Source, *, label: Label) -> Check:
        """Write a whole blob with its label, replacing what was there.

        Afterwards the blob is durable, or nothing is visible under the key that was not
        there before. The bytes are compared with ``label.digest`` on the way.

        Raises:
            DigestMismatchError: The source does not have the label's digest; nothing is left.
            ShardFullError: No room; another shard may have some.
            ShardUnavailableError: May or may not have happened; put again, twice is once.
            HostileKeyError: The key would leave the shard.
        """
        ...

    def open(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AbstractContextManager[OpenBlob | None]:
        """Open bytes ``start`` up to, not including, ``end`` (None: to the end of the blob).

        Gives None when there is no such blob. A range past the end gives no bytes.

        Raises:
            ShardUnavailableError: Cannot tell.
        """
        ...

    def stat(self, key: str) -> BlobStat | None:
        """Return what the shard says of a blob, None when it is absent.

        Raises:
            ShardUnavailableError: Cannot tell.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a blob; absent already is done.

        Raises:
            ShardUnavailableError: May or may not have happened.
        """
        ...

    def keys(self, prefix: str = "", *, after: str = "") -> Iterator[str]:
        """Yield keys that start with ``prefix`` and sort after ``after``, in order.

        Never in a request path.

        Raises:
            ShardUnavailableError: While iterating; what came before is valid.
        """
        ...
