"""From accepted bytes to an acknowledged image: the upload path's last steps."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, IntegrityError, connection
from django.utils import timezone

from webapp.cluster.snapshot import topology_now, version_current
from webapp.cluster.stores import breakers, executor
from webapp.core.errors import BusyError, ShardsUnavailableError
from webapp.core.ids import ImageId, id_make
from webapp.core.label import Label
from webapp.core.quota import Usage
from webapp.core.topology import Topology
from webapp.images.copies import Placement, holders, original_name, record_delete
from webapp.images.delete_link import delete_hash, delete_secret
from webapp.images.models import Image, ImageState
from webapp.images.nearness import first_write_count, near_first
from webapp.images.services.commit import Commit, Committed, upload_commit
from webapp.images.services.idempotency import key_check, key_forget, key_remember, key_row
from webapp.images.services.known import Known, known_of
from webapp.images.services.records import tombstone_put_nameless
from webapp.images.services.replicas import label_of, replica, replicas_note
from webapp.images.services.usage import quota_error
from webapp.images.values import Registered, Upload, dedupe_key
from webapp.storage.base import ONCE_BYTES, Source, Whole
from webapp.storage.quorum import QuorumMissedError, quorum_write
from webapp.storage.race import Placed

if TYPE_CHECKING:
    from webapp.accounts.models import User

log = structlog.get_logger(__name__)

DRAWS = 4
FIRST_LOOK = timedelta(seconds=60)
COMMIT_LOOKS = 3


def image_register(*, owner: "User", upload: Upload, replaces: Image | None = None) -> Registered:
    """Store an upload on its quorum and acknowledge it.

    When this returns, the image is durable on W positions and in the index, and its work
    is in the outbox. When it raises, there is no row and nothing reachable. Asks the index
    twice: what there is already, and to commit.

    Args:
        owner: Whose image it becomes.
        upload: The spooled bytes; the file stays the caller's.
        replaces: An image of the owner that is erased right after this one is stored, and
            so does not count against their quota.

    Raises:
        ConflictError: The Idempotency-Key was used for other bytes.
        QuotaExceededError: The owner may not keep one more.
        ShardsUnavailableError: Fewer than W positions accepted, four names in a row.
    """
    known = known_of(owner, upload, _key_of(owner, upload))
    answer = _answer(owner, known, upload)
    if answer:
        return answer
    replaced = Usage(replaces.bytes, 1) if replaces else Usage()
    known.quota.check(known.used.without(replaced), new_bytes=upload.size)
    return _store_new(owner, upload, known, replaced)


def _answer(owner: "User", known: Known, upload: Upload) -> Registered | None:
    """Return the image that is there: the key's, or the same picture."""
    if known.key_digest:
        key_check(known.key_digest, upload)
    if known.key_image:
        image = _find(known.key_image)
        if image and image.state != ImageState.DELETED:
            return Registered(image, duplicate=True, topology=known.topology)
        key_forget(owner, upload, image_id=known.key_image)
    if known.duplicate and (image := _find(known.duplicate)):
        answer = _answer_duplicate(image, upload, known.topology)
        key_remember(image, upload)
        return answer
    return None


def _find(image_id: str) -> Image | None:
    return Image.objects.select_related("owner").filter(id=image_id).first()


def _key_of(owner: "User", upload: Upload) -> str:
    return dedupe_key(
        owner_id=str(owner.pk),
        pool=owner.pool,
        kind=upload.kind,
        source_digest=upload.source_digest,
    )


def _answer_duplicate(image: Image, upload: Upload, topology: Topology) -> Registered:
    """Answer with an image that is there; its copies are counted now, and made up for."""
    placement = Placement.of(image.image_id, topology)
    key = placement.key(original_name(image))
    found = holders(placement.readable(), key, image.digest)
    if len(found) < placement.version.quorum:
        if upload.digest != image.digest:
            raise ShardsUnavailableError(
                f"Image {image.id} is the same picture, but too few of its shards answer."
            )
        placed = _put(placement, original_name(image), upload, label_of(image, upload))
        replicas_note(image, placed)
    return Registered(image, duplicate=True, topology=topology)


def _store_new(owner: "User", upload: Upload, known: Known, replaced: Usage) -> Registered:
    created_at, topology = timezone.now(), known.topology
    for _ in range(DRAWS):
        version = version_current(topology, owner.pool)
        image_id = id_make(kind=upload.kind, version=version.number)
        placement = Placement(image_id, topology, version)
        image = _row(owner, upload, image_id, created_at, known.epoch)
        try:
            placed = _put(placement, original_name(image), upload, label_of(image, upload))
        except QuorumMissedError as error:
            log.warning("quorum missed", image=image.id, detail=error.detail)
            upload.uses.append(error.finished)
            _discard(placement, original_name(image), upload)
        else:
            image.replicas = [replica(item) for item in placed]
            registered = _commit(image, upload, placement, replaced)
            if registered:
                return registered
        topology = topology_now()
    raise ShardsUnavailableError(
        f"Fewer shards answer than the quorum of pool {owner.pool!r} needs; nothing was kept."
    )


