"""The sweep: images that are not what they should be are queued again.

Any message may be lost; the row's ``due_at`` is the memory. A claim moves ``due_at`` on by
conditional UPDATE, so any number of sweeps may run at once.
"""

from datetime import timedelta

from django.db import transaction

from webapp.cluster.clock import index_now
from webapp.cluster.read_only import read_only_reason
from webapp.images.models import Image, ImageState
from webapp.images.services.backfill import backfill_wanted
from webapp.images.services.outcome import renditions_wanted
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

CLAIM_FOR = timedelta(minutes=5)
BATCH = 500


def images_sweep(*, limit: int = BATCH) -> int:
    """Queue what is due again; return how many images that were, none while read-only."""
    if read_only_reason():
        return 0
    now = index_now()
    due = Image.objects.due(now).order_by("due_at")[:limit]
    return sum(_requeue(image) for image in due)


def _requeue(image: Image) -> bool:
    with transaction.atomic():
        rows = Image.objects.filter(id=image.id, due_at=image.due_at)
        if not rows.update(due_at=index_now() + CLAIM_FOR):
            return False
        outbox_add(tasks=tasks_for(image), subject=image.id)
    return True


def tasks_for(image: Image) -> list[Task]:
    """Return what brings an image to what it should be."""
    if image.state == ImageState.DELETED:
        return [Task.DELETE]
    if renditions_wanted(image):
        return [Task.MAKE_RENDITIONS, Task.REPLICATE]
    if backfill_wanted(image):
        return [Task.BACKFILL, Task.REPLICATE]
    return [Task.REPLICATE]
