"""What a scrub compares: what should be true of one image, and what was seen of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.core.manifest import Revision


@dataclass(frozen=True, slots=True)
class BlobSeen:
    """A blob that was read from its first byte to its last.

    Args:
        shard: Where.
        name: In the image's folder.
        size: Bytes read.
        digest: Of the bytes read.
        label_digest: What its label says; None without a readable label.
        modified: Seconds since 1970, by the shard's clock.
        revision: Of a manifest or tombstone that can be read; None otherwise.
    """

    shard: str
    name: str
    size: int
    digest: str
    label_digest: str | None
    modified: float
    revision: Revision | None = None

    @property
    def sound(self) -> bool:
        """Whether the bytes are what the label beside them says."""
        return self.digest == self.label_digest


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one image.

    Args:
        image_id: Which.
        blobs: What was read.
        silent: Shards that did not answer, when listed or when read, or that are known to be
            away.
    """

    image_id: str
    blobs: tuple[BlobSeen, ...]
    silent: frozenset[str] = frozenset()

    def of(self, name: str) -> list[BlobSeen]:
        """Return the copies of one blob."""
        return [blob for blob in self.blobs if blob.name == name]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be true of one image.

    Args:
        copies: Blob → digest of its bytes; the original and every rendition that is made.
        original: Name of the blob that holds the accepted bytes.
        homes: Shards the copies belong on, best first.
        positions: Every shard a copy may stand in on, or a record lies on.
        recording: Positions that take manifests and tombstones.
        rendition_replicas: Renditions belong on so many of the homes.
        revision: Of the row.
        record: ``manifest.json`` or ``tombstone``: what must lie on every recording position;
            empty while nothing was written yet.
        record_revision: What that record must be at least.
        settling: Young, and workers are still bringing copies where they belong.
        standing_in: Copies that stood in go soon; somebody comes back for them.
        erased: Deleted for good: nothing but the tombstone may lie anywhere.
        deleted: Deleted, restorable or not.
    """

    copies: Mapping[str, str]
    original: str
    homes: tuple[str, ...]
    positions: tuple[str, ...]
    recording: tuple[str, ...]
    rendition_replicas: int
    revision: Revision
    record: str = ""
    record_revision: Revision = field(default=Revision(0, 0))
    settling: bool = False
    standing_in: bool = False
    erased: bool = False
    deleted: bool = False

    def homes_of(self, name: str) -> tuple[str, ...]:
        """Return the shards copies of one blob belong on."""
        return self.homes if name == self.original else self.homes[: self.rendition_replicas]


def newest(seen: Seen, name: str) -> BlobSeen | None:
    """Return the copy of a manifest or tombstone that has the highest revision."""
    known = [blob for blob in seen.of(name) if blob.revision is not None and blob.sound]
    return max(known, key=lambda blob: blob.revision or Revision(0, 0), default=None)
