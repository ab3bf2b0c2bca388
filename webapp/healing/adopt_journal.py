"""Taking over deletions that the published journal lists and a restored index does not.

Publishing counts on from what is on this machine's file; the shards may know a later one.
"""

import structlog
from django.db import transaction

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state
from webapp.core.journal import Journal
from webapp.core.manifest import Revision
from webapp.healing.rebuild_deleted import journal_find
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.services.journal import journal_import, journal_publish

log = structlog.get_logger(__name__)


def journal_take_over() -> int:
    """List what a later journal on file or shards lists; return how many entries were new.

    Readers go on refusing these images while the scrub brings their tombstones into the
    index. An entry of an image the index has at a later revision is left out: it was restored.
    """
    journal = journal_find()
    state = cluster_state()
    if journal.revision <= Revision(state.epoch, state.journal_counter):
        return 0
    before = JournalEntry.objects.count()
    with transaction.atomic():
        locked = ClusterState.objects.select_for_update().get(id=ClusterState.ONLY)
        journal_import(Journal(journal.revision, _unknown(journal)))
        if journal.revision > Revision(locked.epoch, locked.journal_counter):
            locked.epoch, locked.journal_counter = journal.revision
            locked.save(update_fields=["epoch", "journal_counter"])
    added = JournalEntry.objects.count() - before
    log.warning("journal taken over", revision=list(journal.revision), entries=added)
    journal_publish()
    return added


def _unknown(journal: Journal) -> dict[str, Revision]:
    gone = (ImageState.DELETED, ImageState.REJECTED)
    rows = Image.objects.exclude(state__in=gone).filter(pk__in=list(journal.entries))
    restored = {
        pk
        for pk, epoch, revision in rows.values_list("pk", "epoch", "revision")
        if Revision(epoch, revision) > journal.entries[pk]
    }
    return {pk: entry for pk, entry in journal.entries.items() if pk not in restored}
