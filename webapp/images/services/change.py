"""What an owner does to an image: edit, delete, restore, try again, change its kind."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.audit.actions import Action
from webapp.audit.services import audit_add, audit_add_if_foreign
from webapp.cluster.clock import index_now
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import BusyError, ConflictError, NotFoundError, StaleError
from webapp.core.ids import Kind
from webapp.images.copies import Placement, fetched, original_name
from webapp.images.models import TOMBSTONE_GRACE, Image, ImageState
from webapp.images.search import search_text
from webapp.images.services.claims import RETRY_LOOK, claim_commit, image_claim
from webapp.images.services.journal import journal_add, journal_publish, journal_remove
from webapp.images.services.records import manifest_put, tombstone_put
from webapp.images.services.register import image_register
from webapp.images.services.usage import usage_give_back
from webapp.images.values import Upload, dedupe_key
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Event, Task

if TYPE_CHECKING:
    from webapp.accounts.models import User

ATTEMPTS = 3
EDITABLE = ("title", "album", "filename")


def image_get(*, image_id: str, owner: "User | None") -> Image:
    """Return an image; ``owner`` None means staff, who may see all.

    Raises:
        NotFoundError: No such image, or somebody else's: a stranger learns nothing.
    """
    rows = Image.objects.select_related("owner").filter(id=image_id)
    image = (rows if owner is None else rows.visible_to(owner)).first()
    if image is None:
        raise NotFoundError(f"There is no image {image_id[:64]!r}.")
    return image


def image_update(*, image: Image, values: dict[str, str], expected: int | None = None) -> Image:
    """Change title, album or filename; the manifests follow from the queue.

    Args:
        image: As the caller read it.
        values: Only ``title``, ``album``, ``filename``.
        expected: Revision the caller wants to change, None for whatever there is.

    Raises:
        StaleError: The image is at another revision than ``expected``.
    """
    changed = {name: values[name] for name in EDITABLE if name in values}
    for _ in range(ATTEMPTS):
        if expected is not None and expected != image.revision:
            raise StaleError(f"Image {image.id} is at revision {image.revision}, not {expected}.")
        done = _update(image, changed)
        image.refresh_from_db()
        if done:
            return image
    raise BusyError(f"Image {image.id} is being changed by others; try again.")


def _update(image: Image, changed: dict[str, str]) -> bool:
    texts = {"title": image.title, "filename": image.filename, **changed}
    search = search_text(title=texts["title"], filename=texts["filename"])
    with transaction.atomic():
        rows = Image.objects.filter(id=image.id, revision=image.revision)
        due = index_now() + RETRY_LOOK
        done = rows.update(**changed, search=search, revision=image.revision + 1, due_at=due)
        if done:
            outbox_add(subject=image.id, tasks=[Task.REPLICATE])
            _tell_if_foreign(image, Action.IMAGE_UPDATE, changed=sorted(changed))
    return bool(done)


def _tell_if_foreign(image: Image, action: Action, **details: object) -> None:
    audit_add_if_foreign(
        action=action,
        subject=image.id,
        owner_id=image.owner_id,
        details={"owner": image.owner.username, **details},
    )


def image_delete(*, image: Image, erase: bool = False) -> None:
    """Delete an image: tombstones on W positions, then the index, then the journal.

    Twice is once. Restorable for 30 days unless ``erase``.

    Raises:
        ShardsUnavailableError: Fewer than W positions took the tombstone; it is not deleted.
    """
    action = Action.IMAGE_ERASE if erase else Action.IMAGE_DELETE
    _delete(image, erase, _Told(action))


@dataclass(frozen=True, slots=True)
class _Told:
    """What the audit log says of a deletion: a new kind erases the old name, too."""

    action: Action
    new_id: str = ""

    def add(self, image: Image) -> None:
        more = {"new_id": self.new_id} if self.new_id else {}
        details = {"owner": image.owner.username, **more}
        audit_add(action=self.action, subject=image.id, details=details)


def _delete(image: Image, erase: bool, told: _Told) -> bool:  # noqa: FBT001 - private
    """Return whether it was this that deleted it; False when it was deleted already.

    What has a new name is left as it is then: whoever deleted it may want it back.
    """
    for _ in range(ATTEMPTS):
        claimed = image_claim(image_id=image.id)
        if claimed is None or _gone(claimed, erase and not told.new_id):
            return False
        claimed.state = ImageState.DELETED
        claimed.deleted_at = timezone.now()
        claimed.restorable_until = None if erase else claimed.deleted_at + TOMBSTONE_GRACE
        tombstone_put(claimed)
        if _commit_delete(claimed, told):
            journal_publish()
            return True
    raise BusyError(f"Image {image.id} is being changed by others; try again.")


def _gone(image: Image, erase: bool) -> bool:  # noqa: FBT001 - private, one caller
    deleted = image.state == ImageState.DELETED
    return deleted and (not erase or image.restorable_until is None)


def _commit_delete(image: Image, told: _Told) -> bool:
    image.manifest_revision = image.revision
    image.dedupe_key = None
    image.delete_hash = ""  # its link works once; only a rebuilt index has it again (see the ADR)
    fields = (
        "state",
        "deleted_at",
        "restorable_until",
        "manifest_revision",
        "dedupe_key",
        "delete_hash",
    )
    with transaction.atomic():
        if not claim_commit(image, fields):
            return False
        if image.restorable_until is None:
            usage_give_back(image)
        journal_add(image)
        outbox_add(subject=image.id, tasks=[Task.DELETE], events=[Event.DELETED])
        told.add(image)
    return True


def image_restore(*, image: Image) -> Image:
    """Undo a deletion: a manifest of a higher revision, then the index, then the journal.

    Raises:
        ConflictError: It was erased, or is past its date.
        ShardsUnavailableError: Fewer than W positions took the manifest; it stays deleted.
    """
    if image.state != ImageState.DELETED:
        return image
    if image.restorable_until is None or image.restorable_until <= timezone.now():
        raise ConflictError(f"Image {image.id} cannot be restored any more.")
    return _revive(image, ImageState.DELETED)


def image_retry(*, image: Image) -> Image:
    """Try again to make the renditions of an image that failed or was rejected.

    Raises:
        ConflictError: The image is in another state.
    """
    if image.state not in {ImageState.FAILED, ImageState.REJECTED}:
        raise ConflictError(f"Image {image.id} is {image.state}; there is nothing to try again.")
    return _revive(image, image.state)


def _revive(image: Image, state: str) -> Image:
    """Bring an image back to ``stored``, from where the workers take it on."""
    for _ in range(ATTEMPTS):
        claimed = image_claim(image_id=image.id)
        if claimed is None:
            raise NotFoundError(f"There is no image {image.id!r} any more.")
        if claimed.state != state:
            return claimed
        if state == ImageState.DELETED and claimed.restorable_until is None:
            raise ConflictError(f"Image {image.id} was erased meanwhile.")
        claimed.state, claimed.reason = ImageState.STORED, ""
        claimed.deleted_at = claimed.restorable_until = None
        claimed.attempts = claimed.refusals = 0
        manifest_put(claimed)
        claimed.manifest_revision = claimed.revision
        if _commit_revive(claimed, state):
            journal_publish()
            return claimed
    raise BusyError(f"Image {image.id} is being changed by others; try again.")


def _commit_revive(image: Image, state: str) -> bool:
    fields = (
        "state",
        "reason",
        "deleted_at",
        "restorable_until",
        "attempts",
        "refusals",
        "manifest_revision",
    )
    with transaction.atomic():
        if not claim_commit(image, fields):
            return False
        journal_remove(image.id)
        outbox_add(tasks=[Task.MAKE_RENDITIONS, Task.REPLICATE], subject=image.id)
        if state == ImageState.DELETED:
            audit_add(
                action=Action.IMAGE_RESTORE,
                subject=image.id,
                details={"owner": image.owner.username},
            )
        else:
            _tell_if_foreign(image, Action.IMAGE_RETRY)
    _answer_duplicates_again(image)
    return True


def _answer_duplicates_again(image: Image) -> None:
    """Let the image answer duplicates, unless the same picture was uploaded meanwhile."""
    key = dedupe_key(
        owner_id=str(image.owner_id),
        pool=image.pool,
        kind=image.kind,
        source_digest=image.source_digest,
    )
    try:
        with transaction.atomic():
            # Not of one that was deleted again meanwhile: it answers nobody.
            rows = Image.objects.filter(id=image.id, revision=image.revision)
            rows.update(dedupe_key=key)
    except IntegrityError:
        return


def image_rekey(*, image: Image, kind: Kind) -> Image:
    """Give an image another kind, which is another id; the old one is erased.

    Raises:
        ConflictError: The image is deleted or rejected, or was deleted meanwhile.
        ShardsUnavailableError: Too few shards answer; the old image is as it was.
    """
    if image.kind is kind:
        return image
    if image.state in {ImageState.DELETED, ImageState.REJECTED}:
        raise ConflictError(f"Image {image.id} is {image.state}; its kind cannot change.")
    placement = Placement.of(image.image_id, topology_now())
    with fetched(placement, original_name(image), image.digest) as path:
        upload = Upload(
            source=path,
            size=image.bytes,
            digest=image.digest,
            source_digest=image.source_digest,
            content_type=image.content_type,
            width=image.width,
            height=image.height,
            frames=image.frames,
            private=image.private,
            kind=kind,
            filename=image.filename,
            title=image.title,
            album=image.album,
        )
        image.owner.pool = image.pool  # it stays where it is, whatever the owner's pool is now
        registered = image_register(owner=image.owner, upload=upload, replaces=image)
    replaced = _delete(image, erase=True, told=_Told(Action.IMAGE_REKEY, registered.image.id))
    if not replaced and not registered.duplicate:
        # The claim of the old image decides who was first, so a deletion outlives the new name.
        image_delete(image=registered.image, erase=True)
        raise ConflictError(f"Image {image.id} was deleted meanwhile.")
    return registered.image
