"""From a spooled body to a stored image: look, clean, store. Runs on a thread."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.accounts.services import quota_check
from webapp.core.errors import UnsupportedTypeError
from webapp.images.services import image_register
from webapp.images.values import Registered, Upload
from webapp.uploads.details import Details
from webapp.uploads.metadata import MetadataPolicy, can_strip, strip
from webapp.uploads.probe import ProbeLimits, probe
from webapp.uploads.spool import Spooled, no_room_is_busy, release

if TYPE_CHECKING:
    from webapp.accounts.models import User


def upload_accept(
    *, owner: "User", spooled: Spooled, details: Details, idempotency_key: str
) -> Registered:
    """Store a received body as an image.

    The spool file and everything made from it are gone when the last write has ended,
    whatever the outcome.

    Raises:
        CallerError: Not a picture Shoebox takes, or over a limit; nothing was kept.
        RetryError: Shards or index do not take it now; nothing was kept.
    """
    cleaned = spooled.path.with_name(f"{spooled.path.name}-clean")
    upload = None
    try:
        upload = _prepare(spooled, cleaned, details, idempotency_key)
        quota_check(owner, upload.size)
        return image_register(owner=owner, upload=upload)
    finally:
        release([spooled.path, cleaned], upload.uses if upload else [])


def _prepare(spooled: Spooled, cleaned: Path, details: Details, idempotency_key: str) -> Upload:
    if spooled.size == 0:
        raise UnsupportedTypeError("The upload has no bytes.", found="empty")
    found = probe(spooled.path, limits=ProbeLimits(frames=settings.SHOEBOX.max_frames))
    policy = MetadataPolicy(settings.SHOEBOX.metadata_policy)
    private = policy is not MetadataPolicy.KEEP and not can_strip(found.content_type)
    with no_room_is_busy():
        changed = not private and strip(
            spooled.path, cleaned, content_type=found.content_type, policy=policy
        )
    path = cleaned if changed else spooled.path
    return Upload(
        path=path,
        size=path.stat().st_size,
        digest=_digest(path) if changed else spooled.digest,
        source_digest=spooled.digest,
        content_type=found.content_type,
        width=found.width,
        height=found.height,
        frames=found.frames,
        private=private,
        kind=details.kind,
        filename=details.filename,
        title=details.title,
        album=details.album,
        idempotency_key=idempotency_key,
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
