"""Finding the image a call is about, for who calls."""

from webapp.accounts.principal import Principal
from webapp.core.errors import DeletedError
from webapp.core.ids import id_parse
from webapp.images.models import Image, ImageState
from webapp.images.services import image_get


def image_for(principal: Principal, image_id: str) -> Image:
    """Return an image its owner, or staff, may see: also one that was deleted.

    Raises:
        MalformedIdError: Not an id.
        NotFoundError: No such image, or somebody else's: a stranger learns nothing.
        DeletedError: It was erased, or its kind changed and it has another id.
    """
    image = image_get(image_id=str(id_parse(image_id)), owner=principal.owner_limit)
    if is_erased(image):
        raise DeletedError(f"Image {image.id} was deleted for good.")
    return image


def image_alive_for(principal: Principal, image_id: str) -> Image:
    """Return an image that was not deleted; otherwise as ``image_for``.

    Raises:
        DeletedError: It was deleted; it may be restorable.
    """
    image = image_for(principal, image_id)
    if image.state == ImageState.DELETED:
        raise DeletedError(f"Image {image.id} was deleted; restore it first.")
    return image


def is_erased(image: Image) -> bool:
    """Return whether an image was deleted for good."""
    return image.state == ImageState.DELETED and image.restorable_until is None
