"""What the index keeps of an image's copies, and what each copy says of the image."""

from django.utils import timezone

from webapp.core.label import About, Label
from webapp.images.models import Image
from webapp.images.values import Upload
from webapp.storage.base import Check
from webapp.storage.race import Placed


def replica(placed: Placed) -> dict[str, str]:
    """Return what the index keeps of one copy."""
    return {
        "shard": placed.shard_name,
        "check": placed.check.value,
        "at": timezone.now().isoformat(timespec="seconds"),
    }


def replicas_note(image: Image, placed: list[Placed]) -> None:
    """Keep in the index which copies were just written or verified."""
    if not placed:
        return
    fresh = {item.shard_name for item in placed}
    image.replicas = [r for r in image.replicas if r["shard"] not in fresh]
    image.replicas += [replica(item) for item in placed]
    Image.objects.filter(id=image.id).update(replicas=image.replicas)


def replicas_see(image: Image, *, there: set[str], verified: set[str]) -> None:
    """Keep in the index where copies are, and which of them were just verified.

    Args:
        image: The row.
        there: Shards that hold a copy; every other one is forgotten.
        verified: Those whose bytes were just compared.
    """
    noted = {r["shard"] for r in image.replicas}
    if noted == there and not verified:
        return
    image.replicas = [r for r in image.replicas if r["shard"] in there - verified]
    image.replicas += [replica(Placed(shard, Check.VERIFIED)) for shard in sorted(verified)]
    Image.objects.filter(id=image.id).update(replicas=image.replicas)


def label_of(image: Image, upload: Upload | None = None) -> Label:
    """Return the label of an image's original: what a rebuild of the index needs.

    Args:
        image: The row; need not be saved.
        upload: Gives the texts as they were sent; without it the row's are taken.
    """
    texts = upload or image
    about = About(
        owner_id=str(image.owner_id),
        owner_name=image.owner.username,
        pool=image.pool,
        source_digest=image.source_digest,
        width=image.width,
        height=image.height,
        frames=image.frames,
        filename=texts.filename,
        title=texts.title,
        album=texts.album,
        created_at=image.created_at.isoformat(),
    )
    return Label(image.digest, image.content_type, about)
