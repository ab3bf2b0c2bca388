"""What beat sends, how often. Every task is idempotent: any number of beats may run."""

from typing import Any

from webapp.core.ids import PARTITION_COUNT
from webapp.outbox.tasks import Queue

PUBLISH_SECONDS = 30.0
FORGET_SECONDS = 3600.0
RECOUNT_SECONDS = 3600.0


def beat_schedule(
    *, sweep_seconds: float, watch_seconds: float, scrub_cycle_days: float, reap_seconds: float
) -> dict[str, dict[str, Any]]:
    """Return the periodic tasks. A message nobody took before the next one is worthless."""
    return {
        "sweep": _every(sweep_seconds, "maintenance.sweep"),
        "watch": _every(watch_seconds, "maintenance.watch"),
        "noted": _every(watch_seconds, "maintenance.noted"),
        "publish": _every(PUBLISH_SECONDS, "maintenance.publish"),
        "scrub": _every(scrub_seconds(scrub_cycle_days), "maintenance.scrub"),
        "reap": _every(reap_seconds, "maintenance.reap"),
        "forget": _every(FORGET_SECONDS, "maintenance.forget"),
        "recount": _every(RECOUNT_SECONDS, "maintenance.recount"),
    }


def scrub_seconds(cycle_days: float) -> float:
    """Return how often a partition is scrubbed, so that all of them are once in a cycle."""
    return max(cycle_days * 86_400 / PARTITION_COUNT, 1.0)


def _every(seconds: float, task: str) -> dict[str, Any]:
    options = {"queue": Queue.MAINTENANCE.value, "expires": seconds}
    return {"task": task, "schedule": seconds, "options": options}
