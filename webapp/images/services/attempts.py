"""Attempts to make renditions, and how they end."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webapp.cluster.clock import index_now
from webapp.images.models import Image, ImageState
from webapp.images.services.claims import claim_commit, image_claim
from webapp.images.services.journal import journal_add, journal_publish
from webapp.images.services.outcome import Outcome, backoff, renditions_wanted
from webapp.images.services.records import manifest_put
from webapp.images.services.rows import row_count_attempt, row_find
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Event, Task

REFUSALS_TO_REJECT = 2
REJECTED_GRACE = timedelta(days=30)
POSTPONED_AS = 3


def rendition_attempt_begin(*, image_id: str) -> Image | None:
    """Count an attempt in its own transaction, before anything is decoded.

    A worker that dies in the decoder has been counted; the sweep finds the row when its
    ``due_at`` has passed.

    Returns:
        The image to work on; None when there is nothing to do or the attempts are used up.

    Raises:
        ReadOnlyError: Nothing may be written at the moment.
    """
    image = row_find(image_id=image_id, writable=True)
    if image is None or not renditions_wanted(image):
        return None
    if image.attempts >= settings.SHOEBOX.max_attempts:
        image_conclude(image_id=image_id, state=ImageState.FAILED, reason=image.reason)
        return None
    wall = timedelta(seconds=settings.SHOEBOX.render_wall_seconds)
    due = index_now() + wall + backoff(image.attempts + 1)
    row_count_attempt(image, due_at=due)
    return image


def rendition_failed(*, image: Image, reason: str) -> Outcome:
    """Note an attempt that hit a limit or lost its child; it is due again later."""
    if image.attempts >= settings.SHOEBOX.max_attempts:
        image_conclude(image_id=image.id, state=ImageState.FAILED, reason=reason)
        return Outcome.FAILED
    due = index_now() + backoff(image.attempts)
    Image.objects.filter(id=image.id).update(reason=reason[:200], due_at=due)
    return Outcome.RETRY


def rendition_refused(*, image: Image, reason: str) -> Outcome:
    """Note that the decoder refused the bytes; the second time the image is rejected."""
    if image.refusals + 1 >= REFUSALS_TO_REJECT:
        image_conclude(image_id=image.id, state=ImageState.REJECTED, reason=reason)
        return Outcome.REJECTED
    with transaction.atomic():
        Image.objects.filter(id=image.id).update(refusals=F("refusals") + 1, reason=reason[:200])
        outbox_add(tasks=[Task.MAKE_RENDITIONS], subject=image.id)
    return Outcome.RETRY


def image_conclude(*, image_id: str, state: ImageState, reason: str) -> None:
    """End an image's way as ``failed`` or ``rejected``, on the shards and in the index.

    A rejected image is listed in the journal, so that nobody is served what no decoder
    takes; it stays for 30 days and can be tried again.
    """
    image = image_claim(image_id=image_id)
    if image is None or image.state != ImageState.STORED:
        return
    image.state, image.reason = state, reason[:200]
    rejected = state == ImageState.REJECTED
    image.restorable_until = timezone.now() + REJECTED_GRACE if rejected else None
    if rejected:
        image.dedupe_key = None
    manifest_put(image)
    image.manifest_revision = image.revision
    image.due_at = None
    fields = ("state", "reason", "restorable_until", "dedupe_key", "manifest_revision", "due_at")
    with transaction.atomic():
        committed = claim_commit(image, fields)
        if committed and rejected:
            journal_add(image)
            outbox_add(subject=image.id, events=[Event.REJECTED])
    if committed and rejected:
        journal_publish()


def rendition_postponed(*, image: Image, reason: str) -> Outcome:
    """Note that shards kept an attempt from being made; it does not count against the image."""
    due = index_now() + backoff(POSTPONED_AS)
    Image.objects.filter(id=image.id, attempts__gt=0).update(
        attempts=F("attempts") - 1, reason=reason[:200], due_at=due
    )
    return Outcome.RETRY
