"""The perpetual scrub: beat sends a task, a task scrubs one partition."""

from celery import shared_task

from webapp.healing.scrub_run import scrub_next


@shared_task(name="maintenance.scrub")
def scrub() -> list[str]:
    """Scrub and heal the next partition when it is due; return which. Twice is once."""
    return scrub_next()
