"""A task of the `maintenance` queue that beat sends: what readers noted as bad is repaired."""

from celery import shared_task

from webapp.healing.noted import noted_repair


@shared_task(name="maintenance.noted")
def noted() -> int:
    """Repair images of which read services noted bad copies; return how many notes went."""
    return noted_repair()
