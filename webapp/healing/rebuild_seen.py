"""What the shards say of one image, read for a rebuild: records whole, originals by their label."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from webapp.core.errors import MalformedIdError, MalformedRequestError, ShardUnavailableError
from webapp.core.ids import ImageId, id_parse
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, TOMBSTONE, blob_key
from webapp.core.label import Label
from webapp.core.manifest import Manifest, Revision, Tombstone, manifest_load, tombstone_load
from webapp.core.signing import bytes_digest
from webapp.storage.base import BlobStore

T = TypeVar("T", Manifest, Tombstone)


@dataclass(frozen=True, slots=True)
class OriginalSeen:
    """A copy of the original, by what it says of itself.

    Args:
        shard: Where it lies.
        name: ``original`` or ``private``.
        size: Bytes.
        label: Says whose it is.
    """

    shard: str
    name: str
    size: int
    label: Label


@dataclass(slots=True)
class ImageSeen:
    """Everything the shards say of one image.

    Args:
        image_id: Which.
        names: Shard → names of the blobs it lists.
        manifest: The newest that is what its label says.
        tombstone: The newest that is what its label says.
        originals: Copies of the original with a readable label.
        silent: Shards that stopped to answer while the image was read.
    """

    image_id: ImageId
    names: Mapping[str, frozenset[str]]
    manifest: Manifest | None = None
    tombstone: Tombstone | None = None
    originals: list[OriginalSeen] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    @property
    def revision(self) -> Revision:
        """The newest that is known of it; (0, 0) when its label alone speaks."""
        records = (self.manifest, self.tombstone)
        return max((r.revision for r in records if r), default=Revision(0, 0))

    @property
    def deleted(self) -> bool:
        """Whether the tombstone is what counts."""
        return self.tombstone is not None and self.tombstone.revision == self.revision

    @property
    def has_bytes(self) -> bool:
        """Whether any shard lists more of it than a tombstone."""
        return any(names - {TOMBSTONE} for names in self.names.values())

    def holders(self, digest: str) -> list[OriginalSeen]:
        """Return the copies that say they are these bytes."""
        return [seen for seen in self.originals if seen.label.digest == digest]

    def holding(self, name: str) -> set[str]:
        """Return the shards that list a blob."""
        return {shard for shard, names in self.names.items() if name in names}


def images_listed(listing: Mapping[str, list[str] | None]) -> list[ImageSeen]:
    """Return the images of one partition by what the shards list; nothing is read yet.

    Keys that are no image's are passed over.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for shard, keys in listing.items():
        for key in keys or ():
            _, image_id, name = key.split("/", 2)
            found.setdefault(image_id, {}).setdefault(shard, set()).add(name)
    return [
        ImageSeen(parsed, {shard: frozenset(names) for shard, names in shards.items()})
        for image_id, shards in sorted(found.items())
        if (parsed := _parse(image_id))
    ]


def _parse(text: str) -> ImageId | None:
    try:
        return id_parse(text)
    except MalformedIdError:
        return None


def image_read(seen: ImageSeen, stores: Mapping[str, BlobStore]) -> ImageSeen:
    """Read every manifest and tombstone of an image, and the label of every original.

    A damaged record is passed over: another copy speaks for the image, or its label.
    """
    for shard, names in seen.names.items():
        try:
            _read_from(seen, stores[shard], names)
        except ShardUnavailableError:
            seen.silent.add(shard)
    return seen


def _read_from(seen: ImageSeen, store: BlobStore, names: frozenset[str]) -> None:
    if MANIFEST in names:
        found = _record(store, blob_key(seen.image_id, MANIFEST), manifest_load)
        seen.manifest = _newer(seen, seen.manifest, found)
    if TOMBSTONE in names:
        buried = _record(store, blob_key(seen.image_id, TOMBSTONE), tombstone_load)
        seen.tombstone = _newer(seen, seen.tombstone, buried)
    for name in (ORIGINAL, PRIVATE):
        if name in names:
            stat = store.stat(blob_key(seen.image_id, name))
            if stat and stat.label:
                seen.originals.append(OriginalSeen(store.name, name, stat.size, stat.label))


def _record(store: BlobStore, key: str, load: Callable[[bytes], T]) -> T | None:
    with store.open(key) as blob:
        data = blob.read() if blob else b""
    label = blob.stat.label if blob else None
    if label is None or label.digest != bytes_digest(data):
        return None
    try:
        return load(data)
    except MalformedRequestError:
        return None


def _newer(seen: ImageSeen, known: T | None, found: T | None) -> T | None:
    if found is None or found.id != str(seen.image_id):
        return known
    return found if known is None or found.revision > known.revision else known
