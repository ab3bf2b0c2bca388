"""Taking into the index what the shards know and it does not. Nothing here removes a byte.

An index that was restored from an older dump lacks images, edits and deletions; the shards
have them all. The higher revision wins, clocks never decide.
"""

import time
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from webapp.core.ids import ImageId
from webapp.core.keys import TOMBSTONE
from webapp.core.manifest import Revision
from webapp.core.topology import Topology
from webapp.healing.rebuild_save import Saved, Saver
from webapp.healing.rebuild_seen import ImageSeen, OriginalSeen
from webapp.healing.scrub_look import Look
from webapp.images.models import Image, ImageState
from webapp.images.services.journal import journal_add
from webapp.images.services.usage import usage_give_back

log = structlog.get_logger(__name__)

UPLOAD_MAY_RUN = timedelta(days=1)
"""Bytes younger than this, of an image nobody committed, may belong to an upload under way."""
ATTEMPTS = 2


class Adopted(StrEnum):
    """What became of what the index did not know."""

    ADOPTED = "taken into the index"
    THERE = "the index knows as much"
    YOUNG = "an upload may still run"
    ONLY_TOMBSTONE = "a tombstone is all there is"
    NAMELESS = "nothing says whose it is"


def image_adopt(
    *, image_id: ImageId, look: Look, topology: Topology, uploads_run: bool = True
) -> Adopted:
    """Take an image into the index as the shards know it, where they know more. Twice is once.

    The newest manifest or tombstone decides; without one the original's label does. A blob
    with a manifest was acknowledged once; an original with a label alone may belong to an
    upload that still runs, and is left alone for a day. A deleted image comes back as deleted,
    restorable as long as its tombstone says, so that the deletion is finished everywhere.

    Args:
        image_id: The image.
        look: Everything every shard has of it, read; bad copies are passed over.
        topology: Says where copies belong.
        uploads_run: False: somebody made sure that nothing is being uploaded.
    """
    if row_bury(image_id=image_id, look=look):
        return Adopted.ADOPTED
    if look.manifest is None and look.original is None:
        only = {read.seen.name for read in look.reads} == {TOMBSTONE}
        return Adopted.ONLY_TOMBSTONE if only else Adopted.NAMELESS
    acknowledged = look.manifest is not None or look.tombstone is not None
    if not acknowledged and uploads_run and upload_may_run(look):
        return Adopted.YOUNG
    saved = _save(_seen(image_id, look), topology)
    if saved in {None, Saved.UNCHANGED}:
        return Adopted.THERE
    log.warning("image adopted", image=str(image_id), saved=saved.value if saved else "")
    return Adopted.ADOPTED


def row_bury(*, image_id: ImageId, look: Look) -> bool:
    """Make a row deleted that does not know of a later tombstone; False where that is not so.

    Of an erased image the tombstone may be all there is: enough for a row, not to make one.
    """
    tombstone, manifest = look.tombstone, look.manifest
    if tombstone is None or (manifest and manifest.revision > tombstone.revision):
        return False
    until = tombstone.restorable_until
    with transaction.atomic():
        row = _locked(image_id)
        if row is None or Revision(row.epoch, row.revision) >= tombstone.revision:
            return False
        was_kept = kept(row)
        row.state, row.dedupe_key = ImageState.DELETED, None
        row.deleted_at = datetime.fromisoformat(tombstone.deleted_at)
        row.restorable_until = datetime.fromisoformat(until) if until else None
        row.epoch, row.revision = tombstone.revision
        row.manifest_revision, row.due_at = row.revision, timezone.now()
        row.save()
        if was_kept and not kept(row):
            usage_give_back(row)
        journal_add(row)
    log.warning("image deleted as its tombstone says", image=str(image_id))
    return True


def upload_may_run(look: Look) -> bool:
    """Return whether the newest blob is so young that an upload may still be writing."""
    return time.time() - look.newest_modified < UPLOAD_MAY_RUN.total_seconds()


def _seen(image_id: ImageId, look: Look) -> ImageSeen:
    """Return what was read as a rebuild takes it: good copies only."""
    names: dict[str, set[str]] = {}
    originals = []
    for read in look.reads:
        seen, label = read.seen, read.label
        names.setdefault(seen.shard, set()).add(seen.name)
        if label is not None and label.about is not None and seen.sound:
            originals.append(OriginalSeen(seen.shard, seen.name, seen.size, label))
    shards = {shard: frozenset(found) for shard, found in names.items()}
    return ImageSeen(
        image_id, shards, look.manifest, look.tombstone, originals, set(look.seen.silent)
    )


def _save(seen: ImageSeen, topology: Topology) -> Saved | None:
    """Save the row and count it for its owner; None when others were faster."""
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                before = _locked(seen.image_id)
                saved = Saver(topology).save(seen)
                if saved is not Saved.UNCHANGED:
                    _count(before, _locked(seen.image_id))
        except IntegrityError:
            continue  # the upload committed it, or another image answers the same duplicates
        return saved
    return None


def _locked(image_id: ImageId) -> Image | None:
    return Image.objects.select_for_update().filter(pk=str(image_id)).first()


def _count(before: Image | None, after: Image | None) -> None:
    """Keep what an owner keeps true, whatever their quota."""
    was_kept, is_kept = kept(before), kept(after)
    if after is not None and is_kept and not was_kept:
        get_user_model()._default_manager.filter(pk=after.owner_id).update(  # noqa: SLF001 - Django's name
            used_bytes=F("used_bytes") + after.bytes, used_images=F("used_images") + 1
        )
    elif before is not None and was_kept and not is_kept:
        usage_give_back(before)


def kept(image: Image | None) -> bool:
    """Return whether an image counts as kept by its owner."""
    if image is None:
        return False
    return image.state != ImageState.DELETED or image.restorable_until is not None
