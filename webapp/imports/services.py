"""Imports: asking for one, finding it, and queueing again what was forgotten."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.accounts.services import quota_check
from webapp.core.errors import (
    AddressRefusedError,
    BusyError,
    ConflictError,
    MalformedRequestError,
    NotFoundError,
    RateLimitedError,
)
from webapp.core.ports import Ports
from webapp.imports.fetching import link_check
from webapp.imports.models import KEY_LENGTH, URL_LENGTH, Import
from webapp.intake.details import Details
from webapp.outbox.services import outbox_add, outbox_depth
from webapp.outbox.tasks import Task

MOST_UNFINISHED = 200
FIRST_LOOK = timedelta(seconds=60)
CLAIM_FOR = timedelta(minutes=5)
KEPT = timedelta(days=30)
BATCH = 200
BUSY_SECONDS = 30


def import_add(*, owner: User, url: str, details: Details, idempotency_key: str = "") -> Import:
    """Remember that ``owner`` wants what ``url`` names; a worker fetches it.

    The same Idempotency-Key gives the same import. Nothing is looked up or fetched here.

    Args:
        owner: Whose image it becomes.
        url: http or https; what follows a ``#`` is left out.
        details: Title, album and kind; the link has the file name.
        idempotency_key: The client's; empty: none.

    Raises:
        MalformedRequestError: The URL is none that can be imported, or the key is too long.
        ConflictError: The key was used for something else.
        QuotaExceededError: The owner has no room for one more image.
        RateLimitedError: Too many of theirs are unfinished.
        BusyError: Too many messages wait to be published.
    """
    wanted = _row(owner, url, details, idempotency_key)
    known = _find(wanted)
    if known is None:
        _check_room(owner)
        known = _save(wanted) or _find(wanted)
    if known is None:
        raise BusyError("The same import is being decided; try again.")
    if not _is_same(known, wanted):
        raise ConflictError(
            f"Idempotency-Key {idempotency_key[:64]!r} was used for another import."
        )
    return known


def _row(owner: User, url: str, details: Details, idempotency_key: str) -> Import:
    if len(idempotency_key) > KEY_LENGTH:
        raise MalformedRequestError(
            f"Idempotency-Key has {len(idempotency_key)} characters; {KEY_LENGTH} are allowed."
        )
    now = timezone.now()
    return Import(
        owner=owner,
        url=_checked(url),
        title=details.title,
        album=details.album,
        kind=details.kind.value,
        pool=owner.pool,  # of the token that asks, perhaps
        idempotency_key=idempotency_key or None,
        not_before=now,
        due_at=now + FIRST_LOOK,
        created_at=now,
    )


def _checked(url: str) -> str:
    plain = url.strip().partition("#")[0]
    if len(plain) > URL_LENGTH:
        raise MalformedRequestError(f"The URL has {len(plain)} characters of at most {URL_LENGTH}.")
    try:
        link_check(plain, ports=Ports(settings.SHOEBOX.import_ports))
    except AddressRefusedError as error:
        raise MalformedRequestError(error.detail) from None
    return plain


def _find(wanted: Import) -> Import | None:
    if wanted.idempotency_key is None:
        return None
    rows = Import.objects.select_related("owner").filter(owner=wanted.owner)
    return rows.filter(idempotency_key=wanted.idempotency_key).first()


def _check_room(owner: User) -> None:
    quota_check(owner, 1)
    if Import.objects.unfinished().filter(owner=owner).count() >= MOST_UNFINISHED:
        raise RateLimitedError(
            f"{MOST_UNFINISHED} of your imports are unfinished; wait for some of them.",
            retry_after=BUSY_SECONDS,
        )
    limit = settings.SHOEBOX.backlog_limit
    if outbox_depth() > limit:
        raise BusyError(
            f"More than {limit} messages wait to be published.", retry_after=BUSY_SECONDS
        )


def _save(wanted: Import) -> Import | None:
    """Save it with its message; None when another request with its key was first."""
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
            outbox_add(subject=str(wanted.id), tasks=[Task.IMPORT])
    except IntegrityError:
        return None
    return wanted


def _is_same(known: Import, wanted: Import) -> bool:
    fields = ("url", "title", "album", "kind")
    return all(getattr(known, name) == getattr(wanted, name) for name in fields)


def import_get(*, import_id: str, owner: User | None) -> Import:
    """Return an import.

    Args:
        import_id: As it was answered.
        owner: Whose it must be; None for staff.

    Raises:
        NotFoundError: No such import, or somebody else's: a stranger learns nothing.
    """
    rows = Import.objects.select_related("owner")
    rows = rows if owner is None else rows.filter(owner=owner)
    found = rows.filter(id=parsed).first() if (parsed := _parse(import_id)) else None
    if found is None:
        raise NotFoundError(f"There is no import {import_id[:64]!r}.")
    return found


def _parse(import_id: str) -> uuid.UUID | None:
    try:
        parsed = uuid.UUID(import_id)
    except ValueError:
        return None
    return parsed if str(parsed) == import_id else None  # one name each


def imports_sweep(*, limit: int = BATCH) -> int:
    """Queue what is due again, forget what ended long ago; return how many were queued.

    A claim moves ``due_at`` on by conditional UPDATE, so any number of sweeps may run at once.
    """
    now = timezone.now()
    old = Import.objects.filter(ended_at__lt=now - KEPT).order_by("ended_at")
    Import.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()
    return sum(_requeue(row) for row in Import.objects.due(now).order_by("due_at")[:limit])


def _requeue(row: Import) -> bool:
    with transaction.atomic():
        claimed = Import.objects.filter(pk=row.pk, due_at=row.due_at)
        if not claimed.update(due_at=timezone.now() + CLAIM_FOR):
            return False
        outbox_add(subject=str(row.pk), tasks=[Task.IMPORT])
    return True
