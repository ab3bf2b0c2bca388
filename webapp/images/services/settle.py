"""Making the shards say what the row says, and a complete image ready."""

import structlog
from django.db import connection, transaction
from django.utils import timezone

from webapp.core.errors import ShardsUnavailableError
from webapp.images.copies import Placement
from webapp.images.metrics import READY_SECONDS
from webapp.images.models import Image, ImageState
from webapp.images.services.claims import claim_commit, image_claim
from webapp.images.services.outcome import next_look, renditions_wanted
from webapp.images.services.records import manifest_put
from webapp.images.services.rows import row_commit_ready, row_find
from webapp.outbox.nudges import relay_nudge
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Event

log = structlog.get_logger(__name__)


def image_settle(*, image_id: str, complete: bool = True, found: Image | None = None) -> bool:
    """Write the manifest the row calls for, and make a complete image ``ready``.

    Args:
        image_id: The image.
        complete: Whether every copy is on its home; if not, the row is due again.
        found: The row where it was just read, which saves reading it.

    Returns:
        Whether the row and its manifest agree and nothing is missing.
    """
    image = found or row_find(image_id=image_id)
    if image is None or image.state == ImageState.DELETED:
        return True
    if not _becomes_ready(image) and _manifest_says_it(image):
        return _due(image, complete=complete)
    claimed = image_claim(image_id=image_id, seen=image.revision)
    if claimed is None or claimed.state != image.state:
        return False
    return claimed_settle(claimed, complete=complete)


def claimed_settle(
    claimed: Image, *, complete: bool = True, placement: Placement | None = None
) -> bool:
    """Do what ``image_settle`` does for an image whose next revision is claimed.

    Args:
        claimed: The row; not deleted.
        complete: As for ``image_settle``.
        placement: Where it is known already.
    """
    becomes_ready = _becomes_ready(claimed)
    if becomes_ready:
        claimed.state, claimed.ready_at = ImageState.READY, timezone.now()
    try:
        manifest_put(claimed, placement)
    except ShardsUnavailableError as error:
        log.info("manifest short", image=claimed.id, detail=error.detail)
        return False
    claimed.manifest_revision = claimed.revision
    claimed.due_at = next_look(claimed, complete=complete)
    return _commit_ready(claimed) if becomes_ready else _commit(claimed)


def _becomes_ready(image: Image) -> bool:
    return image.state == ImageState.STORED and not renditions_wanted(image)


def _commit_ready(image: Image) -> bool:
    if connection.vendor == "postgresql":
        committed = row_commit_ready(image)
    else:
        with transaction.atomic():
            committed = _commit(image)
            if committed:
                outbox_add(subject=image.id, events=[Event.READY])
    if committed:
        relay_nudge()
        READY_SECONDS.observe((timezone.now() - image.created_at).total_seconds())
    return committed


def _commit(image: Image) -> bool:
    return claim_commit(image, ("state", "ready_at", "manifest_revision", "due_at"))


def _manifest_says_it(image: Image) -> bool:
    """Return whether the shards know what the row knows; of a fresh image the label says it."""
    return image.revision in (image.manifest_revision, 1)


def _due(image: Image, *, complete: bool) -> bool:
    if image.state == ImageState.STORED:
        return False  # the renditions decide when to look again
    due = next_look(image, complete=complete)
    if due is None and image.due_at is None:
        return True  # a statement less: repairs come by for every image
    Image.objects.filter(id=image.id, revision=image.revision).update(due_at=due)
    return due is None
