"""Problem documents: how an error is said to a program.

Pure, so that the receiver, the API and the read service answer alike.

Source: RFC 9457 (problem details); RFC 9110 sections 10.2.1 (``Allow``), 10.2.3
(``Retry-After``) and 11.6.1 (``WWW-Authenticate``).
"""

import json
from typing import Final, NamedTuple

from webapp.core.errors import MethodNotAllowedError, ShoeboxError

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:shoebox:problem:"
CHALLENGE: Final = 'Bearer realm="shoebox"'
_UNAUTHORIZED: Final = 401
_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "instance"})


class Problem(NamedTuple):
    """An answer that says what went wrong.

    Args:
        status: HTTP status.
        headers: As ASGI takes them: lower-case names, bytes. Without ``content-length`` and
            ``cache-control``, which the sender adds to all its answers.
        body: The document, JSON in UTF-8.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def problem_of(error: ShoeboxError, *, instance: str = "") -> Problem:
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
    return Problem(error.status, _headers(error), json.dumps(document, default=str).encode())


def _headers(error: ShoeboxError) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", CONTENT_TYPE.encode())]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status == _UNAUTHORIZED:
        headers.append((b"www-authenticate", CHALLENGE.encode()))
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", str(error.extra.get("allow", "")).encode("latin-1", "replace")))
    return headers
