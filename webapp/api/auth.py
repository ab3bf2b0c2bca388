"""Who may call: a token, or a session with its CSRF token; each call names its scope."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpRequest
from ninja.security.base import AuthBase

from webapp.accounts.models import Scope, User
from webapp.accounts.principal import Principal
from webapp.accounts.sessions import csrf_check, token_principal


class TokenAuth(AuthBase):
    """``Authorization: Bearer TOKEN``."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Principal | None:
        """Return who sent the token; None when there is none."""
        return _checked(token_principal(request.headers.get("Authorization")), self._scope)


class SessionAuth(AuthBase):
    """The session of somebody who signed in, and ``X-CSRFToken`` with unsafe methods."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    csrf = True  # the documentation page then sends the CSRF token

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Principal | None:
        """Return who signed in; None when nobody did."""
        if not isinstance(request.user, User):
            return None
        csrf_check(request)
        return _checked(Principal.of_session(request.user), self._scope)


def needs(scope: Scope | None) -> Sequence[Callable[[HttpRequest], Principal | None]]:
    """Return the ways to call something that takes ``scope``; None: any scope will do."""
    return [TokenAuth(scope), SessionAuth(scope)]


def link_secret(request: HttpRequest) -> str | None:
    """Return the secret of a delete link, which lets a call pass that looks at it itself."""
    return request.GET.get("secret") or None


def principal_of(request: HttpRequest) -> Principal:
    """Return who was let in."""
    principal = getattr(request, "auth", None)
    if not isinstance(principal, Principal):
        raise TypeError("principal_of is for operations that name a scope")
    return principal


def _checked(principal: Principal | None, scope: Scope | None) -> Principal | None:
    if principal is not None and scope is not None:
        principal.require(scope)
    return principal
