"""From a received file to a stored image: look, clean, store. Every way in ends here."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.errors import UnsupportedTypeError
from webapp.images.services import image_register
from webapp.images.values import Registered, Upload
from webapp.intake.details import Details
from webapp.intake.metadata import MetadataPolicy, can_strip, strip
from webapp.intake.probe import ProbeLimits, probe
from webapp.intake.received import Received

if TYPE_CHECKING:
    from webapp.accounts.models import User


def picture_accept(
    *, owner: "User", received: Received, details: Details, idempotency_key: str = ""
) -> Registered:
    """Store a received file as an image.

    What lies in the spool stays the caller's, who looks at ``Received.uses``.

    Raises:
        CallerError: Not a picture Shoebox takes, or over a limit; nothing was kept.
        RetryError: Shards or index do not take it now; nothing was kept.
        OSError: The spool cannot be read, or has no room for the cleaned bytes.
    """
    upload = upload_prepare(received=received, details=details, idempotency_key=idempotency_key)
    return image_register(owner=owner, upload=upload)


def upload_prepare(*, received: Received, details: Details, idempotency_key: str = "") -> Upload:
    """Return what would be stored of a received file, after the metadata policy.

    Raises:
        CallerError: Not a picture Shoebox takes, or over a limit.
        OSError: As ``picture_accept``.
    """
    if received.size == 0:
        raise UnsupportedTypeError("The upload has no bytes.", found="empty")
    found = probe(received.path, limits=ProbeLimits(frames=settings.SHOEBOX.max_frames))
    policy = MetadataPolicy(settings.SHOEBOX.metadata_policy)
    private = policy is not MetadataPolicy.KEEP and not can_strip(found.content_type)
    changed = not private and strip(
        received.path, received.cleaned, content_type=found.content_type, policy=policy
    )
    path = received.cleaned if changed else received.path
    return Upload(
        path=path,
        size=path.stat().st_size,
        digest=_digest(path) if changed else received.digest,
        source_digest=received.digest,
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
        uses=received.uses,
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