def _put(placement: Placement, name: str, upload: Upload, label: Label) -> list[Placed]:
    written = quorum_write(
        stores=near_first(placement.writable(), homes=placement.version.replica_count),
        key=placement.key(name),
        source=_read_once(upload.source, upload.size),
        label=label,
        wanted=placement.version.replica_count,
        quorum=placement.version.quorum,
        executor=executor(),
        breakers=breakers(),
    )
    upload.uses.append(written.finished)
    first_write_count(written.placed[0].shard_name, placement.positions())
    return list(written.placed)


def _read_once(source: Source, size: int) -> Source:
    """Return a file that is small in memory: read and hashed once for all its copies."""
    if isinstance(source, Path) and size <= ONCE_BYTES:
        return Whole.of(source.read_bytes())
    return source


def _discard(placement: Placement, name: str, upload: Upload) -> None:
    """Delete what was written under a name that will not be used.

    A PUT that was given up for being slow may still arrive; it is waited for on a thread, or
    it would leave bytes that look like an image nobody knows.
    """
    finished = upload.uses[-1]
    if finished.is_set():
        _remove(placement, name)
        return

    def wait_and_remove() -> None:
        finished.wait()
        try:
            _remove(placement, name)
        finally:
            connection.close()

    Thread(target=wait_and_remove, name="discard", daemon=True).start()


def _remove(placement: Placement, name: str) -> None:
    """Delete a copy wherever it may be; where nobody can tell, say that it was no image.

    A scrub would take it for one that the index lost.
    """
    confirmed = record_delete(placement, [name])
    if not {spec.name for spec, _ in placement.writable()} <= {*confirmed}:
        tombstone_put_nameless(placement)
    log.info("copy discarded", image=str(placement.image_id), shards=confirmed)


def _row(
    owner: "User", upload: Upload, image_id: ImageId, created_at: datetime, epoch: int
) -> Image:
    return Image(
        id=str(image_id),
        owner=owner,
        pool=owner.pool,
        filename=upload.filename,
        title=upload.title,
        album=upload.album,
        bytes=upload.size,
        digest=upload.digest,
        source_digest=upload.source_digest,
        content_type=upload.content_type,
        width=upload.width,
        height=upload.height,
        frames=upload.frames,
        private=upload.private,
        created_at=created_at,
        dedupe_key=_key_of(owner, upload),
        delete_hash=delete_hash(delete_secret(str(image_id))),
        epoch=epoch,
        due_at=created_at + FIRST_LOOK,
    )


def _commit(
    image: Image, upload: Upload, placement: Placement, replaced: Usage
) -> Registered | None:
    """Commit a stored upload; None when its version is not current any more.

    Raises:
        QuotaExceededError: Others took the room that was there; nothing was kept.
        BusyError: Nobody can tell whether it is committed, or who was first.
    """
    commit = Commit(image, placement.version.number, key_row(image, upload), replaced)
    try:
        committed = upload_commit(commit)
    except IntegrityError:
        return _lost_race(image, upload, placement)
    except DatabaseError as error:
        _look_for_row(image, error)
        committed = Committed.DONE
    if committed is Committed.DONE:
        return Registered(image, duplicate=False, topology=placement.topology)
    _discard(placement, original_name(image), upload)
    if committed is Committed.OVER_QUOTA:
        raise quota_error(image.owner, new_bytes=image.bytes, replaced=replaced)
    return None


def _lost_race(image: Image, upload: Upload, placement: Placement) -> Registered:
    """Another upload of the same picture was first: delete our bytes, answer with its image."""
    _discard(placement, original_name(image), upload)
    known = known_of(image.owner, upload, _key_of(image.owner, upload))
    answer = _answer(image.owner, known, upload)
    if answer is None:
        raise BusyError("Another upload of the same picture is being decided; try again.")
    return answer


def _look_for_row(image: Image, error: DatabaseError) -> None:
    """Decide an unknown commit: nothing is deleted, the row says what happened.

    Raises:
        BusyError: The row is not there, or the database cannot tell.
    """
    log.warning("commit unknown", image=image.id, error=str(error))
    for attempt in range(COMMIT_LOOKS):
        connection.close()
        try:
            if Image.objects.filter(id=image.id).exists():
                return
            break
        except DatabaseError:
            time.sleep(0.2 * (attempt + 1))  # the database may just be coming back
    raise BusyError("The index did not confirm the upload; send it again.") from error
