"""Publishing the deletion journal: what readers must not serve."""

from types import MappingProxyType

import structlog
from django.conf import settings
from django.db import transaction

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state, topology_now
from webapp.cluster.stores import fleet
from webapp.core.journal import Journal, journal_dump
from webapp.core.keys import JOURNAL_KEY
from webapp.core.manifest import Revision
from webapp.images.models import Image, JournalEntry
from webapp.storage.documents import document_publish, file_publish

log = structlog.get_logger(__name__)


def journal_add(image: Image) -> None:
    """List an image; inside the transaction of its deletion or rejection."""
    JournalEntry.objects.update_or_create(
        image_id=image.id, defaults={"epoch": image.epoch, "revision": image.revision}
    )


def journal_remove(image_id: str) -> None:
    """Take an image off the list; inside the transaction that makes it servable or erased."""
    JournalEntry.objects.filter(image_id=image_id).delete()


def journal_publish() -> Revision:
    """Publish the list to the local file and every shard that takes records.

    Publications are ordered by one locked row, so an older list never replaces a newer one.
    Shards that do not answer get it with the next publication; readers take the highest.
    """
    cluster_state()
    with transaction.atomic():
        state = ClusterState.objects.select_for_update().get(id=ClusterState.ONLY)
        state.journal_counter += 1
        state.save(update_fields=["journal_counter"])
        journal = _journal(state)
        data = journal_dump(journal, keyring=settings.SHOEBOX.keyring)
        file_publish(settings.SHOEBOX.journal_file, data)
        topology = topology_now()
        names = [entry.name for entry in topology.shards.values() if entry.state.takes_records]
        stores = fleet().stores(topology, names)
        accepted = document_publish(stores, JOURNAL_KEY, data)
    log.info("journal published", counter=state.journal_counter, shards=accepted)
    return journal.revision


def _journal(state: ClusterState) -> Journal:
    rows = JournalEntry.objects.values_list("image_id", "epoch", "revision")
    entries = {image_id: Revision(epoch, revision) for image_id, epoch, revision in rows}
    return Journal(Revision(state.epoch, state.journal_counter), MappingProxyType(entries))
