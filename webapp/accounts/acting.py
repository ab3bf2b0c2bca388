"""Who sent a request, for the audit log."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from webapp.accounts.models import User
from webapp.accounts.principal import Principal
from webapp.audit.actor import Actor, ActorKind, acting


def actor_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let what a request changes be written down as done by who sent it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with acting(lambda: request_actor(request)):
            return get_response(request)

    return middleware


def request_actor(request: HttpRequest) -> Actor:
    """Return who sent a request: by token, by session, or a visitor.

    Args:
        request: As the API let it in, or as Django's middleware left it.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    principal = getattr(request, "auth", None)
    if isinstance(principal, Principal) and principal.token_id is not None:
        user, via = principal.user, f"token {principal.token_id}"
        return Actor(ActorKind.TOKEN, user.username, user.pk, via, address)
    someone: User | AnonymousUser = request.user
    if isinstance(someone, User):
        return Actor(ActorKind.USER, someone.username, someone.pk, "", address)
    return Actor(ActorKind.VISITOR, "", None, "", address)
