"""Deleting an image by its link, without an account."""

from dataclasses import replace

from webapp.audit.actor import ActorKind, acting, actor_now
from webapp.core.errors import NotFoundError
from webapp.images.delete_link import delete_allowed
from webapp.images.models import Image, ImageState
from webapp.images.services.change import image_delete

VIA = "delete link"


def image_by_link(*, image_id: str, secret: str) -> Image:
    """Return the image that a delete link is for.

    Raises:
        NotFoundError: No such image, another secret, or the image was deleted already: they
            are not told apart.
    """
    image = Image.objects.select_related("owner").filter(id=image_id).first()
    if image is None or image.state == ImageState.DELETED or not delete_allowed(image, secret):
        raise NotFoundError("This link deletes nothing: it is wrong, or was used already.")
    return image


def image_delete_by_link(*, image_id: str, secret: str) -> None:
    """Delete an image for who has its link; its owner can restore it for 30 days.

    The link works once: a restored image has none.

    Raises:
        NotFoundError: As ``image_by_link``.
        ShardsUnavailableError: Too few shards answer; it is not deleted, and the link works.
    """
    image = image_by_link(image_id=image_id, secret=secret)
    actor = replace(actor_now(), kind=ActorKind.LINK, via=VIA)
    with acting(lambda: actor):
        image_delete(image=image)
