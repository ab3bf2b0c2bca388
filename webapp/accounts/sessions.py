"""Who is asking, told from a request: its token, or its session and CSRF token.

The upload receiver is plain ASGI in front of Django's handler, so what the handler's
middleware does for a session is done here by hand, on the headers alone: the body of an
upload is never touched.
"""

import io
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from webapp.accounts.models import Scope
from webapp.accounts.principal import Principal
from webapp.accounts.services import token_authenticate, token_recent
from webapp.core.errors import NotAllowedError, NotAuthenticatedError

__all__ = [
    "Principal",
    "csrf_check",
    "principal_for",
    "principal_recent",
    "session_principal",
    "token_principal",
]

ASGIScope = Mapping[str, Any]

SCHEME = "bearer"
_BODY_HEADERS = frozenset({b"content-type", b"content-length", b"transfer-encoding"})


def principal_for(scope: ASGIScope, needs: Scope | None = None) -> Principal:
    """Return who sent a request: by ``Authorization: Bearer`` if it has one, else by session.

    Queries the index; never reads the body.

    Args:
        scope: Of an ASGI request.
        needs: What they must be allowed to do; None to leave that to the caller.

    Raises:
        NotAuthenticatedError: Neither a valid token nor a session.
        NotAllowedError: The token is not for that, or the session's request failed the CSRF
            check.
    """
    principal = token_principal(_header(scope, b"authorization")) or session_principal(scope)
    if principal is None:
        raise NotAuthenticatedError("Send `Authorization: Bearer TOKEN`, or sign in.")
    if needs is not None:
        principal.require(needs)
    return principal


def token_principal(authorization: str | None) -> Principal | None:
    """Return who an ``Authorization`` header names; None when there is no such header.

    Raises:
        NotAuthenticatedError: Another scheme, or no valid token. A request that brings a bad
            token is not tried as a session: it would seem to work until somebody signs out.
    """
    if authorization is None:
        return None
    scheme, _, secret = authorization.strip().partition(" ")
    if scheme.lower() != SCHEME:
        raise NotAuthenticatedError("Authorization must be `Bearer TOKEN`.")
    return token_authenticate(secret=secret.strip())


def principal_recent(scope: ASGIScope) -> Principal | None:
    """Return who sent a request with a token the index told of a moment ago. No query.

    None says nothing: ask ``principal_for``.
    """
    scheme, _, secret = (_header(scope, b"authorization") or "").strip().partition(" ")
    return token_recent(secret=secret.strip()) if scheme.lower() == SCHEME else None


def session_principal(scope: ASGIScope) -> Principal | None:
    """Return whose session a request belongs to; None when nobody is signed in.

    Args:
        scope: Of an ASGI request. Its body is never read.

    Raises:
        NotAllowedError: The method is unsafe and the CSRF check failed.
    """
    request = _request_without_body(scope)
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    SessionMiddleware(_unreached).process_request(request)
    AuthenticationMiddleware(_unreached).process_request(request)
    if not request.user.is_authenticated:
        return None
    csrf_check(request)
    return Principal.of_session(request.user)


def csrf_check(request: HttpRequest) -> None:
    """Check that a request with an unsafe method comes from a page of ours.

    As Django does it: ``X-CSRFToken`` against the cookie, and the Origin, or over TLS the
    Referer, against our own.

    Raises:
        NotAllowedError: It does not, or cannot show it; says why.
    """
    check = _CsrfCheck(_unreached)
    request.csrf_processing_done = False  # type: ignore[attr-defined] # set by the middleware of an exempt view
    check.process_request(request)
    # Typed as a response; see _CsrfCheck.
    refusal: object = check.process_view(request, _unreached, (), {})
    if refusal is not None:
        raise NotAllowedError(f"CSRF check failed: {refusal}")


class _CsrfCheck(CsrfViewMiddleware):
    """Gives the reason of a refusal instead of a page about it."""

    def _reject(self, request: HttpRequest, reason: str) -> str:  # noqa: ARG002 - Django's signature
        return reason


def _request_without_body(scope: ASGIScope) -> ASGIRequest:
    headers = [item for item in scope["headers"] if item[0].lower() not in _BODY_HEADERS]
    return ASGIRequest({**scope, "headers": headers}, io.BytesIO())


def _header(scope: ASGIScope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value, "latin-1")
    return None


def _unreached(_request: HttpRequest, *_args: Any, **_kwargs: Any) -> NoReturn:
    """Stand where a middleware has its next handler: only its own part is run."""
    raise NotImplementedError
