"""Which errors a call may answer with, for the OpenAPI document: status, codes, what to do."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ninja.openapi.schema import REF_TEMPLATE

from webapp.core.problem import CONTENT_TYPE

CODES: Final[Mapping[int, str]] = {
    400: "`malformed-request`",
    401: "`not-authenticated`",
    403: "`not-allowed`",
    404: "`not-found`",
    405: "`method-not-allowed`; `Allow` names the methods.",
    408: "`malformed-request`: the body did not arrive in time.",
    409: "`conflict`",
    410: "`deleted`",
    412: "`stale`",
    413: "`too-large`",
    415: "`unsupported-type`",
    422: "`too-many-pixels`, `too-many-frames`, `truncated`, `not-decodable`",
    423: "`locked`: another request writes to it.",
    429: "`rate-limited`",
    460: "`checksum-mismatch`",
    503: "`busy`, `shards-unavailable`, `read-only`",
    507: "`quota-exceeded`",
}
ALWAYS: Final = (400, 401, 403, 429, 503)
"""Any call: a forged request, nobody, the wrong somebody, too often, and not now."""
_OF_ONE: Final = (404, 410)
_OF_BODY: Final = (413,)
_OF_PICTURE: Final = (408, 409, 413, 415, 422, 507)
_MORE: Final[Mapping[str, tuple[int, ...]]] = {
    "image_upload": _OF_PICTURE,
    "image_read": _OF_ONE,
    "image_patch": (*_OF_ONE, *_OF_BODY, 409, 412),
    "image_remove": (*_OF_ONE, 409),
    "image_undelete": (*_OF_ONE, 409),
    "image_try_again": (*_OF_ONE, 409),
    "image_link": _OF_ONE,
    "image_positions": _OF_ONE,
    "import_ask": (*_OF_BODY, 409, 507),
    "import_read": (404,),
}
_TRY_LATER: Final = frozenset({423, 429, 503})
_RETRY_AFTER: Final = {
    "description": "Seconds after which trying again makes sense.",
    "schema": {"type": "integer", "minimum": 0},
}


def refusals_of(operation_id: str) -> dict[str, Any]:
    """Return the responses to what a call refuses, by status."""
    return refusals((*ALWAYS, *_MORE.get(operation_id, ())))


def refusals(statuses: Iterable[int]) -> dict[str, Any]:
    """Return a response for each status, all problem documents."""
    return {str(status): _refusal(status) for status in sorted(statuses)}


def _refusal(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": CODES[status],
        "content": {CONTENT_TYPE: {"schema": {"$ref": REF_TEMPLATE.format(model="Problem")}}},
    }
    return said | ({"headers": {"Retry-After": _RETRY_AFTER}} if status in _TRY_LATER else {})
