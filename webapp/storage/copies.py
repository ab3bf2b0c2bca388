"""Reading one blob from whichever shard has a good copy of it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from webapp.core.errors import DigestMismatchError, ShardsUnavailableError, ShardUnavailableError
from webapp.storage.base import BlobStat, BlobStore, OpenBlob


@dataclass(frozen=True, slots=True)
class GoodCopy:
    """A copy whose bytes have the digest they should have.

    Args:
        shard_name: Where it was read.
        stat: What that shard says of it.
        data: The bytes; empty when they were written to a file.
        bad: Shards whose copies were stepped over; somebody should repair them.
    """

    shard_name: str
    stat: BlobStat
    data: bytes
    bad: tuple[str, ...]


@dataclass(slots=True)
class _Search:
    bad: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def read_any(
    stores: Sequence[BlobStore], key: str, *, digest: str | None = None
) -> GoodCopy | None:
    """Return the first good copy, whole in memory; None when every shard lacks the blob.

    Args:
        stores: Where to look, in order; the next is asked only when one has no good copy.
        key: Of the blob.
        digest: What the bytes must have; None: what the label beside them says.

    Raises:
        ShardsUnavailableError: No good copy was found and some shard cannot tell.
        DigestMismatchError: Every copy there is is bad.
    """
    return _search(stores, key, digest=digest, take=_into_memory)


def copy_any(
    stores: Sequence[BlobStore], key: str, path: Path, *, digest: str | None = None
) -> GoodCopy | None:
    """Write the first good copy to a file, 256 KiB in memory at a time.

    Otherwise as ``read_any``. Without a good copy there may be bytes in the file that mean
    nothing.
    """
    return _search(stores, key, digest=digest, take=lambda blob: _into_file(blob, path))


def _search(
    stores: Sequence[BlobStore],
    key: str,
    *,
    digest: str | None,
    take: Callable[[OpenBlob], tuple[bytes, str]],
) -> GoodCopy | None:
    search = _Search()
    for store in stores:
        found = _try(store, key, digest=digest, take=take, search=search)
        if found is not None:
            stat, data = found
            return GoodCopy(store.name, stat, data, tuple(search.bad))
    if search.silent:
        raise ShardsUnavailableError(
            f"No good copy of {key} was found, and {', '.join(search.silent)} cannot tell."
        )
    if search.bad:
        raise DigestMismatchError(
            f"Every copy of {key} is bad: {', '.join(search.bad)}.", key=key, shards=search.bad
        )
    return None


def _try(
    store: BlobStore,
    key: str,
    *,
    digest: str | None,
    take: Callable[[OpenBlob], tuple[bytes, str]],
    search: _Search,
) -> tuple[BlobStat, bytes] | None:
    try:
        with store.open(key) as blob:
            if blob is None:
                return None
            data, found = take(blob)
    except ShardUnavailableError:
        search.silent.append(store.name)
        return None
    label = blob.stat.label
    # A copy nothing is known of cannot be called good.
    if found == (digest or (label and label.digest)):
        return blob.stat, data
    search.bad.append(store.name)
    return None


def _into_memory(blob: OpenBlob) -> tuple[bytes, str]:
    data = blob.read()
    return data, f"sha256:{hashlib.sha256(data).hexdigest()}"


def _into_file(blob: OpenBlob, path: Path) -> tuple[bytes, str]:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in blob.chunks:
            digest.update(chunk)
            file.write(chunk)
    return b"", f"sha256:{digest.hexdigest()}"
