"""From a received file to a stored image: look, clean, store. Every way in ends here."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.errors import UnsupportedTypeError
from webapp.images.services import image_register
from webapp.images.values import Registered, Upload
from webapp.intake.containers.source import Source, open_source
from webapp.intake.details import Details
from webapp.intake.metadata import MetadataPolicy, can_strip, cleaned_pieces
from webapp.intake.metadata.pieces import Piece, joined, write_pieces
from webapp.intake.probe import ProbeLimits, probe_source
from webapp.intake.received import Received
from webapp.storage.base import Whole
from webapp.storage.source import source_digest

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
    policy = MetadataPolicy(settings.SHOEBOX.metadata_policy)
    with open_source(_readable(received.source)) as source:
        found = probe_source(source, limits=ProbeLimits(frames=settings.SHOEBOX.max_frames))
        private = policy is not MetadataPolicy.KEEP and not can_strip(found.content_type)
        pieces = None
        if not private:
            pieces = cleaned_pieces(source, content_type=found.content_type, policy=policy)
        kept = received if pieces is None else _cleaned(received, pieces, source)
    return Upload(
        source=kept.source,
        size=kept.size,
        digest=kept.digest,
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


def _readable(source: Path | Whole) -> Path | bytes:
    return source.data if isinstance(source, Whole) else source


def _cleaned(received: Received, pieces: Iterable[Piece], source: Source) -> Received:
    """Return the pieces where the original was: in memory, or in the file that is for them."""
    if received.cleaned is None:
        whole = Whole.of(joined(pieces, source))
        return replace(received, source=whole, size=len(whole.data), digest=whole.digest)
    write_pieces(pieces, source, received.cleaned)
    size = received.cleaned.stat().st_size
    return replace(
        received, source=received.cleaned, size=size, digest=source_digest(received.cleaned)
    )
