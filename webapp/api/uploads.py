"""The upload, as the OpenAPI document shows it. The receiver answers it, before Django."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from webapp.accounts.models import Scope
from webapp.api import schemas
from webapp.api.auth import needs
from webapp.api.images import router
from webapp.core.errors import ConfigurationError
from webapp.core.ids import KIND_WORDS
from webapp.core.presets import ORIGINAL_TYPES
from webapp.core.text import TEXT_LENGTH

MOST_KEY = 255

_TEXT = {"type": "string", "maxLength": TEXT_LENGTH, "description": "Cleaned."}
_NAME = {"type": "string", "description": f"Cleaned; its last {TEXT_LENGTH} characters are kept."}
_WORDS: dict[str, Any] = {
    "title": _TEXT,
    "album": _TEXT,
    "kind": {"type": "string", "enum": list(KIND_WORDS), "default": "p"},
}
_FILE = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": _FILE, **_WORDS},
}
_RAW: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "A form with the picture as `file`, or the bytes of the picture alone, with "
    "the words about it in the query. Its type is told from its content, never from a header.",
    "content": {
        "multipart/form-data": {"schema": _FORM},
        **dict.fromkeys(sorted(ORIGINAL_TYPES), _RAW),
        "application/octet-stream": _RAW,
    },
}
PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": MOST_KEY},
        "description": "The same key and bytes give the same answer; other bytes give 409.",
    },
    *(
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": schema,
            "description": "Of a raw body; in a form it is a field.",
        }
        for name, schema in {"filename": _NAME, **_WORDS}.items()
    ),
]


# On the router of the list: one address is one view, which knows the methods of both.
@router.post(
    "/images",
    auth=needs(Scope.UPLOAD),
    response={201: schemas.Image, 200: schemas.Image},
    openapi_extra={"requestBody": REQUEST_BODY, "parameters": PARAMETERS},
)
def image_upload(request: HttpRequest) -> HttpResponse:
    """Upload a picture: 201, or 200 with `duplicate` when the caller has this picture.

    It is durable on enough shards when the answer comes; its renditions follow.
    """
    raise ConfigurationError(
        f"{request.path} is answered by the receiver of config.asgi; Django is served without it."
    )
