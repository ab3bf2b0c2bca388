"""Tasks of the `maintenance` queue that beat sends: nothing that is due stays forgotten."""

import structlog
from celery import current_app, shared_task
from kombu.exceptions import OperationalError

from webapp.cluster.publishing import topology_republish
from webapp.images.services import images_sweep, journal_publish
from webapp.imports.services import imports_sweep
from webapp.outbox.services import outbox_depth
from webapp.outbox.tasks import Queue
from workers.depth import queue_depths

log = structlog.get_logger(__name__)

MAX_WAITING = 1000


@shared_task(name="maintenance.sweep")
def sweep() -> int:
    """Queue images and imports that are due again; nothing while the queues are full anyway."""
    if outbox_depth() + _waiting() > MAX_WAITING:
        log.info("sweep waits", limit=MAX_WAITING)
        return 0
    return images_sweep() + imports_sweep()


def _waiting() -> int:
    """Return how many messages wait on the queues of images."""
    names = (Queue.RENDITIONS.value, Queue.REPLICATION.value, Queue.BACKFILLS.value)
    try:
        with current_app.connection_for_read() as connection:
            return sum(queue_depths(connection, names).values())
    except (OperationalError, OSError) as error:
        log.warning("queue depth unknown", error=str(error))
        return MAX_WAITING


@shared_task(name="maintenance.publish")
def publish() -> int:
    """Put topology and journal again on shards that missed a publication."""
    revision = topology_republish().revision
    journal_publish()
    return revision
