"""What should be true of an image: by its row, or without the index by what the shards say."""

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from webapp.core.ids import ImageId
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE, TOMBSTONE
from webapp.core.manifest import Manifest, Revision
from webapp.core.placement import all_positions, homes
from webapp.core.shards import ShardState
from webapp.core.topology import Topology
from webapp.healing.scrub_look import Look
from webapp.healing.scrub_seen import Wanted
from webapp.images.models import Image, ImageState
from webapp.images.services.repair import newest_copy

SETTLES_WITHIN = timedelta(hours=1)
"""So long after its upload an image may still be on its way to where it belongs, and so long
after its newest copy one that stood in may still be there."""


def wanted_by_row(image: Image, topology: Topology) -> Wanted:
    """Return what the index says of an image.

    Raises:
        UnknownVersionError: The topology does not have the version of its name.
    """
    deleted = image.state == ImageState.DELETED
    wanted = _placed(image.image_id, topology, _copies(image.manifest))
    now, awaited = timezone.now(), image.due_at is not None
    return replace(
        wanted,
        original=PRIVATE if image.private else ORIGINAL,
        revision=Revision(image.epoch, image.revision),
        record=_record_of(image),
        record_revision=Revision(image.epoch, image.manifest_revision),
        settling=awaited and now - image.created_at < SETTLES_WITHIN,
        standing_in=awaited and now - newest_copy(image) < SETTLES_WITHIN,
        deleted=deleted,
        erased=deleted and image.restorable_until is None,
    )


def _record_of(image: Image) -> str:
    if not image.manifest_revision:
        return ""  # of a fresh image the label says it
    return TOMBSTONE if image.state == ImageState.DELETED else MANIFEST


def wanted_by_shards(image_id: ImageId, topology: Topology, look: Look) -> Wanted | None:
    """Return what the shards themselves say of an image, for when the index cannot be asked.

    The newest of manifests and tombstones decides; of an image that has neither yet, the
    original's label.

    Returns:
        None when nothing on the shards says what the image is.

    Raises:
        UnknownVersionError: The topology does not have the version of its name.
    """
    manifest, tombstone, original = look.manifest, look.tombstone, look.original
    if tombstone and (manifest is None or tombstone.revision > manifest.revision):
        copies = _copies(manifest) if manifest else {}
        return replace(
            _placed(image_id, topology, copies),
            original=PRIVATE if manifest and manifest.private else ORIGINAL,
            revision=tombstone.revision,
            record=TOMBSTONE,
            record_revision=tombstone.revision,
            deleted=True,
            erased=tombstone.restorable_until is None,
        )
    if manifest:
        return replace(
            _placed(image_id, topology, _copies(manifest)),
            original=PRIVATE if manifest.private else ORIGINAL,
            revision=manifest.revision,
            record=MANIFEST,
            record_revision=manifest.revision,
        )
    if original:
        name = original.seen.name
        wanted = _placed(image_id, topology, {name: original.seen.digest})
        return replace(wanted, original=name, settling=True)
    return None


def _copies(manifest: Manifest) -> dict[str, str]:
    original = PRIVATE if manifest.private else ORIGINAL
    renditions = {name: record.digest for name, record in manifest.renditions.items()}
    return {original: manifest.digest, **renditions}


def _placed(image_id: ImageId, topology: Topology, copies: dict[str, str]) -> Wanted:
    partition = image_id.partition
    version = topology.places(image_id.version)[0]
    where = all_positions(topology, image_id.version, partition)
    alive = [s.name for s in where if topology.state(s.name) is not ShardState.DEAD]
    return Wanted(
        copies=copies,
        original=ORIGINAL,
        homes=tuple(shard.name for shard in homes(topology, version, partition)),
        positions=tuple(alive),
        recording=tuple(name for name in alive if topology.state(name).takes_records),
        rendition_replicas=version.rendition_replica_count,
        revision=Revision(0, 0),
    )
