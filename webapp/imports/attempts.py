"""Attempts of an import: claiming one, and how it ends. Every change is one conditional UPDATE."""

from datetime import timedelta
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.core.errors import FetchFailedError, ShoeboxError
from webapp.images.services.outcome import backoff
from webapp.imports.models import REASON_LENGTH, Import, ImportQuerySet, ImportState
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

STORE_SECONDS = 15
"""Beyond its fetch an attempt usually takes less; one that takes longer may meet a second one
of the same import, and both end with the same image."""
POSTPONED_AS = 3
NO_PLACE_LOOK = timedelta(seconds=30)


class Outcome(Enum):
    """What a task found or did; what Flower shows as its result."""

    ALREADY = "already"
    LATER = "later"
    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"


def attempt_begin(*, import_id: str) -> Import | Outcome:
    """Claim an import and count the attempt, before a byte is fetched.

    A worker that dies has been counted; the sweep finds the row when its ``due_at`` has passed.

    Returns:
        The import to work on; ``ALREADY`` when somebody is at it or it has ended, ``LATER``
        when all places are taken, ``FAILED`` when its attempts are used up.
    """
    now = timezone.now()
    rows = Import.objects.beginnable(now).filter(id=import_id)
    found = rows.select_related("owner").first()
    if found is None:
        return Outcome.ALREADY
    if found.attempts >= settings.SHOEBOX.max_attempts:
        error = FetchFailedError(f"{found.attempts} attempts were cut short.")
        return attempt_fail(found, error)
    running = Import.objects.filter(state=ImportState.RUNNING, not_before__gt=now)
    if running.count() >= settings.SHOEBOX.imports_at_a_time:
        rows.update(due_at=now + NO_PLACE_LOOK)
        return Outcome.LATER
    until = now + timedelta(seconds=settings.SHOEBOX.import_seconds + STORE_SECONDS)
    seen = rows.filter(attempts=found.attempts)
    claimed = seen.update(
        state=ImportState.RUNNING, attempts=F("attempts") + 1, not_before=until, due_at=until
    )
    found.attempts += 1
    return found if claimed else Outcome.ALREADY


def attempt_done(tried: Import, *, image_id: str, duplicate: bool) -> Outcome:
    """Note that the picture is stored."""
    _end(tried, state=ImportState.DONE, image_id=image_id, duplicate=duplicate, code="", reason="")
    return Outcome.DONE


def attempt_fail(tried: Import, error: ShoeboxError) -> Outcome:
    """Note that trying again would not help, or was done often enough."""
    _end(tried, state=ImportState.FAILED, **_problem(error))
    return Outcome.FAILED


def attempt_in_vain(tried: Import, error: ShoeboxError) -> Outcome:
    """Note that somebody's server did not give it; it is tried again, a few times."""
    if tried.attempts >= settings.SHOEBOX.max_attempts:
        return attempt_fail(tried, error)
    return _wait(tried, error, backoff(tried.attempts), attempts=tried.attempts)


def attempt_postpone(tried: Import, error: ShoeboxError) -> Outcome:
    """Note that Shoebox itself could not take it now, which does not count against it."""
    return _wait(tried, error, backoff(POSTPONED_AS), attempts=tried.attempts - 1)


def _wait(tried: Import, error: ShoeboxError, pause: timedelta, *, attempts: int) -> Outcome:
    again = timezone.now() + pause
    with transaction.atomic():
        _still(tried).update(
            state=ImportState.WAITING,
            attempts=attempts,
            not_before=again,
            due_at=again,
            **_problem(error),
        )
        _next_queue()
    return Outcome.RETRY


def _end(tried: Import, **values: object) -> None:
    with transaction.atomic():
        _still(tried).update(due_at=None, ended_at=timezone.now(), **values)
        _next_queue()


def _next_queue() -> None:
    """Give the place that is free now to the import that has waited longest."""
    waiting = Import.objects.beginnable(timezone.now()).filter(state=ImportState.WAITING)
    oldest = waiting.order_by("created_at").values_list("pk", flat=True).first()
    if oldest is not None:
        outbox_add(subject=str(oldest), tasks=[Task.IMPORT])


def _still(tried: Import) -> ImportQuerySet:
    """Return the row while it is as it was claimed: nobody else has counted since."""
    return Import.objects.unfinished().filter(pk=tried.pk, attempts=tried.attempts)


def _problem(error: ShoeboxError) -> dict[str, str]:
    return {"code": error.code, "reason": error.detail[:REASON_LENGTH]}
