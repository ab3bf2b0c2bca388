"""Renditions that a ready image lacks, because its presets were not there when it was made.

The image stays ``ready`` and everything it has stays as it is: a backfill adds what is missing
and never writes other bytes under a name that is there. What cannot be made is given up, and the
image is what it was.
"""

import random
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from webapp.cluster.clock import index_now
from webapp.cluster.read_only import writable_state
from webapp.images.models import Image, ImageQuerySet, ImageState
from webapp.images.services.outcome import Outcome, backoff, renditions_missing
from webapp.images.services.rows import row_find
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

log = structlog.get_logger(__name__)

CLAIM_FOR = timedelta(minutes=5)
STEP_ASIDE_SECONDS = (4.0, 8.0)
POSTPONED_AS = 3


def backfill_wanted(image: Image) -> bool:
    """Return whether renditions are missing that a backfill may still make."""
    tries_left = image.attempts < settings.SHOEBOX.max_attempts
    return image.state == ImageState.READY and tries_left and bool(renditions_missing(image))


def backfill_queue(*, image_id: str) -> bool:
    """Queue an image, with its attempts reset; False when it is not ready any more."""
    with transaction.atomic():
        rows = Image.objects.filter(id=image_id, state=ImageState.READY)
        if not rows.update(attempts=0, due_at=index_now() + CLAIM_FOR):
            return False
        outbox_add(subject=image_id, tasks=[Task.BACKFILL])
    return True


def backfill_begin(*, image_id: str) -> Image | None:
    """Count an attempt in its own transaction, before anything is decoded.

    Returns:
        The image to work on; None when nothing is missing or it was given up.

    Raises:
        ReadOnlyError: Nothing may be written at the moment.
    """
    writable_state()
    image = row_find(image_id=image_id)
    if image is None or image.state != ImageState.READY or not renditions_missing(image):
        return None
    if not backfill_wanted(image):
        _given_up(image, "its attempts are used up")
        return None
    wall = timedelta(seconds=settings.SHOEBOX.render_wall_seconds)
    due = index_now() + wall + backoff(image.attempts + 1)
    _ready(image.id).update(attempts=F("attempts") + 1, due_at=due)
    image.attempts += 1
    return image


def backfill_step_aside(*, image_id: str) -> Outcome:
    """Let fresh uploads go first; the sweep queues the image again in some seconds."""
    pause = random.uniform(*STEP_ASIDE_SECONDS)  # noqa: S311 - spreads load, guards nothing
    _ready(image_id).update(due_at=index_now() + timedelta(seconds=pause))
    return Outcome.LATER


def backfill_failed(*, image: Image, reason: str, final: bool) -> Outcome:
    """Note an attempt in vain.

    Args:
        image: The row the attempt was begun with.
        reason: Why, for the log; the image's own reason is of its state, which stays.
        final: Whether trying again cannot help.
    """
    if final or image.attempts >= settings.SHOEBOX.max_attempts:
        _given_up(image, reason)
        return Outcome.FAILED
    _ready(image.id).update(due_at=index_now() + backoff(image.attempts))
    return Outcome.RETRY


def backfill_postponed(*, image: Image) -> Outcome:
    """Note that shards kept an attempt from being made; it does not count against the image."""
    due = index_now() + backoff(POSTPONED_AS)
    _ready(image.id).filter(attempts__gt=0).update(attempts=F("attempts") - 1, due_at=due)
    return Outcome.RETRY


def _given_up(image: Image, reason: str) -> None:
    log.warning("backfill given up", image=image.id, reason=reason)
    _ready(image.id).update(attempts=settings.SHOEBOX.max_attempts, due_at=None)


def _ready(image_id: str) -> ImageQuerySet:
    return Image.objects.filter(id=image_id, state=ImageState.READY)
