"""Rows of images, made from what the shards say: from the manifest, or from the label alone."""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, TOMBSTONE
from webapp.core.label import About, Label
from webapp.core.manifest import Manifest, Revision, Tombstone
from webapp.core.placement import homes
from webapp.core.topology import Topology
from webapp.healing.rebuild_seen import ImageSeen, OriginalSeen
from webapp.images.delete_link import delete_hash, delete_secret
from webapp.images.models import Image, ImageState
from webapp.images.values import dedupe_key
from webapp.storage.base import Check

RECOVERED = "recovered from its label: no manifest was found"
REJECTED_GRACE = timedelta(days=30)
ANSWERING = (ImageState.STORED, ImageState.READY, ImageState.FAILED)


def row_make(seen: ImageSeen, topology: Topology) -> tuple[Image, str] | None:
    """Return the row of an image and the name of its owner.

    The manifest says everything. Without one the original's label says all that was known at
    the upload; the row is marked as recovered then. Of a tombstone and a manifest the newer
    one counts.

    Returns:
        None when neither speaks for it: an erased image, or what an upload left behind.
    """
    labelled = next((o for o in seen.originals if o.label.about), None)
    made = _from_manifest(seen.manifest) if seen.manifest else _from_original(seen, labelled)
    if made is None:
        return None
    image, owner_name = made
    if seen.deleted and seen.tombstone:
        _bury(image, seen.tombstone)
    image.dedupe_key = _dedupe_key(image)
    if image.state != ImageState.DELETED:
        image.delete_hash = delete_hash(delete_secret(image.id))
    image.replicas = [_replica(o) for o in seen.holders(image.digest) if o.size == image.bytes]
    image.due_at = None if _whole(image, seen, topology) else timezone.now()
    return image, owner_name


def _from_manifest(manifest: Manifest) -> tuple[Image, str]:
    rejected = manifest.state == ImageState.REJECTED
    image = Image(
        id=manifest.id,
        owner_id=UUID(manifest.owner_id),
        pool=manifest.pool,
        state=manifest.state,
        reason=manifest.reason,
        filename=manifest.filename,
        title=manifest.title,
        album=manifest.album,
        bytes=manifest.bytes,
        digest=manifest.digest,
        source_digest=manifest.source_digest,
        content_type=manifest.content_type,
        width=manifest.width,
        height=manifest.height,
        frames=manifest.frames,
        placeholder=manifest.placeholder,
        colour=manifest.colour,
        private=manifest.private,
        created_at=datetime.fromisoformat(manifest.created_at),
        ready_at=datetime.fromisoformat(manifest.ready_at) if manifest.ready_at else None,
        restorable_until=timezone.now() + REJECTED_GRACE if rejected else None,
        moved_to=manifest.moved_to,
        renditions={name: asdict(record) for name, record in manifest.renditions.items()},
    )
    _revise(image, manifest.revision)
    return image, manifest.owner_name


def _from_original(seen: ImageSeen, original: OriginalSeen | None) -> tuple[Image, str] | None:
    if original is None or original.label.about is None:
        return None
    image = row_from_label(
        str(seen.image_id),
        original.label,
        original.label.about,
        size=original.size,
        private=original.name == PRIVATE,
    )
    return image, original.label.about.owner_name


def row_from_label(
    image_id: str,
    label: Label,
    about: About,
    *,
    size: int,
    private: bool,
) -> Image:
    """Return the row of an image that has no manifest, marked as recovered.

    It is ``stored``: the workers take it from there.
    """
    return Image(
        id=image_id,
        owner_id=UUID(about.owner_id),
        pool=about.pool,
        state=ImageState.STORED,
        reason=RECOVERED,
        recovered_at=timezone.now(),
        filename=about.filename,
        title=about.title,
        album=about.album,
        bytes=size,
        digest=label.digest,
        source_digest=about.source_digest,
        content_type=label.content_type,
        width=about.width,
        height=about.height,
        frames=about.frames,
        private=private,
        created_at=datetime.fromisoformat(about.created_at),
    )


def _bury(image: Image, tombstone: Tombstone) -> None:
    until = tombstone.restorable_until
    image.state = ImageState.DELETED
    image.deleted_at = datetime.fromisoformat(tombstone.deleted_at)
    image.restorable_until = datetime.fromisoformat(until) if until else None
    _revise(image, tombstone.revision)


def _revise(image: Image, revision: Revision) -> None:
    image.epoch, image.revision = revision
    image.manifest_revision = revision.counter


def _dedupe_key(image: Image) -> str | None:
    if image.state not in ANSWERING:
        return None
    return dedupe_key(
        owner_id=str(image.owner_id),
        pool=image.pool,
        kind=image.kind,
        source_digest=image.source_digest,
    )


def _replica(original: OriginalSeen) -> dict[str, str]:
    """Return what the index keeps of a copy nobody has read yet."""
    now = timezone.now().isoformat(timespec="seconds")
    return {"shard": original.shard, "check": Check.SIZED.value, "at": now}


def _whole(image: Image, seen: ImageSeen, topology: Topology) -> bool:
    """Return whether every home lists everything, so that nobody has to look again."""
    if image.state != ImageState.READY:
        return False
    version = topology.places(image.image_id.version)[0]
    wanted = [shard.name for shard in homes(topology, version, image.image_id.partition)]
    original = PRIVATE if image.private else ORIGINAL
    few = set(wanted[: version.rendition_replica_count])
    return (
        len(wanted) == version.replica_count
        and set(wanted) <= seen.holding(original) & seen.holding(MANIFEST)
        and all(few <= seen.holding(name) for name in image.renditions)
        and not seen.holding(TOMBSTONE)
    )
