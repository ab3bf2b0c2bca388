"""From the last byte to an image: the same acceptance as any upload's. Runs on a thread."""

import hashlib
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.errors import CallerError, QuotaExceededError
from webapp.images.models import IdempotencyKey
from webapp.uploads.accept import upload_accept
from webapp.uploads.metrics import UPLOADS
from webapp.uploads.spool import Spooled
from webapp.uploads.tus.about import About, upload_end
from webapp.uploads.tus.headers import details_of
from webapp.uploads.tus.held import Held
from webapp.uploads.tus.place import Place

if TYPE_CHECKING:
    from webapp.accounts.models import User


def upload_finish(*, owner: "User", held: Held) -> About:
    """Store an upload whose bytes have all arrived; return what is known of it now.

    Twice is once: a crash at any moment leaves either the bytes, to be stored again under the
    same Idempotency-Key, or what became of them.

    Raises:
        QuotaExceededError, RetryError: Not now; the bytes stay where they are.
        CallerError: Not a picture Shoebox takes, or over a limit; the upload has ended.
    """
    brought_nothing = held.size == held.began  # so an earlier request may have stored it
    image = _stored_before(owner, held.place) if brought_nothing else ""
    # Whether it was there before nobody can tell any more; a duplicate is told no secrets.
    known = replace(held.about, image=image, duplicate=True)
    about = known if image else _store(owner, held)
    upload_end(held.place, about)
    return about


def _stored_before(owner: "User", place: Place) -> str:
    keys = IdempotencyKey.objects.filter(owner=owner, key=_key(place))
    return keys.values_list("image_id", flat=True).first() or ""


def _store(owner: "User", held: Held) -> About:
    try:
        registered = upload_accept(
            owner=owner,
            spooled=_spooled(held),
            details=details_of(held.about.metadata),
            idempotency_key=_key(held.place),
        )
    except QuotaExceededError:
        raise  # their owner may make room
    except CallerError as error:
        UPLOADS.labels(error.code).inc()
        upload_end(held.place, replace(held.about, ended=error.code))
        raise
    UPLOADS.labels("duplicate" if registered.duplicate else "stored").inc()
    return replace(held.about, image=registered.image.id, duplicate=registered.duplicate)


def _spooled(held: Held) -> Spooled:
    """Return the bytes under a second name, which is removed with everything made from it."""
    data = held.place.data
    os.utime(data)  # not as old as what is cleaned away, whenever its last byte came
    path = settings.SHOEBOX.spool / f"upload-{secrets.token_hex(12)}"
    with data.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path.hardlink_to(data)
    return Spooled(path, held.size, f"sha256:{digest}")


def _key(place: Place) -> str:
    return f"tus-{place.id}"
