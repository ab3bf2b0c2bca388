"""Who uploads, and whether they may keep so much: known before the body is read."""

from collections.abc import Mapping

from webapp.accounts.models import Scope as TokenScope
from webapp.accounts.services import quota_check, quota_of, usage_of
from webapp.accounts.sessions import ASGIScope, Principal, principal_for, principal_recent
from webapp.uploads.form import FORM_BYTES

_LENGTH_DIGITS = 20
"""More than any file has bytes; Python refuses to read thousands."""


def uploader_of(scope: ASGIScope, headers: Mapping[str, str]) -> Principal:
    """Return who sent an upload. Queries the index; what they keep costs no query more.

    Args:
        scope: Of an ASGI request.
        headers: Its headers, names in lower case.

    Raises:
        NotAuthenticatedError, NotAllowedError: As ``principal_for``.
        QuotaExceededError: What Content-Length announces is over their quota, or they have
            used it up; a body of unknown length is taken for the smallest.
    """
    principal = principal_for(scope, TokenScope.UPLOAD)
    quota_check(principal.user, bytes_announced(headers), used=usage_of(principal.user))
    return principal


def uploader_recent(scope: ASGIScope) -> Principal | None:
    """Return who sent an upload if the index told of their token a moment ago. No query.

    Args:
        scope: Of an ASGI request.

    Raises:
        NotAllowedError: The token is not for uploads.
    """
    principal = principal_recent(scope)
    if principal is None or quota_of(principal.user):
        return None  # what is left of a quota is asked for each time
    principal.require(TokenScope.UPLOAD)
    return principal


def bytes_announced(headers: Mapping[str, str]) -> int:
    """Return how many bytes a picture has at least, by the headers of its upload."""
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return 1
    form = headers.get("content-type", "").lower().startswith("multipart/form-data")
    return max(int(length[:_LENGTH_DIGITS]) - FORM_BYTES * form, 1)
