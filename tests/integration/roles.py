"""Everybody who may ask, with what they send to show who they are."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from webapp.accounts.models import Scope, Token
from webapp.accounts.services import token_make

OWNER, OTHER, STAFF, NOBODY = "owner", "other", "staff", "nobody"
OWN = frozenset({Scope.UPLOAD, Scope.READ, Scope.DELETE})
EVERY = frozenset(Scope)
CSRF = "c" * 32
BACKEND = "django.contrib.auth.backends.ModelBackend"
LATER = timedelta(hours=1)


@dataclass(frozen=True)
class Role:
    """Somebody: who they are, what their token allows, and what became of it.

    ``scopes`` empty means a session, or nothing at all for ``nobody``.
    """

    name: str
    who: str
    scopes: frozenset = frozenset()
    fate: str = ""

    @property
    def session(self):
        return self.who != NOBODY and not self.scopes

    @property
    def known(self):
        """Whether they are somebody at all when they ask."""
        return self.who != NOBODY and not self.fate

    @property
    def allows(self):
        """What they may do."""
        if self.session:
            return EVERY if self.who == STAFF else OWN
        return EVERY if Scope.ADMIN in self.scopes else self.scopes

    @property
    def sees_all(self):
        return self.who == STAFF and (self.session or Scope.ADMIN in self.scopes)


ROLES = [
    Role("nobody", NOBODY),
    Role("owner's session", OWNER),
    Role("other's session", OTHER),
    Role("staff's session", STAFF),
    Role("disabled owner's session", OWNER, fate="disabled"),
    Role("owner's token", OWNER, OWN),
    *(Role(f"owner's token: {scope}", OWNER, frozenset({scope})) for scope in sorted(OWN)),
    Role("other's token", OTHER, OWN),
    Role("staff's admin token", STAFF, frozenset({Scope.ADMIN})),
    Role("staff's token without admin", STAFF, OWN),
    Role("expired token", OWNER, OWN, fate="expired"),
    Role("revoked token", OWNER, OWN, fate="revoked"),
    Role("disabled owner's token", OWNER, OWN, fate="disabled"),
    Role("altered token", OWNER, OWN, fate="altered"),
]
SESSIONS = [role for role in ROLES if role.session or role.who == NOBODY]


@dataclass
class Shown:
    """What a request carries: headers and cookies."""

    headers: dict = field(default_factory=dict)
    cookies: dict = field(default_factory=dict)


def shown_by(role, user):
    """What somebody sends; their token or session has met its fate by then."""
    if role.who == NOBODY:
        return Shown({"X-CSRFToken": CSRF}, {"csrftoken": CSRF})
    shown = _session(user) if role.session else _token(role, user)
    if role.fate == "disabled":
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    return shown


def _session(user):
    client = Client()
    client.force_login(user, BACKEND)
    cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": CSRF}
    return Shown({"X-CSRFToken": CSRF}, cookies)


def _token(role, user):
    token, secret = token_make(
        user=user, name="test", scopes=role.scopes, expires_at=timezone.now() + LATER
    )
    if role.fate == "expired":
        Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    if role.fate == "revoked":
        token.delete()
    if role.fate == "altered":
        secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    return Shown({"Authorization": f"Bearer {secret}"})
