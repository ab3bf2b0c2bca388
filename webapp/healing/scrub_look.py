"""Looking at images: every blob read from its first byte to its last, hashed, and what it says."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from webapp.core.errors import MalformedRequestError, ShardUnavailableError
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, TOMBSTONE
from webapp.core.label import Label
from webapp.core.manifest import Manifest, Tombstone, manifest_load, tombstone_load
from webapp.healing.scrub_seen import BlobSeen, Seen
from webapp.healing.throttle import Throttle
from webapp.storage.base import BlobStore, OpenBlob

THREADS = 4
AHEAD = 4 * THREADS
RECORD_BYTES = 1024 * 1024
"""A manifest or tombstone larger than this is none."""


@dataclass(frozen=True, slots=True)
class BlobRead:
    """A blob that was read, and what it turned out to be.

    Args:
        seen: What was seen of it.
        label: What lies beside it.
        manifest: When it is one.
        tombstone: When it is one.
    """

    seen: BlobSeen
    label: Label | None = None
    manifest: Manifest | None = None
    tombstone: Tombstone | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Everything seen of one image.

    Args:
        seen: For comparing.
        reads: Every blob, with what it says.
    """

    seen: Seen
    reads: tuple[BlobRead, ...] = field(default=())

    @property
    def manifest(self) -> Manifest | None:
        """The newest manifest that is what its label says."""
        found = [read.manifest for read in self.reads if read.manifest and read.seen.sound]
        return max(found, key=lambda manifest: manifest.revision, default=None)

    @property
    def tombstone(self) -> Tombstone | None:
        """The newest tombstone that is what its label says."""
        found = [read.tombstone for read in self.reads if read.tombstone and read.seen.sound]
        return max(found, key=lambda tombstone: tombstone.revision, default=None)

    @property
    def original(self) -> BlobRead | None:
        """A copy of the original with good bytes and a label that says whose it is."""
        for read in self.reads:
            about = read.label.about if read.label else None
            if read.seen.name in {ORIGINAL, PRIVATE} and read.seen.sound and about:
                return read
        return None

    @property
    def newest_modified(self) -> float:
        """When the last of its blobs was written, by the clock of its shard."""
        return max((read.seen.modified for read in self.reads), default=0.0)


class Looker:
    """Reads blobs of several shards at a time, no faster than its throttle lets it.

    Args:
        stores: By the shard's name, guarded.
        throttle: Paid by the thread that calls ``look``.
    """

    def __init__(self, stores: Mapping[str, BlobStore], throttle: Throttle) -> None:
        self.stores = stores
        self._throttle = throttle
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="scrub")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def look(
        self, keys: Mapping[str, Mapping[str, Sequence[str]]], silent: frozenset[str]
    ) -> dict[str, Look]:
        """Read every blob of some images.

        Args:
            keys: Image id → shard → keys it listed.
            silent: Shards that did not list theirs.

        Returns:
            What was seen, by image id. A blob that vanished since it was listed was not seen.
        """
        jobs = [
            (i, shard, key)
            for i, shards in keys.items()
            for shard in shards
            for key in shards[shard]
        ]
        reads: dict[str, list[BlobRead]] = {image_id: [] for image_id in keys}
        quiet: dict[str, set[str]] = {image_id: set(silent) for image_id in keys}
        for (image_id, shard, _), answer in zip(jobs, self._read_all(jobs), strict=True):
            if isinstance(answer, ShardUnavailableError):
                quiet[image_id].add(shard)
            elif answer is not None:
                reads[image_id].append(answer)
        return {
            image_id: Look(
                Seen(image_id, tuple(r.seen for r in found), frozenset(quiet[image_id])),
                tuple(found),
            )
            for image_id, found in reads.items()
        }

    def _read_all(
        self, jobs: Iterable[tuple[str, str, str]]
    ) -> Iterator[BlobRead | ShardUnavailableError | None]:
        waiting = iter(jobs)
        while ahead := list(islice(waiting, AHEAD)):
            for answer in self._threads.map(lambda job: self._try(job[1], job[2]), ahead):
                if isinstance(answer, BlobRead):
                    self._throttle.spent(answer.seen.size)
                yield answer

    def _try(self, shard: str, key: str) -> BlobRead | ShardUnavailableError | None:
        try:
            with self.stores[shard].open(key) as blob:
                return None if blob is None else _read(shard, key.rpartition("/")[2], blob)
        except ShardUnavailableError as error:
            return error


def _read(shard: str, name: str, blob: OpenBlob) -> BlobRead:
    hasher = hashlib.sha256()
    size = 0
    kept: list[bytes] = []
    for chunk in blob.chunks:
        hasher.update(chunk)
        size += len(chunk)
        if name in {MANIFEST, TOMBSTONE} and size <= RECORD_BYTES:
            kept.append(chunk)
    label = blob.stat.label
    manifest, tombstone = _record(name, b"".join(kept))
    record = manifest or tombstone
    seen = BlobSeen(
        shard=shard,
        name=name,
        size=size,
        digest=f"sha256:{hasher.hexdigest()}",
        label_digest=label.digest if label else None,
        modified=blob.stat.modified,
        revision=record.revision if record else None,
    )
    return BlobRead(seen, label, manifest, tombstone)


def _record(name: str, data: bytes) -> tuple[Manifest | None, Tombstone | None]:
    try:
        if name == MANIFEST:
            return manifest_load(data), None
        if name == TOMBSTONE:
            return None, tombstone_load(data)
    except MalformedRequestError:
        pass
    return None, None
