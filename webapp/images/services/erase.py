"""Finishing a deletion on every position."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.cluster.clock import index_now
from webapp.cluster.snapshot import topology_now
from webapp.core.keys import MANIFEST, ORIGINAL, PRIVATE
from webapp.core.presets import rendition_names
from webapp.core.shards import ShardState
from webapp.images.copies import Placement, everything_erase
from webapp.images.models import Image, ImageState
from webapp.images.services.journal import journal_add, journal_publish, journal_settle
from webapp.images.services.outcome import SHORTFALL_LOOK, Outcome
from webapp.images.services.records import tombstone_put
from webapp.images.services.rows import row_find
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task

LATE_WRITES = timedelta(minutes=3)
"""Longer than a PUT takes to land that was begun before an erasure, and given up as slow.

With everything a shard may take (connecting, waiting for an answer, both attempts) that is half
a minute for a shard that is stuck; the rest is for bytes that only trickle.
"""


def image_erase_finish(*, image_id: str) -> Outcome:
    """Finish a deletion: tombstones everywhere; when erased, no byte left and the journal done.

    An erased image is confirmed once more ``LATE_WRITES`` after it was listed last: what landed
    after the first time is removed before anybody may be served it. It stays listed for as long
    as a cache that heard of nothing may keep it.
    """
    image = row_find(image_id=image_id)
    if image is None or image.state != ImageState.DELETED:
        return Outcome.GONE
    placement = Placement.of(image.image_id, topology_now())
    everyone = _confirming(placement)
    told = set(tombstone_put(image))
    confirmed = told
    if image.restorable_until is None:
        confirmed &= set(everything_erase(placement, _listed(image)))
    if not everyone <= confirmed:
        due = index_now() + SHORTFALL_LOOK
        Image.objects.filter(id=image_id, revision=image.revision).update(due_at=due)
        return Outcome.SHORT
    until: datetime | None = None
    with transaction.atomic():
        if image.restorable_until is None:
            until = _next_look(journal_settle(image_id, listed_for=_listed_for()))
        Image.objects.filter(id=image_id, revision=image.revision).update(due_at=until)
    if until is not None:
        return Outcome.LATER
    if image.restorable_until is None:
        journal_publish()
    return Outcome.DONE


def _listed_for() -> timedelta:
    shoebox = settings.SHOEBOX
    kept = shoebox.shared_cache_ttl if shoebox.shared_cache_url else 0
    return max(LATE_WRITES, timedelta(seconds=kept))


def _next_look(ends: datetime | None) -> datetime | None:
    """Return when to confirm again what is listed until ``ends``."""
    if ends is None:
        return None
    soon = ends - _listed_for() + LATE_WRITES
    return soon if soon > timezone.now() else ends


def image_erase_again(*, image_id: str) -> bool:
    """Finish an erasure once more; whoever wrote copies meanwhile calls this after them.

    It may have been confirmed before they were written. Listed again first, so that readers
    refuse the image until they are gone. Twice is once.

    Returns:
        Whether the image is erased; its copies are somebody's picture otherwise.
    """
    erased = Image.objects.filter(
        id=image_id, state=ImageState.DELETED, restorable_until=None
    ).first()
    if erased is None:
        return False
    with transaction.atomic():
        journal_add(erased)
        outbox_add(subject=image_id, tasks=[Task.DELETE])
    journal_publish()
    return True


def _confirming(placement: Placement) -> set[str]:
    """Return every position that must confirm: all that are not dead, reachable or not."""
    names = {s.name for s in placement.positions()}
    return {n for n in names if placement.topology.state(n) is not ShardState.DEAD}


def _listed(image: Image) -> list[str]:
    """Return the blobs the index or a worker may know of."""
    names = {*image.renditions, *rendition_names(transparent=False)}
    names |= set(rendition_names(transparent=True))
    return [ORIGINAL, PRIVATE, MANIFEST, *sorted(names)]
