"""An import as JSON."""

from typing import Any

from webapp.accounts.models import User
from webapp.images.models import Image, ImageState
from webapp.images.representation import image_json
from webapp.imports.models import Import

API_IMPORTS = "/api/v1/imports"


def import_json(asked: Import, *, viewer: User) -> dict[str, Any]:
    """Return an import as ``viewer`` may see it, with the image it became."""
    return {
        "id": str(asked.pk),
        "state": asked.state,
        "url": asked.url,
        "title": asked.title,
        "album": asked.album,
        "kind": asked.kind,
        "code": asked.code,
        "reason": asked.reason,
        "duplicate": asked.duplicate,
        "image": _image(asked, viewer),
        "attempts": asked.attempts,
        "created_at": asked.created_at.isoformat(),
        "ended_at": asked.ended_at.isoformat() if asked.ended_at else None,
    }


def _image(asked: Import, viewer: User) -> dict[str, Any] | None:
    if not asked.image_id:
        return None
    erased = {"state": ImageState.DELETED, "restorable_until": None}
    rows = Image.objects.select_related("owner").exclude(**erased)
    image = rows.filter(id=asked.image_id).first()
    return image_json(image, viewer=viewer, duplicate=asked.duplicate) if image else None
