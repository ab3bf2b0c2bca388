"""The task of the `maintenance` queue that watches shards; beat sends it."""

from celery import shared_task

from webapp.healing.homes import shards_watch


@shared_task(name="maintenance.watch")
def watch() -> list[str]:
    """Notice shards that are back, full or dead, and do what that calls for."""
    return shards_watch()
