"""Idempotency-Keys: the same key and bytes give the same answer, other bytes none."""

from typing import TYPE_CHECKING

from webapp.core.errors import ConflictError
from webapp.images.models import IdempotencyKey, Image
from webapp.images.values import Upload

if TYPE_CHECKING:
    from webapp.accounts.models import User


def key_check(used_for: str, upload: Upload) -> None:
    """See that the key of an upload was used for its bytes.

    Raises:
        ConflictError: It was used for others.
    """
    if used_for != upload.source_digest:
        raise ConflictError(
            f"Idempotency-Key {upload.idempotency_key[:64]!r} was used for other bytes."
        )


def key_row(image: Image, upload: Upload) -> IdempotencyKey | None:
    """Return the row that remembers with which image an upload was answered; None without a key."""
    if not upload.idempotency_key:
        return None
    return IdempotencyKey(
        owner=image.owner,
        key=upload.idempotency_key,
        source_digest=upload.source_digest,
        image_id=image.id,
    )


def key_remember(image: Image, upload: Upload) -> None:
    """Note the key of an upload that was answered with an image which was there before.

    Raises:
        ConflictError: Somebody used it for other bytes meanwhile.
    """
    if row := key_row(image, upload):
        there, _ = IdempotencyKey.objects.get_or_create(
            owner=row.owner,
            key=row.key,
            defaults={"source_digest": row.source_digest, "image_id": row.image_id},
        )
        key_check(there.source_digest, upload)


def key_forget(owner: "User", upload: Upload, *, image_id: str) -> None:
    """Forget a key whose image is gone: whoever asks again wants the picture stored."""
    rows = IdempotencyKey.objects.filter(owner=owner, key=upload.idempotency_key)
    rows.filter(image_id=image_id).delete()


def keys_prune() -> int:
    """Forget the keys of images that have no row any more; return how many."""
    images = Image.objects.values("id")
    return IdempotencyKey.objects.exclude(image_id__in=images).delete()[0]
