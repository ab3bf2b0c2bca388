"""Publishing the deletion journal: what readers must not serve."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp.cluster.models import ClusterState
from webapp.cluster.snapshot import cluster_state, topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import SignatureError
from webapp.core.journal import EMPTY, Journal, journal_dump, journal_load
from webapp.core.keys import JOURNAL_KEY
from webapp.core.manifest import Revision
from webapp.images.models import Image, JournalEntry
from webapp.images.services.journal_later import journal_import, later_take_over
from webapp.storage.base import BlobStore
from webapp.storage.documents import document_publish, file_publish, file_read

log = structlog.get_logger(__name__)

ROUNDS = 3
"""Beyond that others publish all the while, and one of them is the last."""
NOTHING = Revision(0, 0)
_newest_drawn = NOTHING
"""The newest list this process drew up: an index that does not have its count went back."""


def journal_add(image: Image, *, anew: bool = True) -> None:
    """List an image; inside the transaction of its deletion or rejection.

    Args:
        image: As it is from then on.
        anew: Count its time on the list from now on; False: from when it was listed first.
    """
    values = {"epoch": image.epoch, "revision": image.revision}
    listed = {"created_at": timezone.now()} if anew else {}
    JournalEntry.objects.update_or_create(image_id=image.id, defaults={**values, **listed})


def journal_remove(image_id: str) -> None:
    """Take an image off the list; inside the transaction that makes it servable again."""
    JournalEntry.objects.filter(image_id=image_id).delete()


def journal_settle(image_id: str, *, listed_for: timedelta) -> datetime | None:
    """Take an erased image off the list; inside the transaction that says so.

    Args:
        image_id: The image.
        listed_for: It stays listed for so long at least.

    Returns:
        When it may go, if that is not yet; None when it is off the list.
    """
    rows = JournalEntry.objects.filter(image_id=image_id)
    rows.filter(created_at__lte=timezone.now() - listed_for).delete()
    listed_at = rows.values_list("created_at", flat=True).first()
    return None if listed_at is None else listed_at + listed_for


def journal_publish() -> Revision:
    """Publish the list to the local file and every shard that takes records.

    What is published is drawn up under one locked row, and brought to the shards without it:
    one that hangs must not keep uploads from the index. Whoever finds that a newer list was
    drawn up meanwhile publishes once more, so that an older one does not stay over a newer.
    Shards that do not answer get it with the next publication; readers take the highest.
    What a list on file or shards has that is newer than the index's is taken over first: an index
    that was lost, or restored from an old dump, must not publish less than was known. The shards
    are asked where this process cannot know that the index is not behind them.
    """
    if _may_be_behind(cluster_state()):
        later_take_over()
    for _ in range(ROUNDS):
        drawn = _draw_up()
        if drawn.data:
            accepted = document_publish(_stores(), JOURNAL_KEY, drawn.data)
            log.info("journal published", counter=drawn.revision.counter, shards=accepted)
        if _revision(cluster_state()) <= drawn.revision:
            break
    return drawn.revision


def _may_be_behind(state: ClusterState) -> bool:
    if state.read_only:
        return False  # nothing is published then
    return _newest_drawn == NOTHING or _revision(state) < _newest_drawn


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A list to publish; without data while the index does not know all of it."""

    revision: Revision
    data: bytes = b""


def _draw_up() -> _Drawn:
    global _newest_drawn  # noqa: PLW0603 - of all threads of the process
    with transaction.atomic():
        state = ClusterState.objects.select_for_update().get(id=ClusterState.ONLY)
        if state.read_only:
            return _Drawn(Revision(state.epoch, state.journal_counter))
        _take_over(state)
        state.journal_counter += 1
        state.save(update_fields=["journal_counter", "epoch"])
        journal = _journal(state)
        data = journal_dump(journal, keyring=settings.SHOEBOX.keyring)
        file_publish(settings.SHOEBOX.journal_file, data)
    _newest_drawn = journal.revision
    return _Drawn(journal.revision, data)


def _revision(state: ClusterState) -> Revision:
    return Revision(state.epoch, state.journal_counter)


def _stores() -> list[BlobStore]:
    topology = topology_now()
    names = [entry.name for entry in topology.shards.values() if entry.state.takes_records]
    return fleet().stores(topology, names)


def _take_over(state: ClusterState) -> None:
    data = file_read(settings.SHOEBOX.journal_file)
    try:
        known = journal_load(data, keyring=settings.SHOEBOX.keyring) if data else EMPTY
    except SignatureError as error:
        log.warning("journal on file refused", detail=error.detail)
        return
    if known.revision <= Revision(state.epoch, state.journal_counter):
        return
    log.warning("journal on file is newer", revision=list(known.revision))
    journal_import(known)
    state.epoch, state.journal_counter = known.revision


def _journal(state: ClusterState) -> Journal:
    rows = JournalEntry.objects.values_list("image_id", "epoch", "revision")
    entries = {image_id: Revision(epoch, revision) for image_id, epoch, revision in rows}
    return Journal(Revision(state.epoch, state.journal_counter), MappingProxyType(entries))
