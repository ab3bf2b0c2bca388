"""Noting in row and manifest that an image is placed under another version now."""

from webapp.images.models import Image, ImageState
from webapp.images.services.claims import claim_commit, image_claim
from webapp.images.services.records import manifest_put


def image_moved(*, image_id: str, version: int) -> bool:
    """Say in an image's row and manifest which version it is placed under. Twice is once.

    Returns:
        Whether both say so. A deleted image's tombstone says nothing of places, so its row
        alone does.

    Raises:
        ShardsUnavailableError: Fewer than W positions took the manifest; run again.
    """
    if Image.objects.filter(id=image_id, moved_to=version).exists():
        return True
    if Image.objects.filter(id=image_id, state=ImageState.DELETED).update(moved_to=version):
        return True
    image = image_claim(image_id=image_id)
    if image is None:
        return False
    image.moved_to = version
    if image.state != ImageState.DELETED:
        manifest_put(image)
        image.manifest_revision = image.revision
    return claim_commit(image, ("moved_to", "manifest_revision"))
