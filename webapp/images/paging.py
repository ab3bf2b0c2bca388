"""Lists of images in pages that begin where the last one ended (keyset paging).

As fast on any page, and nothing is skipped or shown twice while images come and go.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from webapp.core.errors import MalformedIdError, MalformedRequestError
from webapp.core.ids import id_parse
from webapp.images.models import Image, ImageQuerySet

NEAR_ROWS = 5000
"""What is walked through before all matches are looked up: some milliseconds."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """A run of images, and the cursor that gives the next one; None at the end."""

    images: list[Image]
    next: str | None


def page_of(rows: ImageQuerySet, *, limit: int, cursor: str | None = None, text: str = "") -> Page:
    """Return the images that follow ``cursor``, newest first. One query; a search up to three.

    Args:
        rows: What to page through; ordered as the model is.
        limit: Most images.
        cursor: Where the last page ended; None for the first.
        text: Words that title or file name must hold; empty: all images.

    Raises:
        MalformedRequestError: No page ends with this cursor.
    """
    if cursor:
        rows = rows.older_than(*cursor_parse(cursor))
    found = _searched(rows, text, limit + 1) if text else list(rows[: limit + 1])
    images = found[:limit]
    return Page(images, cursor_of(images[-1]) if len(found) > limit else None)


def _searched(rows: ImageQuerySet, text: str, count: int) -> list[Image]:
    """Return the first rows that hold each word of ``text``.

    PostgreSQL takes words for spread evenly. Where ten thousand matches all lie at the far end it
    would walk there through everything else. So it walks over the nearest rows only, where the
    matches of a common word are; if they are not enough, it gets all matches by their own index
    and sorts them.
    """
    matching = rows.matching(text)
    if connection.vendor != "postgresql":
        return list(matching[:count])
    border = rows.values_list("created_at", flat=True)[NEAR_ROWS : NEAR_ROWS + 1].first()
    if border is None:
        return list(matching[:count])
    found = list(matching.filter(created_at__gt=border)[:count])
    return found if len(found) == count else list(matching.by_match()[:count])


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
