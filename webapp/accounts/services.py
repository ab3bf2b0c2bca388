"""Users, tokens and quotas: making them, and telling who came with a token."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from webapp.accounts.models import Scope, Token, User, secret_make, token_hash
from webapp.accounts.principal import Principal, is_staff
from webapp.accounts.quotas import Usage, quota_check, quota_of, usage, usage_of
from webapp.accounts.recent import recent_tokens
from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.cluster.index_turn import index_turn
from webapp.cluster.services import DEFAULT_POOL
from webapp.cluster.snapshot import pool_names
from webapp.core.errors import (
    ConflictError,
    MalformedRequestError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
)

__all__ = [
    "Usage",
    "password_note",
    "pool_check",
    "quota_check",
    "quota_of",
    "token_authenticate",
    "token_make",
    "token_recent",
    "token_revoke",
    "usage",
    "usage_of",
    "user_get",
    "user_make",
]

LAST_USED_STEP = timedelta(minutes=1)
HINT_LENGTH = 8
MOST_NAME = 100
LONGEST_SECRET = 200


def user_get(*, name: str) -> User:
    """Return a user by name.

    Raises:
        NotFoundError: There is none.
    """
    user = User.objects.filter(username=name).first()
    if user is None:
        raise NotFoundError(f"There is no user {name!r}.")
    return user


def user_make(
    *,
    name: str,
    password: str | None = None,
    email: str = "",
    staff: bool = False,
    superuser: bool = False,
    pool: str = DEFAULT_POOL,
) -> User:
    """Return a new user.

    Args:
        name: What they sign in with.
        password: None: they cannot sign in until one is set; their tokens work.
        email: May be empty.
        staff: May use the admin, and sees images of others.
        superuser: May do everything there.
        pool: Where their images go.

    Raises:
        ConflictError: The name is taken.
        NotFoundError: No such pool.
        MalformedRequestError: A name or password that is not allowed; says why.
    """
    pool_check(pool)
    user = User(username=name, email=email, is_staff=staff, is_superuser=superuser, pool=pool)
    user.set_password(password)
    try:
        user.full_clean(validate_unique=False)
        if password is not None:
            validate_password(password, user)
        with transaction.atomic():
            user.save(force_insert=True)
            rights = {"staff": staff, "superuser": superuser, "pool": pool}
            audit_add(action=Action.USER_ADD, subject=name, details=rights)
    except ValidationError as error:
        raise MalformedRequestError(f"User {name!r}: {' '.join(error.messages)}") from None
    except IntegrityError:
        raise ConflictError(f"There is a user {name!r} already.") from None
    return user


def password_note(*, user: User) -> None:
    """Write down that a password was set; tokens go on, sessions made with another one end."""
    with transaction.atomic():
        audit_add(action=Action.USER_PASSWORD, subject=user.username)


def pool_check(pool: str) -> None:
    """Check that images can go to a pool; the default one is made by its first shard.

    Raises:
        NotFoundError: No such pool.
    """
    if pool != DEFAULT_POOL and pool not in pool_names():
        raise NotFoundError(f"There is no pool {pool!r}. Pools: {', '.join(pool_names())}.")


def token_make(
    *,
    user: User,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None = None,
    secret: str | None = None,
    pool: str = "",
) -> tuple[Token, str]:
    """Return a new token and its secret, which is kept nowhere and cannot be shown again.

    Args:
        user: Whom it acts for.
        name: What uses it.
        scopes: What it allows, at least one.
        expires_at: None: it does not end.
        secret: None: a new one. Given by an operator's bootstrap only.
        pool: Where what it uploads goes; empty: the user's pool.

    Raises:
        MalformedRequestError: No name, no scope, or an end in the past.
        NotFoundError: No such pool.
        NotAllowedError: ``admin`` for somebody who is not staff.
    """
    wanted = set(scopes)
    _token_check(user, name, wanted, expires_at)
    if pool:
        pool_check(pool)
    secret = secret or secret_make()
    with transaction.atomic():
        token = Token.objects.create(
            user=user,
            name=name,
            hash=token_hash(secret),
            hint=secret[:HINT_LENGTH],
            scopes=[scope.value for scope in Scope if scope in wanted],
            expires_at=expires_at,
            pool=pool,
        )
        audit_add(action=Action.TOKEN_ADD, subject=user.username, details=_told(token))
    return token, secret


def _told(token: Token) -> dict[str, object]:
    until = token.expires_at.isoformat(timespec="seconds") if token.expires_at else None
    return {"token": token.pk, "name": token.name, "scopes": token.scopes, "expires_at": until}


def _token_check(user: User, name: str, scopes: set[Scope], expires_at: datetime | None) -> None:
    if not 0 < len(name) <= MOST_NAME:
        raise MalformedRequestError(f"A token needs a name of 1 to {MOST_NAME} characters.")
    if not scopes:
        raise MalformedRequestError(f"Token {name!r} needs at least one scope.")
    if expires_at is not None and expires_at <= timezone.now():
        raise MalformedRequestError(f"Token {name!r} would be over at once ({expires_at}).")
    if Scope.ADMIN in scopes and not is_staff(user):
        raise NotAllowedError(f"User {user.username!r} is not staff; no token makes them so.")


def token_recent(*, secret: str) -> Principal | None:
    """Return who came with a token that was looked up within the last second. No query."""
    return recent_tokens.find(token_hash(secret)) if len(secret) <= LONGEST_SECRET else None


def token_authenticate(*, secret: str) -> Principal:
    """Return who came with a token, and note that it was used.

    One query; a second one, a conditional UPDATE, at most once a minute per token.

    Raises:
        NotAuthenticatedError: Unknown, over, or of a user who may not sign in; says which. That
            tells a guesser nothing: only who has the secret gets as far as its end.
    """
    token = None
    if 0 < len(secret) <= LONGEST_SECRET:
        rows = Token.objects.select_related("user")
        token = rows.filter(hash=token_hash(secret)).first()
    if token is None:
        raise NotAuthenticatedError("The token is not known; it may have been revoked.")
    _check_alive(token)
    _note_use(token)
    known = frozenset(scope for scope in Scope if scope.value in token.scopes)
    if token.pool:
        token.user.pool = token.pool  # of this copy alone: the user as this token acts
    principal = Principal(token.user, known, token.pk)
    recent_tokens.note(token.hash, principal, expires_at=token.expires_at)
    return principal


def _check_alive(token: Token) -> None:
    if token.expires_at is not None and token.expires_at <= timezone.now():
        until = token.expires_at.isoformat(timespec="seconds")
        raise NotAuthenticatedError(f"The token ended at {until}; make a new one.", expired=until)
    if not token.user.is_active:
        raise NotAuthenticatedError("The token's user may not sign in any more.")


def _note_use(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is not None and token.last_used_at > now - LAST_USED_STEP:
        return
    unseen = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_STEP)
    with index_turn():
        Token.objects.filter(unseen, pk=token.pk).update(last_used_at=now)


def token_revoke(*, token_id: int, user: User | None = None) -> Token:
    """End a token at once; return what it was.

    Args:
        token_id: Its row.
        user: Whose it must be; None for an operator.

    Raises:
        NotFoundError: No such token.
    """
    rows = Token.objects.all() if user is None else Token.objects.filter(user=user)
    token = rows.select_related("user").filter(pk=token_id).first()
    if token is None:
        raise NotFoundError(f"There is no token {token_id}.")
    with transaction.atomic():
        rows.filter(pk=token_id).delete()
        recent_tokens.forget(token.hash)
        audit_add(action=Action.TOKEN_REVOKE, subject=token.user.username, details=_told(token))
    return token
