"""The images beside one in its owner's gallery."""

from dataclasses import dataclass

from django.db.models import QuerySet

from webapp.images.models import Image


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids of the images beside one; None at an end."""

    newer: str | None
    older: str | None


def neighbours_of(image: Image) -> Neighbours:
    """Return what lies beside an image, newest first, deleted ones left out. Two small queries."""
    rows = Image.objects.visible_to(image.owner).not_deleted()
    return Neighbours(
        newer=_first(rows.newer_than(image.created_at, image.id).order_by("created_at", "id")),
        older=_first(rows.older_than(image.created_at, image.id)),
    )


def _first(rows: QuerySet[Image]) -> str | None:
    return rows.values_list("id", flat=True).first()
