"""Claiming a revision of an image by conditional UPDATE.

A revision is claimed before anything is written to shards under it, and what it meant is
committed afterwards on the condition that nobody claimed a later one. So no two different
manifests or tombstones ever carry the same revision, and a crash between the two steps
leaves a row that is due again.
"""

from datetime import timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from webapp.cluster.clock import index_now
from webapp.cluster.read_only import writable_state
from webapp.core.errors import BusyError
from webapp.images.models import Image

RETRY_LOOK = timedelta(seconds=30)
CLAIMS = 5


def image_claim(*, image_id: str, seen: int | None = None) -> Image | None:
    """Move an image to its next revision and return it; None when the row is gone.

    Args:
        image_id: The image.
        seen: Its revision when it was last read, which saves asking for it.

    Raises:
        ReadOnlyError: Nothing may be written at the moment.
        BusyError: Others claimed it five times in a row.
    """
    for _ in range(CLAIMS):
        revision = seen or _rows(image_id).values_list("revision", flat=True).first()
        if revision is None:
            return None
        image = _claim(image_id, revision)
        if image and image.revision == revision + 1:
            return image
        seen = None
    raise BusyError(f"Image {image_id} is being changed by others; try again.")


def _rows(image_id: str) -> QuerySet[Image]:
    return Image.objects.select_related("owner").filter(id=image_id)


def _claim(image_id: str, revision: int) -> Image | None:
    """Claim the revision after ``revision`` and return the row; None when somebody was first.

    Read after the claim: whoever claimed before may have committed until then, and no more.
    The revision is of the index's epoch: what a rebuilt index says beats what the one before
    it said, also what nobody has seen yet.
    """
    due, epoch = index_now() + RETRY_LOOK, Greatest(F("epoch"), writable_state().epoch)
    rows = Image.objects.filter(id=image_id, revision=revision)
    claimed = rows.update(epoch=epoch, revision=revision + 1, due_at=due)
    return _rows(image_id).first() if claimed else None


def claim_commit(image: Image, fields: tuple[str, ...]) -> bool:
    """Save ``fields`` on the condition that ``image`` is still at its claimed revision."""
    values = {field: getattr(image, field) for field in fields}
    return bool(Image.objects.filter(id=image.id, revision=image.revision).update(**values))
