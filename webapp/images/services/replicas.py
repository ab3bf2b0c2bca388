"""What the index keeps of an image's copies, and what each copy says of the image."""

from django.utils import timezone

from webapp.core.label import About, Label
from webapp.images.models import Image
from webapp.images.values import Upload
from webapp.storage.base import Check
from webapp.storage.race import Placed

ATTEMPTS = 3
"""To write a row that others write as well; the next look notes what this one could not."""


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

    What others noted since the row was read is newer than what was seen here, and stays.

    Args:
        image: The row, as it was read before anybody looked.
        there: Shards that hold a copy; every other one that the row names is forgotten.
        verified: Those whose bytes were just compared.
    """
    known = image.replicas
    if {r["shard"] for r in known} == there and not verified:
        return
    fresh = [replica(Placed(shard, Check.VERIFIED)) for shard in sorted(verified)]
    rows, now = Image.objects.filter(id=image.id), known
    for _ in range(ATTEMPTS):
        kept = [r for r in now if r["shard"] in there or r not in known]
        image.replicas = [r for r in kept if r["shard"] not in verified] + fresh
        if rows.filter(replicas=now).update(replicas=image.replicas):
            return
        now = rows.values_list("replicas", flat=True).first() or []


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
