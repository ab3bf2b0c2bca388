"""Deletions a rebuild has to keep: what the published journals list, and the epoch above all."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state
from webapp.core.journal import Journal
from webapp.core.manifest import Revision
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.services.journal_later import journal_find, journal_import

GRACE = timedelta(days=30)
BATCH = 500


def deletions_restore(*, silent: bool) -> None:
    """Take over what the newest journal lists. Twice is once.

    An image whose tombstones nobody saw is deleted all the same when the journal's revision
    of it is the newer one. An entry without a row stays while silent shards may hold the
    bytes; otherwise there is nothing left to refuse.

    Args:
        silent: Whether some shard did not answer.
    """
    journal = journal_find()
    ids = sorted(journal.entries)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        rows = Image.objects.in_bulk(some)
        for image in rows.values():
            _delete_unless_later(image, journal.entries[image.id])
        if silent:
            kept = {i: journal.entries[i] for i in some if i not in rows}
            journal_import(Journal(journal.revision, kept))
    _counter_follow(journal.revision)


def _delete_unless_later(image: Image, revision: Revision) -> None:
    known = Revision(image.epoch, image.revision)
    if image.state not in {ImageState.DELETED, ImageState.REJECTED} and known < revision:
        _delete(image, revision)


def _delete(image: Image, revision: Revision) -> None:
    now = timezone.now()
    with transaction.atomic():
        Image.objects.filter(id=image.id).update(
            state=ImageState.DELETED,
            epoch=revision.epoch,
            revision=revision.counter,
            deleted_at=now,
            restorable_until=now + GRACE,
            dedupe_key=None,
            due_at=now,
        )
        JournalEntry.objects.update_or_create(
            image_id=image.id, defaults={"epoch": revision.epoch, "revision": revision.counter}
        )


def _counter_follow(revision: Revision) -> None:
    """Count publications on from the journal that was found, so that ours is the newer one."""
    state = cluster_state()
    if revision > Revision(state.epoch, state.journal_counter):
        ClusterState.objects.filter(id=ClusterState.ONLY).update(
            epoch=revision.epoch, journal_counter=revision.counter
        )


def epoch_raise() -> int:
    """Raise the epoch above every one that was seen, and return it; inside a transaction.

    From then on whatever this index writes of an image beats whatever was written before,
    also what lies on a shard that was away.
    """
    state = cluster_state()
    images = Image.objects.aggregate(highest=Max("epoch"))["highest"] or 0
    listed = JournalEntry.objects.aggregate(highest=Max("epoch"))["highest"] or 0
    epoch = max(state.epoch, images, listed) + 1
    ClusterState.objects.filter(id=ClusterState.ONLY).update(epoch=epoch, journal_counter=0)
    return epoch
