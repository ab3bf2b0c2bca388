"""Problem documents: how an error is said to a program.

Pure, so that the receiver, the API and the read service answer alike.

Source: RFC 9457 (problem details); RFC 9110 sections 10.2.1 (``Allow``), 10.2.3
(``Retry-After``) and 11.6.1 (``WWW-Authenticate``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.core.errors import MethodNotAllowedError, ShoeboxError

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:shoebox:problem:"
CHALLENGE: Final = 'Bearer realm="shoebox"'
_UNAUTHORIZED: Final = 401
_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "instance"})


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that says what went wrong.

    Args:
        status: HTTP status.
        headers: Names in lower case; with ``content-type``, ``content-length`` and
            ``cache-control``.
        body: The document, JSON in UTF-8.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def problem(error: ShoeboxError, *, instance: str = "") -> Problem:
    """Return the answer to a request that ended in ``error``.

    Values of the error become members, so a program need not read the sentence. A
    ``MethodNotAllowedError`` carries ``allow``, the methods separated by commas.

    Args:
        error: What went wrong.
        instance: Path of the request; empty to leave it out.
    """
    members = {name: value for name, value in error.extra.items() if name not in _OWN_MEMBERS}
    document = {
        "type": TYPE_PREFIX + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **({"instance": instance} if instance else {}),
        **members,
    }
    body = json.dumps(document, default=str).encode()
    return Problem(error.status, _headers(error, body), body)


def _headers(error: ShoeboxError, body: bytes) -> dict[str, str]:
    headers = {
        "content-type": CONTENT_TYPE,
        "content-length": str(len(body)),
        "cache-control": "no-store",
    }
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == _UNAUTHORIZED:
        headers["www-authenticate"] = CHALLENGE
    if isinstance(error, MethodNotAllowedError):
        headers["allow"] = str(error.extra.get("allow", ""))
    return headers
