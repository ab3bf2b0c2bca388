"""Bytes that have arrived whole."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from webapp.storage.base import Whole


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that have arrived whole. Files stay their owner's.

    Args:
        source: The file of the spool, or the bytes themselves.
        cleaned: Where the bytes of a file go after the metadata policy, if that changes them.
        size: Bytes.
        digest: Of them, as they came.
        uses: Grows by one event per write to a shard; the files may go once all are set.
    """

    source: Path | Whole
    cleaned: Path | None
    size: int
    digest: str
    uses: list[Event] = field(default_factory=list)
