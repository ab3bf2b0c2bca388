"""Lists of images in pages that begin where the last one ended (keyset paging).

As fast on any page, and nothing is skipped or shown twice while images come and go.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp.core.errors import MalformedIdError, MalformedRequestError
from webapp.core.ids import id_parse
from webapp.images.models import Image, ImageQuerySet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """A run of images, and the cursor that gives the next one; None at the end."""

    images: list[Image]
    next: str | None


def page_of(rows: ImageQuerySet, *, limit: int, cursor: str | None = None) -> Page:
    """Return the images that follow ``cursor``, newest first. One query.

    Args:
        rows: What to page through; ordered as the model is.
        limit: Most images.
        cursor: Where the last page ended; None for the first.

    Raises:
        MalformedRequestError: No page ends with this cursor.
    """
    if cursor:
        rows = rows.older_than(*cursor_parse(cursor))
    found = list(rows[: limit + 1])
    images = found[:limit]
    return Page(images, cursor_of(images[-1]) if len(found) > limit else None)


def cursor_of(image: Image) -> str:
    """Return the cursor of a page that ends with ``image``."""
    return f"{(image.created_at - EPOCH) // timedelta(microseconds=1)}-{image.id}"


def cursor_parse(cursor: str) -> tuple[datetime, str]:
    """Return when the last image of a page was made, and its id.

    Raises:
        MalformedRequestError: No page ends with this cursor.
    """
    microseconds, _, image_id = cursor.rpartition("-")
    try:
        return EPOCH + timedelta(microseconds=int(microseconds)), str(id_parse(image_id))
    except (ValueError, OverflowError, MalformedIdError):
        raise MalformedRequestError(f"No page ends with the cursor {cursor[:64]!r}.") from None
