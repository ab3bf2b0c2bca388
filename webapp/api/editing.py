"""Changing an image as a ``PATCH`` asks for."""

from webapp.api.etags import revision_expected
from webapp.api.schemas import ImagePatch
from webapp.core.errors import BusyError, DeletedError, StaleError
from webapp.core.ids import kind_parse
from webapp.core.text import clean_filename, clean_text
from webapp.images.models import Image, ImageState
from webapp.images.services import image_rekey, image_update

ATTEMPTS = 3


def image_edit(*, image: Image, change: ImagePatch, if_match: str | None) -> Image:
    """Change an image; return it, or the one that stands for it under another id.

    Raises:
        StaleError: The caller read another revision.
        BusyError: Others kept changing it meanwhile.
    """
    expected = revision_expected(if_match, image)
    values = _values(change)
    if values:
        image = _update(image, values, expected)
    if change.kind is not None:
        image = image_rekey(image=image, kind=kind_parse(change.kind))
    return image


def _values(change: ImagePatch) -> dict[str, str]:
    cleaned = {
        "title": None if change.title is None else clean_text(change.title),
        "album": None if change.album is None else clean_text(change.album),
        "filename": None if change.filename is None else clean_filename(change.filename),
    }
    return {name: value for name, value in cleaned.items() if value is not None}


def _update(image: Image, values: dict[str, str], expected: int | None) -> Image:
    """Update; a caller who asked for no revision never hears that a worker was at it too."""
    for _ in range(ATTEMPTS):
        try:
            return image_update(image=image, values=values, expected=expected)
        except StaleError:
            if expected is not None:
                raise
            image.refresh_from_db()
            if image.state == ImageState.DELETED:
                raise DeletedError(f"Image {image.id} was deleted meanwhile.") from None
    raise BusyError(f"Image {image.id} is being changed by others; try again.")
