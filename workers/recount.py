"""A task of the `maintenance` queue that beat sends: what owners keep is counted right."""

from celery import shared_task

from webapp.images.services import usage_recount


@shared_task(name="maintenance.recount")
def recount() -> int:
    """Set right whose count drifted; return how many. The log says whose, and by how much."""
    return len(usage_recount(apply=True))
