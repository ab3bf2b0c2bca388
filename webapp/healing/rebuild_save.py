"""Saving what a rebuild read: rows of images, and the users they belong to."""

from enum import Enum
from uuid import UUID

from webapp.accounts.models import User
from webapp.core.manifest import Revision
from webapp.core.topology import Topology
from webapp.healing.rebuild_rows import row_make
from webapp.healing.rebuild_seen import ImageSeen
from webapp.images.models import Image, ImageState, JournalEntry

NAME_LENGTH = 150


class Saved(Enum):
    """What became of an image."""

    ADDED = "added"
    RECOVERED = "recovered"
    DELETED = "deleted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERASED = "erased"
    UNKNOWN = "unknown"


class Saver:
    """Saves images and their owners.

    Args:
        topology: Says where copies belong.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._known: set[UUID] = set()

    def save(self, seen: ImageSeen) -> Saved:
        """Save one image as the shards know it, unless the index knows as much. Twice is once."""
        made = row_make(seen, self._topology)
        if made is None:
            return self._without_row(seen)
        image, owner_name = made
        known = Image.objects.filter(id=image.id).values_list("epoch", "revision").first()
        if known and Revision(*known) >= Revision(image.epoch, image.revision):
            return Saved.UNCHANGED
        self._owner(image, owner_name)
        self._dedupe(image)
        image.save(force_insert=known is None, force_update=known is not None)
        self._journal(image)
        if known:
            return Saved.UPDATED
        if image.state == ImageState.DELETED:
            return Saved.DELETED
        return Saved.RECOVERED if image.recovered_at else Saved.ADDED

    def _without_row(self, seen: ImageSeen) -> Saved:
        if seen.has_bytes and not seen.deleted:
            return Saved.UNKNOWN
        if seen.deleted and (seen.has_bytes or seen.silent):
            # Its erasure is not confirmed everywhere, so readers must go on refusing it.
            _list(str(seen.image_id), seen.revision)
        return Saved.ERASED

    def _owner(self, image: Image, name: str) -> None:
        if image.owner_id in self._known:
            return
        self._known.add(image.owner_id)
        if User.objects.filter(pk=image.owner_id).exists():
            return
        user = User(pk=image.owner_id, username=_free_name(name, image.owner_id))
        user.is_active, user.pool = False, image.pool
        user.set_unusable_password()
        user.save(force_insert=True)

    def _dedupe(self, image: Image) -> None:
        others = Image.objects.filter(dedupe_key=image.dedupe_key).exclude(id=image.id)
        if image.dedupe_key and others.exists():
            image.dedupe_key = None  # the same picture twice: the other one answers duplicates

    def _journal(self, image: Image) -> None:
        if image.state in {ImageState.DELETED, ImageState.REJECTED}:
            _list(image.id, Revision(image.epoch, image.revision))
        else:
            JournalEntry.objects.filter(image_id=image.id).delete()


def _list(image_id: str, revision: Revision) -> None:
    JournalEntry.objects.update_or_create(
        image_id=image_id, defaults={"epoch": revision.epoch, "revision": revision.counter}
    )


def _free_name(name: str, user_id: UUID) -> str:
    """Return the owner's name, told apart from another owner's of the same name."""
    if not User.objects.filter(username=name).exists():
        return name
    return f"{name[: NAME_LENGTH - 9]}-{user_id.hex[:8]}"
