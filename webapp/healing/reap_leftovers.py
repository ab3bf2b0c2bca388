"""What uploads left behind that were never finished, and what is left of images long erased.

There is no row, no manifest and no label that says whose it is. A tombstone comes first, and
the bytes go when it is past its date; so does the tombstone itself, a second time as long
after. An original whose label names its owner is never touched here.
"""

from datetime import datetime

import structlog
from django.utils import timezone

from webapp.core.errors import ShardUnavailableError
from webapp.core.ids import ImageId
from webapp.core.keys import TOMBSTONE, blob_key
from webapp.core.manifest import Tombstone
from webapp.core.topology import Topology
from webapp.healing.adopt import upload_may_run
from webapp.healing.reap_clock import clocks_check
from webapp.healing.scrub_look import Look, Looker
from webapp.images.copies import Placement
from webapp.images.models import TOMBSTONE_GRACE, JournalEntry
from webapp.images.services.journal import journal_publish
from webapp.images.services.records import tombstone_put_nameless

log = structlog.get_logger(__name__)


def leftover_reap(*, image_id: ImageId, look: Look, looker: Looker, topology: Topology) -> None:
    """Take blobs nobody can name one step further towards their end. Twice is once.

    Args:
        image_id: What they lie under.
        look: Everything that was seen there.
        looker: Knows the stores.
        topology: What is known of versions and shards.

    Raises:
        ClocksDifferError: Nothing is tombstoned or erased by date then.
    """
    if any(read.label and read.label.about for read in look.reads):
        return  # somebody's picture, even if no copy of it is good at the moment
    clocks_check()
    placement = Placement.of(image_id, topology)
    tombstone = look.tombstone
    if tombstone is None:
        if not upload_may_run(look) and not look.seen.silent:
            tombstone_put_nameless(placement, until=timezone.now() + TOMBSTONE_GRACE)
    elif {read.seen.name for read in look.reads} != {TOMBSTONE}:
        if _past(tombstone):
            _erase(image_id, look, looker, but=TOMBSTONE)
    elif not look.seen.silent:
        _confirmed(image_id)
        if _long_past(tombstone):
            _erase(image_id, look, looker)


def _past(tombstone: Tombstone) -> bool:
    until = tombstone.restorable_until
    return until is None or datetime.fromisoformat(until) <= timezone.now()


def _long_past(tombstone: Tombstone) -> bool:
    ended = datetime.fromisoformat(tombstone.restorable_until or tombstone.deleted_at)
    return ended + TOMBSTONE_GRACE <= timezone.now()


def _confirmed(image_id: ImageId) -> None:
    """Take an image off the journal that every shard has confirmed to have nothing of."""
    if JournalEntry.objects.filter(image_id=str(image_id)).delete()[0]:
        journal_publish()


def _erase(image_id: ImageId, look: Look, looker: Looker, *, but: str = "") -> None:
    for read in look.reads:
        if read.seen.name != but:
            _delete(looker, read.seen.shard, blob_key(image_id, read.seen.name))
    log.warning("leftovers erased", image=str(image_id), blobs=len(look.reads))


def _delete(looker: Looker, shard: str, key: str) -> None:
    try:
        looker.stores[shard].delete(key)
    except ShardUnavailableError as error:
        log.info("not removed now", shard=shard, key=key, detail=error.detail)
