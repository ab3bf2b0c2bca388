"""Tasks of the `maintenance` queue that heal: a repair, slice by slice."""

from celery import shared_task

from webapp.healing.repair_queue import repair_slice
from webapp.outbox.tasks import Task


@shared_task(name=Task.REPAIR.value)
def repair(scope: str) -> dict[str, int]:
    """Bring the images of a scope to verified copies on their homes. Twice is once."""
    summary = repair_slice(subject=scope)
    return {**summary.codes, "images": summary.images, "short-images": summary.short}
