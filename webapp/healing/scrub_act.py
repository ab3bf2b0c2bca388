"""Healing one image a scrub found something of. What decides is the index; bytes only go last."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from webapp.cluster.snapshot import topology_now
from webapp.core.errors import RetryError, ShardUnavailableError
from webapp.core.ids import ImageId
from webapp.core.keys import TOMBSTONE, blob_key
from webapp.core.topology import Topology
from webapp.healing.adopt import Adopted, image_adopt
from webapp.healing.findings import Code
from webapp.healing.reap_clock import ClocksDifferError
from webapp.healing.reap_leftovers import leftover_reap
from webapp.healing.scrub_images import Found, image_find_out
from webapp.healing.scrub_look import Look, Looker
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.images.services.erase import image_erase_finish
from webapp.images.services.journal import journal_publish
from webapp.images.services.lease import Lease, image_leased
from webapp.images.services.repair import image_repair, newest_copy
from webapp.storage.base import BlobStore

log = structlog.get_logger(__name__)

REPAIRED = {
    Code.MISSING,
    Code.CORRUPT,
    Code.LABEL_WRONG,
    Code.EXTRA,
    Code.MISPLACED,
    Code.MANIFEST_STALE,
    Code.MANIFEST_DAMAGED,
    Code.ROW_WITHOUT_BYTES,
}


def image_heal(found: Found, looker: Looker, topology: Topology, *, uploads_run: bool) -> Found:
    """Make an image what it should be as far as that is possible now; return it as it is then.

    Args:
        found: As it was found, twice.
        looker: Looks again.
        topology: What is known of versions and shards.
        uploads_run: False: somebody made sure that nothing is being uploaded.
    """
    try:
        _act(found, looker, topology, uploads_run=uploads_run)
    except (RetryError, ClocksDifferError) as error:
        log.info("not healed now", image=str(found.image_id), detail=error.detail)
        return found
    return image_find_out(found.image_id, looker, topology)


def _act(found: Found, looker: Looker, topology: Topology, *, uploads_run: bool) -> None:
    image_id, codes = found.image_id, {finding.code for finding in found.findings}
    if found.image is None or Code.ROW_STALE in codes:
        listed = _listed(image_id)
        adopted = image_adopt(
            image_id=image_id, look=found.look, topology=topology, uploads_run=uploads_run
        )
        if listed != _listed(image_id):
            journal_publish()  # readers refuse, or serve again, what the shards say
        if found.image is None and adopted in {Adopted.NAMELESS, Adopted.ONLY_TOMBSTONE}:
            leftover_reap(image_id=image_id, look=found.look, looker=looker, topology=topology)
            return
        if adopted is Adopted.YOUNG:
            return
    elif not REPAIRED & codes:
        return
    _repair(image_id, found.look, looker)


def _listed(image_id: ImageId) -> bool:
    return JournalEntry.objects.filter(pk=str(image_id)).exists()


def _repair(image_id: ImageId, look: Look, looker: Looker) -> None:
    state = Image.objects.filter(pk=str(image_id)).values_list("state", "restorable_until").first()
    if state is None:
        return
    if state[0] == ImageState.DELETED:
        image_erase_finish(image_id=str(image_id))
        if state[1] is None:
            erased_remove(image_id=image_id, look=look, looker=looker)
            return
    image_repair(image_id=str(image_id), apply=True)
    misplaced_remove(image_id=image_id, look=look, looker=looker)


def erased_remove(*, image_id: ImageId, look: Look, looker: Looker) -> None:
    """Remove what is left of an erased image anywhere, also on shards that are no position.

    The index says that it was erased, and holds on to that: nothing brings it back.
    """
    for read in look.reads:
        if read.seen.name != TOMBSTONE:
            _delete(looker.stores[read.seen.shard], blob_key(image_id, read.seen.name))


def misplaced_remove(*, image_id: ImageId, look: Look, looker: Looker) -> None:
    """Remove copies on shards that are no position, once every home was read and is good.

    Under the lease, and not before the newest copy is as old as a stand-in has to be.
    """
    with image_leased(image_id=str(image_id)) as lease:
        image = Image.objects.select_related("owner").filter(pk=str(image_id)).first()
        if lease is None or image is None or image.state == ImageState.DELETED:
            return
        grace = timedelta(seconds=settings.SHOEBOX.handoff_grace_seconds)
        where = _misplaced(image_id, look)
        if not where or newest_copy(image) + grace > timezone.now():
            return
        if image_repair(image_id=str(image_id), apply=False).whole:
            _remove(where, image_id, looker, lease)


def _misplaced(image_id: ImageId, look: Look) -> list[tuple[str, str]]:

    names = {spec.name for spec in Placement.of(image_id, topology_now()).positions()}
    seen = (read.seen for read in look.reads)
    return [(blob.shard, blob.name) for blob in seen if blob.shard not in names]


def _remove(
    where: Iterable[tuple[str, str]], image_id: ImageId, looker: Looker, lease: Lease
) -> None:
    for shard, name in where:
        if not lease.renew():
            return
        _delete(looker.stores[shard], blob_key(image_id, name))
        log.info("misplaced copy removed", shard=shard, image=str(image_id), blob=name)


def _delete(store: BlobStore, key: str) -> None:
    try:
        store.delete(key)
    except ShardUnavailableError as error:
        log.info("not removed now", shard=store.name, key=key, detail=error.detail)
