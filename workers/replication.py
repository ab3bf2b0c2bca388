"""Tasks of the `replication` queue: input and output on shards, little processor."""

from celery import shared_task

from webapp.images.services import image_erase_finish, image_replicate
from webapp.outbox.tasks import Task


@shared_task(name=Task.REPLICATE.value)
def replicate(image_id: str) -> str:
    """Bring an image to its copies, renditions and manifest. Twice is once."""
    return image_replicate(image_id=image_id).value


@shared_task(name=Task.DELETE.value)
def delete(image_id: str) -> str:
    """Finish a deletion on every position. Twice is once."""
    return image_erase_finish(image_id=image_id).value
