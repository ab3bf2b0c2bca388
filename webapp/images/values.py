"""What goes in and out of the image services."""

import hashlib
from dataclasses import dataclass, field
from threading import Event

from webapp.core.ids import Kind
from webapp.core.topology import Topology
from webapp.images.models import Image
from webapp.storage.base import Source


@dataclass(frozen=True, slots=True)
class Upload:
    """Accepted bytes, ready to be stored.

    Args:
        source: The bytes, after the metadata policy: a file, or whole in memory.
        size: Of them.
        digest: Of them.
        source_digest: Of the bytes as they were sent.
        content_type: By content.
        width: Pixels, upright.
        height: Pixels, upright.
        frames: At least 1.
        private: May hold location that cannot be removed losslessly.
        kind: Who may read it.
        filename: Cleaned.
        title: May be empty.
        album: May be empty.
        idempotency_key: The client's, empty when it sent none.
        uses: Grows by one event per write; the file may go once all of them are set.
    """

    source: Source
    size: int
    digest: str
    source_digest: str
    content_type: str
    width: int
    height: int
    frames: int
    private: bool
    kind: Kind = Kind.PUBLIC
    filename: str = ""
    title: str = ""
    album: str = ""
    idempotency_key: str = ""
    uses: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer to an upload: an image, and whether it was there before.

    Args:
        image: The row.
        duplicate: Whether it was there before.
        topology: As it was then; saves who tells of the image from asking.
    """

    image: Image
    duplicate: bool
    topology: Topology


def dedupe_key(*, owner_id: str, pool: str, kind: Kind, source_digest: str) -> str:
    """Return what two uploads share exactly when one is the other's duplicate."""
    parts = f"{owner_id}\x00{pool}\x00{kind.value}\x00{source_digest}"
    return hashlib.sha256(parts.encode()).hexdigest()
