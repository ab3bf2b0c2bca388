"""Blobs as the read service holds them: whole in memory, or known and streamed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from webapp.core.presets import ORIGINAL_TYPES
from webapp.storage.aio.base import WHOLE_BYTES

if TYPE_CHECKING:
    from webapp.reader.answers import Answer

OCTETS: Final = "application/octet-stream"
ENTRY_OVERHEAD: Final = 2048
"""Bytes an entry costs beside its body: its objects and the answers prepared for it."""


@dataclass(slots=True, eq=False)
class HeldBlob:
    """A verified blob in memory.

    Args:
        key: Where it lies on shards.
        body: All of it; its digest was compared.
        content_type: One that this service sends.
        modified: Seconds since 1970, by the clock of the shard it came from.
        shard: Where it came from.
        ready: Path → answer to a plain request for it; filled as such requests come.
    """

    key: str
    body: bytes
    content_type: str
    modified: float
    shard: str
    ready: dict[str, "Answer"] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of the blob."""
        return len(self.body)

    @property
    def cost(self) -> int:
        """Bytes of memory it takes."""
        return len(self.body) + ENTRY_OVERHEAD


@dataclass(frozen=True, slots=True)
class LargeBlob:
    """A blob that is streamed: known by its label, read again by everybody who asks.

    Args:
        key: Where it lies on shards.
        size: Bytes.
        digest: Every copy must have this one.
        content_type: One that this service sends.
        modified: Seconds since 1970.
    """

    key: str
    size: int
    digest: str
    content_type: str
    modified: float


Blob = HeldBlob | LargeBlob


def type_served(content_type: str) -> str:
    """Return the type to send: one of ours, so that no label can make a page of a picture."""
    return content_type if content_type in ORIGINAL_TYPES else OCTETS


def image_of(key: str) -> str:
    """Return the id of the image a blob belongs to."""
    return key.split("/", 2)[1]


def extension_of(content_type: str) -> str:
    """Return the one extension of a type; ``bin`` for what is no picture."""
    return ORIGINAL_TYPES.get(content_type, "bin")


__all__ = [
    "OCTETS",
    "WHOLE_BYTES",
    "Blob",
    "HeldBlob",
    "LargeBlob",
    "extension_of",
    "image_of",
    "type_served",
]


def held_from_shared(key: str, about: Mapping[str, str], body: bytes) -> HeldBlob | None:
    """Return a blob as the shared cache had it; None when what it says is not understood."""
    try:
        modified = float(about["modified"])
        return HeldBlob(key, body, type_served(about["type"]), modified, about["shard"])
    except (KeyError, TypeError, ValueError):
        return None
