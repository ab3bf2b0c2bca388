"""One attempt of an import: fetch, then the same acceptance as any upload's."""

import asyncio

import structlog
from django.conf import settings
from django.db import DatabaseError

from webapp.core.errors import BusyError, FetchFailedError, RetryError, ShoeboxError
from webapp.core.ids import Kind
from webapp.core.ports import Ports
from webapp.images.models import IdempotencyKey
from webapp.imports.attempts import (
    Outcome,
    attempt_begin,
    attempt_done,
    attempt_fail,
    attempt_in_vain,
    attempt_postpone,
)
from webapp.imports.fetching import FetchRules, fetch
from webapp.imports.models import Import
from webapp.imports.spooling import spool_file
from webapp.intake.accept import picture_accept
from webapp.intake.details import Details

log = structlog.get_logger(__name__)


def import_run(*, import_id: str) -> Outcome:
    """Fetch and store what an import names, or note why not. Twice is once."""
    tried = attempt_begin(import_id=import_id)
    if isinstance(tried, Outcome):
        return tried
    try:
        return _attempt(tried)
    except Exception:  # whatever it is, others wait for the place of this one
        log.exception("import failed", id=import_id)
        return attempt_in_vain(tried, FetchFailedError("It could not be taken in."))


def _attempt(tried: Import) -> Outcome:
    try:
        image_id, duplicate = _stored_before(tried) or _fetch_and_store(tried)
    except FetchFailedError as error:
        return attempt_in_vain(tried, error)
    except RetryError as error:
        return attempt_postpone(tried, error)
    except ShoeboxError as error:
        return attempt_fail(tried, error)
    except OSError as error:
        return attempt_postpone(tried, BusyError(f"There is no room: {error.strerror}."))
    return attempt_done(tried, image_id=image_id, duplicate=duplicate)


def _stored_before(tried: Import) -> tuple[str, bool] | None:
    """Return what an attempt stored, or found, that was killed before it could say which."""
    keys = IdempotencyKey.objects.filter(owner=tried.owner, key=_key(tried))
    image_id = keys.values_list("image_id", flat=True).first()
    return (image_id, True) if image_id else None  # a duplicate is told no secrets


def _fetch_and_store(tried: Import) -> tuple[str, bool]:
    shoebox = settings.SHOEBOX
    place = spool_file(
        shoebox.spool, limit=shoebox.max_upload_bytes, floor=shoebox.spool_floor_bytes
    )
    with place as spool:
        filename = asyncio.run(fetch(tried.url, spool, rules=_rules()))
        tried.owner.pool = tried.pool or tried.owner.pool
        try:
            registered = picture_accept(
                owner=tried.owner,
                received=spool.received(),
                details=Details(filename, tried.title, tried.album, Kind(tried.kind)),
                idempotency_key=_key(tried),
            )
        except DatabaseError as error:
            raise BusyError("The index did not confirm the import.") from error
    return registered.image.id, registered.duplicate


def _rules() -> FetchRules:
    shoebox = settings.SHOEBOX
    return FetchRules(
        ports=Ports(shoebox.import_ports),
        private_allowed=shoebox.import_private_addresses,
        seconds=shoebox.import_seconds,
    )


def _key(tried: Import) -> str:
    return f"import-{tried.pk}"
