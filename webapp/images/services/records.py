"""Manifests and tombstones of an image, written to its positions."""

from datetime import datetime

import structlog
from django.utils import timezone

from webapp.cluster.snapshot import cluster_state, topology_now
from webapp.core.errors import ShardsUnavailableError
from webapp.core.keys import MANIFEST, TOMBSTONE
from webapp.core.label import Label
from webapp.core.manifest import Revision, Tombstone, manifest_dump, tombstone_dump
from webapp.core.signing import bytes_digest
from webapp.images.copies import Placement, record_put
from webapp.images.models import Image

log = structlog.get_logger(__name__)

JSON_TYPE = "application/json"


def manifest_put(image: Image, placement: Placement | None = None) -> list[str]:
    """Write the row's manifest to all positions that take records.

    Args:
        image: The row.
        placement: Where it is known already.

    Raises:
        ShardsUnavailableError: Fewer than W took it.
    """
    return _put(image, MANIFEST, manifest_dump(image.manifest), placement)


def tombstone_put(image: Image) -> list[str]:
    """Write the tombstone of a deletion to all positions that take records.

    Raises:
        ShardsUnavailableError: Fewer than W took it; the image is not deleted.
    """
    until = image.restorable_until
    tombstone = Tombstone(
        id=image.id,
        revision=Revision(image.epoch, image.revision),
        deleted_at=(image.deleted_at or timezone.now()).isoformat(),
        restorable_until=until.isoformat() if until else None,
    )
    return _put(image, TOMBSTONE, tombstone_dump(tombstone))


def tombstone_put_nameless(placement: Placement, *, until: datetime | None = None) -> list[str]:
    """Say of bytes without a row that they are to go; return the shards that know it now.

    Args:
        placement: Where they may lie.
        until: When; None: at once.
    """
    tombstone = Tombstone(
        id=str(placement.image_id),
        # More than a label says, which is the first: that of an upload nobody was answered.
        revision=Revision(cluster_state().epoch, 2),
        deleted_at=timezone.now().isoformat(),
        restorable_until=until.isoformat() if until else None,
    )
    log.warning("bytes without a row tombstoned", image=tombstone.id)
    data = tombstone_dump(tombstone)
    return record_put(placement, TOMBSTONE, data, Label(bytes_digest(data), JSON_TYPE))


def _put(image: Image, name: str, data: bytes, placement: Placement | None = None) -> list[str]:
    placement = placement or Placement.of(image.image_id, topology_now())
    accepted = record_put(placement, name, data, Label(bytes_digest(data), JSON_TYPE))
    if len(accepted) < placement.version.quorum:
        raise ShardsUnavailableError(
            f"Only {len(accepted)} of the {placement.version.quorum} shards needed took "
            f"the {name} of image {image.id}."
        )
    return accepted
