"""Tasks of the `backfills` queue: as `renditions`, behind every fresh upload."""

import structlog
from celery import current_app, shared_task
from kombu.exceptions import OperationalError

from webapp.core.errors import DigestMismatchError, NotFoundError, ShardsUnavailableError
from webapp.images.models import Image
from webapp.images.services import Outcome
from webapp.images.services.backfill import (
    backfill_begin,
    backfill_failed,
    backfill_postponed,
    backfill_step_aside,
)
from webapp.outbox.tasks import Queue, Task
from workers.depth import queue_depths
from workers.imaging.errors import ImagingError, NotDecodableError
from workers.renditions import renditions_make

log = structlog.get_logger(__name__)


@shared_task(name=Task.BACKFILL.value)
def make_missing(image_id: str) -> str:
    """Make the renditions a ready image lacks, unless fresh uploads wait. Twice is once."""
    if _fresh_wait():
        return backfill_step_aside(image_id=image_id).value
    image = backfill_begin(image_id=image_id)
    if image is None:
        return Outcome.ALREADY.value
    try:
        return _make(image).value
    except (ShardsUnavailableError, NotFoundError, DigestMismatchError):
        return backfill_postponed(image=image).value


def _fresh_wait() -> bool:
    """Return whether fresh uploads wait for a worker; a broker that is away has none to give."""
    queue = Queue.RENDITIONS.value
    try:
        with current_app.connection_for_read() as connection:
            return queue_depths(connection, [queue])[queue] > 0
    except (OperationalError, OSError) as error:
        log.warning("queue depth unknown", error=str(error))
        return False


def _make(image: Image) -> Outcome:
    try:
        renditions_make(image)
    except ImagingError as error:
        final = isinstance(error, NotDecodableError)
        return backfill_failed(image=image, reason=str(error), final=final)
    return Outcome.DONE
