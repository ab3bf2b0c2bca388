"""From a spooled body to a stored image, and an empty spool. Runs on a thread."""

from typing import TYPE_CHECKING

from webapp.images.values import Registered
from webapp.intake.accept import picture_accept
from webapp.intake.details import Details
from webapp.intake.received import Received
from webapp.storage.base import Whole
from webapp.uploads.spool import Held, Spooled, no_room_is_busy, release

if TYPE_CHECKING:
    from webapp.accounts.models import User


def upload_accept(
    *, owner: "User", spooled: Spooled | Held, details: Details, idempotency_key: str
) -> Registered:
    """Store a received body as an image.

    The spool file and everything made from it are gone when the last write has ended,
    whatever the outcome.

    Raises:
        CallerError: Not a picture Shoebox takes, or over a limit; nothing was kept.
        RetryError: Shards or index do not take it now; nothing was kept.
    """
    if isinstance(spooled, Held):
        whole = Whole.of(spooled.take())
        received = Received(whole, None, len(whole.data), whole.digest)
        return picture_accept(
            owner=owner, received=received, details=details, idempotency_key=idempotency_key
        )
    cleaned = spooled.path.with_name(f"{spooled.path.name}-clean")
    received = Received(spooled.path, cleaned, spooled.size, spooled.digest)
    try:
        with no_room_is_busy():
            return picture_accept(
                owner=owner, received=received, details=details, idempotency_key=idempotency_key
            )
    finally:
        release([spooled.path, cleaned], received.uses)
