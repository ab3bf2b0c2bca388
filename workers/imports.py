"""Tasks of the `maintenance` queue that wait for servers of others."""

from celery import shared_task

from webapp.imports.running import import_run
from webapp.outbox.tasks import Task


@shared_task(name=Task.IMPORT.value)
def import_link(import_id: str) -> str:
    """Fetch and store what an import names. Twice is once."""
    return import_run(import_id=import_id).value
