"""Writing down what is done, in the transaction that does it, and forgetting it in time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from webapp.audit.actions import Action
from webapp.audit.actor import Actor, ActorKind, actor_now
from webapp.audit.models import LONGEST_NAME, LONGEST_SUBJECT, AuditEntry


def audit_add(
    *, action: Action, subject: str, details: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Write down that whoever acts now did something. One statement.

    Must be called inside the transaction of the change: there is neither a change that is not
    written down nor an entry about one that did not happen.

    Args:
        action: What was done.
        subject: The id or name of what it was done to.
        details: What was changed, JSON values only; never a secret or its hash.
    """
    if not connection.in_atomic_block:
        message = "audit_add needs the transaction of the change it belongs to"
        raise RuntimeError(message)
    actor = actor_now()
    return AuditEntry.objects.create(
        actor_kind=actor.kind.value,
        actor=actor.name[:LONGEST_NAME],
        actor_id=actor.user_id,
        via=actor.via[:100],
        action=action.value,
        subject=subject[:LONGEST_SUBJECT],
        details=dict(details or {}),
        address=_address(actor),
    )


def audit_add_if_foreign(
    *, action: Action, subject: str, owner_id: UUID, details: Mapping[str, Any] | None = None
) -> None:
    """Write down what somebody else than the owner did; what owners do all day is not kept.

    Args:
        action: What was done.
        subject: The id of what it was done to.
        owner_id: Whose it is.
        details: As ``audit_add`` takes them.
    """
    if actor_now().user_id != owner_id:
        audit_add(action=action, subject=subject, details=details)


def audit_find(
    *,
    since: datetime | None = None,
    actor: str = "",
    action: str = "",
    subject: str = "",
) -> QuerySet[AuditEntry]:
    """Return entries, newest first.

    Args:
        since: Not older than this; None for all.
        actor: Name of a user or account; empty for everybody.
        action: Like ``image.delete``, or its beginning, like ``image``; empty for all.
        subject: Id or name of what was changed; empty for all.
    """
    rows = AuditEntry.objects.all()
    rows = rows.filter(at__gte=since) if since else rows
    rows = rows.filter(actor=actor) if actor else rows
    rows = rows.filter(action__startswith=action) if action else rows
    return rows.filter(subject=subject) if subject else rows


def audit_prune(*, days: int) -> int:
    """Forget entries older than ``days``; return how many. Twice is once."""
    count, _ = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=days)).delete()
    return count


def _address(actor: Actor) -> str | None:
    """Return a valid address only: what came with a request must not fail the change."""
    if actor.kind is ActorKind.COMMAND or not actor.address:
        return None
    try:
        return str(ip_address(actor.address))
    except ValueError:
        return None
