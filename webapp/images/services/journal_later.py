"""A published journal that knows more than the index: it was restored from a dump, or is new.

Publishing counts on from what the index and this machine's file say; the shards may know later.
"""

import structlog
from django.conf import settings
from django.db import transaction

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state, topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import SignatureError
from webapp.core.journal import EMPTY, Journal, journal_load
from webapp.core.keys import JOURNAL_KEY
from webapp.core.manifest import Revision
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.storage.documents import document_fetch_all, file_read

log = structlog.get_logger(__name__)

BATCH = 500


def journal_find() -> Journal:
    """Return the newest valid journal on file or shards; an empty one when there is none."""
    topology = topology_now()
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    copies = [file_read(settings.SHOEBOX.journal_file)]
    copies += document_fetch_all(fleet().stores(topology, names), JOURNAL_KEY).given.values()
    found = [EMPTY]
    for data in filter(None, copies):
        try:
            found.append(journal_load(data, keyring=settings.SHOEBOX.keyring))
        except SignatureError as error:
            log.warning("journal refused", detail=error.detail)
    return max(found, key=lambda journal: journal.revision)


def later_take_over() -> int | None:
    """List what a later journal on file or shards lists, and count on from it.

    Readers go on refusing these images while the scrub brings their tombstones into the
    index.

    Returns:
        How many entries were new; None where no journal is later than the index.
    """
    journal, state = journal_find(), cluster_state()
    if journal.revision <= Revision(state.epoch, state.journal_counter):
        return None
    before = JournalEntry.objects.count()
    with transaction.atomic():
        locked = ClusterState.objects.select_for_update().get(id=ClusterState.ONLY)
        journal_import(journal)
        if journal.revision > Revision(locked.epoch, locked.journal_counter):
            locked.epoch, locked.journal_counter = journal.revision
            locked.save(update_fields=["epoch", "journal_counter"])
    added = JournalEntry.objects.count() - before
    log.warning("journal taken over", revision=list(journal.revision), entries=added)
    return added


def _known_deleted(journal: Journal) -> dict[str, Revision]:
    gone = (ImageState.DELETED, ImageState.REJECTED)
    rows = Image.objects.exclude(state__in=gone).filter(pk__in=list(journal.entries))
    restored = {
        pk
        for pk, epoch, revision in rows.values_list("pk", "epoch", "revision")
        if Revision(epoch, revision) > journal.entries[pk]
    }
    return {pk: entry for pk, entry in journal.entries.items() if pk not in restored}


def journal_import(journal: Journal) -> None:
    """List what another journal lists, where the index lists nothing.

    An entry of an image the index has at a later revision is left out: it was restored.
    """
    entries = _known_deleted(journal)
    JournalEntry.objects.bulk_create(
        (
            JournalEntry(image_id=image_id, epoch=revision.epoch, revision=revision.counter)
            for image_id, revision in entries.items()
        ),
        ignore_conflicts=True,
        batch_size=BATCH,
    )
