"""Claiming a revision of an image by conditional UPDATE.

A revision is claimed before anything is written to shards under it, and what it meant is
committed afterwards on the condition that nobody claimed a later one. So no two different
manifests or tombstones ever carry the same revision, and a crash between the two steps
leaves a row that is due again.
"""

from datetime import timedelta

from django.utils import timezone

from webapp.cluster.read_only import writable_state
from webapp.core.errors import BusyError
from webapp.images.models import Image

RETRY_LOOK = timedelta(seconds=30)
CLAIMS = 5


def image_claim(*, image_id: str) -> Image | None:
    """Move an image to its next revision and return it; None when the row is gone.

    Raises:
        BusyError: Others claimed it five times in a row.
    """
    for _ in range(CLAIMS):
        image = Image.objects.select_related("owner").filter(id=image_id).first()
        if image is None:
            return None
        if claim_next(image):
            return image
    raise BusyError(f"Image {image_id} is being changed by others; try again.")


def claim_next(image: Image) -> bool:
    """Claim the revision after the one ``image`` was read at; False when somebody was first.

    The revision is of the index's epoch: what a rebuilt index says beats what the one before
    it said, also what nobody has seen yet.

    Raises:
        ReadOnlyError: Nothing may be written at the moment.
    """
    due, epoch = timezone.now() + RETRY_LOOK, max(image.epoch, writable_state().epoch)
    claimed = Image.objects.filter(id=image.id, revision=image.revision).update(
        epoch=epoch, revision=image.revision + 1, due_at=due
    )
    if claimed:
        image.epoch, image.revision = epoch, image.revision + 1
        image.due_at = due
    return bool(claimed)


def claim_commit(image: Image, fields: tuple[str, ...]) -> bool:
    """Save ``fields`` on the condition that ``image`` is still at its claimed revision."""
    values = {field: getattr(image, field) for field in fields}
    return bool(Image.objects.filter(id=image.id, revision=image.revision).update(**values))
