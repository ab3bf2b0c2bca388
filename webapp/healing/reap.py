"""The reap: deleted images past their date are erased everywhere, and at last forgotten.

What goes by date goes only while clocks agree. Every step is a claim on the row, so any number
of reaps may run, and a restore that comes first wins.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import RetryError, ShoeboxError
from webapp.core.keys import TOMBSTONE
from webapp.core.shards import ShardState
from webapp.healing.reap_clock import clocks_check
from webapp.healing.reap_quarantine import quarantine_reap
from webapp.healing.reap_turns import turns
from webapp.images.copies import Placement, record_delete
from webapp.images.models import TOMBSTONE_GRACE, Image, ImageQuerySet, ImageState, JournalEntry
from webapp.images.services.claims import claim_commit, image_claim
from webapp.images.services.erase import LATE_WRITES, image_erase_finish
from webapp.images.services.journal import journal_add, journal_publish
from webapp.images.services.outcome import Outcome
from webapp.images.services.records import tombstone_put
from webapp.images.services.usage import usage_give_back

log = structlog.get_logger(__name__)

BATCH = 500


@dataclass(slots=True)
class Reaped:
    """What there is to do, or what was done.

    Args:
        expired: Images past their date, whose erasure begins.
        bytes: Of one copy of each of those.
        finished: Erasures that every position has confirmed by now.
        unconfirmed: Erasures some shard has still to confirm, or all of them once more.
        forgotten: Erased and confirmed so long ago that nothing is kept of them.
        quarantined: Bad copies removed from quarantine; a plan does not look there.
    """

    expired: int = 0
    bytes: int = 0
    finished: int = 0
    unconfirmed: int = 0
    forgotten: int = 0
    quarantined: int = 0


def reap_plan(*, now: datetime | None = None) -> Reaped:
    """Return what a reap would do now; nothing is changed."""
    now = now or timezone.now()
    due = expired(now)
    return Reaped(
        expired=due.count(),
        bytes=due.aggregate(sum=Sum("bytes"))["sum"] or 0,
        unconfirmed=unconfirmed().count(),
        forgotten=forgettable(now).count(),
    )


def reap(*, limit: int = BATCH) -> Reaped:
    """Begin, finish and forget erasures, at most ``limit`` of each, and empty quarantine.

    Twice is once. Those that cannot be done now are followed by others the next time (see
    ``turns``).

    Raises:
        ClocksDifferError: Nothing was begun or forgotten; an operator must set the clocks.
    """
    clocks_check()
    now, done = timezone.now(), Reaped()
    with turns("begin", expired(now), limit=limit) as images:
        for image in images:
            if _tried(image_expire, image.id):
                done.expired += 1
                done.bytes += image.bytes
    if done.expired:
        journal_publish()
    with turns("finish", unconfirmed(), limit=limit) as images:
        for image in images:
            _tried(_finish, image.id)
            confirmed = not unconfirmed().filter(pk=image.id).exists()
            done.finished += confirmed
            done.unconfirmed += not confirmed
    with turns("forget", forgettable(now), limit=limit) as images:
        for image in images:
            done.forgotten += _tried(image_forget, image.id)
    done.quarantined = quarantine_reap()
    return done


def expired(now: datetime) -> ImageQuerySet:
    """Return deleted and rejected images that nobody can bring back any more."""
    states = (ImageState.DELETED, ImageState.REJECTED)
    return Image.objects.filter(state__in=states, restorable_until__lte=now)


def erased() -> ImageQuerySet:
    """Return images that were deleted for good."""
    return Image.objects.filter(state=ImageState.DELETED, restorable_until=None)


def unconfirmed() -> ImageQuerySet:
    """Return erased images that some position may still have something of.

    Those that are only listed still, for caches, are due much later.
    """
    listed = JournalEntry.objects.values("image_id")
    soon = timezone.now() + LATE_WRITES
    return erased().filter(Q(due_at__lte=soon) | Q(due_at=None, pk__in=listed))


def forgettable(now: datetime) -> ImageQuerySet:
    """Return erased images every position has confirmed, 30 days after that began.

    Until then the row and the tombstones keep a copy that turns up somewhere from coming back.
    """
    listed = JournalEntry.objects.values("image_id")
    rows = erased().filter(due_at=None, deleted_at__lte=now - TOMBSTONE_GRACE)
    return rows.exclude(pk__in=listed)


def image_expire(*, image_id: str) -> bool:
    """Begin to erase an image that is past its date; False when it is not, or was restored.

    Raises:
        ShardsUnavailableError: Fewer than W positions took the tombstone; nothing has changed.
    """
    image = image_claim(image_id=image_id)
    now = timezone.now()
    if image is None or image.restorable_until is None or image.restorable_until > now:
        return False
    image.state, image.restorable_until, image.deleted_at = ImageState.DELETED, None, now
    image.dedupe_key, image.due_at = None, now
    tombstone_put(image)
    image.manifest_revision = image.revision
    fields = (
        "state",
        "restorable_until",
        "deleted_at",
        "dedupe_key",
        "due_at",
        "manifest_revision",
    )
    with transaction.atomic():
        if not claim_commit(image, fields):
            return False
        usage_give_back(image)
        journal_add(image, anew=False)  # its upload is long over
        audit_add(
            action=Action.IMAGE_ERASE,
            subject=image.id,
            details={"owner": image.owner.username, "reason": "past its date"},
        )
    return True


def image_forget(*, image_id: str) -> bool:
    """Remove the tombstones of an erased image, then its row; False while a shard is silent.

    Raises:
        UnknownVersionError: The index does not have the version of its name.
    """
    image = Image.objects.filter(pk=image_id).first()
    if image is None:
        return False
    placement = Placement.of(image.image_id, topology_now())
    state = placement.topology.state
    everyone = {s.name for s in placement.positions() if state(s.name) is not ShardState.DEAD}
    if not everyone <= set(record_delete(placement, [TOMBSTONE])):
        return False
    rows = erased().filter(pk=image_id, revision=image.revision, due_at=None)
    return bool(rows.delete()[0])


def _finish(*, image_id: str) -> bool:
    return image_erase_finish(image_id=image_id) is Outcome.DONE


class _Act(Protocol):
    def __call__(self, *, image_id: str) -> bool: ...


def _tried(act: _Act, image_id: str) -> bool:
    """Return what came of it; False when it cannot be done now, which stops no other image."""
    try:
        return act(image_id=image_id)
    except RetryError as error:
        log.info("not reaped now", image=image_id, detail=error.detail)
    except ShoeboxError as error:
        log.warning("not reaped", image=image_id, code=error.code, detail=error.detail)
    return False
