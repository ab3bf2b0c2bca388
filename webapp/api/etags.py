"""ETags of images: the revision, and a sum of what is said beside it.

Copies and link expiry change without a new revision, so the revision alone would let a
client keep an old answer for ever. ``If-Match`` compares the revision only: an edit is not
stale because a copy was verified meanwhile.

Source: RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2.
"""

import zlib

from django.utils.http import parse_etags

from webapp.core.errors import StaleError
from webapp.images.models import Image


def etag_of(revision: int, body: bytes) -> str:
    """Return the strong ETag of an image's JSON."""
    return f'"{revision}-{zlib.crc32(body):08x}"'


def etag_known(if_none_match: str | None, etag: str) -> bool:
    """Return whether a client has this answer already (weak comparison)."""
    known = [item.removeprefix("W/") for item in parse_etags(if_none_match or "")]
    return etag in known or "*" in known


def revision_expected(if_match: str | None, image: Image) -> int | None:
    """Return the revision an edit is for; None when the client does not care.

    Raises:
        StaleError: The client read another revision than the present one.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    revisions = [tag.strip('"').partition("-")[0] for tag in parse_etags(if_match)]
    if str(image.revision) not in revisions:
        raise StaleError(
            f"Image {image.id} is at revision {image.revision}, not at that of {if_match[:64]}.",
            revision=image.revision,
        )
    return image.revision
