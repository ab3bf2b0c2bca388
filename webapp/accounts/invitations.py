"""Inviting people, and letting in who accepts."""

import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from webapp.accounts.invitation import Invitation
from webapp.accounts.models import User, token_hash
from webapp.accounts.services import pool_check, user_make
from webapp.audit.actions import Action
from webapp.audit.actor import actor_now
from webapp.audit.services import audit_add
from webapp.cluster.services import DEFAULT_POOL
from webapp.core.errors import ConflictError, MalformedRequestError, NotAllowedError, NotFoundError

SECRET_BYTES: Final = 32
LONGEST_SECRET: Final = 200
OPEN: Final = "open"
_STATES: Final = {
    "accepted": "was used already; it works once. Sign in with your name and password",
    "revoked": "was taken back",
    "over": "has ended",
}


class InvitationOverError(ConflictError):
    """The invitation was used, taken back, or has ended."""


def invitation_create(
    *,
    email: str = "",
    user: User | None = None,
    pool: str = DEFAULT_POOL,
    days: int | None = None,
) -> tuple[Invitation, str]:
    """Return a new invitation and its secret, which is kept nowhere and cannot be shown again.

    Args:
        email: Whom it is for; nothing is sent. May be empty when there is a ``user``.
        user: Who gets back in: their password becomes the one they set, and they may sign in
            again if they could not. Their images, tokens and rights stay. None: somebody new.
        pool: Where the images of somebody new go.
        days: How long it can be accepted; None: as the settings say.

    Raises:
        MalformedRequestError: Not an address.
        ConflictError: Somebody has this address; invite them by name.
        NotFoundError: No such pool.
    """
    if user is None or email:
        _check_email(email)
    if user is None:
        _check_new(email, pool)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    lifetime = timedelta(days=days or settings.SHOEBOX.invitation_days)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=email,
            user=user,
            pool=user.pool if user else pool,
            hash=token_hash(secret),
            made_by=actor_now().name,
            expires_at=timezone.now() + lifetime,
        )
        audit_add(action=Action.INVITATION_ADD, subject=str(invitation), details=_told(invitation))
    return invitation, secret


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise MalformedRequestError(f"{email[:64]!r} is not an e-mail address.") from None


def _check_new(email: str, pool: str) -> None:
    known = User.objects.filter(email__iexact=email).first()
    if known is not None:
        raise ConflictError(
            f"User {known.username!r} has the address {email}; invite them by name."
        )
    pool_check(pool)


def _told(invitation: Invitation) -> dict[str, object]:
    return {
        "invitation": invitation.pk,
        "user": invitation.user.username if invitation.user else None,
        "expires_at": invitation.expires_at.isoformat(timespec="seconds"),
    }


def invitation_link(secret: str) -> str:
    """Return what to give to who is invited."""
    return f"{settings.SHOEBOX.write_url}/invitation/{secret}"


def invitation_get(*, secret: str) -> Invitation:
    """Return an invitation that can be accepted.

    Raises:
        NotFoundError: There never was one with this secret.
        InvitationOverError: It was used, taken back, or has ended; says which.
    """
    invitation = None
    if len(secret) <= LONGEST_SECRET:
        rows = Invitation.objects.select_related("user")
        invitation = rows.filter(hash=token_hash(secret)).first()
    if invitation is None:
        raise NotFoundError("This invitation is not known. Is the link whole?")
    if invitation.state in _STATES:
        raise InvitationOverError(f"This invitation {_STATES[invitation.state]}.")
    return invitation


def invitation_accept(*, secret: str, password: str, name: str = "") -> User:
    """Let in who was invited; return them. An invitation is accepted once.

    Args:
        secret: Of the link.
        password: Theirs from now on.
        name: What they want to sign in with; who has an account keeps their name.

    Raises:
        NotFoundError: There never was such an invitation.
        InvitationOverError: It was used, taken back, or has ended.
        ConflictError: The name is taken. The invitation is not used up.
        MalformedRequestError: A name or password that is not allowed. As above.
    """
    invitation = invitation_get(secret=secret)
    with transaction.atomic():
        rows = Invitation.objects.waiting().filter(pk=invitation.pk)
        if not rows.update(accepted_at=timezone.now()):
            raise InvitationOverError("This invitation was used in this moment.")
        user = _come_back(invitation.user, password) if invitation.user else None
        user = user or user_make(
            name=name, password=password, email=invitation.email, pool=invitation.pool
        )
        details = {"invitation": invitation.pk, "made_by": invitation.made_by}
        audit_add(action=Action.INVITATION_ACCEPT, subject=user.username, details=details)
    return user


def _come_back(user: User, password: str) -> User:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise MalformedRequestError(" ".join(error.messages)) from None
    user.set_password(password)  # which ends their sessions
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    others = Invitation.objects.waiting().filter(user=user)
    others.update(revoked_at=timezone.now())
    return user


def invitation_revoke(*, invitation_id: int) -> Invitation:
    """Take an invitation back; twice is once.

    Raises:
        NotFoundError: There is none.
        ConflictError: It was accepted.
    """
    invitation = Invitation.objects.select_related("user").filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFoundError(f"There is no invitation {invitation_id}.")
    with transaction.atomic():
        rows = Invitation.objects.filter(pk=invitation_id, accepted_at=None, revoked_at=None)
        if rows.update(revoked_at=timezone.now()):
            audit_add(
                action=Action.INVITATION_REVOKE,
                subject=str(invitation),
                details={"invitation": invitation_id},
            )
    invitation.refresh_from_db()
    if invitation.accepted_at is not None:
        raise ConflictError(f"The invitation of {invitation} was accepted already.")
    return invitation


def user_sign_up(*, name: str, password: str, email: str = "") -> User:
    """Return a new user who came by themselves.

    Raises:
        NotAllowedError: Only who was invited may make an account here.
        ConflictError: The name is taken.
        MalformedRequestError: A name or password that is not allowed; says why.
    """
    if not sign_up_is_open():
        raise NotAllowedError("Accounts are made by invitation here.")
    return user_make(name=name, password=password, email=email)


def sign_up_is_open() -> bool:
    """Return whether anybody may make an account."""
    return bool(settings.SHOEBOX.sign_up == OPEN)
